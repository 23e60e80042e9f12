// The profiles.
#include "tcp/profile.hpp"

#include <array>

#include "base/text.hpp"
#include "netsim/result.hpp"

namespace netsim::tcp {

namespace {

constexpr auto kLinux61Sysctls = std::to_array<SysctlDefault>({
    {"net.core.rmem_max", "212992"},  // 4 MiB from 6.18 on
    {"net.core.wmem_max", "212992"},
    {"net.ipv4.tcp_limit_output_bytes", "1048576"},  // 4 MiB from 6.16 on
    {"net.ipv4.tcp_rmem", "4096 131072 6291456"},    // 32 MiB from 6.16 on
    {"net.ipv4.tcp_syn_linear_timeouts", "0"},       // 4 from 6.5 on
});

constexpr auto kLegacySysctls = std::to_array<SysctlDefault>({
    {"net.core.rmem_max", "212992"},
    {"net.core.somaxconn", "128"},  // 4096 from 5.4 on
    {"net.core.wmem_max", "212992"},
    {"net.ipv4.tcp_challenge_ack_limit", "100"},  // 1000 from 4.7, none from 6.1 on
    {"net.ipv4.tcp_invalid_ratelimit", "0"},      // 500 from 4.0 on
    {"net.ipv4.tcp_limit_output_bytes", "131072"},
    {"net.ipv4.tcp_rmem", "4096 87380 6291456"},
    {"net.ipv4.tcp_syn_linear_timeouts", "0"},
    {"net.ipv4.tcp_tw_reuse", "0"},  // 2 from 4.19 on
});

constexpr auto kBsdLikeSysctls = std::to_array<SysctlDefault>({
    {"net.core.somaxconn", "128"},
    {"net.ipv4.tcp_syn_linear_timeouts", "0"},
    {"net.ipv4.tcp_tw_reuse", "0"},
});

constexpr Rules linux_61_rules() {
    Rules r;
    r.request_echo = Rules::RequestEcho::kAny;
    r.delayed_ack_most = Rules::DelayedAckMost::k200Milliseconds;
    r.future_ack = Rules::FutureAck::kIgnored;
    r.time_wait_age = Rules::TimeWaitAge::kNextSecond;
    return r;
}

constexpr Rules legacy_rules() {
    Rules r = linux_61_rules();
    r.syn_queue_full = Rules::SynQueueFull::kRoundedUp;
    r.full_accept_queue = Rules::FullAcceptQueue::kRefusesSynIfYoung;
    r.request_reset = Rules::RequestReset::kInWindow;
    r.time_wait_recycle = Rules::TimeWaitRecycle::kBySysctl;
    r.timestamp_offset = Rules::TimestampOffset::kPerHost;
    return r;
}

constexpr Rules bsd_like_rules() {
    Rules r;
    r.time_wait_syn = Rules::TimeWaitSyn::kSequence;
    r.reset_in_queue = Rules::ResetInQueue::kEconnaborted;
    return r;
}

constexpr auto kProfiles = std::to_array<Profile>({
    {kDefaultProfile, "the kernel the recordings were made on", {}, Rules{}},
    {"linux-6.1", "Debian 12's kernel: no linear SYN timeouts", kLinux61Sysctls, linux_61_rules()},
    {"linux-legacy", "Linux 3.10: tcp_tw_recycle, the old queue limits, somaxconn 128",
     kLegacySysctls, legacy_rules()},
    {"bsd-like", "linux-6.18 with BSD's answers where Linux's are its own", kBsdLikeSysctls,
     bsd_like_rules()},
});

const Profile& find_profile(std::string_view name) {
    std::vector<std::string_view> known;
    for (const Profile& profile : kProfiles) {
        if (profile.name == name) {
            return profile;
        }
        known.push_back(profile.name);
    }
    throw InputError("unknown profile \"" + std::string(name) + "\"" + did_you_mean(name, known) +
                     " (profiles: " + join(known) + ")");
}

}  // namespace

std::span<const Profile> profiles() {
    return kProfiles;
}

Sysctl profile_settings(std::string_view name) {
    const Profile& profile = find_profile(name);
    Sysctl settings;
    settings.rules = profile.rules;
    for (const SysctlDefault& sysctl : profile.sysctls) {
        set_sysctl(settings, sysctl.name, sysctl.value);
    }
    return settings;
}

std::vector<SysctlEntry> profile_table(std::string_view name) {
    const Sysctl settings = profile_settings(name);
    const auto table = sysctl_table();
    std::vector<SysctlEntry> out(table.begin(), table.end());
    for (SysctlEntry& entry : out) {
        entry.default_text = get_sysctl(settings, entry.name);
    }
    return out;
}

}  // namespace netsim::tcp
