// One table: the sysctl, where its value is, its range.
#include "net/conntrack_settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/text.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

using S = ConntrackSettings;

constexpr std::int64_t kSysctlMax = 2147483647;

constexpr auto kConntrackSysctls = std::to_array<ConntrackSysctl>({
    {"net.netfilter.nf_conntrack_acct", &S::acct, 0, 1, "packets and octets are counted per flow"},
    {"net.netfilter.nf_conntrack_buckets", &S::buckets, 1, 1 << 24, "size of the hash table"},
    {"net.netfilter.nf_conntrack_icmp_timeout", &S::icmp_timeout, 0, kSysctlMax,
     "an echo, in seconds"},
    {"net.netfilter.nf_conntrack_max", &S::max, 0, 1 << 26,
     "most connections in the table; 0: as many as there are"},
    {"net.netfilter.nf_conntrack_tcp_be_liberal", &S::tcp_be_liberal, 0, 1,
     "only RSTs out of the window are invalid"},
    {"net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", &S::tcp_ignore_invalid_rst, 0, 1,
     "RSTs out of the window are not invalid"},
    {"net.netfilter.nf_conntrack_tcp_loose", &S::tcp_loose, 0, 1,
     "connections whose handshake was not seen are picked up"},
    {"net.netfilter.nf_conntrack_tcp_max_retrans", &S::tcp_max_retrans, 0, 255,
     "so many retransmissions without an ACK start timeout_max_retrans"},
    {"net.netfilter.nf_conntrack_tcp_timeout_close", &S::tcp_timeout_close, 0, kSysctlMax,
     "after a RST, in seconds"},
    {"net.netfilter.nf_conntrack_tcp_timeout_close_wait", &S::tcp_timeout_close_wait, 0, kSysctlMax,
     "after the ACK of a FIN"},
    {"net.netfilter.nf_conntrack_tcp_timeout_established", &S::tcp_timeout_established, 0,
     kSysctlMax, "an idle established connection"},
    {"net.netfilter.nf_conntrack_tcp_timeout_fin_wait", &S::tcp_timeout_fin_wait, 0, kSysctlMax,
     "after the first FIN"},
    {"net.netfilter.nf_conntrack_tcp_timeout_last_ack", &S::tcp_timeout_last_ack, 0, kSysctlMax,
     "after both FINs"},
    {"net.netfilter.nf_conntrack_tcp_timeout_max_retrans", &S::tcp_timeout_max_retrans, 0,
     kSysctlMax, "after tcp_max_retrans retransmissions, or with a zero window"},
    {"net.netfilter.nf_conntrack_tcp_timeout_syn_recv", &S::tcp_timeout_syn_recv, 0, kSysctlMax,
     "after the SYN-ACK"},
    {"net.netfilter.nf_conntrack_tcp_timeout_syn_sent", &S::tcp_timeout_syn_sent, 0, kSysctlMax,
     "after the SYN; a repeated SYN does not renew it"},
    {"net.netfilter.nf_conntrack_tcp_timeout_time_wait", &S::tcp_timeout_time_wait, 0, kSysctlMax,
     "after the last ACK"},
    {"net.netfilter.nf_conntrack_tcp_timeout_unacknowledged", &S::tcp_timeout_unacknowledged, 0,
     kSysctlMax, "while data is not acknowledged"},
    {"net.netfilter.nf_conntrack_udp_timeout", &S::udp_timeout, 0, kSysctlMax,
     "a UDP exchange, in seconds"},
    {"net.netfilter.nf_conntrack_udp_timeout_stream", &S::udp_timeout_stream, 0, kSysctlMax,
     "a UDP exchange that was answered and lasts over 2 s"},
});

const ConntrackSysctl& find_conntrack_sysctl(std::string_view name) {
    std::vector<std::string_view> known;
    for (const ConntrackSysctl& one : kConntrackSysctls) {
        if (one.name == name) {
            return one;
        }
        known.push_back(one.name);
    }
    throw InputError("unknown sysctl \"" + std::string(name) + "\"" + did_you_mean(name, known));
}

}  // namespace

std::span<const ConntrackSysctl> conntrack_sysctls() {
    return kConntrackSysctls;
}

bool is_conntrack_sysctl(std::string_view name) {
    return std::any_of(kConntrackSysctls.begin(), kConntrackSysctls.end(),
                       [&](const ConntrackSysctl& one) { return one.name == name; });
}

std::string get_conntrack_sysctl(const ConntrackSettings& settings, std::string_view name) {
    return std::to_string(settings.*find_conntrack_sysctl(name).value);
}

void set_conntrack_sysctl(ConntrackSettings& settings, std::string_view name,
                          std::string_view value) {
    const ConntrackSysctl& sysctl = find_conntrack_sysctl(name);
    std::int64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto [at, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc{} || at != end || number < sysctl.low || number > sysctl.high) {
        throw InputError(std::string(name) + ": \"" + std::string(value) +
                         "\" is no whole number from " + std::to_string(sysctl.low) + " to " +
                         std::to_string(sysctl.high));
    }
    settings.*sysctl.value = number;
}

}  // namespace netsim::net
