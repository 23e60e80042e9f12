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

    SocketSlot& slot(SocketId s) {
        if (s.index >= slots.size()) {
            slots.resize(s.index + std::size_t{1});
        }
        SocketSlot& found = slots[s.index];
        if (found.generation != s.generation) {
            found = SocketSlot{s.generation, nullptr, 0};
        }
        return found;
    }

    Time timer_at() const { return armed.empty() ? kNever : armed.back(); }

    SocketWatcher* watcher(SocketId s) const {
        return s.index < slots.size() && slots[s.index].generation == s.generation
                   ? slots[s.index].watcher
                   : nullptr;
    }
};

}  // namespace netsim::host
