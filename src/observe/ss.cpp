// ss's columns and words (iproute2 6.1). What the model does not have is not printed: inode, uid,
// and of skmem options, backlog and drops.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "observe/services.hpp"
#include "observe/ss_query.hpp"
#include "observe/views.hpp"

namespace netsim::observe {
namespace {

using tcp::SocketInfo;
using tcp::State;
using tcp::TimerKind;

std::string port_text(std::uint16_t port, bool numeric) {
    if (port == 0) {
        return "*";
    }
    return port_name(port, numeric);
}

/// "200ms", "1.500ms" (one and a half seconds), "58sec", "1min58sec", "119min": ss's own notation,
/// which drops what is small beside the rest.
std::string timer_text(Duration left) {
    const std::int64_t total = std::max<std::int64_t>(0, left.count() / 1'000'000);
    const std::int64_t minutes = total / 60'000;
    const std::int64_t seconds = minutes > 9 ? 0 : total / 1000 % 60;
    const std::int64_t ms = minutes > 0 || seconds > 9 ? 0 : total % 1000;
    std::string text;
    if (minutes > 0) {
        text += fmt::format("{}min", minutes);
    }
    if (seconds > 0) {
        text += fmt::format("{}{}", seconds, ms > 0 ? "." : "sec");
    }
    if (ms > 0) {
        text += fmt::format("{:03}ms", ms);
    }
    return text;
}

std::string_view timer_name(TimerKind kind) {
    switch (kind) {
        case TimerKind::kOn:
            return "on";
        case TimerKind::kKeepalive:
            return "keepalive";
        case TimerKind::kTimeWait:
            return "timewait";
        case TimerKind::kPersist:
            return "persist";
        case TimerKind::kDelack:
            return "delack";
        case TimerKind::kOff:
            break;
    }
    return "off";
}

/// "<->": which directions are open still.
std::string shutdown_text(const SocketInfo& socket) {
    const State s = socket.state;
    const bool closing = s == State::kLastAck || s == State::kClosing || s == State::kTimeWait;
    const bool sending_over =
        socket.orphan || closing || s == State::kFinWait1 || s == State::kFinWait2;
    const bool receiving_over = socket.orphan || closing || s == State::kCloseWait;
    return fmt::format("{}-{}", receiving_over ? '-' : '<', sending_over ? '-' : '>');
}

std::string extras(const SocketInfo& socket, const SsQuery& query) {
    std::string text;
    if (query.timers && socket.timer != TimerKind::kOff) {
        text += fmt::format("timer:({},{},{}) ", timer_name(socket.timer),
                            timer_text(socket.timer_left), socket.retransmits);
    }
    if (query.details) {
        if (socket.id) {
            text += fmt::format("sk:{:x} ", socket.id.index + 1U);
        }
        text += shutdown_text(socket);
    }
    if (!text.empty() && text.back() == ' ') {
        text.pop_back();
    }
    return text;
}

/// A number of milliseconds as C's %g prints it: "0.241", "200".
std::string g(double ms) {
    return fmt::format("{:g}", ms);
}

double ms_of(Duration d) {
    return static_cast<double>(d.count() / 1000) / 1000.0;
}

void put_count(std::string& out, std::string_view name, std::uint64_t value) {
    if (value != 0) {
        fmt::format_to(std::back_inserter(out), " {}:{}", name, value);
    }
}

void put_options(std::string& out, const SocketInfo& s, bool shown) {
    if (shown) {
        out += s.timestamps ? " ts" : "";
        out += s.sack ? " sack" : "";
        out += s.ecn ? " ecn" : "";
        out += s.ecn_seen ? " ecnseen" : "";
    }
    if (!s.congestion_control.empty()) {
        out += ' ';
        out += s.congestion_control;
    }
    if (s.window_scale) {
        fmt::format_to(std::back_inserter(out), " wscale:{},{}", unsigned{s.snd_wscale},
                       unsigned{s.rcv_wscale});
    }
}

/// What BBR believes, and what was measured. Rates as -n prints them: bits per second, in full.
void put_rates(std::string& out, const SocketInfo& s) {
    const auto at = std::back_inserter(out);
    if (s.bbr_cwnd_gain != 0) {
        constexpr double kUnit = 256;
        fmt::format_to(at, " bbr:(bw:{}bps,mrtt:{},pacing_gain:{},cwnd_gain:{})",
                       s.bbr_bandwidth * 8, g(ms_of(s.bbr_min_rtt)), g(s.bbr_pacing_gain / kUnit),
                       g(s.bbr_cwnd_gain / kUnit));
    }
    if (s.pacing_rate != 0) {
        fmt::format_to(at, " pacing_rate {}bps", s.pacing_rate * 8);
        if (s.max_pacing_rate != 0) {
            fmt::format_to(at, "/{}bps", s.max_pacing_rate * 8);
        }
    }
    if (s.delivery_rate != 0) {
        fmt::format_to(at, " delivery_rate {}bps", s.delivery_rate * 8);
    }
    put_count(out, "delivered", s.delivered);
    put_count(out, "delivered_ce", s.delivered_ce);
    if (s.app_limited) {
        out += " app_limited";
    }
}

/// -m: what the socket's buffers hold and may hold (SK_MEMINFO_*).
std::string memory_text(const SocketInfo& s) {
    return fmt::format(" skmem:(r{},rb{},t{},tb{},f{},w{})", s.rmem_alloc, s.rcvbuf, s.wmem_alloc,
                       s.sndbuf, s.fwd_alloc, s.wmem_queued);
}

/// The line of -i, in the order of ss's tcp_stats_print().
std::string info_text(const SocketInfo& s, bool options_shown) {
    std::string out;
    put_options(out, s, options_shown);
    const auto at = std::back_inserter(out);
    if (s.kind == tcp::EndpointKind::kConnection) {
        fmt::format_to(at, " rto:{}", g(ms_of(s.rto)));
        put_count(out, "backoff", s.backoff);
        if (s.srtt.count() > 0) {
            fmt::format_to(at, " rtt:{}/{}", g(ms_of(s.srtt)), g(ms_of(s.rttvar)));
        }
        if (s.ato.count() > 0) {
            fmt::format_to(at, " ato:{}", g(ms_of(s.ato)));
        }
        put_count(out, "mss", s.snd_mss);
        put_count(out, "rcvmss", s.rcv_mss);
    }
    put_count(out, "cwnd", s.snd_cwnd);
    constexpr std::uint32_t kNoThreshold = 0xFFFF;  // ss: above this, not told
    if (s.snd_ssthresh < kNoThreshold) {
        put_count(out, "ssthresh", s.snd_ssthresh);
    }
    put_count(out, "bytes_sent", s.bytes_sent);
    put_count(out, "bytes_acked", s.bytes_acked);
    put_count(out, "bytes_received", s.bytes_received);
    put_count(out, "segs_out", s.segs_out);
    put_count(out, "segs_in", s.segs_in);
    put_rates(out, s);
    put_count(out, "unacked", s.unacked);
    if (s.retrans != 0 || s.retrans_total != 0) {
        fmt::format_to(at, " retrans:{}/{}", s.retrans, s.retrans_total);
    }
    put_count(out, "lost", s.lost);
    put_count(out, "sacked", s.sacked);
    put_count(out, "snd_wnd", s.snd_wnd);
    put_count(out, "rcv_wnd", s.rcv_wnd);
    return out;
}

struct Column {
    std::string_view head;
    std::string_view gap;  // in front
    bool right = false;
};

/// Addresses and ports are columns of their own, so that colons stand under each other.
constexpr std::array<Column, 9> kColumns{{
    {"Netid", "", false},
    {"State", " ", false},
    {"Recv-Q", " ", false},
    {"Send-Q", " ", false},
    {"Local Address:", " ", true},
    {"Port", "", false},
    {"Peer Address:", " ", true},
    {"Port", "", false},
    {"Process", " ", false},
}};

using Cells = std::array<std::string, kColumns.size()>;

struct Line {
    Cells cells;
    std::string info;  // on a line of its own
};

Line line_of(const SocketInfo& socket, const SsQuery& query) {
    Line line;
    line.cells = Cells{"tcp",
                       std::string(tcp::ss_name(socket.state)),
                       std::to_string(socket.recv_queue),
                       std::to_string(socket.send_queue),
                       to_string(socket.local.address) + ':',
                       port_text(socket.local.port, query.numeric),
                       to_string(socket.remote.address) + ':',
                       port_text(socket.remote.port, query.numeric),
                       extras(socket, query)};
    const bool has_info = socket.kind == tcp::EndpointKind::kConnection ||
                          socket.kind == tcp::EndpointKind::kListener;
    if (query.memory && socket.kind == tcp::EndpointKind::kConnection) {
        line.info = memory_text(socket);
    }
    if (query.info && has_info) {
        line.info += info_text(socket, query.timers);
    }
    return line;
}

std::string rendered(const std::vector<Line>& lines, const SsQuery& query) {
    std::array<std::size_t, kColumns.size()> width{};
    for (std::size_t c = 0; c < kColumns.size(); ++c) {
        width.at(c) = query.header ? kColumns.at(c).head.size() : 0;
        for (const Line& line : lines) {
            width.at(c) = std::max(width.at(c), line.cells.at(c).size());
        }
    }
    std::string out;
    const auto put_line = [&](const auto& cell_of) {
        const std::size_t begin = out.size();
        for (std::size_t c = query.tcp_only ? 1 : 0; c < kColumns.size(); ++c) {
            const Column& column = kColumns.at(c);
            out += out.size() == begin ? std::string_view() : column.gap;
            const std::string_view cell = cell_of(c);
            const std::string blanks(width.at(c) - cell.size(), ' ');
            out += column.right ? blanks : "";
            out += cell;
            out += column.right ? "" : blanks;
        }
        out.erase(out.find_last_not_of(' ') + 1);
    };
    if (query.header) {
        put_line([](std::size_t c) { return kColumns.at(c).head; });
        out += '\n';
    }
    for (const Line& line : lines) {
        put_line([&](std::size_t c) { return std::string_view(line.cells.at(c)); });
        if (!line.info.empty()) {
            out += query.one_line ? "" : "\n\t";
            out += line.info;
        }
        out += '\n';
    }
    return out;
}

}  // namespace

std::string ss_text(std::span<const SocketInfo> sockets, std::string_view arguments) {
    const SsQuery query = parse_ss(arguments);
    std::vector<Line> lines;
    for (const SocketInfo& socket : sockets) {
        if (query.wants(socket)) {
            lines.push_back(line_of(socket, query));
        }
    }
    return rendered(lines, query);
}

}  // namespace netsim::observe
