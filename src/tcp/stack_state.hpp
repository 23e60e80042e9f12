// All that one host's TCP keeps: tables, slabs, timers, counters, secrets. Internal to the tcp
// layer; stack.hpp is its face.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "base/slab.hpp"
#include "netsim/rng.hpp"
#include "tcp/backlog.hpp"
#include "tcp/connection.hpp"
#include "tcp/context.hpp"
#include "tcp/deadline_calendar.hpp"
#include "tcp/deadline_list.hpp"
#include "tcp/drop.hpp"
#include "tcp/endpoint_key.hpp"
#include "tcp/listener.hpp"
#include "tcp/md5_keys.hpp"
#include "tcp/mib.hpp"
#include "tcp/request_sock.hpp"
#include "tcp/siphash.hpp"
#include "tcp/sysctl.hpp"
#include "tcp/time_wait.hpp"
#include "tcp/timer_wheel.hpp"
#include "tcp/tuple_table.hpp"

namespace netsim::tcp {

struct StackState;

/// What a descriptor names.
struct SocketEntry {
    bool is_listener = false;
    std::uint32_t index = kNoIndex;
};

/// A port taken by bind(2); connections that merely use a port are found in the table.
struct BoundPort {
    Endpoint local;
    SocketId socket;
    bool reuse_addr = false;
    bool reuse_port = false;
    bool listening = false;
};

/// What earlier connections learnt about a peer (Linux tcp_metrics): a peer with an RTT is
/// "proven".
struct PeerMetrics {
    std::uint32_t srtt_us = 0;
    std::uint32_t stamp_ms = 0;    // when that was noted
    std::uint32_t ts = 0;          // its last timestamp, for tcp_tw_recycle
    std::uint32_t ts_stamp_s = 0;  // when that was noted; 0: never
};

struct Secrets {
    SipKey isn;
    std::array<SipKey, 2> cookie;
    SipKey port;
};

inline constexpr std::size_t kSynAckLevels = 8;    // 1, 2, 4 ... 64, 120 s
inline constexpr std::size_t kMetricsMax = 16384;  // records of tcp_metrics

using RequestSlab = Slab<RequestSock, LiveBits>;
using TimeWaitSlab = Slab<TimeWait, LiveBits>;

struct StackState {
    StackState(const Paths& ip, const Sysctl& settings, Rng random);

    const Paths& paths;
    Sysctl sysctl;
    Mibs mib;
    std::array<std::uint64_t, kDropCount> drops{};
    Rng rng;
    Secrets secrets;

    Slab<SocketEntry> sockets;
    std::unique_ptr<RecordPools> records;  // made with the first connection
    Slab<Connection> connections;
    RequestSlab requests;
    TimeWaitSlab time_waits;
    Slab<Listener> listeners;

    TupleTable<StackState> table;
    absl::flat_hash_map<std::uint16_t, std::vector<std::uint32_t>> listeners_by_port;
    std::vector<BoundPort> bound;

    std::array<DeadlineList<RequestSlab>, kSynAckLevels> synack_timers;
    DeadlineList<TimeWaitSlab> time_wait_timers;
    DeadlineCalendar timers;
    TimerWheel wheel;
    Duration clock_offset{0};        // what the host's clock is ahead of simulated time
    std::vector<OwnedSocket> owned;  // by processes in the midst of a call: few, mostly none

    absl::flat_hash_map<std::uint32_t, PeerMetrics> metrics;
    /// Ports held by bind(2): how many bound sockets, children of listeners and TIME-WAIT records
    /// of theirs use each. connect() chooses among the others (SOCK_CONNECT_BIND).
    absl::flat_hash_map<std::uint16_t, std::uint32_t> port_holders;
    absl::flat_hash_map<std::uint16_t, std::uint32_t> port_perturb;  // RFC 6056 algorithm 4
    FastOpenHost fast_open;
    absl::flat_hash_map<std::uint32_t, Md5Key> time_wait_keys;  // by index of the record
    bool md5_needed = false;                 // a key was ever set (tcp_md5_needed)
    const wire::ByteStore* bytes = nullptr;  // what real payload holds
    Qdisc qdisc = Qdisc::kTakes;
    std::uint32_t orphans = 0;
    std::uint32_t challenge_count = 0;  // challenge ACKs sent in this second
    std::int64_t challenge_second = -1;
    std::uint32_t next_stream = 0;
    std::optional<std::uint32_t> next_isn;  // of the next connection, as a lesson wants it
    std::uint64_t integrity_violations = 0;

    const FourTuple& tuple_of(RecordRef ref) const;

    /// Is this rule in force, or does a lesson do without it?
    bool follows(LessonRule rule) const { return !sysctl.without.has(rule); }
};

inline const FourTuple& StackState::tuple_of(RecordRef ref) const {
    switch (ref.kind()) {
        case RecordKind::kConnection:
            return connections.at(ref.index()).tuple;
        case RecordKind::kRequest:
            return requests.at(ref.index()).tuple;
        case RecordKind::kTimeWait:
            return time_waits.at(ref.index()).tuple;
    }
    CHECK(false && "a table entry of no kind");
}

/// Milliseconds of the host's timestamp clock; never 0, which means "never" in the records.
inline std::uint32_t clock_ms(Time now) {
    return static_cast<std::uint32_t>(to_ns(now) / 1'000'000) + 1U;
}

inline std::uint32_t clock_us(Time now) {
    return static_cast<std::uint32_t>(to_ns(now) / 1'000);
}

inline std::uint32_t clock_s(Time now) {
    return static_cast<std::uint32_t>(to_ns(now) / 1'000'000'000) + 1U;
}

}  // namespace netsim::tcp
