// SYN flood (RFC 4987).
#include "app/synflood.hpp"

#include "wire/packet.hpp"

namespace netsim::app {
namespace {

constexpr std::uint16_t kLinuxSynWindow = 64240;  // 44 segments of 1460

Rng own_stream(const host::Host& host, unsigned ordinal, std::string_view what) {
    return host.fabric().sim.rng("app/" + host.name() + "/synflood/" + std::to_string(ordinal) +
                                 std::string(what));
}

}  // namespace

SynFlood::SynFlood(host::Host& host, unsigned ordinal, Endpoint target,
                   const SynFloodOptions& options)
    : App(host, "synflood", ordinal),
      options_(options),
      target_(target),
      rng_(own_stream(host, ordinal, "")),
      intervals_(own_stream(host, ordinal, "/spacing"), options.rate > 0 ? 1.0 / options.rate : 0.0,
                 options.spacing, 1.5),
      syn_(make_template()) {
    check_options();
    if (!options.spoof) {
        host.add_tap(*this);
        // A port the host's own connections may use would swallow their SYN-ACKs.
        const auto& range = host.sysctl().ip_local_port_range;
        avoid_ephemeral_ =
            options.source_port_low < range[0] || options.source_port_high > range[1];
    }
    const bool at_start = options.spacing == Spacing::kFixed;
    schedule(options.start + (at_start ? Duration{0} : intervals_.next()), 0);
}

void SynFlood::check_options() const {
    if (!(options_.rate > 0 && options_.rate <= 1e9)) {
        bad_option("rate must be above 0 and at most 1e9 per second");
    }
    if (options_.source_port_low > options_.source_port_high) {
        bad_option("source_port_low must not exceed source_port_high");
    }
    if (options_.spacing == Spacing::kPareto) {
        bad_option("spacing must be exponential or fixed");
    }
    if (options_.window_scale && *options_.window_scale > 14) {
        bad_option("window_scale must be 0 to 14");
    }
}

wire::Packet SynFlood::make_template() const {
    wire::Packet p{};
    p.source = host().address();
    p.destination = target_.address;
    p.protocol = wire::Protocol::kTcp;
    p.ttl = 0;  // the host fills in its own
    p.tcp.destination_port = target_.port;
    p.tcp.flags = wire::flag::kSyn;
    p.tcp.window = kLinuxSynWindow;
    if (options_.mss != 0) {
        p.tcp.options |= wire::option::kMss;
        p.tcp.mss = options_.mss;
    }
    if (options_.sack_permitted) {
        p.tcp.options |= wire::option::kSackPermitted;
    }
    if (options_.timestamps) {
        p.tcp.options |= wire::option::kTimestamps;
    }
    if (options_.window_scale) {
        p.tcp.options |= wire::option::kWindowScale;
        p.tcp.window_scale = *options_.window_scale;
    }
    return p;
}

void SynFlood::on_event(std::uint64_t argument) {
    static_cast<void>(argument);
    if (now() >= options_.stop ||
        (options_.max_syns != 0 && stats_.syns_sent >= options_.max_syns)) {
        return;
    }
    send_one();
    const Time next = now() + intervals_.next();
    if (next < options_.stop) {
        schedule(next, 0);
    }
}

std::uint16_t SynFlood::draw_port() {
    const auto& ephemeral = host().sysctl().ip_local_port_range;
    std::int64_t port = 0;
    do {
        port = rng_.between(options_.source_port_low, options_.source_port_high);
    } while (avoid_ephemeral_ && port >= ephemeral[0] && port <= ephemeral[1]);
    return static_cast<std::uint16_t>(port);
}

void SynFlood::send_one() {
    if (options_.spoof) {
        const Prefix& from = *options_.spoof;
        syn_.source = Ipv4{from.address.bits + static_cast<std::uint32_t>(rng_.below(from.size()))};
    }
    syn_.id = static_cast<std::uint16_t>(1 + rng_.below(65535));
    syn_.tcp.source_port = draw_port();
    syn_.tcp.seq = wire::SeqNum(rng_.u32());
    syn_.tcp.tsval = options_.timestamps ? rng_.u32() : 0;
    if (!options_.spoof) {
        used_ports_.set(syn_.tcp.source_port);
    }
    ++stats_.syns_sent;
    static_cast<void>(host().send_packet(syn_));  // without a route the host counts it
}

bool SynFlood::on_packet(const wire::Packet& packet) {
    if (packet.protocol != wire::Protocol::kTcp || packet.source != target_.address ||
        packet.tcp.source_port != target_.port || !used_ports_[packet.tcp.destination_port]) {
        return false;
    }
    if (packet.tcp.rst()) {
        ++stats_.rsts_received;
    } else if (packet.tcp.has(wire::flag::kSyn | wire::flag::kAck)) {
        ++stats_.synacks_received;
    }
    return true;
}

}  // namespace netsim::app
