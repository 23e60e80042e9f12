// ss's columns (iproute2 6.1), without the blanks that fill the last one. What the model does not
// have is not printed: inode, uid, and of skmem options, backlog and drops.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "observe/services.hpp"
#include "observe/sockstat.hpp"
#include "observe/ss_info.hpp"
#include "observe/ss_query.hpp"
#include "observe/views.hpp"

namespace netsim::observe {
namespace {

using tcp::SocketInfo;
using tcp::State;
using tcp::TimerKind;

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
        case TimerKind::kDelack:  // inet_diag does not know of it
        case TimerKind::kOff:
            break;
    }
    return "off";
}

/// "<->": which directions are open still.
std::string shutdown_text(const SocketInfo& socket) {
    const State s = socket.state;
    const bool closing = s == State::kLastAck || s == State::kClosing;
    const bool sending_over =
        socket.orphan || closing || s == State::kFinWait1 || s == State::kFinWait2;
    const bool receiving_over = socket.orphan || closing || s == State::kCloseWait;
    return fmt::format("{}-{}", receiving_over ? '-' : '<', sending_over ? '-' : '>');
}

/// Holders, timer, details; each begins with a blank.
std::string extras(const SocketRow& row, const SsQuery& query) {
    const SocketInfo& socket = row.info;
    std::string text;
    if (query.processes && row.holder.pid != 0) {
        text += fmt::format(" users:((\"{}\",pid={},fd={}))", row.holder.name, row.holder.pid,
                            row.holder.fd);
    }
    if (query.timers && socket.timer != TimerKind::kOff && socket.timer != TimerKind::kDelack) {
        text += fmt::format(" timer:({},{},{})", timer_name(socket.timer),
                            timer_text(socket.timer_left), socket.retransmits);
    }
    if (query.details && row.number != 0) {
        text += fmt::format(" sk:{:x}", row.number);
    }
    const bool whole = row.udp || socket.kind == tcp::EndpointKind::kConnection ||
                       socket.kind == tcp::EndpointKind::kListener;
    if (query.details && whole) {
        text += ' ' + shutdown_text(socket);
    }
    return text;
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
    {"Process", "", false},
}};

constexpr std::size_t kNetid = 0;
constexpr std::size_t kState = 1;

using Cells = std::array<std::string, kColumns.size()>;

struct Line {
    Cells cells;
    bool has_info = false;
    std::string info;  // on a line of its own
};

std::string port_cell(std::uint16_t port, bool numeric) {
    return port == 0 ? std::string("*") : port_name(port, numeric);
}

Line line_of(const SocketRow& row, const SsQuery& query) {
    const SocketInfo& socket = row.info;
    Line line;
    line.cells = Cells{row.udp ? "udp" : "tcp",
                       std::string(tcp::ss_name(socket.state)),
                       fmt::format("{:<6}", socket.recv_queue),
                       fmt::format("{:<6}", socket.send_queue),
                       to_string(socket.local.address) + ':',
                       port_cell(socket.local.port, query.numeric),
                       to_string(socket.remote.address) + ':',
                       port_cell(socket.remote.port, query.numeric),
                       extras(row, query)};
    line.has_info = query.memory || query.info;
    // Of requests and TIME-WAIT the kernel has neither.
    const bool whole = row.udp || socket.kind == tcp::EndpointKind::kConnection ||
                       socket.kind == tcp::EndpointKind::kListener;
    if (query.memory && whole) {
        line.info = ss_memory_text(socket);
    }
    if (query.info && whole && !row.udp) {
        line.info += ss_info_text(socket, query);
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
    const bool one_protocol = query.tcp != query.udp;
    std::string out;
    const auto put_line = [&](const auto& cell_of) {
        const std::size_t begin = out.size();
        for (std::size_t c = 0; c < kColumns.size(); ++c) {
            if ((c == kNetid && one_protocol) || (c == kState && query.one_state())) {
                continue;
            }
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
        if (line.has_info) {
            out += query.one_line ? "" : "\n\t";
            out += line.info;
        }
        out += '\n';
    }
    return out;
}

}  // namespace

std::string ss_text(std::span<const SocketRow> sockets, std::string_view arguments) {
    const SsQuery query = parse_ss(arguments);
    std::string out = query.summary ? ss_summary_text(sockstat(sockets)) : std::string();
    if (!query.sockets) {
        return out;
    }
    std::vector<Line> lines;
    for (const SocketRow& row : sockets) {
        if ((row.udp ? query.udp : query.tcp) && row.hashed() && query.wants(row.info)) {
            lines.push_back(line_of(row, query));
        }
    }
    return out + rendered(lines, query);
}

}  // namespace netsim::observe
