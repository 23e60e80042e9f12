// A packet in tcpdump's words (tcpdump -n, version 4.99). Seconds are virtual time.
// Not said: what tcpdump guesses about payload from port numbers (": HTTP"), TOS and TTL (-v).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "netsim/address.hpp"
#include "netsim/time.hpp"
#include "sim/trace.hpp"
#include "wire/packet.hpp"

namespace netsim::observe {

/// "0.010000000"
std::string format_time(Time at);
/// tcpdump's letters: "S.", "P.", "none".
std::string flag_letters(std::uint16_t flags);
/// "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7"; SACK blocks less so much.
std::string options_text(const wire::TcpHeader& tcp, std::uint32_t sack_shift);

/// Prints packets; remembers each connection's first sequence numbers so that later ones print
/// relative to them, exactly when and as tcpdump does (SYN and SYN-ACK absolute).
struct TcpdumpOptions {
    bool absolute = false;                       // -S
    bool verbose = false;                        // -v
    std::function<std::string(Ipv4)> name_of{};  // without -n: of an address; empty: to_string()
    bool services = false;                       // without -n: ports by name
    const wire::ByteStore* store = nullptr;      // -v: checksums of real payload
};

class TcpdumpText {
 public:
    /// `absolute`: tcpdump -S.
    explicit TcpdumpText(bool absolute = false) { options_.absolute = absolute; }

    explicit TcpdumpText(TcpdumpOptions options) : options_(std::move(options)) {}

    /// "IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 123, ... length 0"
    std::string packet(const wire::Packet& packet);
    /// "0.010000000 user.eth0 Out IP 10.0.0.1.40000 > ..."; with `interfaces` false as without
    /// -i any: "0.010000000 IP 10.0.0.1.40000 > ...". Drops end in " dropped: queue full".
    std::string line(const sim::PacketRecord& record, bool interfaces);

 private:
    struct Key {
        Endpoint source;
        Endpoint destination;

        friend auto operator<=>(const Key&, const Key&) = default;
    };

    struct Base {
        std::uint32_t seq = 0;  // of the lower address' direction
        std::uint32_t ack = 0;
    };

    /// What to subtract from this packet's numbers, and from its SACK blocks.
    struct Shift {
        std::uint32_t seq = 0;
        std::uint32_t ack = 0;
        std::uint32_t sack = 0;
    };

    Shift shift_of(const wire::Packet& packet);
    std::string tcp(const wire::Packet& packet);

    /// A flood makes a connection per SYN: the oldest are forgotten.
    static constexpr std::size_t kConnectionsMax = 65536;

    std::string name(Ipv4 address) const;
    std::string endpoint(Ipv4 address, std::uint16_t port) const;
    std::string ip_header(const wire::Packet& packet) const;
    std::string checksum(const wire::Packet& packet) const;
    std::string icmp(const wire::Packet& packet) const;
    std::string unreachable(const wire::IcmpHeader& icmp) const;

    TcpdumpOptions options_;
    std::map<Key, Base> connections_;
    std::deque<Key> oldest_;
};

}  // namespace netsim::observe
