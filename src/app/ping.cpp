// ping(8).
#include "app/ping.hpp"

#include "wire/packet.hpp"

namespace netsim::app {
namespace {

constexpr std::uint32_t kCountMax = 65535;     // sequence numbers are 16 bits
constexpr std::uint32_t kIpIdsPerPing = 4096;  // apart, so that errors of several do not mix
constexpr std::uint32_t kSizeMax = 65507;      // 65535 less the IP and ICMP headers

std::string unreachable_text(const wire::IcmpHeader& icmp) {
    switch (icmp.code) {
        case wire::icmp::kNetUnreachable:
            return "Destination Net Unreachable";
        case wire::icmp::kHostUnreachable:
            return "Destination Host Unreachable";
        case wire::icmp::kProtocolUnreachable:
            return "Destination Protocol Unreachable";
        case wire::icmp::kPortUnreachable:
            return "Destination Port Unreachable";
        case wire::icmp::kFragmentationNeeded:
            return "Frag needed and DF set (mtu = " + std::to_string(icmp.mtu) + ")";
        case wire::icmp::kAdminProhibited:
            return "Packet filtered";
        default:
            return "Dest Unreachable, Bad Code: " + std::to_string(icmp.code);
    }
}

}  // namespace

std::string icmp_error_text(const wire::IcmpHeader& icmp) {
    switch (icmp.type) {
        case wire::icmp::kDestinationUnreachable:
            return unreachable_text(icmp);
        case wire::icmp::kTimeExceeded:
            return icmp.code == 0 ? "Time to live exceeded" : "Frag reassembly time exceeded";
        case wire::icmp::kParameterProblem:
            return "Parameter problem";
        default:
            return "Bad ICMP type: " + std::to_string(icmp.type);
    }
}

Ping::Ping(host::Host& host, unsigned ordinal, Ipv4 target, const PingOptions& options)
    : App(host, "ping", ordinal),
      options_(options),
      target_(target),
      echo_id_(static_cast<std::uint16_t>(ordinal + 1)),
      first_ip_id_(static_cast<std::uint16_t>(ordinal * kIpIdsPerPing)) {
    if (options.count == 0 || options.count > kCountMax) {
        bad_option("count must be 1 to 65535");
    }
    if (options.interval < Duration{0}) {
        bad_option("interval must not be negative");
    }
    if (options.size > kSizeMax) {
        bad_option("size must be at most 65507");
    }
    if (options.ttl == 0) {
        bad_option("ttl must be 1 to 255");
    }
    host.add_tap(*this);
    schedule(options.start, 0);
}

void Ping::on_event(std::uint64_t argument) {
    static_cast<void>(argument);
    wire::Packet p{};
    p.source = host().address();
    p.destination = target_;
    p.protocol = wire::Protocol::kIcmp;
    p.ttl = options_.ttl;
    p.icmp = wire::IcmpHeader{};
    p.icmp.type = wire::icmp::kEchoRequest;
    p.icmp.echo_id = echo_id_;
    p.icmp.echo_seq = static_cast<std::uint16_t>(++stats_.sent);
    p.icmp.echo_length = options_.size;
    // An error quotes the IP id, not the echo's: so this is how it is matched.
    p.id = static_cast<std::uint16_t>(first_ip_id_ + stats_.sent);
    sent_at_.push_back(now());
    if (const Errno error = host().send_packet(p); error != Errno::kOk) {
        stats_.replies.push_back({.sequence = stats_.sent,
                                  .from = host().address(),
                                  .what = std::string(errno_text(error))});
    }
    if (stats_.sent < options_.count) {
        schedule(now() + options_.interval, 0);
    }
}

bool Ping::on_packet(const wire::Packet& packet) {
    if (packet.protocol != wire::Protocol::kIcmp) {
        return false;
    }
    return packet.icmp.type == wire::icmp::kEchoReply ? echo_reply(packet) : error(packet);
}

bool Ping::echo_reply(const wire::Packet& packet) {
    const std::uint32_t sequence = packet.icmp.echo_seq;
    if (packet.icmp.echo_id != echo_id_ || packet.source != target_ || sequence == 0 ||
        sequence > stats_.sent) {
        return false;
    }
    ++stats_.received;
    stats_.replies.push_back({.sequence = sequence,
                              .from = packet.source,
                              .ttl = packet.ttl,
                              .rtt = now() - sent_at_[sequence - 1],
                              .what = {}});
    return true;
}

bool Ping::error(const wire::Packet& packet) {
    const wire::IcmpHeader& icmp = packet.icmp;
    const bool is_error = icmp.type == wire::icmp::kDestinationUnreachable ||
                          icmp.type == wire::icmp::kTimeExceeded ||
                          icmp.type == wire::icmp::kParameterProblem;
    const auto sequence = static_cast<std::uint16_t>(icmp.quoted.id - first_ip_id_);
    if (!is_error || icmp.quoted.protocol != wire::Protocol::kIcmp ||
        icmp.quoted.destination != target_ || icmp.quoted.source != host().address() ||
        sequence == 0 || sequence > stats_.sent) {
        return false;
    }
    stats_.replies.push_back({.sequence = sequence,
                              .from = packet.source,
                              .ttl = packet.ttl,
                              .rtt = now() - sent_at_[sequence - 1],
                              .what = icmp_error_text(icmp)});
    return true;
}

}  // namespace netsim::app
