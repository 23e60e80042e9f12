// DNS messages on the wire (RFC 1035 §4), as much as A, AAAA and PTR questions need.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/address.hpp"

namespace netsim::app {

enum class DnsType : std::uint16_t { kA = 1, kPtr = 12, kAaaa = 28 };

/// RCODEs.
namespace dns {
inline constexpr std::uint8_t kNoError = 0;
inline constexpr std::uint8_t kFormErr = 1;
inline constexpr std::uint8_t kServFail = 2;
inline constexpr std::uint8_t kNxDomain = 3;
inline constexpr std::uint8_t kNotImp = 4;
inline constexpr std::uint8_t kRefused = 5;
}  // namespace dns

struct DnsAnswer {
    std::uint32_t ttl = 0;
    std::optional<Ipv4> address{};  // A
    std::string name{};             // PTR
};

struct DnsMessage {
    std::uint16_t id = 0;
    bool response = false;
    bool authoritative = false;
    bool recursion_desired = true;
    bool recursion_available = false;
    std::uint8_t rcode = dns::kNoError;
    std::string name{};  // of the question: no dot at its end, in lower case
    DnsType type = DnsType::kA;
    std::vector<DnsAnswer> answers{};
};

/// At most 253 octets, in labels of 1 to 63.
bool is_dns_name(std::string_view name);
std::string encode_dns(const DnsMessage& message);
/// Nothing: not a message with one question, or cut off.
std::optional<DnsMessage> decode_dns(std::string_view bytes);
/// "2.0.0.10.in-addr.arpa"
std::string reverse_name(Ipv4 address);
/// The address such a name stands for.
std::optional<Ipv4> address_of_reverse_name(std::string_view name);

}  // namespace netsim::app
