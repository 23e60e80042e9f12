// ip(8) of iproute2 6.1: route, link, addr and tcp_metrics. Links are point to point and have no
// hardware address; there is no lo to be seen, and nothing is configured.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "host/host.hpp"
#include "netsim/result.hpp"
#include "shell/jobs.hpp"
#include "shell/starts.hpp"
#include "shell/tables.hpp"
#include "tcp/stack.hpp"

namespace netsim::shell {
namespace {

struct IpCall {
    const Invocation& invocation;
    bool statistics = false;           // -s
    bool brief = false;                // -br
    std::vector<std::string> words{};  // after the object

    host::Host& host() const { return invocation.host; }
};

[[noreturn]] void unknown_command(std::string_view object, std::string_view word,
                                  std::span<const std::string_view> known) {
    throw InputError(fmt::format("ip: command \"{}\" of \"ip {}\" is unknown{}; there are {}", word,
                                 object, did_you_mean(word, known), join(known)));
}

/// The words after the command: none are taken.
void expect_no_more(const IpCall& call, std::size_t from) {
    if (call.words.size() > from) {
        throw InputError(fmt::format("ip: \"{}\" is one word too many", call.words[from]));
    }
}

Ipv4 ip_address(const IpCall& call, const std::string& word) {
    return call.invocation.directory.address_of(word);
}

// --- route

std::string route_text(const RouteRow& row) {
    std::string out;
    if (row.kind != net::Route::Kind::kUnicast) {
        out = row.kind == net::Route::Kind::kBlackhole ? "blackhole " : "unreachable ";
    }
    out += row.prefix.length == 0    ? "default"
           : row.prefix.length == 32 ? to_string(row.prefix.address)
                                     : to_string(row.prefix);
    if (row.gateway) {
        out += " via " + to_string(*row.gateway);
    }
    if (!row.interface.empty()) {
        out += " dev " + row.interface;
        out += row.gateway ? "" : " scope link";
        out += row.link_down ? " linkdown" : "";
    }
    return out + '\n';
}

std::unique_ptr<Job> route_get(const IpCall& call) {
    if (call.words.size() < 2) {
        throw InputError("ip: route get: which address?");
    }
    expect_no_more(call, 2);
    const host::Host& host = call.host();
    const Ipv4 to = ip_address(call, call.words[1]);
    if (host.is_local(to)) {
        return view(fmt::format("local {} dev lo src {}\n    cache <local>\n", to_string(to),
                                to_string(to)));
    }
    const net::Route* const route = host.routes().find(to);
    if (route == nullptr || route->kind == net::Route::Kind::kUnreachable) {
        return view(route == nullptr ? "RTNETLINK answers: Network is unreachable\n"
                                     : "RTNETLINK answers: No route to host\n",
                    2);
    }
    if (route->kind == net::Route::Kind::kBlackhole) {
        return view("RTNETLINK answers: Invalid argument\n", 2);
    }
    const RouteRow row = route_row(host, *route, to);
    std::string out = to_string(to);
    if (row.gateway) {
        out += " via " + to_string(*row.gateway);
    }
    out += fmt::format(" dev {} src {}\n    cache", row.interface, to_string(host.address()));
    if (const std::optional<host::Host::LearntMtu> learnt = host.learnt_mtu(to)) {
        out += fmt::format(" expires {}sec mtu {}",
                           (learnt->until - host.fabric().sim.now()).count() / 1'000'000'000,
                           learnt->mtu);
    }
    return view(out + '\n');
}

std::unique_ptr<Job> ip_route(const IpCall& call) {
    constexpr std::array<std::string_view, 3> kCommands{"show", "list", "get"};
    const std::string_view command =
        call.words.empty() ? std::string_view("show") : call.words.front();
    if (command == "get") {
        return route_get(call);
    }
    if (command != "show" && command != "list") {
        unknown_command("route", command, kCommands);
    }
    expect_no_more(call, 1);
    std::string out;
    for (const RouteRow& row : route_rows(call.host())) {
        out += route_text(row);
    }
    return view(out);
}

// --- link, addr

/// [show] [dev NAME | NAME]: the interfaces meant.
std::vector<InterfaceRow> chosen_interfaces(const IpCall& call, std::string_view object) {
    constexpr std::array<std::string_view, 2> kCommands{"show", "list"};
    std::vector<InterfaceRow> rows = interface_rows(call.host());
    std::size_t at = 0;
    if (at < call.words.size() && (call.words[at] == "show" || call.words[at] == "list")) {
        ++at;
    } else if (at < call.words.size() && call.words[at] != "dev") {
        unknown_command(object, call.words[at], kCommands);
    }
    at += at < call.words.size() && call.words[at] == "dev" ? 1U : 0U;
    if (at >= call.words.size()) {
        return rows;
    }
    const std::string& name = call.words[at];
    expect_no_more(call, at + 1);
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const InterfaceRow& row) { return row.name == name; });
    if (found == rows.end()) {
        std::vector<std::string_view> known;
        for (const InterfaceRow& row : rows) {
            known.push_back(row.name);
        }
        throw InputError(
            fmt::format("ip: device \"{}\" does not exist; there are {}", name, join(known)));
    }
    return {*found};
}

