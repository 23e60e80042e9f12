// What a host keeps beside its stack.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "host/cpu.hpp"
#include "host/host.hpp"
#include "host/processes.hpp"
#include "host/udp.hpp"
#include "net/icmp_limit.hpp"
#include "net/routes.hpp"
#include "sim/timed_calls.hpp"
#include "tcp/context.hpp"

namespace netsim::host {

inline constexpr std::size_t kPathMtuMax = 16384;

struct PathMtu {
    std::uint32_t mtu = 0;
    Time until{};
};

/// What the host knows of a descriptor beyond what the stack knows.
struct SocketSlot {
    std::uint32_t generation = 0;
    SocketWatcher* watcher = nullptr;
    wire::StreamId rx_stream = 0;  // the real stream last read from: released with the socket
    Process* owner = nullptr;      // whose descriptor it is; null: nobody's
    int fd = -1;
    bool held = false;  // it counts among the host's open files
};

struct Host::State {
    Ipv4 address;
    net::RouteTable routes;
    tcp::Outbox out;
    std::vector<tcp::SocketEvent> pending;
    bool dispatching = false;
    std::vector<Time> armed;   // of the timer events that are pending, the earliest last
    std::unique_ptr<Cpu> cpu;  // null: work takes no time
    std::deque<wire::Packet> loopback;
    std::vector<PacketTap*> taps;
    std::vector<SocketSlot> slots;
    std::array<std::uint64_t, static_cast<std::size_t>(DropReason::kCount)> dropped{};
    absl::flat_hash_map<std::uint32_t, PathMtu> path_mtu;
    net::IcmpLimit icmp_limit;
    std::uint16_t next_ip_id = 0;
    sim::TimedCalls calls;
    std::map<std::string, std::string, std::less<>> files;
    std::vector<wire::PayloadRef> ranges;  // scratch of receive()

    bool on = true;
    bool special = false;  // off, or work takes time: packets do not go straight up
    std::uint32_t boots = 1;
    std::size_t stale_loopback = 0;  // packets in `loopback` that power took
    std::uint64_t handshakes_before_boot = 0;
    Duration clock{0};
    Processes processes;
    std::unique_ptr<Udp> udp;
    Ipv4 nameserver{0x7f000001U};

    SocketSlot& slot(SocketId s) {
        if (s.index >= slots.size()) {
            slots.resize(s.index + std::size_t{1});
        }
        SocketSlot& found = slots[s.index];
        if (found.generation != s.generation) {
            found = SocketSlot{};
            found.generation = s.generation;
        }
        return found;
    }

    /// Null: nothing is known of it.
    SocketSlot* find_slot(SocketId s) {
        return s.index < slots.size() && slots[s.index].generation == s.generation ? &slots[s.index]
                                                                                   : nullptr;
    }

    Time timer_at() const { return armed.empty() ? kNever : armed.back(); }

    SocketWatcher* watcher(SocketId s) const {
        return s.index < slots.size() && slots[s.index].generation == s.generation
                   ? slots[s.index].watcher
                   : nullptr;
    }
};

}  // namespace netsim::host
