// Middleboxes: what they drop, strip and rewrite.
#include "net/middlebox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/net_bench.hpp"
#include "net/router.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

using testing::ElementsAre;
using wire::flag::kAck;
using wire::flag::kSyn;

constexpr Ipv4 kA = ipv4(10, 0, 0, 1);
constexpr Ipv4 kB = ipv4(10, 0, 0, 2);
constexpr Ipv4 kR = ipv4(10, 0, 0, 254);

/// a - r - b
struct BoxBench : sim::Tracer {
    BoxBench() {
        fabric.tracer = this;
        r.routes().add(Route{Prefix{kA, 32}, Route::Kind::kUnicast, 0, true});
        r.routes().add(Route{Prefix{kB, 32}, Route::Kind::kUnicast, 1, true});
    }

    void on_packet(const sim::PacketRecord& record) override {
        if (record.event == sim::PacketEvent::kDropped) {
            told.emplace_back(record.reason);
        }
    }

    /// What comes out; uid 0: nothing.
    wire::Packet pass(wire::Packet packet) {
        packet.uid = ++uid;
        const bool forth = packet.source == kA;
        (forth ? left : right).direction(forth ? 0 : 1).transmit(pool.make(packet));
        sim.run({});
        auto& arrivals = forth ? b.arrivals : a.arrivals;
        wire::Packet out{};
        if (!arrivals.empty()) {
            out = arrivals.back().packet;
            arrivals.clear();
        }
        return out;
    }

    sim::Simulation sim{1};
    wire::PacketPool pool;
    Fabric fabric{sim, pool};
    Sink a{fabric, "a"};
    Sink b{fabric, "b"};
    Router r{fabric, "r", kR};
    Link left{fabric, a, kA, r, kR, {}, {}};
    Link right{fabric, r, kR, b, kB, {}, {}};
    std::vector<std::string> told;
    std::uint64_t uid = 0;
};

wire::Packet segment(bool from_a, std::uint16_t flags, std::uint32_t seq, std::uint32_t ack) {
    wire::Packet packet{};
    packet.source = from_a ? kA : kB;
    packet.destination = from_a ? kB : kA;
    packet.protocol = wire::Protocol::kTcp;
    packet.tcp.source_port = from_a ? 40000 : 80;
    packet.tcp.destination_port = from_a ? 80 : 40000;
    packet.tcp.flags = flags;
    packet.tcp.seq = wire::SeqNum(seq);
    packet.tcp.ack = wire::SeqNum(ack);
    packet.tcp.window = 60000;
    return packet;
}

wire::Packet syn() {
    wire::Packet packet = segment(true, kSyn, 1000, 0);
    packet.tcp.options = wire::option::kMss | wire::option::kSackPermitted |
                         wire::option::kTimestamps | wire::option::kWindowScale;
    packet.tcp.mss = 1460;
    return packet;
}

TEST(Middlebox, StripsOptions) {
    BoxBench t;
    MiddleboxOptions options;
    options.strip_options = tcp_option::kTimestamps | tcp_option::kWindowScale;
    const auto box = t.r.elements().add_middlebox(options);
    EXPECT_EQ(t.pass(syn()).tcp.options, wire::option::kMss | wire::option::kSackPermitted);
    EXPECT_EQ(t.pass(segment(true, kAck, 1, 1)).tcp.options, 0);
    EXPECT_EQ(box->stats().stripped, 1U);
    t.r.elements().remove_middlebox(*box);
    EXPECT_EQ(t.pass(syn()).tcp.options, syn().tcp.options);
}

TEST(Middlebox, StripsSackBlocksAndBothKindsOfFastOpen) {
    BoxBench t;
    MiddleboxOptions options;
    options.strip_options = tcp_option::kSack | tcp_option::kFastOpen;
    t.r.elements().add_middlebox(options);
    wire::Packet ack = segment(true, kAck, 1, 1);
    ack.tcp.options = wire::option::kSack | wire::option::kTimestamps;
    ack.tcp.sack_count = 1;
    const wire::Packet out = t.pass(ack);
    EXPECT_EQ(out.tcp.options, wire::option::kTimestamps);
    EXPECT_EQ(out.length(), 52U);
    wire::Packet fast = segment(true, kSyn, 1, 0);
    fast.tcp.options = wire::option::kFastOpen;
    EXPECT_EQ(t.pass(fast).tcp.options, 0);
    fast.tcp.options = wire::option::kFastOpenExp;
    EXPECT_EQ(t.pass(fast).tcp.options, 0);
}

TEST(Middlebox, Md5WithoutItsDigestLeavesTheBlocksBesideIt) {
    BoxBench t;
    MiddleboxOptions options;
    options.strip_options = tcp_option::kMd5;
    t.r.elements().add_middlebox(options);
    wire::Packet ack = segment(true, kAck, 1, 1);
    ack.tcp.options = wire::option::kSack | wire::option::kMd5;
    ack.tcp.sack_count = 1;
    ack.tcp.digest = wire::Md5Digest{};
    ack.tcp.digest.beside[0] = {wire::SeqNum(10), wire::SeqNum(20)};
    const wire::Packet out = t.pass(ack);
    EXPECT_EQ(out.tcp.options, wire::option::kSack);
    EXPECT_EQ(out.tcp.sack[0].end, wire::SeqNum(20));
}

TEST(Middlebox, DropsWhatCarriesAnOption) {
    BoxBench t;
    MiddleboxOptions options;
    options.drop_options = tcp_option::kFastOpen | tcp_option::kMd5;
    const auto box = t.r.elements().add_middlebox(options);
    wire::Packet fast = segment(true, kSyn, 1, 0);
    fast.tcp.options = wire::option::kFastOpen;
    EXPECT_EQ(t.pass(fast).uid, 0U);
    EXPECT_NE(t.pass(syn()).uid, 0U);
    EXPECT_THAT(t.told, ElementsAre("middlebox: option fastopen"));
    EXPECT_EQ(t.r.dropped(DropReason::kMiddlebox), 1U);
    EXPECT_EQ(box->stats().dropped, 1U);
}

