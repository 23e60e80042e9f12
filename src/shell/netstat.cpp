// netstat(8) of net-tools 2.10: its flags, and the table of connections.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "host/host.hpp"
#include "netsim/result.hpp"
#include "observe/host_sockets.hpp"
#include "observe/services.hpp"
#include "shell/jobs.hpp"
#include "shell/netstat.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

using observe::SocketRow;

struct NetstatFlag {
    char letter;
    std::string_view word;
    bool NetstatQuery::*member;
};

constexpr std::array<NetstatFlag, 11> kNetstatFlags{{
    {'t', "--tcp", &NetstatQuery::tcp},
    {'u', "--udp", &NetstatQuery::udp},
    {'a', "--all", &NetstatQuery::all},
    {'l', "--listening", &NetstatQuery::listening},
    {'n', "--numeric", &NetstatQuery::numeric},
    {'p', "--programs", &NetstatQuery::programs},
    {'o', "--timers", &NetstatQuery::timers},
    {'s', "--statistics", &NetstatQuery::statistics},
    {'i', "--interfaces", &NetstatQuery::interfaces},
    {'r', "--route", &NetstatQuery::routes},
    {'4', "--inet", &NetstatQuery::inet},
}};

NetstatQuery parse_netstat(const std::vector<std::string>& words) {
    NetstatQuery query;
    const auto set = [&](std::string_view word, const auto& is_it) {
        const auto* const found = std::find_if(kNetstatFlags.begin(), kNetstatFlags.end(), is_it);
        if (found == kNetstatFlags.end()) {
            throw InputError(fmt::format(
                "netstat: unknown flag \"{}\"; allowed: -t -u -a -l -n -p -o -4, or -s, -i, -r",
                word));
        }
        query.*(found->member) = true;
    };
    for (const std::string& word : words) {
        if (word.starts_with("--")) {
            set(word, [&](const NetstatFlag& flag) { return flag.word == word; });
        } else if (word.starts_with('-') && word.size() > 1) {
            for (const char letter : word.substr(1)) {
                set(std::string("-") + letter,
                    [&](const NetstatFlag& flag) { return flag.letter == letter; });
            }
        } else {
            throw InputError(fmt::format(
                "netstat: \"{}\" is no flag; it has no filters: ss has, or use grep", word));
        }
    }
    if (int{query.statistics} + int{query.interfaces} + int{query.routes} > 1) {
        throw InputError("netstat: only one of -s, -i and -r");
    }
    return query;
}

/// Long ones lose their end, as without -W: the port's name is kept.
std::string address_text(const Endpoint& end, const NetstatQuery& query,
                         const Directory& directory) {
    constexpr std::size_t kShort = 22;
    constexpr std::size_t kHostLeast = 4;
    std::string host = to_string(end.address);
    if (!query.numeric && end.address != Ipv4{}) {
        const std::string_view name = directory.name_of(end.address);
        host = name.empty() ? host : std::string(name);
    }
    std::string port = end.port == 0 ? "*" : observe::port_name(end.port, query.numeric);
    if (host.size() + port.size() > kShort) {
        port.resize(std::min(port.size(), kShort - kHostLeast));
        host.resize(std::min(host.size(), kShort - port.size()));
    }
    return host + ':' + port;
}

/// "on (0.20/0/0)": which, seconds left, retransmissions, probes.
std::string timer_cell(const tcp::SocketInfo& socket) {
    std::string_view name = "off";
    switch (socket.timer) {
        case tcp::TimerKind::kOn:
            name = "on";
            break;
        case tcp::TimerKind::kKeepalive:
            name = "keepalive";
            break;
        case tcp::TimerKind::kTimeWait:
            name = "timewait";
            break;
        case tcp::TimerKind::kPersist:
            name = "probe";
            break;
        case tcp::TimerKind::kDelack:  // /proc/net/tcp does not know of it
        case tcp::TimerKind::kOff:
            break;
    }
    const double left = name == "off" ? 0 : to_seconds(std::max(socket.timer_left, Duration{0}));
    const bool counts = socket.timer == tcp::TimerKind::kOn;
    return fmt::format("{} ({:.2f}/{}/{})", name, left, counts ? socket.retransmits : 0,
                       socket.probes);
}

bool is_listening(const SocketRow& row) {
    return row.udp ? row.info.state == tcp::State::kClosed : row.info.state == tcp::State::kListen;
}

std::string connection_line(const SocketRow& row, const NetstatQuery& query,
                            const Directory& directory) {
    const tcp::SocketInfo& socket = row.info;
    const bool unconnected = row.udp && socket.state == tcp::State::kClosed;
    // Of a listener, the kernel tells how many wait; the backlog only ss shows.
    const std::uint64_t sending =
        socket.kind == tcp::EndpointKind::kListener && !row.udp ? 0 : socket.send_queue;
    std::string line =
        fmt::format("{:<4}  {:>6} {:>6} {:<23} {:<23} {:<11}", row.udp ? "udp" : "tcp",
                    socket.recv_queue, sending, address_text(socket.local, query, directory),
                    address_text(socket.remote, query, directory),
                    unconnected ? std::string_view() : tcp::netstat_name(socket.state));
    if (query.programs) {
        constexpr std::size_t kProgram = 19;
        std::string program = "-";
        if (row.holder.pid != 0) {
            program = fmt::format("{}/{}", row.holder.pid, row.holder.name);
        }
        program.resize(std::min(program.size(), kProgram));
        line += fmt::format(" {:<20}", program);
    }
    if (query.timers) {
        line += ' ' + timer_cell(socket);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

std::string connections_text(const Invocation& invocation, const NetstatQuery& query) {
    std::string out = fmt::format(
        "Active Internet connections ({})\n"
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State      ",
        query.all         ? "servers and established"
        : query.listening ? "only servers"
                          : "w/o servers");
    out += query.programs ? " PID/Program name    " : "";
    out += query.timers ? " Timer" : "";
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
    const std::vector<SocketRow> rows = observe::host_sockets(invocation.host);
    for (const bool udp : {false, true}) {
        const bool shown = udp ? query.udp || !query.tcp : query.tcp || !query.udp;
        for (const SocketRow& row : rows) {
            const bool wanted = query.all || is_listening(row) == (query.listening && !query.all);
            if (shown && row.udp == udp && row.hashed() && wanted) {
                out += connection_line(row, query, invocation.directory);
            }
        }
    }
    return out;
}

}  // namespace

std::unique_ptr<Job> start_netstat(const Invocation& invocation) {
    const NetstatQuery query = parse_netstat(invocation.words);
    if (query.statistics) {
        return view(netstat_statistics(invocation.host, query));
    }
    if (query.interfaces) {
        return view(netstat_interfaces(invocation.host));
    }
    if (query.routes) {
        return view(netstat_routes(invocation, query));
    }
    return view(connections_text(invocation, query));
}

}  // namespace netsim::shell
