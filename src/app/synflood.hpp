// SYNs at a rate, made by hand: no socket, no state, one event each.
#pragma once

#include <bitset>

#include "app/app.hpp"
#include "app/intervals.hpp"

namespace netsim::app {

/// Spoofed sources never answer. An unspoofed flood takes the SYN-ACKs before the host's TCP sees
/// them, so no RST frees the victim's queue: what raw-socket flooders get by a firewall rule.
class SynFlood final : public App, private host::PacketTap {
 public:
    SynFlood(host::Host& host, unsigned ordinal, Endpoint target, const SynFloodOptions& options);

    const SynFloodStats& stats() const { return stats_; }

 private:
    void on_event(std::uint64_t argument) override;

    void on_ended() override { host().remove_tap(*this); }

    bool on_packet(const wire::Packet& packet) override;
    void check_options() const;
    wire::Packet make_template() const;
    void send_one();
    std::uint16_t draw_port();

    SynFloodOptions options_;
    Endpoint target_;
    SynFloodStats stats_;
    Rng rng_;
    Intervals intervals_;
    wire::Packet syn_;  // all that does not change from one to the next
    bool avoid_ephemeral_ = false;
    std::bitset<65536> used_ports_;  // of an unspoofed flood
};

}  // namespace netsim::app