TEST(Middlebox, DropsOrRemovesTheDataOfASyn) {
    for (const auto way : {MiddleboxOptions::SynData::kDrop, MiddleboxOptions::SynData::kStrip}) {
        BoxBench t;
        MiddleboxOptions options;
        options.syn_data = way;
        t.r.elements().add_middlebox(options);
        wire::Packet fast = segment(true, kSyn, 1, 0);
        fast.tcp.payload.length = 100;
        const wire::Packet out = t.pass(fast);
        EXPECT_NE(t.pass(segment(true, kSyn, 1, 0)).uid, 0U);
        if (way == MiddleboxOptions::SynData::kDrop) {
            EXPECT_EQ(out.uid, 0U);
            EXPECT_THAT(t.told, ElementsAre("middlebox: data in a SYN"));
        } else {
            EXPECT_NE(out.uid, 0U);
            EXPECT_EQ(out.tcp.payload.length, 0U);
            EXPECT_EQ(out.tcp.flags, kSyn);
        }
    }
}

TEST(Middlebox, DropsIcmpByType) {
    BoxBench t;
    MiddleboxOptions options;
    options.drop_icmp_types = {wire::icmp::kDestinationUnreachable};
    const auto box = t.r.elements().add_middlebox(options);
    wire::Packet ping = udp_packet(kA, kB, 100);
    ping.protocol = wire::Protocol::kIcmp;
    ping.icmp = wire::IcmpHeader{};
    ping.icmp.type = wire::icmp::kEchoRequest;
    EXPECT_NE(t.pass(ping).uid, 0U);
    ping.icmp.type = wire::icmp::kDestinationUnreachable;
    EXPECT_EQ(t.pass(ping).uid, 0U);
    EXPECT_THAT(t.told, ElementsAre("middlebox: ICMP"));
    t.r.elements().remove_middlebox(*box);
    options = {};
    options.drop_icmp = true;
    t.r.elements().add_middlebox(options);
    ping.icmp.type = wire::icmp::kEchoRequest;
    EXPECT_EQ(t.pass(ping).uid, 0U);
}

TEST(Middlebox, LowersTheMssInItsDirection) {
    BoxBench t;
    MiddleboxOptions options;
    options.clamp_mss = 1400;
    options.in = {"eth0"};
    const auto box = t.r.elements().add_middlebox(options);
    EXPECT_EQ(t.pass(syn()).tcp.mss, 1400);
    wire::Packet small = syn();
    small.tcp.mss = 500;
    EXPECT_EQ(t.pass(small).tcp.mss, 500);
    wire::Packet back = segment(false, kSyn | kAck, 5000, 1001);
    back.tcp.options = wire::option::kMss;
    back.tcp.mss = 1460;
    EXPECT_EQ(t.pass(back).tcp.mss, 1460);
    EXPECT_EQ(box->stats().clamped, 1U);
}

TEST(Middlebox, ShiftsSequenceNumbersButNotSackBlocks) {
    BoxBench t;
    MiddleboxOptions options;
    options.rewrite_seq = true;
    const auto box = t.r.elements().add_middlebox(options);
    const wire::Packet first = t.pass(syn());
    const std::uint32_t forth = first.tcp.seq.raw() - 1000;
    EXPECT_NE(forth, 0U);
    // b acknowledges what it saw; a hears of what it sent.
    const wire::Packet answer = t.pass(segment(false, kSyn | kAck, 5000, first.tcp.seq.raw() + 1));
    EXPECT_EQ(answer.tcp.ack, wire::SeqNum(1001));
    const std::uint32_t back = answer.tcp.seq.raw() - 5000;
    EXPECT_NE(back, 0U);
    EXPECT_NE(back, forth);
    wire::Packet ack = segment(true, kAck, 1001, answer.tcp.seq.raw() + 1);
    ack.tcp.options = wire::option::kSack;
    ack.tcp.sack_count = 1;
    ack.tcp.sack[0] = {wire::SeqNum(answer.tcp.seq.raw() + 1001),
                       wire::SeqNum(answer.tcp.seq.raw() + 2001)};
    const wire::Packet out = t.pass(ack);
    EXPECT_EQ(out.tcp.seq, wire::SeqNum(1001 + forth));
    EXPECT_EQ(out.tcp.ack, wire::SeqNum(5001));
    EXPECT_EQ(out.tcp.sack[0].begin, ack.tcp.sack[0].begin);  // means nothing to b
    EXPECT_EQ(box->stats().rewritten, 1U);
    // A connection that has begun goes on, the box gone or not; new ones are left alone.
    t.r.elements().remove_middlebox(*box);
    EXPECT_EQ(t.pass(segment(true, kAck, 1001, answer.tcp.seq.raw() + 1)).tcp.seq,
              wire::SeqNum(1001 + forth));
    wire::Packet other = syn();
    other.tcp.source_port = 40001;
    EXPECT_EQ(t.pass(other).tcp.seq, wire::SeqNum(1000));
}

TEST(Middlebox, RefusesWhatMakesNoSense) {
    BoxBench t;
    MiddleboxOptions options;
    options.clamp_mss = 10;
    EXPECT_THROW(t.r.elements().add_middlebox(options), InputError);
    options = {};
    options.in = {"eth9"};
    EXPECT_THROW(t.r.elements().add_middlebox(options), InputError);
}

}  // namespace
}  // namespace netsim::net
