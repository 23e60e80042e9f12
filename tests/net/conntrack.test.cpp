// Connection tracking: Linux's states, windows, timeouts and limits.
#include "net/conntrack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "netsim/result.hpp"

namespace netsim::net {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using wire::flag::kAck;
using wire::flag::kFin;
using wire::flag::kPsh;
using wire::flag::kRst;
using wire::flag::kSyn;
using State = TcpTrackState;

constexpr Ipv4 kClient = ipv4(10, 0, 0, 1);
constexpr Ipv4 kServer = ipv4(10, 0, 0, 2);

/// A client and a server, and the table between them. Sequence numbers begin at 1000 and 5000.
struct TrackBench {
    explicit TrackBench(ConntrackSettings wanted = {}) : settings(wanted), table(settings, 7) {}

    static wire::Packet segment(bool from_client, std::uint16_t flags, std::uint32_t seq,
                                std::uint32_t ack, std::uint32_t length = 0) {
        wire::Packet packet{};
        packet.source = from_client ? kClient : kServer;
        packet.destination = from_client ? kServer : kClient;
        packet.protocol = wire::Protocol::kTcp;
        packet.tcp.source_port = from_client ? 40000 : 80;
        packet.tcp.destination_port = from_client ? 80 : 40000;
        packet.tcp.flags = flags;
        packet.tcp.seq = wire::SeqNum(seq);
        packet.tcp.ack = wire::SeqNum(ack);
        packet.tcp.window = 1000;
        packet.tcp.payload.length = length;
        return packet;
    }

    /// What the table calls it.
    std::uint8_t pass(const wire::Packet& packet) {
        const Conntrack::Tracking tracking = table.track(packet, now);
        full = tracking.full;
        table.confirm(tracking, now);
        return tracking.state;
    }

    std::uint8_t client(std::uint16_t flags, std::uint32_t seq, std::uint32_t ack,
                        std::uint32_t length = 0) {
        return pass(segment(true, flags, seq, ack, length));
    }

    std::uint8_t server(std::uint16_t flags, std::uint32_t seq, std::uint32_t ack,
                        std::uint32_t length = 0) {
        return pass(segment(false, flags, seq, ack, length));
    }

    void handshake() {
        client(kSyn, 1000, 0);
        server(kSyn | kAck, 5000, 1001);
        client(kAck, 1001, 5001);
    }

    CtEntry* entry() {
        table.purge(now);
        return table.find(*tuple_of(segment(true, kSyn, 0, 0))).entry;
    }

    State state() { return entry() == nullptr ? State::kNone : entry()->tcp.state; }

    /// Seconds until it expires.
    std::int64_t left() {
        return std::chrono::duration_cast<seconds>(entry()->expires - now).count();
    }

    std::uint64_t count() { return table.stats(now).count; }

    ConntrackSettings settings;
    Conntrack table;
    Time now{};
    bool full = false;
};

TEST(Conntrack, AConnectionGoesThroughLinuxsStates) {
    TrackBench t;
    EXPECT_EQ(t.client(kSyn, 1000, 0), ct_state::kNew);
    EXPECT_EQ(t.state(), State::kSynSent);
    EXPECT_EQ(t.left(), 120);
    EXPECT_FALSE(t.entry()->seen_reply);
    EXPECT_EQ(t.server(kSyn | kAck, 5000, 1001), ct_state::kEstablished);
    EXPECT_EQ(t.state(), State::kSynRecv);
    EXPECT_EQ(t.left(), 60);
    EXPECT_FALSE(t.entry()->assured);
    EXPECT_EQ(t.client(kAck, 1001, 5001), ct_state::kEstablished);
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.left(), 432000);
    EXPECT_TRUE(t.entry()->assured);
    t.client(kPsh | kAck, 1001, 5001, 100);
    EXPECT_EQ(t.left(), 300);  // until it is acknowledged
    t.server(kAck, 5001, 1101);
    EXPECT_EQ(t.left(), 432000);
    t.client(kFin | kAck, 1101, 5001);
    EXPECT_EQ(t.state(), State::kFinWait);
    EXPECT_EQ(t.left(), 120);
    t.server(kAck, 5001, 1102);
    EXPECT_EQ(t.state(), State::kCloseWait);
    EXPECT_EQ(t.left(), 60);
    t.server(kFin | kAck, 5001, 1102);
    EXPECT_EQ(t.state(), State::kLastAck);
    EXPECT_EQ(t.left(), 30);
    t.client(kAck, 1102, 5002);
    EXPECT_EQ(t.state(), State::kTimeWait);
    EXPECT_EQ(t.left(), 120);
    t.now += seconds(119);
    EXPECT_EQ(t.count(), 1U);
    t.now += seconds(1);
    EXPECT_EQ(t.count(), 0U);
}

