// ip link set, ip route change, ip tcp_metrics flush: what IP knows of the way to the peer.
// ip-route(8); Linux's RTAX_ metrics.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "packetdrill/shell.hpp"
#include "tcp/congestion.hpp"

namespace netsim::packetdrill {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kRouteWords =
    "via, dev, src, proto, scope, mtu [lock], advmss, initcwnd, rto_min, quickack, features ecn, "
    "congctl [lock]";

/// A route's words behind its destination, one after the other.
class RouteText {
 public:
    explicit RouteText(const Words& words, std::size_t at) : words_(words), at_(at) {}

    bool done() const { return at_ == words_.size(); }

    const std::string& next() {
        if (done()) {
            throw Mismatch{"ip route: a value is missing after \"" + words_.back() + "\""};
        }
        return words_[at_++];
    }

    /// Is this the next word? It is taken then.
    bool takes(std::string_view word) {
        const bool found = !done() && words_[at_] == word;
        at_ += found ? 1U : 0U;
        return found;
    }

    std::uint32_t number(std::string_view name, std::uint32_t least, std::uint32_t most) {
        const std::string& text = next();
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size() || value < least ||
            value > most) {
            throw Mismatch{
                fmt::format("ip route: {} must be {} to {}, not \"{}\"", name, least, most, text)};
        }
        return value;
    }

    /// "50ms", "0.2s", "300us"; without a unit, milliseconds. In microseconds.
    std::uint32_t time() {
        const std::string& text = next();
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const std::string_view unit(end, text.data() + text.size());
        const double scale = unit == "s" || unit == "sec"                     ? 1e6
                             : unit == "ms" || unit == "msec" || unit.empty() ? 1e3
                             : unit == "us" || unit == "usec"                 ? 1
                                                                              : 0;
        const double micros = value * scale;
        if (error != std::errc{} || !(micros >= 1 && micros <= 60e6)) {  // "nan" is a double, too
            throw Mismatch{"ip route: rto_min must be a time up to 60s, as 50ms, not \"" + text +
                           "\""};
        }
        return static_cast<std::uint32_t>(micros);
    }

 private:
    const Words& words_;
    std::size_t at_;
};

bool leads_to(Ipv4 peer, const std::string& text) {
    if (text == "default") {
        return true;
    }
    const auto prefix = parse_prefix(text.find('/') == std::string::npos ? text + "/32" : text);
    if (!prefix) {
        throw Mismatch{"ip route: \"" + text + "\" is not an address or a prefix"};
    }
    return prefix->contains(peer);
}

/// One attribute and its value.
void read_attribute(RouteText& text, tcp::RouteMetrics& route, std::uint32_t& mtu) {
    const std::string& name = text.next();
    if (name == "via" || name == "dev" || name == "src" || name == "proto" || name == "scope") {
        text.next();  // there is one way to the peer, whatever it is called
    } else if (name == "mtu") {
        route.mtu_locked = text.takes("lock");
        mtu = text.number("mtu", 68, 65535);
    } else if (name == "advmss") {
        route.advmss = static_cast<std::uint16_t>(text.number("advmss", 48, 65495));
    } else if (name == "initcwnd") {
        route.initcwnd = static_cast<std::uint16_t>(text.number("initcwnd", 1, 65535));
    } else if (name == "rto_min") {
        text.takes("lock");  // it is locked either way
        route.rto_min_us = text.time();
    } else if (name == "quickack") {
        route.quickack = text.number("quickack", 0, 1) == 1;
    } else if (name == "features" && text.takes("ecn")) {
        route.ecn = true;
    } else if (name == "congctl") {
        route.congestion_locked = text.takes("lock");
        const std::string& algorithm = text.next();
        route.congestion = tcp::find_congestion_control(algorithm);
        if (!route.congestion) {
            throw Mismatch{"ip route: there is no congestion control \"" + algorithm + "\""};
        }
    } else {
        throw Mismatch{fmt::format("ip route: \"{}\" is not supported (supported: {})",
                                   name == "features" ? "features " + text.next() : name,
                                   kRouteWords)};
    }
}

}  // namespace

void Shell::ip(const Words& words) {
    const std::string object = words.size() > 2 ? words[1] : "";
    if (words.size() > 1 && words[1] == "tcp_metrics") {
        return machine_.stack().flush_metrics();
    }
    if (object == "link" || object == "li") {
        return ip_link(words);
    }
    if (object == "route" || object == "ro" || object == "r") {
        return ip_route(words);
    }
    refuse_command(words);
}

void Shell::ip_link(const Words& words) {
    const auto mtu = std::find(words.begin(), words.end(), "mtu");
    if (mtu == words.end() || mtu + 1 == words.end()) {
        refuse_command(words);
    }
    const std::string& text = *(mtu + 1);
    if (text.empty() || text.size() > 5 ||
        text.find_first_not_of("0123456789") != std::string::npos || std::stoul(text) < 68 ||
        std::stoul(text) > 65535) {
        throw Mismatch{"ip link: the MTU must be 68 to 65535"};
    }
    machine_.set_mtu(static_cast<std::uint32_t>(std::stoul(text)));
}

void Shell::ip_route(const Words& words) {
    const std::string& verb = words[2];
    if (words.size() < 4 || (verb != "change" && verb != "replace" && verb != "add")) {
        refuse_command(words);
    }
    if (!leads_to(machine_.remote(), words[3])) {
        throw Mismatch{"ip route: " + words[3] + " does not lead to the peer, " +
                       to_string(machine_.remote())};
    }
    RouteText text(words, 4);
    tcp::RouteMetrics route;
    std::uint32_t mtu = 0;
    while (!text.done()) {
        read_attribute(text, route, mtu);
    }
    machine_.set_route(route, mtu);
}

}  // namespace netsim::packetdrill
