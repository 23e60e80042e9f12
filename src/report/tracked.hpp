// One connection as ConnectionLog keeps it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "report/connections.hpp"
#include "wire/packet.hpp"

namespace netsim::report {

struct ConnectionLog::Segment {
    std::uint64_t uid = 0;
    std::uint64_t number = 0;  // in its connection, from 0
    Time sent{};
    Time seen = kNever;
    wire::TcpHeader tcp{};
    std::uint32_t icmp = 0;  // an ICMP error's words; 0: a segment
    std::uint32_t reason = 0;
    sim::NodeId maker = 0;
    sim::NodeId drop_node = 0;
    std::uint8_t end = 0;
    bool again = false;
    bool dropped = false;
    bool copied = false;
};

struct ConnectionLog::Tracked {
    struct End {
        std::optional<std::size_t> node{};
        Endpoint local;            // as it sees itself
        std::string_view state{};  // empty: it has none
        std::string_view before{};
        std::string_view cause{};
        std::optional<wire::SeqNum> base{};  // of its SYN
        wire::SeqNum sent{};                 // everything before it was sent
    };

    std::size_t side_of(Endpoint local) const { return local == ends[0].local ? 0 : 1; }

    /// Where a segment lies in `segments`.
    std::size_t place(std::uint64_t number, const ConnectionLimits& limits) const {
        return static_cast<std::size_t>(
            number < limits.segments_first
                ? number
                : limits.segments_first + (number - limits.segments_first) % limits.segments_last);
    }

    /// Was all it carries sent before?
    bool note_sent(const wire::TcpHeader& tcp, std::size_t end) {
        End& own = ends.at(end);
        if (tcp.syn() && (!own.base || *own.base != tcp.seq)) {
            own.base = tcp.seq;
            own.sent = tcp.seq;
        } else if (!own.base && own.sent == wire::SeqNum{}) {
            own.sent = tcp.seq;
        }
        const bool again = tcp.seg_len() > 0 && !wire::after(tcp.end_seq(), own.sent);
        own.sent = wire::later(own.sent, tcp.end_seq());
        return again;
    }

    std::uint32_t slot = 0;
    std::uint64_t id = 0;
    std::array<End, 2> ends;
    std::vector<Key> keys;
    std::vector<Segment> segments;
    std::vector<StateStep> states;
    std::vector<Call> calls;
    std::uint64_t total = 0;  // segments
    bool unusual = false;     // of its segments one was dropped (a RST is, too), or repeated
    bool settled = false;
    bool opened_at_both = false;  // a segment has arrived: both ends' addresses are known
};

}  // namespace netsim::report
