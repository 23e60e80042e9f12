// Sockets at a sampled moment, as ss -o -i shows them: state, queues, timer, TCP_INFO.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "replay/compare.hpp"

namespace netsim::replay {

namespace {

using Differences = std::vector<std::string>;

/// The kernel's timers and its RTO count in jiffies of 4 ms.
constexpr Milliseconds kJiffy = 4;

std::string_view timer_word(tcp::TimerKind kind) {
    switch (kind) {
        case tcp::TimerKind::kOn:
            return "on";
        case tcp::TimerKind::kKeepalive:
            return "keepalive";
        case tcp::TimerKind::kTimeWait:
            return "timewait";
        case tcp::TimerKind::kPersist:
            return "persist";
        case tcp::TimerKind::kDelack:  // ss does not show it
        case tcp::TimerKind::kOff:
            break;
    }
    return "";
}

void differ(Differences& out, std::string_view what, const std::string& kernel,
            const std::string& model) {
    if (kernel != model) {
        out.push_back(fmt::format("{}: kernel {}, model {}", what, kernel, model));
    }
}

void compare_timer(const RecordedSocket& kernel, const tcp::SocketInfo& model, Differences& out) {
    differ(out, "timer", kernel.timer ? kernel.timer->kind : "",
           std::string(timer_word(model.timer)));
    if (!kernel.timer || kernel.timer->kind != timer_word(model.timer)) {
        return;
    }
    const Milliseconds left = std::chrono::duration<double, std::milli>(model.timer_left).count();
    // Both what set the timer and the sample itself may be as late as packets may.
    if (std::abs(left - kernel.timer->left) > slack(kernel.timer->left) + kJiffy) {
        out.push_back(
            fmt::format("timer left: kernel {} ms, model {:.0f} ms", kernel.timer->left, left));
    }
    differ(out, "timer retrans", std::to_string(kernel.timer->retransmits),
           std::to_string(model.retransmits));
}

std::set<std::string> option_names(const tcp::SocketInfo& info) {
    std::set<std::string> names;
    const auto add = [&](bool on, const char* name) {
        if (on) {
            names.insert(name);
        }
    };
    add(info.timestamps, "ts");
    add(info.sack, "sack");
    add(info.window_scale, "wscale");
    add(info.ecn, "ecn");
    add(info.ecn_seen, "ecnseen");
    add(info.syn_data, "fastopen");
    return names;
}

/// TCP_INFO's fields by ss's names: those that count, and those that measure time.
struct Field {
    std::string_view name;
    std::int64_t model = 0;
    Milliseconds tolerance = 0;  // 0: exact
};

std::vector<Field> fields_of(const tcp::SocketInfo& i) {
    const auto us = [](Duration d) {
        return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
    };
    // A round trip may differ by what its two ends may; the RTO by that, and rounded to jiffies.
    return {{"rto", us(i.rto), 2 * kJiffy},
            {"rtt", us(i.srtt), kJiffy},
            {"rttvar", us(i.rttvar), kJiffy},
            {"ato", us(i.ato), kJiffy},
            {"snd_mss", i.snd_mss},
            {"unacked", i.unacked},
            {"sacked", i.sacked},
            {"lost", i.lost},
            {"retrans", i.retrans},
            {"snd_ssthresh", i.snd_ssthresh},
            {"snd_cwnd", i.snd_cwnd},
            {"backoff", i.backoff},
            {"probes", i.probes}};
}

void compare_info(const RecordedInfo& kernel, const tcp::SocketInfo& model, Differences& out) {
    const std::vector<Field> fields = fields_of(model);
    for (const auto& [name, value] : kernel.numbers) {
        const auto field =
            std::find_if(fields.begin(), fields.end(),
                         [&wanted = name](const Field& f) { return f.name == wanted; });
        if (field == fields.end()) {
            out.push_back(fmt::format("unknown TCP_INFO field \"{}\"", name));
            continue;
        }
        const double most =
            field->tolerance == 0 ? 0 : field->tolerance * 1000 + static_cast<double>(value) / 100;
        if (std::abs(static_cast<double>(value - field->model)) > most) {
            out.push_back(fmt::format("{}: kernel {}, model {}", name, value, field->model));
        }
    }
    differ(out, "ca", kernel.ca_state, std::string(model.ca_state));
    const std::set<std::string> options(kernel.options.begin(), kernel.options.end());
    const auto join = [](const std::set<std::string>& names) {
        std::string text;
        for (const std::string& n : names) {
            text += (text.empty() ? "" : " ") + n;
        }
        return text;
    };
    differ(out, "opts", join(options), join(option_names(model)));
    if (kernel.wscale.size() == 2) {
        const bool on = model.window_scale;
        differ(out, "wscale", fmt::format("{},{}", kernel.wscale[0], kernel.wscale[1]),
               fmt::format("{},{}", on ? model.snd_wscale : 0, on ? model.rcv_wscale : 0));
    }
}

/// One socket of the model in the recording's terms.
struct Row {
    tcp::SocketInfo info;
    std::string state;
    std::string local;
    std::string remote;
    bool taken = false;
};

std::vector<Row> rows_of(const Relay& relay, Side side, const host::Host& host) {
    std::vector<Row> rows;
    host.for_each_socket([&](const tcp::SocketInfo& info) {
        // ss finds a CLOSED socket by the port that bind(2) gave it.
        if (info.state == tcp::State::kClosed && !info.bound) {
            return;
        }
        Endpoint local = info.local;
        Endpoint remote = info.remote;
        if (side == Side::kClient) {
            local.port = relay.recorded_port(local.address, local.port, remote.port);
        } else {
            remote.port = relay.recorded_port(remote.address, remote.port, local.port);
        }
        const bool closed = info.state == tcp::State::kClosed;
        rows.push_back({info, closed ? "CLOSED" : std::string(tcp::ss_name(info.state)),
                        to_string(local), to_string(remote)});
    });
    return rows;
}

Differences compare_socket(const RecordedSocket& kernel, const Row& model) {
    Differences out;
    differ(out, "recvq", std::to_string(kernel.recv_queue), std::to_string(model.info.recv_queue));
    differ(out, "sendq", std::to_string(kernel.send_queue), std::to_string(model.info.send_queue));
    compare_timer(kernel, model.info, out);
    if (kernel.info && model.info.kind == tcp::EndpointKind::kConnection) {
        compare_info(*kernel.info, model.info, out);
    }
    return out;
}

}  // namespace

void compare_sample(const Relay& relay, const RecordedSample& sample, const host::Host& host,
                    Report& report) {
    ++report.samples;
    std::vector<Row> rows = rows_of(relay, sample.side, host);
    std::string text;
    for (const RecordedSocket& kernel : sample.sockets) {
        const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) {
            return !r.taken && r.state == kernel.state && r.local == kernel.local &&
                   r.remote == kernel.remote;
        });
        const std::string name = fmt::format("{} {} {}", kernel.state, kernel.local, kernel.remote);
        if (row == rows.end()) {
            text += fmt::format("\n    kernel: {} recvq {} sendq {}", name, kernel.recv_queue,
                                kernel.send_queue);
            continue;
        }
        row->taken = true;
        const Differences differences = compare_socket(kernel, *row);
        if (!differences.empty()) {
            text += "\n    " + name;
        }
        for (const std::string& difference : differences) {
            text += "\n      " + difference;
        }
    }
    for (const Row& row : rows) {
        if (!row.taken) {
            text += fmt::format("\n    model:  {} {} {} recvq {} sendq {}", row.state, row.local,
                                row.remote, row.info.recv_queue, row.info.send_queue);
        }
    }
    if (!text.empty()) {
        report.mismatches.push_back(
            {"state", fmt::format("{} at {:.3f} ms", to_string(sample.side), sample.at) + text});
    }
}

}  // namespace netsim::replay