TEST(Conntrack, ASynSentAgainDoesNotRenewTheEntry) {
    TrackBench t;
    t.client(kSyn, 1000, 0);
    t.now += seconds(100);
    EXPECT_EQ(t.client(kSyn, 1000, 0), ct_state::kNew);
    EXPECT_EQ(t.left(), 20);
}

TEST(Conntrack, SimultaneousOpen) {
    TrackBench t;
    t.client(kSyn, 1000, 0);
    t.server(kSyn, 5000, 0);
    EXPECT_EQ(t.state(), State::kSynSent2);
    t.client(kSyn | kAck, 1000, 5001);
    EXPECT_EQ(t.state(), State::kSynRecv);
    t.server(kAck, 5001, 1001);
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST(Conntrack, ARstAloneAsAnswerEndsTheEntry) {
    TrackBench t;
    t.client(kSyn, 1000, 0);
    EXPECT_EQ(t.server(kRst | kAck, 0, 1001), ct_state::kEstablished);
    EXPECT_EQ(t.count(), 0U);
}

TEST(Conntrack, ARstClosesAnEstablishedConnectionForTenSeconds) {
    TrackBench t;
    t.handshake();
    t.server(kRst, 5001, 0);
    EXPECT_EQ(t.state(), State::kClose);
    EXPECT_EQ(t.left(), 10);
}

TEST(Conntrack, ABlindRstIsInvalidUnlessAskedToIgnoreThat) {
    TrackBench t;
    t.handshake();
    EXPECT_EQ(t.server(kRst, 4000, 0), ct_state::kInvalid);
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.table.stats(t.now).invalid, 1U);
    // In the window, not exactly the next: let by, so that it may be challenged; nothing changes.
    EXPECT_EQ(t.server(kRst, 5500, 0), ct_state::kEstablished);
    EXPECT_EQ(t.state(), State::kEstablished);
    t.settings.tcp_ignore_invalid_rst = 1;
    t.handshake();
    EXPECT_EQ(t.server(kRst, 4500, 0), ct_state::kEstablished);
}

