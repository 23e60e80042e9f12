// What received packets cost, and what happens when they cost too much. Linux tcp_input.c:
// tcp_try_rmem_schedule(), tcp_prune_queue(), tcp_collapse(), and SACK compression.
#include <gtest/gtest.h>

#include "support/tcp_bench.hpp"
#include "tcp/receive_buffer.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

/// A connection whose buffer has been cut to 4000 bytes after a large window was offered.
TcpBench with_small_buffer() {
    auto t = TcpBench::in_established();
    t.option(SocketOption::kSO_RCVBUF, 2000);
    return t;
}

TEST(PacketMemory, IsTheDriversBufferRoundedUp) {
    EXPECT_EQ(packet_memory(40).truesize, 832U);  // the small-head cache
    EXPECT_EQ(packet_memory(40).tailroom, 152U);
    EXPECT_EQ(packet_memory(500).truesize, 1280U);   // kmalloc-1024
    EXPECT_EQ(packet_memory(1500).truesize, 2304U);  // kmalloc-2048
    EXPECT_EQ(packet_memory(1500).tailroom, 164U);
    EXPECT_EQ(packet_memory(4031).truesize, 8192U + 256U);           // the last that is not split
    EXPECT_EQ(packet_memory(10040).truesize, 4096U + 256U + 8192U);  // a page, and two for the rest
    EXPECT_EQ(packet_memory(50000).truesize, 4096U + 256U + 32768U + 16384U);
    EXPECT_EQ(packet_memory(50000).tailroom, 0U);
}

TEST(ReceiveBuffer, SmallSegmentsShareAPacketsSpareRoom) {
    auto t = TcpBench::in_established();
    t.recv(data(1, 20).ack(1));
    for (int i = 1; i <= 6; ++i) {
        t.recv(data(20 * i + 1, 20).ack(1));
    }
    EXPECT_EQ(t.count(Mib::kTcpExtTCPRcvCoalesce), 6U);  // 132 bytes of room
    t.recv(data(141, 20).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPRcvCoalesce), 6U);
    EXPECT_EQ(t.receive(), 160U);
}

TEST(ReceiveBuffer, AFinJoinsUnreadData) {
    auto t = TcpBench::in_established();
    t.recv(data(1, 1000).ack(1));
    t.recv(fin(1001).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPRcvCoalesce), 1U);
}

TEST(ReceiveBuffer, TheFastPathNeedsMemoryAtHand) {
    auto t = TcpBench::in_established();
    t.recv(data(1, 100).ack(1));  // a page is granted for it
    EXPECT_EQ(t.count(Mib::kTcpExtTCPHPHits), 0U);
    t.recv(data(101, 100).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPHPHits), 1U);
}

TEST(ReceiveBuffer, WastefulPacketsAreCollapsed) {
    auto t = with_small_buffer();
    t.recv(data(1, 1000).ack(1));
    t.recv(data(1001, 700).ack(1));  // does not fit into the first one's spare room
    EXPECT_EQ(t.count(Mib::kTcpExtPruneCalled), 0U);
    t.recv(data(1701, 700).ack(1));  // 2 * 2304 are more than 4000
    EXPECT_EQ(t.count(Mib::kTcpExtPruneCalled), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPRcvCollapsed), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtRcvPruned), 0U);
    EXPECT_EQ(t.receive(), 2400U);
    EXPECT_EQ(t.stack().integrity_violations(), 0U);
}

TEST(ReceiveBuffer, WithoutMemoryASegmentIsDroppedAndTheWindowIsZero) {
    auto t = with_small_buffer();
    t.recv(data(1, 1000).ack(1));
    t.recv(data(1001, 1000).ack(1));
    t.take_sent();
    t.recv(data(2001, 1000).ack(1));
    EXPECT_TRUE(t.sends(ack(2001).win(0)));
    EXPECT_EQ(t.count(Mib::kTcpExtRcvPruned), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPRcvQDrop), 1U);
    EXPECT_EQ(t.dropped(Drop::kNoReceiveMemory), 1U);
    EXPECT_EQ(t.receive(), 2000U);
    t.take_sent();
    t.recv(data(2001, 100).ack(1));
    EXPECT_EQ(t.receive(), 100U);
}

TEST(ReceiveBuffer, OutOfOrderDataGiveWayToInOrderData) {
    auto t = with_small_buffer();
    t.recv(data(5001, 1000).ack(1));
    t.recv(data(7001, 1000).ack(1));
    t.take_sent();
    t.recv(data(1, 1000).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtOfoPruned), 1U);
    EXPECT_EQ(t.receive(), 1000U);
    const auto sent = t.take_sent();
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent.front().packet.tcp.sack_count, 0U);  // what was reported may be gone
}

TEST(ReceiveBuffer, AutoTuningFollowsTheReader) {
    auto t = TcpBench::in_established();
    const std::int64_t before = t.get_option(SocketOption::kSO_RCVBUF);
    std::int64_t at = 1;
    for (int round = 0; round < 8; ++round) {
        for (int i = 0; i < 30; ++i, at += 1000) {
            t.recv(data(at, 1000).ack(1));
            t.receive();
        }
        t.advance(10ms);
    }
    EXPECT_GT(t.get_option(SocketOption::kSO_RCVBUF), before);
}

TEST(SackCompression, OneAckForManyDuplicatesOnceThreeWereSent) {
    auto t = TcpBench::in_established();
    for (int i = 0; i < 3; ++i) {
        t.recv(data(1001 + 100 * i, 100).ack(1));
        EXPECT_TRUE(t.sends(ack(1).sack({{1001, 1101 + 100 * i}})));
    }
    for (int i = 3; i < 6; ++i) {
        t.recv(data(1001 + 100 * i, 100).ack(1));
        EXPECT_TRUE(t.sends_nothing());
    }
    t.advance(1ms);
    EXPECT_TRUE(t.sends(ack(1).sack({{1001, 1601}})));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAckCompressed), 2U);
    t.recv(data(1, 1000).ack(1));  // the gap is filled: at once
    EXPECT_TRUE(t.sends(ack(1601)));
}

TEST(SackCompression, CanBeSwitchedOff) {
    BenchConfig config{};
    config.sysctl.tcp_comp_sack_nr = 0;
    auto t = TcpBench::in_established(config);
    for (int i = 0; i < 6; ++i) {
        t.recv(data(1001 + 100 * i, 100).ack(1));
        EXPECT_TRUE(t.sends(ack(1).sack({{1001, 1101 + 100 * i}})));
    }
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAckCompressed), 0U);
}

TEST(ShrinkWindow, TakesBackWhatMemoryDoesNotCover) {
    BenchConfig config{};
    config.sysctl.tcp_shrink_window = 1;
    config.peer_syn = syn().mss(1000).sack_ok().wscale(7);
    auto t = TcpBench::in_established(config);
    t.option(SocketOption::kSO_RCVBUF, 4000);
    t.recv(data(1, 1000).ack(1));
    t.advance(50ms);
    const auto sent = t.take_sent();
    ASSERT_FALSE(sent.empty());
    EXPECT_LT(sent.back().packet.tcp.window << t.info().rcv_wscale, 8000U);
}

}  // namespace
}  // namespace netsim::tcp
