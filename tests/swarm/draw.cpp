// Drawing a seed's world.
#include <map>

#include "host/host.hpp"
#include "swarm/world.hpp"

namespace netsim::swarm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Shape {
    std::string_view kind;
    std::map<std::string, double> parameters;
};

Shape draw_shape(Dice& dice) {
    const auto few = [&](std::uint64_t lo, std::uint64_t hi) {
        return static_cast<double>(dice.between(lo, hi));
    };
    switch (dice.below(7)) {
        case 0:
            return {"dumbbell", {{"hosts", few(1, 4)}}};
        case 1:
            return {"star", {{"hosts", few(2, 6)}}};
        case 2:
            return {"tree", {{"spines", few(1, 2)}, {"leaves", few(2, 3)}, {"hosts", few(1, 2)}}};
        case 3:
            return {"line", {{"n", few(2, 4)}, {"hosts", 1}}};
        case 4:
            return {"ring", {{"n", few(3, 5)}, {"hosts", 1}}};
        case 5:
            return {"grid", {{"w", 2}, {"h", few(2, 3)}, {"hosts", 1}}};
        default:
            return {"random",
                    {{"n", few(3, 6)}, {"degree", 2}, {"seed", few(0, 1000)}, {"hosts", 1}}};
    }
}

}  // namespace

HostRef World::any_host() {
    return dice_.one_of(hosts_);
}

Time World::any_time() {
    return net_.now() + dice_.between(Duration{0}, heal_at_ - net_.now());
}

void World::draw_topology() {
    if (dice_.chance(0.15)) {
        const HostRef a = net_.host("a");
        net_.link(a, net_.host("b"), {});
    } else {
        const Shape shape = draw_shape(dice_);
        net_.generate(shape.kind, {.link = {}, .parameters = shape.parameters});
    }
    hosts_ = net_.hosts();
    for (HostRef& host : hosts_) {
        Socket probe = *host.tcp();  // the one way to the host behind a handle
        stacks_.push_back(probe.host());
        witnesses_.emplace_back(*probe.host());
        static_cast<void>(probe.close());
    }
}

void World::draw_links() {
    for (LinkRef link : net_.links()) {
        LinkOptions forth = draw_wire(dice_, mix_);
        LinkOptions back = dice_.chance(0.7) ? forth : draw_wire(dice_, mix_);
        back.mtu = forth.mtu;
        wires_.push_back({link, {forth, back}});
        impair(wires_.back());
        if (dice_.chance(mix_.link_down)) {
            const Time down = any_time();
            link.set_up_at(down, false);
            link.set_up_at(down + dice_.between(Duration{0}, heal_at_ - down), true);
        }
    }
}

void World::impair(const Wires& wires) {
    for (int direction = 0; direction < 2; ++direction) {
        LinkRef link = wires.link;
        const LinkOptions& healthy = wires.healthy[static_cast<std::size_t>(direction)];
        link.set_options(direction, impaired(dice_, mix_, healthy));
    }
}

void World::draw_sysctls() {
    for (HostRef& host : hosts_) {
        for (std::size_t i = 0; i < sysctl_choices(); ++i) {
            if (dice_.chance(mix_.sysctl)) {
                const auto [name, value] = draw_sysctl(dice_);
                host.set_sysctl(name, value);
            }
        }
    }
}

void World::draw_applications() {
    const std::uint64_t count = dice_.between(1, 5);
    for (std::uint64_t i = 0; i < count; ++i) {
        switch (dice_.below(6)) {
            case 0:
            case 1:
                draw_server();
                break;
            case 2:
                draw_bulk();
                break;
            case 3:
                draw_flood();
                break;
            default:
                draw_chatter();
                break;
        }
    }
    if (dice_.chance(0.3)) {
        any_host().ping(any_host().name(),
                        {.count = 20, .interval = milliseconds(300), .start = any_time()});
    }
}

