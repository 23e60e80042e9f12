// net.netfilter.nf_conntrack_*: limits and timeouts of connection tracking, with Linux's defaults.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace netsim::net {

/// Timeouts are in seconds.
struct ConntrackSettings {
    std::int64_t acct = 0;
    std::int64_t buckets = 262144;
    std::int64_t max = 262144;
    std::int64_t icmp_timeout = 30;
    std::int64_t tcp_be_liberal = 0;
    std::int64_t tcp_ignore_invalid_rst = 0;
    std::int64_t tcp_loose = 1;
    std::int64_t tcp_max_retrans = 3;
    std::int64_t tcp_timeout_close = 10;
    std::int64_t tcp_timeout_close_wait = 60;
    std::int64_t tcp_timeout_established = 432000;
    std::int64_t tcp_timeout_fin_wait = 120;
    std::int64_t tcp_timeout_last_ack = 30;
    std::int64_t tcp_timeout_max_retrans = 300;
    std::int64_t tcp_timeout_syn_recv = 60;
    std::int64_t tcp_timeout_syn_sent = 120;
    std::int64_t tcp_timeout_time_wait = 120;
    std::int64_t tcp_timeout_unacknowledged = 300;
    std::int64_t udp_timeout = 30;
    std::int64_t udp_timeout_stream = 120;

    friend constexpr bool operator==(const ConntrackSettings&, const ConntrackSettings&) = default;
};

struct ConntrackSysctl {
    std::string_view name;  // "net.netfilter.nf_conntrack_max"
    std::int64_t ConntrackSettings::*value;
    std::int64_t low;
    std::int64_t high;
    std::string_view help;
};

inline constexpr std::string_view kConntrackPrefix = "net.netfilter.";

/// In order of their names.
std::span<const ConntrackSysctl> conntrack_sysctls();

bool is_conntrack_sysctl(std::string_view name);

/// Throws InputError on an unknown name or a value out of range.
std::string get_conntrack_sysctl(const ConntrackSettings& settings, std::string_view name);
void set_conntrack_sysctl(ConntrackSettings& settings, std::string_view name,
                          std::string_view value);

}  // namespace netsim::net
