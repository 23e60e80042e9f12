// Echo requests and what came back (RFC 792, RFC 1122 §3.2.2.6).
#pragma once

#include "app/app.hpp"

namespace netsim::app {

class Ping final : public App, private host::PacketTap {
 public:
    Ping(host::Host& host, unsigned ordinal, Ipv4 target, const PingOptions& options);

    const PingStats& stats() const { return stats_; }

 private:
    void on_event(std::uint64_t argument) override;

    void on_ended() override { host().remove_tap(*this); }

    bool on_packet(const wire::Packet& packet) override;
    bool echo_reply(const wire::Packet& packet);
    bool error(const wire::Packet& packet);

    PingOptions options_;
    Ipv4 target_;
    PingStats stats_;
    std::uint16_t echo_id_;
    std::uint16_t first_ip_id_;
    std::vector<Time> sent_at_;  // by sequence number - 1
};

/// An ICMP error in ping's words: "Time to live exceeded".
std::string icmp_error_text(const wire::IcmpHeader& icmp);

}  // namespace netsim::app