std::string_view flags_of(const InterfaceRow& row) {
    return row.up ? "<POINTOPOINT,NOARP,UP,LOWER_UP>" : "<NO-CARRIER,POINTOPOINT,NOARP,UP>";
}

std::string head_of(const InterfaceRow& row) {
    std::string out = fmt::format("{}: {}: {} mtu {} qdisc netem state {}", row.index, row.name,
                                  flags_of(row), row.mtu, row.up ? "UP" : "DOWN");
    if (row.queue_limit) {
        out += fmt::format(" qlen {}", *row.queue_limit);
    }
    return out + "\n    link/none\n";
}

/// Columns grow with their numbers, as iproute2's do.
std::string counters_text(std::string_view direction, std::string_view last_two,
                          const InterfaceRow::Counters& counters) {
    const auto width = [](std::uint64_t value, std::size_t least) {
        return std::max(std::to_string(value).size(), least);
    };
    const std::size_t bytes = width(counters.bytes, 10);
    const std::size_t packets = width(counters.packets, 7);
    const std::size_t dropped = width(counters.dropped, 7);
    return fmt::format("    {}: {:>{}} {:>{}} {:>6} {:>{}} {}\n", direction, "bytes", bytes - 4,
                       "packets", packets, "errors", "dropped", dropped, last_two) +
           fmt::format("    {:>{}} {:>{}} {:>6} {:>{}} {:>7} {:>7}\n", counters.bytes, bytes,
                       counters.packets, packets, 0, counters.dropped, dropped, 0, 0);
}

std::unique_ptr<Job> ip_link(const IpCall& call) {
    std::string out;
    for (const InterfaceRow& row : chosen_interfaces(call, "link")) {
        if (call.brief) {
            out +=
                fmt::format("{:<16} {:<14} {}\n", row.name, row.up ? "UP" : "DOWN", flags_of(row));
            continue;
        }
        out += head_of(row);
        if (call.statistics) {
            out += counters_text("RX", " missed   mcast", row.rx);
            out += counters_text("TX", "carrier collsns", row.tx);
        }
    }
    return view(out);
}

std::unique_ptr<Job> ip_addr(const IpCall& call) {
    std::string out;
    for (const InterfaceRow& row : chosen_interfaces(call, "addr")) {
        const std::string address =
            fmt::format("{}/{}", to_string(row.address), unsigned{row.prefix_length});
        if (call.brief) {
            out += fmt::format("{:<16} {:<14} {}\n", row.name, row.up ? "UP" : "DOWN", address);
            continue;
        }
        out += head_of(row);
        out += fmt::format(
            "    inet {} scope global {}\n       valid_lft forever preferred_lft forever\n",
            address, row.name);
    }
    return view(out);
}

// --- tcp_metrics