TEST(Conntrack, WhatIsOutOfTheWindowIsInvalidUnlessLiberal) {
    for (const std::int64_t liberal : {0, 1}) {
        TrackBench t;
        t.settings.tcp_be_liberal = liberal;
        t.handshake();
        const std::uint8_t refused = liberal == 0 ? ct_state::kInvalid : ct_state::kEstablished;
        EXPECT_EQ(t.client(kAck, 900'000, 5001, 10), refused);  // far beyond the window
        EXPECT_EQ(t.client(kAck, 1001, 50'000), refused);       // acknowledges unseen data
        EXPECT_EQ(t.client(kAck, 2001, 5001, 0), ct_state::kEstablished);  // at its edge
        // A segment from long ago is let by: the peer will answer it.
        t.client(kAck, 1001, 5001, 900);
        EXPECT_EQ(t.client(kAck, 4'294'000'000U, 5001, 10), ct_state::kEstablished);
        EXPECT_EQ(t.table.stats(t.now).invalid, liberal == 0 ? 2U : 0U);
    }
}

TEST(Conntrack, WindowsAreScaledOnlyIfBothSidesSaidSo) {
    const auto handshake = [](TrackBench& t, bool server_scales) {
        wire::Packet syn = TrackBench::segment(true, kSyn, 1000, 0);
        syn.tcp.options = wire::option::kWindowScale;
        syn.tcp.window_scale = 7;
        t.pass(syn);
        wire::Packet syn_ack = TrackBench::segment(false, kSyn | kAck, 5000, 1001);
        syn_ack.tcp.options = server_scales ? wire::option::kWindowScale : wire::option::kMss;
        syn_ack.tcp.window_scale = 7;
        t.pass(syn_ack);
        t.client(kAck, 1001, 5001);  // offers 1000 << 7
    };
    TrackBench scaled;
    handshake(scaled, true);
    EXPECT_EQ(scaled.server(kAck, 5001 + 100'000, 1001, 100), ct_state::kEstablished);
    TrackBench plain;
    handshake(plain, false);
    EXPECT_EQ(plain.server(kAck, 5001 + 100'000, 1001, 100), ct_state::kInvalid);
}

TEST(Conntrack, ConnectionsAreAdoptedInTheMiddleOnlyIfLoose) {
    TrackBench t;
    EXPECT_EQ(t.client(kAck, 1001, 5001), ct_state::kNew);
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.left(), 300);    // no answer yet
    t.server(kAck, 5001, 1001);  // noted as an answer after its timeout was chosen, as Linux does
    t.client(kAck, 1001, 5001);
    EXPECT_EQ(t.left(), 432000);
    EXPECT_TRUE(t.entry()->assured);
    TrackBench strict;
    strict.settings.tcp_loose = 0;
    EXPECT_EQ(strict.client(kAck, 1001, 5001), ct_state::kInvalid);
    EXPECT_EQ(strict.count(), 0U);
    EXPECT_EQ(strict.client(kFin | kAck, 1001, 5001), ct_state::kInvalid);
    EXPECT_EQ(strict.server(kSyn | kAck, 1001, 5001), ct_state::kInvalid);  // never begins one
}

TEST(Conntrack, ASynAfterTheEndBeginsAnother) {
    TrackBench t;
    t.handshake();
    t.client(kFin | kAck, 1001, 5001);
    t.server(kFin | kAck, 5001, 1002);
    t.client(kAck, 1002, 5002);
    ASSERT_EQ(t.state(), State::kTimeWait);
    EXPECT_EQ(t.client(kSyn, 90'000, 0), ct_state::kNew);
    EXPECT_EQ(t.state(), State::kSynSent);
    EXPECT_EQ(t.count(), 1U);
}

TEST(Conntrack, ItGetsInStepWithARestartedClient) {
    // The client has forgotten the connection; its SYN is let by, and the SYN-ACK tells that both
    // ends agree.
    TrackBench t;
    t.handshake();
    EXPECT_EQ(t.client(kSyn, 700'000, 0), ct_state::kEstablished);
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.server(kSyn | kAck, 300'000, 700'001), ct_state::kEstablished);
    EXPECT_EQ(t.state(), State::kSynRecv);
    t.client(kAck, 700'001, 300'001);
    EXPECT_EQ(t.state(), State::kEstablished);
    // Had the server challenged it (RFC 5961 §4), the client's RST would end the entry.
    EXPECT_EQ(t.client(kSyn, 1'700'000, 0), ct_state::kEstablished);
    t.server(kAck, 300'001, 700'001);
    t.client(kRst, 700'001, 0);
    EXPECT_EQ(t.state(), State::kClose);
}

TEST(Conntrack, RetransmissionsAndAClosedWindowShortenTheTimeout) {
    TrackBench t;
    t.handshake();
    for (int i = 0; i < 4; ++i) {
        t.server(kAck, 5001, 1001);
    }
    EXPECT_EQ(t.left(), 300);
    TrackBench closed;
    closed.handshake();
    wire::Packet zero = TrackBench::segment(false, kAck, 5001, 1001);
    zero.tcp.window = 0;
    closed.pass(zero);
    EXPECT_EQ(closed.left(), 300);
}

TEST(Conntrack, FlagsThatMakeNoSenseAreInvalid) {
    TrackBench t;
    t.handshake();
    EXPECT_EQ(t.client(kSyn | kFin, 1001, 0), ct_state::kInvalid);
    EXPECT_EQ(t.client(0, 1001, 0), ct_state::kInvalid);
    EXPECT_EQ(t.client(kFin, 1001, 0), ct_state::kInvalid);
    wire::Packet damaged = TrackBench::segment(true, kAck, 1001, 5001);
    damaged.corrupted = 30;
    EXPECT_EQ(t.pass(damaged), ct_state::kInvalid);
    EXPECT_EQ(t.table.stats(t.now).invalid, 4U);
}

wire::Packet datagram(bool from_client, std::uint16_t port = 40000) {
    wire::Packet packet{};
    packet.source = from_client ? kClient : kServer;
    packet.destination = from_client ? kServer : kClient;
    packet.protocol = wire::Protocol::kUdp;
    packet.udp = wire::UdpHeader{};
    packet.udp.source_port = from_client ? port : 53;
    packet.udp.destination_port = from_client ? 53 : port;
    return packet;
}

TEST(Conntrack, UdpIsAStreamOnceItWasAnsweredAndLastsTwoSeconds) {
    TrackBench t;
    EXPECT_EQ(t.pass(datagram(true)), ct_state::kNew);
    EXPECT_EQ(t.pass(datagram(true)), ct_state::kNew);
    const auto left = [&] {
        return std::chrono::duration_cast<seconds>(
                   t.table.find(*tuple_of(datagram(true))).entry->expires - t.now)
            .count();
    };
    EXPECT_EQ(left(), 30);
    EXPECT_EQ(t.pass(datagram(false)), ct_state::kEstablished);
    EXPECT_EQ(t.pass(datagram(true)), ct_state::kEstablished);
    EXPECT_EQ(left(), 30);
    t.now += seconds(3);
    t.pass(datagram(true));
    EXPECT_EQ(left(), 120);
    t.now += seconds(120);
    EXPECT_EQ(t.count(), 0U);
}

TEST(Conntrack, IcmpEchoesAndErrors) {
    TrackBench t;
    wire::Packet ping{};
    ping.source = kClient;
    ping.destination = kServer;
    ping.protocol = wire::Protocol::kIcmp;
    ping.icmp = wire::IcmpHeader{};
    ping.icmp.type = wire::icmp::kEchoReply;
    ping.icmp.echo_id = 7;
    EXPECT_EQ(t.pass(ping), ct_state::kInvalid);  // nobody asked
    ping.icmp.type = wire::icmp::kEchoRequest;
    EXPECT_EQ(t.pass(ping), ct_state::kNew);
    wire::Packet pong = ping;
    std::swap(pong.source, pong.destination);
    pong.icmp.type = wire::icmp::kEchoReply;
    EXPECT_EQ(t.pass(pong), ct_state::kEstablished);

    wire::Packet error{};
    error.source = ipv4(10, 0, 0, 9);
    error.destination = kClient;
    error.protocol = wire::Protocol::kIcmp;
    error.icmp = wire::IcmpHeader{};
    error.icmp.type = wire::icmp::kDestinationUnreachable;
    error.icmp.quoted = {kClient, kServer, wire::Protocol::kTcp, 60, 40, 1, 40000, 80, 1000};
    EXPECT_EQ(t.pass(error), ct_state::kInvalid);
    t.client(kSyn, 1000, 0);
    EXPECT_EQ(t.pass(error), ct_state::kRelated);
    t.now += seconds(30);
    EXPECT_EQ(t.count(), 1U);  // the echo is over
}

TEST(Conntrack, AFullTableDropsWhatIsNotAssuredFirst) {
    ConntrackSettings small;
    small.max = 4;
    small.buckets = 1;  // an early drop reaches all
    TrackBench t(small);
    t.handshake();
    for (std::uint16_t port = 1; port <= 3; ++port) {
        EXPECT_EQ(t.pass(datagram(true, port)), ct_state::kNew);
    }
    EXPECT_EQ(t.count(), 4U);
    EXPECT_EQ(t.pass(datagram(true, 4)), ct_state::kNew);
    EXPECT_EQ(t.table.stats(t.now).early_drop, 3U);
    EXPECT_EQ(t.count(), 2U);
    EXPECT_EQ(t.state(), State::kEstablished);  // assured
    EXPECT_EQ(t.table.stats(t.now).drop, 0U);
}

TEST(Conntrack, AFullTableOfAssuredConnectionsDropsThePacket) {
    ConntrackSettings small;
    small.max = 1;
    small.buckets = 1;
    TrackBench t(small);
    t.handshake();
    EXPECT_EQ(t.pass(datagram(true)), ct_state::kInvalid);
    EXPECT_TRUE(t.full);
    EXPECT_EQ(t.table.stats(t.now).drop, 1U);
    EXPECT_EQ(t.count(), 1U);
    // A closing one is given up.
    t.client(kFin | kAck, 1001, 5001);
    EXPECT_EQ(t.pass(datagram(true)), ct_state::kNew);
    EXPECT_FALSE(t.full);
    EXPECT_EQ(t.state(), State::kNone);
}

TEST(Conntrack, ADroppedPacketLeavesNoEntry) {
    TrackBench t;
    const auto tracking = t.table.track(TrackBench::segment(true, kSyn, 1000, 0), t.now);
    EXPECT_EQ(t.table.stats(t.now).count, 1U);
    t.table.discard(tracking);
    EXPECT_EQ(t.count(), 0U);
}

TEST(Conntrack, AMillionConnectionsComeAndGoInBoundedMemory) {
    ConntrackSettings small;
    small.max = 1000;
    small.buckets = 256;
    TrackBench t(small);
    for (std::uint32_t i = 0; i < 1'000'000; ++i) {
        wire::Packet syn = TrackBench::segment(true, kSyn, i, 0);
        syn.source.bits += i / 60'000;
        syn.tcp.source_port = static_cast<std::uint16_t>(1 + i % 60'000);
        t.pass(syn);
        ASSERT_LE(t.count(), 1000U);
        t.now += std::chrono::milliseconds(1);
    }
    EXPECT_EQ(t.table.stats(t.now).drop, 0U);
    EXPECT_GT(t.table.stats(t.now).early_drop, 900'000U);
    t.now += seconds(120);
    EXPECT_EQ(t.count(), 0U);
}

TEST(Conntrack, TheNumberOfBucketsCanChange) {
    TrackBench t;
    t.handshake();
    t.settings.buckets = 3;
    t.pass(datagram(true));
    EXPECT_EQ(t.state(), State::kEstablished);
    t.table.flush();
    EXPECT_EQ(t.count(), 0U);
    EXPECT_EQ(t.state(), State::kNone);
}

TEST(Conntrack, SettingsHaveNamesAndRanges) {
    ConntrackSettings settings;
    EXPECT_EQ(get_conntrack_sysctl(settings, "net.netfilter.nf_conntrack_tcp_timeout_established"),
              "432000");
    set_conntrack_sysctl(settings, "net.netfilter.nf_conntrack_max", "65536");
    EXPECT_EQ(settings.max, 65536);
    const auto message = [&](const char* name, const char* value) {
        try {
            set_conntrack_sysctl(settings, name, value);
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_THAT(message("net.netfilter.nf_conntrack_mx", "1"),
                HasSubstr("did you mean \"net.netfilter.nf_conntrack_max\""));
    EXPECT_THAT(message("net.netfilter.nf_conntrack_max", "many"), HasSubstr("no whole number"));
    EXPECT_THAT(message("net.netfilter.nf_conntrack_tcp_loose", "2"), HasSubstr("from 0 to 1"));
}

}  // namespace
}  // namespace netsim::net
