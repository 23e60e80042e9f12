// What is left of a closed connection: TIME-WAIT, or FIN-WAIT-2 without a descriptor.
// Linux struct inet_timewait_sock; tw_substate tells which of the two it plays. At most 64 bytes.
#pragma once

#include <cstdint>
#include <type_traits>

#include "tcp/deadline_list.hpp"
#include "tcp/endpoint_key.hpp"
#include "wire/seq.hpp"

namespace netsim::tcp {

struct TimeWait {
    static constexpr std::uint8_t kOddLife = 63;  // no whole seconds, or too many to note

    FourTuple tuple;
    wire::SeqNum snd_nxt;
    wire::SeqNum rcv_nxt;
    std::uint32_t rcv_wnd = 0;  // advertised, unscaled bytes
    DeadlineLink link;
    std::uint32_t ts_recent = 0;
    std::uint32_t ts_recent_stamp_s = 0;  // second it was noted; 0: no timestamps
    std::uint32_t ts_offset = 0;
    std::uint32_t last_oow_ms = 0;
    std::uint32_t entered_ms = 0;  // clock_ms() of the entry into TIME-WAIT (tw_entry_stamp)
    std::uint16_t recycle_ms = 0;  // 3.5 RTO: its life under tcp_tw_recycle, cut to 65 s
    std::uint8_t rcv_wscale : 4 = 0;
    bool fin_wait_2 : 1 = false;  // substate FIN-WAIT-2
    bool reuse_addr : 1 = false;
    bool reuse_port : 1 = false;
    bool holds_port : 1 = false;         // the port came by bind(2), not by connect()
    bool passive : 1 = false;            // a listener made the connection
    bool signs : 1 = false;              // StackState::time_wait_keys has its key (RFC 2385)
    std::uint8_t life_s : 6 = kOddLife;  // of FIN-WAIT-2, from its entry
};

static_assert(sizeof(TimeWait) <= 64 && std::is_trivially_copyable_v<TimeWait>);

}  // namespace netsim::tcp