std::string peer_text(const tcp::PeerInfo& peer, Ipv4 self) {
    std::string out = to_string(peer.address);
    const auto at = std::back_inserter(out);
    if (peer.rtt.count() > 0) {
        fmt::format_to(at, " age {:.3f}sec rtt {}us", to_seconds(peer.age),
                       peer.rtt.count() / 1000);
    }
    if (peer.fastopen_mss != 0) {
        fmt::format_to(at, " fo_mss {}", peer.fastopen_mss);
    }
    if (!peer.fastopen_cookie.empty()) {
        fmt::format_to(at, " fo_cookie {:02x}", fmt::join(peer.fastopen_cookie, ""));
    }
    fmt::format_to(at, " source {}\n", to_string(self));
    return out;
}

std::unique_ptr<Job> ip_tcp_metrics(const IpCall& call) {
    constexpr std::array<std::string_view, 4> kCommands{"show", "list", "flush", "delete"};
    const std::string command = call.words.empty() ? "show" : call.words.front();
    const bool one = call.words.size() > 1;
    expect_no_more(call, 2);
    tcp::Stack& stack = call.host().stack();
    const Ipv4 peer = one ? ip_address(call, call.words[1]) : Ipv4{};
    if (command == "flush" && !one) {
        stack.flush_metrics();
        return view("");
    }
    if (command == "flush" || command == "delete" || command == "del") {
        if (!one) {
            throw InputError("ip: tcp_metrics delete: which address?");
        }
        const bool known = stack.forget_peer(peer);
        return view(known ? "" : "RTNETLINK answers: No such process\n", known ? 0 : 2);
    }
    if (command != "show" && command != "list") {
        unknown_command("tcp_metrics", command, kCommands);
    }
    std::string out;
    for (const tcp::PeerInfo& known : stack.known_peers(call.host().fabric().sim.now())) {
        if (!one || known.address == peer) {
            out += peer_text(known, call.host().address());
        }
    }
    const bool missing = one && out.empty();
    return view(missing ? "RTNETLINK answers: No such process\n" : out, missing ? 2 : 0);
}

struct IpObject {
    std::string_view name;
    std::array<std::string_view, 3> short_names;
    std::unique_ptr<Job> (*run)(const IpCall&);
};

constexpr std::array<IpObject, 4> kObjects{{
    {"route", {"r", "ro", "routes"}, ip_route},
    {"link", {"l", "li", "lin"}, ip_link},
    {"addr", {"a", "ad", "address"}, ip_addr},
    {"tcp_metrics", {"tcpm", "tcp_m", "tcpmetrics"}, ip_tcp_metrics},
}};

}  // namespace

std::unique_ptr<Job> start_ip(const Invocation& invocation) {
    IpCall call{invocation};
    std::size_t at = 0;
    for (; at < invocation.words.size() && invocation.words[at].starts_with('-'); ++at) {
        const std::string& word = invocation.words[at];
        if (word == "-s" || word == "-stats" || word == "-statistics") {
            call.statistics = true;
        } else if (word == "-br" || word == "-brief") {
            call.brief = true;
        } else if (word != "-4") {  // all there is
            throw InputError(fmt::format("ip: option \"{}\" is unknown; allowed: -s -br -4", word));
        }
    }
    std::vector<std::string_view> known;
    for (const IpObject& object : kObjects) {
        known.push_back(object.name);
    }
    if (at >= invocation.words.size()) {
        throw InputError(fmt::format("ip: of what? there are {}", join(known)));
    }
    const std::string& word = invocation.words[at];
    call.words.assign(invocation.words.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                      invocation.words.end());
    for (const IpObject& object : kObjects) {
        const auto& other = object.short_names;
        if (word == object.name || std::find(other.begin(), other.end(), word) != other.end()) {
            return object.run(call);
        }
    }
    throw InputError(fmt::format("ip: object \"{}\" is unknown{}; there are {}", word,
                                 did_you_mean(word, known), join(known)));
}

}  // namespace netsim::shell
