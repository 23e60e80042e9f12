// Faults of links, and sysctls at the ends of their ranges.
#include "swarm/faults.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace netsim::swarm {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

struct SysctlChoices {
    std::string_view name;  // without "net."
    std::vector<std::string_view> values;
};

/// Limits of retries stay below those that would keep a connection trying for days.
const std::vector<SysctlChoices>& sysctls() {
    static const std::vector<SysctlChoices> table{
        {"core.somaxconn", {"0", "1", "5", "4096"}},
        {"core.rmem_max", {"2304", "16777216"}},
        {"core.wmem_max", {"4608", "16777216"}},
        {"ipv4.ip_default_ttl", {"3", "5", "255"}},
        {"ipv4.ip_local_port_range", {"40000 40003", "1024 65535", "50000 50000"}},
        {"ipv4.tcp_abort_on_overflow", {"0", "1"}},
        {"ipv4.tcp_challenge_ack_limit", {"0", "1", "1000"}},
        {"ipv4.tcp_dsack", {"0", "1"}},
        {"ipv4.tcp_fin_timeout", {"1", "5", "120"}},
        {"ipv4.tcp_invalid_ratelimit", {"0", "10000"}},
        {"ipv4.tcp_keepalive_intvl", {"1", "75"}},
        {"ipv4.tcp_keepalive_probes", {"1", "9"}},
        {"ipv4.tcp_keepalive_time", {"1", "7200"}},
        {"ipv4.tcp_max_orphans", {"0", "1", "65536"}},
        {"ipv4.tcp_max_syn_backlog", {"0", "1", "8", "4096"}},
        {"ipv4.tcp_max_tw_buckets", {"0", "1", "65536"}},
        {"ipv4.tcp_min_snd_mss", {"48", "536", "1460"}},
        {"ipv4.tcp_moderate_rcvbuf", {"0", "1"}},
        {"ipv4.tcp_no_metrics_save", {"0", "1"}},
        {"ipv4.tcp_orphan_retries", {"0", "1", "3"}},
        {"ipv4.tcp_pingpong_thresh", {"1", "255"}},
        {"ipv4.tcp_reordering", {"1", "10", "300"}},
        {"ipv4.tcp_retries2", {"0", "1", "3", "15"}},
        {"ipv4.tcp_rfc1337", {"0", "1"}},
        {"ipv4.tcp_rmem", {"4096 4096 4096", "2304 2304 100000", "4096 1000000 33554432"}},
        {"ipv4.tcp_rto_max_ms", {"1000", "30000", "120000"}},
        {"ipv4.tcp_rto_min_us", {"1", "5000", "1000000"}},
        {"ipv4.tcp_sack", {"0", "1"}},
        {"ipv4.tcp_slow_start_after_idle", {"0", "1"}},
        {"ipv4.tcp_syn_linear_timeouts", {"0", "127"}},
        {"ipv4.tcp_syn_retries", {"1", "3", "7"}},
        {"ipv4.tcp_synack_retries", {"0", "1", "7"}},
        {"ipv4.tcp_syncookies", {"0", "1", "2"}},
        {"ipv4.tcp_timestamps", {"0", "1", "2"}},
        {"ipv4.tcp_tw_reuse", {"0", "1", "2"}},
        {"ipv4.tcp_tw_reuse_delay", {"1", "60000"}},
        {"ipv4.tcp_window_scaling", {"0", "1"}},
        {"ipv4.tcp_wmem", {"4608 4608 4608", "4096 4096 100000", "4096 1000000 4194304"}},
    };
    return table;
}

/// Off, mild or extreme.
double strength(Dice& dice, double mild, double extreme) {
    const double drawn = dice.unit();
    return drawn < 0.5 ? 0 : drawn < 0.8 ? mild * dice.unit() : extreme * dice.unit();
}

}  // namespace

FaultMix draw_mix(Dice& dice) {
    FaultMix mix;
    mix.loss = strength(dice, 0.05, 0.5);
    mix.bursts = dice.chance(0.3);
    mix.duplicate = strength(dice, 0.02, 0.5);
    mix.corrupt = strength(dice, 0.01, 0.3);
    mix.reorder = strength(dice, 0.05, 0.5);
    mix.jitter = strength(dice, 0.1, 1);
    mix.link_down = strength(dice, 0.2, 0.8);
    mix.small_queue = strength(dice, 0.2, 1);
    mix.small_mtu = strength(dice, 0.1, 0.5);
    mix.sysctl = strength(dice, 0.1, 0.7);
    return mix;
}

LinkOptions draw_wire(Dice& dice, const FaultMix& mix) {
    LinkOptions wire;
    wire.delay = dice.pick<Duration>({microseconds(0), microseconds(10), microseconds(300),
                                      milliseconds(2), milliseconds(20), milliseconds(120)});
    if (dice.chance(0.8)) {
        wire.rate_bps =
            dice.pick<std::uint64_t>({500'000, 2'000'000, 10'000'000, 100'000'000, 1'000'000'000});
        wire.limit_packets = dice.pick<std::uint32_t>({30, 100, 1000});
    } else {
        // Infinitely fast and without delay, a transfer would go on for ever in no time.
        wire.delay = std::max<Duration>(wire.delay, microseconds(300));
    }
    if (dice.chance(mix.small_mtu)) {
        wire.mtu = dice.pick<std::uint32_t>({576, 1006, 1280, 9000});
    }
    return wire;
}

LinkOptions impaired(Dice& dice, const FaultMix& mix, LinkOptions wire) {
    if (mix.bursts && dice.chance(0.5)) {
        wire.gemodel = GilbertElliott{0.1 * dice.unit(), 0.05 + 0.5 * dice.unit(), 1, 0};
    } else {
        wire.loss = mix.loss * dice.unit();
    }
    wire.duplicate = mix.duplicate * dice.unit();
    wire.corrupt = mix.corrupt * dice.unit();
    if (wire.delay > Duration{0}) {
        wire.reorder = mix.reorder * dice.unit();
        wire.reorder_gap = static_cast<std::uint32_t>(dice.between(1, 5));
        const double span = static_cast<double>(wire.delay.count()) * mix.jitter * dice.unit();
        wire.jitter = Duration(static_cast<std::int64_t>(span));
        wire.jitter_reorders = dice.chance(0.5);
    }
    if (wire.rate_bps && dice.chance(mix.small_queue)) {
        wire.limit_packets = static_cast<std::uint32_t>(dice.below(6));
        if (dice.chance(0.3)) {
            wire.limit_bytes = dice.between(1500, 10'000);
        }
    }
    return wire;
}

std::pair<std::string, std::string> draw_sysctl(Dice& dice) {
    const SysctlChoices& row = dice.one_of(sysctls());
    return {"net." + std::string(row.name), std::string(dice.one_of(row.values))};
}

std::size_t sysctl_choices() {
    return sysctls().size();
}

}  // namespace netsim::swarm