/// Servers and loads agree on what is sent, else both would wait for ever, as real ones do.
void World::draw_server() {
    const HostRef server = any_host();
    const std::uint16_t port = next_port_++;
    native_ports_.insert(port);
    ServerOptions options{.port = port,
                          .backlog = dice_.pick<int>({0, 1, 8, 128}),
                          // Not 1 to 3 bytes: a Linux listener takes a segment that far past the
                          // handshake's ACK for it when its cookie's MSS index allows (the check
                          // subtracts the sequence number), and the bytes before are lost.
                          .request = dice_.pick<std::uint64_t>({0, 4, 100, 3'000}),
                          .response = dice_.pick<std::uint64_t>({1, 1'000, 50'000}),
                          .service_time = dice_.pick<Duration>({Duration{0}, milliseconds(20)}),
                          .accept_delay = dice_.pick<Duration>({Duration{0}, milliseconds(30)}),
                          .keep_open = dice_.chance(0.3)};
    HostRef(server).serve(options);
    LoadOptions load{
        .spacing = dice_.pick<Spacing>({Spacing::kExponential, Spacing::kFixed, Spacing::kPareto}),
        .request = options.request,
        .response = options.response,
        .close_first = options.keep_open || dice_.chance(0.3),
        .stop = heal_at_,
        .max_connections = 300};
    const std::uint64_t clients = dice_.between(1, 2);
    for (std::uint64_t i = 0; i < clients; ++i) {
        if (dice_.chance(0.5)) {
            load.rate = dice_.pick<double>({0.5, 10, 100});
            load.users = 0;
        } else {
            load.rate = 0;
            load.users = static_cast<std::uint32_t>(dice_.between(1, 10));
            load.think = dice_.pick<Duration>({milliseconds(1), milliseconds(500)});
        }
        if (dice_.chance(0.3)) {
            load.connect_timeout = dice_.between(milliseconds(10), Duration(seconds(5)));
        }
        load.start = any_time();
        any_host().load(server.name() + ":" + std::to_string(port), load);
    }
}

void World::draw_bulk() {
    HostRef server = any_host();
    const std::uint16_t port = next_port_++;
    native_ports_.insert(port);
    server.sink(port);
    const HostRef client = any_host();
    // A cookie's MSS is at most 1460, over loopback one segment is 65483 bytes: a window made for
    // the one can, once closed, never open for the other (__tcp_select_window()).
    if (client.id() == server.id() && server.sysctl("net.ipv4.tcp_syncookies") != "0") {
        return;
    }
    // Without an end only to another host: loopback takes no time.
    const bool endless = client.id() != server.id() && dice_.chance(0.3);
    BulkOptions options{.bytes = dice_.pick<std::uint64_t>({1, 100'000, 1'000'000}),
                        .start = any_time()};
    if (endless) {
        options.bytes = 0;
        options.stop = options.start + dice_.between(Duration{0}, Duration(milliseconds(50)));
    }
    HostRef(client).bulk(server.name() + ":" + std::to_string(port), options);
}

void World::draw_flood() {
    const HostRef victim = any_host();
    const std::uint16_t port = next_port_++;
    HostRef server = victim;
    if (dice_.chance(0.5)) {
        native_ports_.insert(port);
        server.serve({.port = port, .backlog = dice_.pick<int>({1, 16, 1024}), .response = 10});
    } else {
        chatter_.listen(server, port);
    }
    SynFloodOptions flood{.rate = dice_.pick<double>({5, 100, 1000}),
                          .start = any_time(),
                          .stop = heal_at_,
                          .max_syns = 3000};
    if (dice_.chance(0.7)) {
        flood.spoof = *parse_prefix("198.18.0.0/15");
    }
    any_host().synflood(victim.name() + ":" + std::to_string(port), flood);
}

void World::draw_chatter() {
    const HostRef server = any_host();
    const std::uint16_t port = next_port_++;
    chatter_.listen(server, port);
    const std::uint64_t clients = dice_.between(1, 20);
    for (std::uint64_t i = 0; i < clients; ++i) {
        chatter_.connect(any_host(), {server.address(), port}, any_time());
    }
    if (dice_.chance(0.4)) {
        const auto crossing = static_cast<std::uint16_t>(20'000 + 2 * next_port_);
        chatter_.cross(any_host(), any_host(), crossing, any_time());
    }
}

/// Other faults than so far, somewhere.
void World::disturb() {
    impair(dice_.one_of(wires_));
    if (dice_.chance(mix_.sysctl)) {
        const auto [name, value] = draw_sysctl(dice_);
        any_host().set_sysctl(name, value);
    }
}

}  // namespace netsim::swarm
