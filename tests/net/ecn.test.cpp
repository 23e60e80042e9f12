// Links that mark instead of dropping: netem's `ecn`, and a threshold of the queue (RFC 3168 §5).
#include <gtest/gtest.h>

#include "net/link_words.hpp"
#include "net/net_bench.hpp"

namespace netsim::net {
namespace {

using std::chrono::milliseconds;

/// Sends one packet with this mark.
void send(LinkBench& t, wire::Ecn mark) {
    wire::Packet packet = udp_packet(LinkBench::kA, LinkBench::kB, 1000);
    packet.ecn = mark;
    t.link.direction(0).transmit(t.pool.make(packet));
}

TEST(EcnLink, WhatWouldBeLostIsMarked) {
    LinkBench t{LinkOptions{.loss = 1, .ecn = true}};
    send(t, wire::Ecn::kEct0);
    send(t, wire::Ecn::kEct1);
    send(t, wire::Ecn::kCe);
    send(t, wire::Ecn::kNotEct);  // it cannot be told
    t.sim.run({});
    EXPECT_EQ(t.stats().delivered_packets, 3U);
    EXPECT_EQ(t.stats().marked, 2U);  // one was marked before
    EXPECT_EQ(t.dropped(DropReason::kLoss), 1U);
    EXPECT_TRUE(t.balanced());
}

TEST(EcnLink, WithoutTheOptionAMarkIsNoHelp) {
    LinkBench t{LinkOptions{.loss = 1}};
    send(t, wire::Ecn::kEct0);
    t.sim.run({});
    EXPECT_EQ(t.dropped(DropReason::kLoss), 1U);
}

// 8 Mbit/s: a packet of 1000 bytes takes 1 ms. One is being sent, so the fourth meets two waiting.
TEST(EcnLink, AQueueAboveTheThresholdMarks) {
    LinkBench t{LinkOptions{.rate_bps = 8'000'000, .ecn_threshold = 2, .limit_packets = 4}};
    for (int i = 0; i < 7; ++i) {
        send(t, wire::Ecn::kEct0);
    }
    EXPECT_EQ(t.stats().marked, 2U);                   // the fourth and the fifth
    EXPECT_EQ(t.dropped(DropReason::kQueueFull), 2U);  // the limit stands
    t.sim.run({});
    send(t, wire::Ecn::kEct0);
    EXPECT_EQ(t.stats().marked, 2U) << "an empty queue marks nothing";
}

TEST(EcnLink, Words) {
    LinkOptions o;
    set_link_option(o, "ecn", "true");
    set_link_option(o, "ecn_threshold", "20p");
    EXPECT_TRUE(o.ecn);
    EXPECT_EQ(o.ecn_threshold, 20U);
}

}  // namespace
}  // namespace netsim::net
