// What a network, its hosts and its runs are asked for, and what a run says when it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "netsim/address.hpp"
#include "netsim/cpu.hpp"
#include "netsim/lesson.hpp"
#include "netsim/time.hpp"

namespace netsim {

struct NetworkOptions {
    std::uint64_t seed = 1;
    /// Addresses are given out from here in order of creation, one per node.
    Prefix addresses{Ipv4{0x0a000000U}, 8};
    LessonRules without{};  // rules that no host follows
};

struct HostOptions {
    std::string profile = "linux-6.18";           // which kernel it answers as (docs/profiles.md)
    std::optional<Ipv4> address{};                // none: the next free one
    std::map<std::string, std::string> sysctl{};  // "net.ipv4.tcp_syncookies" -> "0"
    /// Timers fire as late as those of a kernel with HZ=250: in ticks of 4 ms, and up to an eighth
    /// of the wait later by its timer wheel. Off: exactly when they are due.
    bool timer_wheel = false;
    /// Work takes time, on so many cores; none: it takes no time (docs/cpu.md).
    std::optional<CpuOptions> cpu{};
    LessonRules without{};  // rules it does not follow
    std::optional<std::uint32_t>
        isn{};  // its first connection's initial sequence number; none: a hash
    /// How far the host's own clock is ahead (below 0: behind): its TCP timestamps and the counter
    /// of its SYN cookies. After a boot they count from there.
    Duration clock{0};
};

struct RouterOptions {
    /// Off: it sends no ICMP errors, as where a firewall drops them; packets larger than the next
    /// link's MTU vanish.
    bool icmp_errors = true;
};

/// What run() did.
struct RunResult {
    std::string
        reason{};  // "until", "idle", "events", "memory", "interrupted", "stopped", "paused"
    Time now{};
    std::uint64_t events = 0;  // fired by this call
};

struct RunLimits {
    std::uint64_t events_max = 0;        // 0: none
    std::uint64_t memory_bytes_max = 0;  // 0: none
    /// Ends the run here ("paused"), if it lasts so long.
    Time pause_at = kNever;
    /// Asked after each event: true ends the run there ("paused"). For debuggers: it is slower.
    std::function<bool()> pause{};
};

/// An edge of TCP's transition table, in RFC 9293's names, and how often hosts took it.
struct StateEdgeCount {
    std::string_view from{};
    std::string_view to{};
    std::string_view cause{};  // "rcv SYN"
    std::uint64_t count = 0;
};

/// Something that takes memory: "connections", how many there are, about how many bytes they take.
struct MemoryUse {
    std::string what{};
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
};

}  // namespace netsim
