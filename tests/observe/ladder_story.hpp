// A ladder fed by hand.
#pragma once

#include <string>
#include <string_view>

#include "observe/ladder.hpp"
#include "observe/packets.hpp"

namespace netsim::observe::testing {

inline const LadderEnd kLeft{"user", kUser};
inline const LadderEnd kRight{"web", kWeb};
inline constexpr Endpoint kUserEnd{kUser, 40000};
inline constexpr Endpoint kWebEnd{kWeb, 80};

/// Feeds a ladder: user is node 1, web node 2, one way takes 10 ms.
struct Story {
    explicit Story(std::size_t records_max = Ladder::kRecordsMax) : ladder(records_max) {}

    void state(std::int64_t at, sim::NodeId node, std::string_view from, std::string_view to) {
        ladder.on_state(sim::StateRecord{.at = ms(at),
                                         .node = node,
                                         .node_name = name_of(node),
                                         .local = node == kUserNode ? kUserEnd : kWebEnd,
                                         .remote = node == kUserNode ? kWebEnd : kUserEnd,
                                         .from = from,
                                         .to = to,
                                         .cause = {}});
    }

    void call(std::int64_t at, sim::NodeId node, std::string_view text) {
        ladder.on_call(sim::CallRecord{.at = ms(at),
                                       .node = node,
                                       .node_name = name_of(node),
                                       .local = node == kUserNode ? kUserEnd : kWebEnd,
                                       .remote = node == kUserNode ? kWebEnd : Endpoint{},
                                       .text = text});
    }

    void send(std::int64_t at, const wire::Packet& packet) {
        const sim::NodeId from = packet.source == kUser ? kUserNode : kWebNode;
        ladder.on_packet(sent(ms(at), from, packet));
    }

    void arrive(std::int64_t at, const wire::Packet& packet) {
        const sim::NodeId to = packet.source == kUser ? kWebNode : kUserNode;
        ladder.on_packet(received(ms(at), to, packet));
    }

    std::string draw(const LadderOptions& options = {}) const {
        return '\n' + ladder.draw(kLeft, kRight, options);
    }

    Ladder ladder;
};

inline void open_connection(Story& story) {
    const wire::Packet a = syn(1000);
    const wire::Packet b = syn_ack(5000, 1001);
    const wire::Packet c = segment(wire::flag::kAck, 1001, 5001);
    story.call(0, kUserNode, "connect(web:80)");
    story.state(0, kUserNode, "CLOSED", "SYN-SENT");
    story.send(0, a);
    story.arrive(10, a);
    story.state(10, kWebNode, "LISTEN", "SYN-RECEIVED");
    story.send(10, b);
    story.arrive(20, b);
    story.state(20, kUserNode, "SYN-SENT", "ESTABLISHED");
    story.call(20, kUserNode, "connect() = 0");
    story.send(20, c);
    story.arrive(30, c);
    story.state(30, kWebNode, "SYN-RECEIVED", "ESTABLISHED");
    story.call(30, kWebNode, "accept() = 4");
}

}  // namespace netsim::observe::testing
