// Calls, sockets and counters.
#include <algorithm>

#include <fmt/format.h>

#include "replay/compare.hpp"

namespace netsim::replay {

namespace {

std::string outcome_text(const std::string& result, const std::string& error) {
    return error.empty() ? result : error;
}

std::string time_text(const std::optional<Milliseconds>& t) {
    return t ? fmt::format("{:.3f} ms", *t) : "never";
}

/// accept() tells the peer's port, which is random: in the recording's terms.
std::string in_recorded_terms(const Relay& relay, const CallOutcome& o) {
    if (o.recorded->call != "accept" || !o.error.empty() || o.result.empty()) {
        return o.result;
    }
    const auto colon = o.recorded->result.rfind(':');
    const std::string kept = to_string(o.peer.address);
    static_cast<void>(colon);
    return fmt::format("{}:{}", kept,
                       relay.recorded_port(o.peer.address, o.peer.port, relay.server_port()));
}

std::string recorded_result(const RecordedCall& call) {
    return call.end ? call.result : "";
}

struct Row {
    std::string state;
    std::string local;
    std::string remote;
    std::uint64_t recv_queue = 0;
    std::uint64_t send_queue = 0;

    std::string text() const {
        return fmt::format("{} {} {} recvq {} sendq {}", state, local, remote, recv_queue,
                           send_queue);
    }
};

std::string endpoint_text(Endpoint e) {
    return to_string(e);
}

}  // namespace

void compare_calls(const Relay& relay, const std::vector<const CallOutcome*>& outcomes,
                   Report& report) {
    for (const CallOutcome* o : outcomes) {
        ++report.calls;
        const RecordedCall& call = *o->recorded;
        const std::string where = fmt::format("{} {}: {}({}) on {}", to_string(call.side), call.app,
                                              call.call, call.args, call.socket);
        if (!o->unsupported.empty()) {
            report.mismatches.push_back({"call", where + ": the model has no such call"});
            continue;
        }
        const std::string kernel = outcome_text(recorded_result(call), call.error);
        const std::string model = outcome_text(in_recorded_terms(relay, *o), o->error);
        const bool both_end = call.end.has_value() == o->end.has_value();
        const bool in_time =
            !call.end || !o->end || !o->start ||
            time_matches(*o->end, *call.end,
                         *call.end - std::max(call.start, std::min(*call.end, 0.0)));
        if (kernel != model || !both_end || !in_time) {
            report.mismatches.push_back(
                {"call", fmt::format("{}\n    kernel: {} at {}\n    model:  {} at {}", where,
                                     kernel, time_text(call.end), model, time_text(o->end))});
        }
    }
}

void compare_sample(const Relay& relay, const RecordedSample& sample, const host::Host& host,
                    Report& report) {
    ++report.samples;
    std::vector<std::string> model;
    host.for_each_socket([&](const tcp::SocketInfo& info) {
        if (info.state == tcp::State::kClosed) {
            return;
        }
        Endpoint local = info.local;
        Endpoint remote = info.remote;
        if (sample.side == Side::kClient) {
            local.port = relay.recorded_port(local.address, local.port, remote.port);
        } else {
            remote.port = relay.recorded_port(remote.address, remote.port, local.port);
        }
        model.push_back(Row{std::string(tcp::ss_name(info.state)), endpoint_text(local),
                            endpoint_text(remote), info.recv_queue, info.send_queue}
                            .text());
    });
    std::vector<std::string> kernel;
    for (const RecordedSocket& s : sample.sockets) {
        kernel.push_back(Row{s.state, s.local, s.remote, s.recv_queue, s.send_queue}.text());
    }
    std::sort(model.begin(), model.end());
    std::sort(kernel.begin(), kernel.end());
    if (model == kernel) {
        return;
    }
    std::string text = fmt::format("{} at {:.3f} ms", to_string(sample.side), sample.at);
    for (const std::string& row : kernel) {
        if (std::find(model.begin(), model.end(), row) == model.end()) {
            text += "\n    kernel: " + row;
        }
    }
    for (const std::string& row : model) {
        if (std::find(kernel.begin(), kernel.end(), row) == kernel.end()) {
            text += "\n    model:  " + row;
        }
    }
    report.mismatches.push_back({"state", text});
}

void compare_counters(Side side, const std::map<std::string, std::int64_t>& recorded,
                      const std::map<std::string, std::int64_t>& model, Report& report) {
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> all;
    for (const auto& [name, value] : recorded) {
        all[name].first = value;
    }
    for (const auto& [name, value] : model) {
        if (value != 0) {
            all[name].second = value;
        }
    }
    for (const auto& [name, values] : all) {
        ++report.counters;
        if (values.first != values.second) {
            report.mismatches.push_back(
                {"counter", fmt::format("{} {}: kernel {}, model {}", to_string(side), name,
                                        values.first, values.second)});
        }
    }
}

}  // namespace netsim::replay
