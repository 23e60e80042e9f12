// A host's CPU: how long each kind of work takes, on how many cores; and what its queues counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "netsim/time.hpp"

namespace netsim {

/// What a core spends on each event. The defaults were measured (bench/kernel/linux-6.18.json,
/// docs/cpu.md); `netsim calibrate` measures those of the machine at hand.
struct CpuCosts {
    // Softirq: `packet` for each that arrives, and what it turned out to be besides.
    Duration packet{660};       // driver, IP, socket lookup
    Duration syn{1750};         // kept as a request, answered
    Duration cookie{1420};      // answered by a SYN cookie
    Duration cookie_ack{2060};  // a cookie that comes back: the connection is made
    Duration cookie_bad{10};    // an ACK that holds no cookie of ours
    Duration synack{2480};      // our own connect() is answered
    Duration establish{2280};   // the last ACK makes a connection
    Duration ack{580};          // a pure ACK for a connection
    Duration data{1640};        // a segment with data
    Duration fin{580};          // a FIN
    Duration rst{1000};         // a RST that ends a connection, or one sent as the answer
    Duration other{1220};       // ICMP, UDP
    Duration xmit{710};         // each segment with data that is sent, whoever sends it
    Duration timer{1000};       // each segment a timer sends again
    // Processes: each call that succeeds.
    Duration connect{4200};
    Duration accept{1680};
    Duration read{990};
    Duration write{960};
    Duration copy_kb{70};   // per 1,024 octets read or written
    Duration close{2340};   // close() and shutdown()
    Duration wakeup{1120};  // a process that slept runs again
};

/// One cost as scripts, tables and files know it.
struct CpuCostEntry {
    std::string_view name;
    Duration CpuCosts::*member;
    std::string_view meaning;
};

/// All of CpuCosts, in its order.
std::span<const CpuCostEntry> cpu_cost_table();

inline constexpr std::uint32_t kCoresMax = 64;

struct CpuOptions {
    std::uint32_t cores = 1;  // 1 to kCoresMax; packets go to them by flow (RSS)
    CpuCosts costs{};
};

/// Throws InputError naming what is out of its range.
void check_cpu(const CpuOptions& options);

/// One core. The first three are those of /proc/net/softnet_stat.
struct CoreStats {
    std::uint64_t processed = 0;      // packets taken out of the backlog
    std::uint64_t dropped = 0;        // ... for which it had no room (net.core.netdev_max_backlog)
    std::uint64_t time_squeeze = 0;   // net.core.netdev_budget or _usecs ended a round early
    std::uint32_t input_queue = 0;    // waiting now: not looked at yet
    std::uint32_t process_queue = 0;  // ... and already taken over by the softirq
    std::uint32_t backlog_peak = 0;   // the most that waited
    Duration softirq{0};              // time spent so far
    Duration process{0};
};

struct CpuStats {
    std::vector<CoreStats> cores{};
    std::uint32_t runnable = 0;  // calls and wake-ups that wait for a core
};

}  // namespace netsim
