// Memory per endpoint, host and link: growth of the resident set, so with their share of tables
// and of what the allocator keeps.
#include <array>
#include <string>

#include "netsim/network.hpp"
#include "rows.hpp"

namespace netsim::bench {
namespace {

using std::chrono::milliseconds;

/// Plain sockets: applications' own records would count.
class Pair {
 public:
    Pair() : client_(net_.host("client", options())), server_(net_.host("server", options())) {
        net_.link(client_, server_, {.delay = std::chrono::microseconds(10)});
        net_.run_until(Time{});
        for (std::size_t i = 0; i < listeners_.size(); ++i) {
            Result<Socket> listener = server_.tcp();
            listeners_[i] = *listener;
            static_cast<void>(listeners_[i].bind({Ipv4{}, port(i)}));
            static_cast<void>(listeners_[i].listen(kBatch));
        }
    }

    /// Opens at most kBatch connections, to one listener.
    void open(std::size_t listener, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            Socket socket = *client_.tcp();
            static_cast<void>(socket.connect({server_.address(), port(listener)}));
            clients_.push_back(socket);
        }
        settle();
        for (std::size_t i = 0; i < count; ++i) {
            const Result<Socket> socket = listeners_[listener].accept();
            if (!socket) {
                throw InputError("a connection was not accepted");
            }
            servers_.push_back(*socket);
        }
    }

    /// The clients first: ports are chosen by who keeps TIME-WAIT. A server's records end early,
    /// by the SYNs of clients that have long forgotten them.
    void close_all() {
        for (auto* side : {&clients_, &servers_}) {
            for (Socket& socket : *side) {
                static_cast<void>(socket.close());
            }
            side->clear();
            settle();
        }
    }

    void reserve(std::size_t connections) {
        clients_.reserve(connections);
        servers_.reserve(connections);
        // Reserved pages must be there before the first look.
        clients_.resize(connections);
        servers_.resize(connections);
        clients_.clear();
        servers_.clear();
    }

    Network& net() { return net_; }

    HostRef& client() { return client_; }

    static constexpr int kBatch = 1000;

 private:
    static HostOptions options() {
        return {.sysctl = {{"net.ipv4.ip_local_port_range", "1024 65535"},
                           {"net.ipv4.tcp_max_tw_buckets", "2000000"}}};
    }

    static std::uint16_t port(std::size_t listener) {
        return static_cast<std::uint16_t>(80 + listener);
    }

    void settle() { net_.run_until(net_.now() + milliseconds(1)); }

    Network net_;
    HostRef client_;
    HostRef server_;
    std::array<Socket, 8> listeners_;
    std::vector<Socket> clients_;
    std::vector<Socket> servers_;
};

std::size_t listener_of(std::uint64_t connection) {
    return static_cast<std::size_t>(connection / Pair::kBatch % 8);
}

Work established(std::uint64_t connections) {
    Pair pair;
    pair.reserve(connections + Pair::kBatch);
    pair.open(0, Pair::kBatch);  // what the first ones cost is not theirs
    const double before = resident();
    for (std::uint64_t i = 0; i < connections; i += Pair::kBatch) {
        pair.open(listener_of(i), Pair::kBatch);
    }
    return {.units = 2 * static_cast<double>(connections), .bytes = resident() - before};
}

Work time_wait(std::uint64_t records) {
    Pair pair;
    pair.reserve(Pair::kBatch);
    pair.open(0, Pair::kBatch);
    pair.close_all();
    const double before = resident();
    for (std::uint64_t i = 0; i < records; i += Pair::kBatch) {
        pair.open(listener_of(i), Pair::kBatch);
        pair.close_all();
    }
    const double after = resident();
    std::uint64_t there = 0;
    const std::string list = pair.client().ss("-tan");
    for (std::size_t at = list.find("TIME-WAIT"); at != std::string::npos;
         at = list.find("TIME-WAIT", at + 1)) {
        ++there;
    }
    if (there < records) {
        throw InputError("only " + std::to_string(there) + " connections are in TIME-WAIT");
    }
    return {.units = static_cast<double>(records), .bytes = after - before};
}

Work half_open(std::uint64_t requests) {
    Network net;
    HostRef web = net.host("web", {.sysctl = {{"net.ipv4.tcp_syncookies", "0"},
                                              {"net.ipv4.tcp_max_syn_backlog", "4000000"},
                                              {"net.core.somaxconn", "2000000"}}});
    HostRef bot = net.host("bot");
    net.link(bot, web, {.delay = std::chrono::microseconds(10)});
    web.serve({.backlog = 2'000'000});
    bot.synflood("web:80", {.rate = 1e6, .spoof = parse_prefix("198.18.0.0/15")});
    net.run_until(net.now() + milliseconds(1));
    const std::uint64_t queued = web.syn_queue(80);
    const double before = resident();
    net.run_until(net.now() + std::chrono::microseconds(requests));
    return {.units = static_cast<double>(web.syn_queue(80) - queued), .bytes = resident() - before};
}

Work idle_hosts(std::uint64_t count) {
    Network net;
    net.host("first");
    const double before = resident();
    for (std::uint64_t i = 0; i < count; ++i) {
        net.host("host" + std::to_string(i));
    }
    return {.units = static_cast<double>(count), .bytes = resident() - before};
}

/// Each from a host of its own to one router; with `routes`, what finding the way costs instead.
Work idle_links(std::uint64_t count, bool routes) {
    Network net;
    const RouterRef router = net.router("router");
    std::vector<HostRef> hosts;
    hosts.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        hosts.push_back(net.host("host" + std::to_string(i)));
    }
    double before = resident();
    for (const HostRef& host : hosts) {
        net.link(host, router, {.rate_bps = 1'000'000'000, .delay = milliseconds(1)});
    }
    if (routes) {
        before = resident();
        net.run_until(Time{});
    }
    return {.units = static_cast<double>(count), .bytes = resident() - before};
}

}  // namespace

void add_memory_rows(std::vector<Row>& rows) {
    const auto add = [&](const char* name, const char* what, std::uint64_t amount, auto run) {
        rows.push_back({.name = name,
                        .what = what,
                        .unit = Unit::kBytes,
                        .amount = amount,
                        .run = std::move(run)});
    };
    add("bytes_half_open", "a half-open endpoint", 500'000, half_open);
    add("bytes_established", "an established endpoint, idle", 200'000, established);
    rows.back().peer = "endpoints";
    rows.back().peer_amount = 2'000;
    add("bytes_time_wait", "a TIME-WAIT endpoint", 200'000, time_wait);
    add("bytes_host", "an idle host", 100'000, idle_hosts);
    add("bytes_link", "an idle link", 100'000,
        [](std::uint64_t n) { return idle_links(n, false); });
    add("bytes_routes", "routes in a star, per host", 100'000,
        [](std::uint64_t n) { return idle_links(n, true); });
}

}  // namespace netsim::bench
