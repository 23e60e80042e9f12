// The sysctls of a host. One table (sysctl.cpp) gives names, defaults, ranges and documentation to
// Lua, the command line, views and docs; a struct member gives the hot path its value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/lesson.hpp"
#include "tcp/fastopen_cookie.hpp"
#include "tcp/rules.hpp"

namespace netsim::tcp {

/// A list of ports as the kernel writes it: "8080,9148-9150". Sorted ranges that neither meet nor
/// touch.
struct PortRanges {
    struct Range {
        std::uint16_t first = 0;
        std::uint16_t last = 0;
    };

    std::vector<Range> ranges;

    bool contains(std::uint16_t port) const {
        for (const Range& r : ranges) {
            if (port >= r.first && port <= r.last) {
                return true;
            }
        }
        return false;
    }
};

struct Sysctl {
    std::int64_t file_max = 9223372036854775807;
    std::int64_t somaxconn = 4096;
    std::int64_t netdev_max_backlog = 1000;
    std::int64_t netdev_budget = 300;
    std::int64_t netdev_budget_usecs = 8000;
    std::int64_t dev_weight = 64;
    std::int64_t rmem_default = 212992;
    std::int64_t rmem_max = 4194304;
    std::int64_t wmem_max = 4194304;
    std::array<std::int64_t, 2> ip_local_port_range{32768, 60999};
    std::int64_t ip_autobind_reuse = 0;
    std::int64_t ip_default_ttl = 64;
    PortRanges ip_local_reserved_ports;
    std::int64_t tcp_abort_on_overflow = 0;
    std::int64_t tcp_autocorking = 1;
    std::int64_t tcp_backlog_ack_defer = 1;
    std::int64_t tcp_base_mss = 1024;
    std::int64_t tcp_challenge_ack_limit = 2147483647;
    std::int64_t tcp_comp_sack_delay_ns = 1'000'000;
    std::int64_t tcp_comp_sack_nr = 44;
    std::int64_t tcp_comp_sack_slack_ns = 100'000;
    std::int64_t tcp_dsack = 1;
    std::int64_t tcp_early_retrans = 3;
    std::int64_t tcp_ecn = 2;
    std::int64_t tcp_ecn_fallback = 1;
    std::int64_t tcp_fastopen = 1;
    std::int64_t tcp_fastopen_blackhole_timeout_sec = 0;
    std::int64_t tcp_fin_timeout = 60;
    std::int64_t tcp_frto = 2;
    std::int64_t tcp_invalid_ratelimit = 500;
    std::int64_t tcp_keepalive_intvl = 75;
    std::int64_t tcp_keepalive_probes = 9;
    std::int64_t tcp_keepalive_time = 7200;
    std::int64_t tcp_limit_output_bytes = 4194304;
    std::int64_t tcp_max_orphans = 65536;
    std::int64_t tcp_max_reordering = 300;
    std::int64_t tcp_max_syn_backlog = 1024;
    std::int64_t tcp_max_tw_buckets = 65536;
    std::int64_t tcp_migrate_req = 0;
    std::int64_t tcp_min_rtt_wlen = 300;
    std::int64_t tcp_min_snd_mss = 48;
    std::int64_t tcp_min_tso_segs = 2;
    std::int64_t tcp_moderate_rcvbuf = 1;
    std::int64_t tcp_mtu_probe_floor = 48;
    std::int64_t tcp_mtu_probing = 0;
    std::int64_t tcp_no_metrics_save = 0;
    std::int64_t tcp_notsent_lowat = 4294967295;
    std::int64_t tcp_orphan_retries = 0;
    std::int64_t tcp_pacing_ca_ratio = 120;
    std::int64_t tcp_pacing_ss_ratio = 200;
    std::int64_t tcp_pingpong_thresh = 1;
    std::int64_t tcp_probe_interval = 600;
    std::int64_t tcp_probe_threshold = 8;
    std::int64_t tcp_recovery = 1;
    std::int64_t tcp_reordering = 3;
    std::int64_t tcp_retrans_collapse = 1;
    std::int64_t tcp_retries1 = 3;
    std::int64_t tcp_retries2 = 15;
    std::int64_t tcp_rfc1337 = 0;
    std::array<std::int64_t, 3> tcp_rmem{4096, 131072, 33554432};
    std::int64_t tcp_rto_max_ms = 120000;
    std::int64_t tcp_rto_min_us = 200000;
    std::int64_t tcp_sack = 1;
    std::int64_t tcp_shrink_window = 0;
    std::int64_t tcp_slow_start_after_idle = 1;
    std::int64_t tcp_syn_linear_timeouts = 4;
    std::int64_t tcp_syn_retries = 6;
    std::int64_t tcp_synack_retries = 5;
    std::int64_t tcp_syncookies = 1;
    std::int64_t tcp_thin_linear_timeouts = 0;
    std::int64_t tcp_timestamps = 1;
    std::int64_t tcp_tso_rtt_log = 9;
    std::int64_t tcp_tso_win_divisor = 3;
    std::int64_t tcp_tw_recycle = 0;  // acts where rules.time_wait_recycle has it
    std::int64_t tcp_tw_reuse = 2;
    std::int64_t tcp_tw_reuse_delay = 1000;
    std::int64_t tcp_window_scaling = 1;
    std::array<std::int64_t, 3> tcp_wmem{4096, 16384, 4194304};
    std::uint32_t tcp_allowed_congestion_control = ~0U;  // bit i: congestion_controls()[i]
    std::string tcp_congestion_control = "cubic";
    FastOpenKeys tcp_fastopen_key;  // count 0: drawn when first needed

    Rules rules;          // what a profile decides and no sysctl sets
    LessonRules without;  // what a lesson switches off
};

/// One row of the table. Values travel as text, as in /proc/sys: "1", "4096 131072 33554432",
/// "reno".
struct SysctlEntry {
    std::string_view name;  // "net.ipv4.tcp_syncookies"
    std::string default_text;
    std::string range;         // "0..2", "4096..2147483647 (3 numbers)", "reno"
    std::string_view meaning;  // one line
};

/// All rows, by name.
std::span<const SysctlEntry> sysctl_table();
bool is_sysctl(std::string_view name);
/// The value as text. The name must be in the table.
std::string get_sysctl(const Sysctl& sysctl, std::string_view name);
/// Throws InputError naming what is allowed (and the nearest known name) on an unknown name or a
/// bad value; the sysctl is unchanged then.
void set_sysctl(Sysctl& sysctl, std::string_view name, std::string_view value);

}  // namespace netsim::tcp
