// One direction of a link: times and drops that are exact.
#include "net/link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "net/net_bench.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

Time at(Duration d) {
    return Time(d);
}

TEST(Link, AnIdealWireDeliversAtOnceAndInOrder) {
    LinkBench t{LinkOptions{}};
    t.send();
    t.send();
    EXPECT_EQ(t.stats().in_flight, 2U);
    t.sim.run({});
    EXPECT_THAT(t.uids(), ElementsAre(0, 1));
    EXPECT_EQ(t.b.arrivals[1].at, at(Duration(0)));
    EXPECT_EQ(t.stats().delivered_bytes, 2000U);
    EXPECT_TRUE(t.balanced());
    EXPECT_EQ(t.pool.in_use(), 0U);
}

TEST(Link, SerialisationThenDelay) {
    LinkBench t{LinkOptions{.rate_bps = 8'000'000, .delay = milliseconds(10)}};  // 1 ms per 1000 B
    t.send(1000);
    t.send(500);
    t.send(1500);
    t.sim.run({});
    ASSERT_EQ(t.b.arrivals.size(), 3U);
    EXPECT_EQ(t.b.arrivals[0].at, at(milliseconds(11)));
    EXPECT_EQ(t.b.arrivals[1].at, at(microseconds(11'500)));
    EXPECT_EQ(t.b.arrivals[2].at, at(milliseconds(13)));
    t.send(1000);  // the wire has long been free: no queue left over
    t.sim.run({});
    EXPECT_EQ(t.b.arrivals[3].at, at(milliseconds(13 + 11)));
}

TEST(Link, SerialisationRoundsUpToANanosecond) {
    LinkBench t{LinkOptions{.rate_bps = 3'000'000'000}};
    t.send(100);  // 266.67 ns
    t.sim.run({});
    EXPECT_EQ(t.b.arrivals[0].at, at(Duration(267)));
}

TEST(Link, DropTailByPackets) {
    LinkBench t{LinkOptions{.rate_bps = 8'000'000, .limit_packets = 3}};
    for (int i = 0; i < 6; ++i) {
        t.send();
    }
    // One is being sent and does not count, three wait, two do not fit.
    EXPECT_EQ(t.link.direction(0).queue_packets(), 4U);
    EXPECT_EQ(t.link.direction(0).queue_bytes(), 4000U);
    EXPECT_EQ(t.dropped(DropReason::kQueueFull), 2U);
    t.sim.run({.until = at(milliseconds(1))});
    EXPECT_EQ(t.link.direction(0).queue_packets(), 3U);
    t.send();  // one place became free exactly now
    t.send();
    EXPECT_EQ(t.dropped(DropReason::kQueueFull), 3U);
    t.sim.run({});
    EXPECT_THAT(t.uids(), ElementsAre(0, 1, 2, 3, 6));
    EXPECT_EQ(t.link.direction(0).queue_packets(), 0U);
    EXPECT_TRUE(t.balanced());
}

TEST(Link, DropTailByBytes) {
    LinkBench t{LinkOptions{.rate_bps = 8'000'000, .limit_bytes = 1500}};
    t.send(1000);  // being sent
    t.send(1000);
    t.send(501);  // 1501 would wait
    t.send(500);  // 1500 wait
    t.send(28);
    EXPECT_EQ(t.dropped(DropReason::kQueueFull), 2U);
    t.sim.run({});
    EXPECT_THAT(t.uids(), ElementsAre(0, 1, 3));
}

TEST(Link, ALimitOfNoneWaitingStillSends) {
    LinkBench t{LinkOptions{.rate_bps = 8'000'000, .limit_packets = 0}};
    t.send();
    t.send();
    t.sim.run({});
    EXPECT_THAT(t.uids(), ElementsAre(0));
}

TEST(Link, DirectionsAreIndependent) {
    sim::Simulation sim(1);
    wire::PacketPool pool;
    Fabric fabric{sim, pool};
    Sink a(fabric, "a");
    Sink b(fabric, "b");
    Link link(fabric, a, LinkBench::kA, b, LinkBench::kB, LinkOptions{.delay = milliseconds(1)},
              LinkOptions{.rate_bps = 8'000'000, .delay = milliseconds(30), .mtu = 9000});
    a.interfaces()[0].out->transmit(pool.make(udp_packet(LinkBench::kA, LinkBench::kB, 1000)));
    b.interfaces()[0].out->transmit(pool.make(udp_packet(LinkBench::kB, LinkBench::kA, 1000)));
    sim.run({});
    EXPECT_EQ(b.arrivals.at(0).at, at(milliseconds(1)));
    EXPECT_EQ(a.arrivals.at(0).at, at(milliseconds(31)));
    EXPECT_EQ(a.interfaces()[0].mtu, 1500U);
    EXPECT_EQ(b.interfaces()[0].mtu, 9000U);
}

wire::Packet data_of(std::uint16_t flow, std::uint32_t bytes) {
    wire::Packet packet{};
    packet.source = LinkBench::kA;
    packet.destination = LinkBench::kB;
    packet.protocol = wire::Protocol::kTcp;
    packet.tcp.source_port = flow;
    packet.tcp.destination_port = 80;
    packet.tcp.payload = wire::PayloadRef{0, 0, bytes};
    return packet;
}

TEST(Link, AFlowsDataIsFoundAmongOthers) {
    constexpr std::uint16_t kFlows = 600;             // more than the link has chains
    LinkBench t{LinkOptions{.rate_bps = 8'000'000}};  // a byte in a microsecond
    LinkDirection& link = t.link.direction(0);
    std::vector<std::pair<std::uint16_t, Time>> waiting;  // flow, when it has left
    Time free{};
    std::uint32_t number = 0;
    const auto send = [&](std::uint16_t flow, std::uint32_t bytes) {
        link.transmit(t.pool.make(data_of(flow, bytes)));
        free = std::max(free, t.sim.now()) + microseconds(40 + bytes);
        if (bytes > 0) {
            waiting.emplace_back(flow, free);
        }
    };
    const auto check_all = [&] {
        std::erase_if(waiting, [&](const auto& one) { return one.second <= t.sim.now(); });
        for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
            std::vector<Time> departs;
            for (const auto& [whose, when] : waiting) {
                if (whose == flow) {
                    departs.push_back(when);
                }
            }
            const Flow key{LinkBench::kA, LinkBench::kB, flow, 80};
            const FlowQueue found = link.queued(key, {}, {.bytes = 220, .per_packet = 10});
            EXPECT_EQ(found.packets, departs.size());
            EXPECT_EQ(found.payload, departs.size() * 100);
            EXPECT_EQ(found.first_done, departs.empty() ? kNever : departs.front());
            // Two of 110 keep the limit.
            EXPECT_EQ(found.within_at, departs.size() < 3 ? kNever : departs[departs.size() - 3]);
        }
    };
    const auto send_some = [&](int count) {
        for (int i = 0; i < count; ++i, ++number) {
            send(static_cast<std::uint16_t>(number * number % kFlows), number % 7 == 0 ? 0 : 100);
        }
    };
    send_some(1000);
    check_all();
    for (int round = 0; round < 5; ++round) {
        t.sim.run({.until = t.sim.now() + milliseconds(30)});
        send_some(300);
        check_all();
    }
    t.link.set_up(false);
    t.link.set_up(true);
    waiting.clear();
    free = t.sim.now();
    check_all();
    send_some(2000);  // more than were lost
    check_all();
}

TEST(Link, WhatWillBeHandedOverNextCounts) {
    LinkBench t{LinkOptions{.rate_bps = 8'000'000}};
    LinkDirection& link = t.link.direction(0);
    link.transmit(t.pool.make(data_of(1, 100)));
    const std::vector<wire::Packet> next{data_of(2, 100), data_of(1, 100), data_of(1, 0),
                                         data_of(1, 100)};
    const Flow key{LinkBench::kA, LinkBench::kB, 1, 80};
    const FlowQueue found = link.queued(key, next, {.bytes = 100, .per_packet = 0});
    EXPECT_EQ(found.packets, 3U);
    EXPECT_EQ(found.payload, 300U);
    EXPECT_EQ(found.first_done, at(microseconds(140)));
    EXPECT_EQ(found.within_at, at(microseconds(3 * 140)));
}

TEST(Link, DownLosesWhatIsInFlightAndWhatIsSent) {
    LinkBench t{LinkOptions{.rate_bps = 8'000'000, .delay = milliseconds(10)}};
    for (int i = 0; i < 5; ++i) {
        t.send();
    }
    t.sim.run({.until = at(milliseconds(12))});  // two have arrived
    t.link.set_up(false);
    EXPECT_EQ(t.dropped(DropReason::kLinkDown), 3U);
    EXPECT_EQ(t.stats().in_flight, 0U);
    EXPECT_EQ(t.link.direction(0).queue_packets(), 0U);
    t.send();
    EXPECT_EQ(t.dropped(DropReason::kLinkDown), 4U);
    t.sim.run({.until = at(milliseconds(100))});
    EXPECT_EQ(t.b.arrivals.size(), 2U);
    t.link.set_up(true);
    t.send();
    t.sim.run({});
    EXPECT_THAT(t.uids(), ElementsAre(0, 1, 6));
    EXPECT_EQ(t.b.arrivals[2].at, at(milliseconds(111)));
    EXPECT_TRUE(t.balanced());
}

TEST(Link, UpAgainBeforeTheVoidEventFires) {
    LinkBench t{LinkOptions{.delay = milliseconds(10)}};
    t.send();
    t.link.set_up(false);
    t.link.set_up(true);
    t.sim.run({.until = at(milliseconds(5))});
    t.send();
    t.sim.run({});
    EXPECT_THAT(t.uids(), ElementsAre(1));
    EXPECT_EQ(t.b.arrivals[0].at, at(milliseconds(15)));
}

TEST(Link, OptionsChangeFromNowOn) {
    LinkBench t{LinkOptions{.delay = milliseconds(10)}};
    t.send();
    t.link.set_options(0, LinkOptions{.delay = milliseconds(1), .mtu = 9000});
    t.send();  // overtakes: the wire became shorter
    t.sim.run({});
    EXPECT_THAT(t.uids(), ElementsAre(1, 0));
    EXPECT_EQ(t.b.arrivals[0].at, at(milliseconds(1)));
    EXPECT_EQ(t.b.arrivals[1].at, at(milliseconds(10)));
    EXPECT_EQ(t.a.interfaces()[0].mtu, 9000U);
}

TEST(Link, LargerThanTheMtuIsDropped) {
    LinkBench t{LinkOptions{}};
    t.send(1500);
    t.send(1501);
    t.sim.run({});
    EXPECT_THAT(t.uids(), ElementsAre(0));
    EXPECT_EQ(t.dropped(DropReason::kMtuExceeded), 1U);
}

TEST(Link, OnePendingEventPerDirection) {
    LinkBench t{LinkOptions{.delay = milliseconds(10)}};
    for (int i = 0; i < 1000; ++i) {
        t.send();
    }
    EXPECT_EQ(t.sim.events_pending(), 1U);
    t.sim.run({});
    EXPECT_EQ(t.sim.events_fired(), 1000U);
}

TEST(Link, NamesTellParallelLinksApart) {
    LinkBench t{LinkOptions{}};
    Link second(t.fabric, t.a, LinkBench::kA, t.b, LinkBench::kB, {}, {});
    Link back(t.fabric, t.b, LinkBench::kB, t.a, LinkBench::kA, {}, {});
    EXPECT_EQ(t.link.name(), "a-b");
    EXPECT_EQ(second.name(), "a-b#2");
    EXPECT_EQ(back.name(), "b-a#3");
    EXPECT_EQ(t.a.interfaces()[2].name, "eth2");
    EXPECT_EQ(second.direction(1).name(), "a-b#2");
}

TEST(Link, ALinkToItselfIsRefused) {
    LinkBench t{LinkOptions{}};
    EXPECT_THROW(Link(t.fabric, t.a, LinkBench::kA, t.a, LinkBench::kA, {}, {}), InputError);
}

std::string refusal(const LinkOptions& options) {
    try {
        check(options);
    } catch (const InputError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(LinkOptions, RangesAreChecked) {
    EXPECT_EQ(refusal({}), "accepted");
    EXPECT_THAT(refusal({.rate_bps = 0}), HasSubstr("rate is 0"));
    EXPECT_THAT(refusal({.delay = milliseconds(-1)}), HasSubstr("delay is -1ms"));
    EXPECT_THAT(refusal({.delay = std::chrono::hours(25)}), HasSubstr("24 hours"));
    EXPECT_THAT(refusal({.delay = milliseconds(1), .jitter = milliseconds(2)}),
                HasSubstr("must not exceed the delay"));
    EXPECT_THAT(refusal({.jitter = milliseconds(-2)}), HasSubstr("jitter is -2ms"));
    EXPECT_THAT(refusal({.loss = 1.5}), HasSubstr("loss is 1.5"));
    EXPECT_THAT(refusal({.loss = std::nan("")}), HasSubstr("loss is nan"));
    EXPECT_THAT(refusal({.duplicate = -0.1}), HasSubstr("duplicate"));
    EXPECT_THAT(refusal({.corrupt = 2}), HasSubstr("corrupt"));
    EXPECT_THAT(refusal({.reorder = 0.5}), HasSubstr("reorder needs a delay"));
    EXPECT_THAT(refusal({.reorder_gap = 0}), HasSubstr("gap is 0"));
    EXPECT_THAT(refusal({.mtu = 67}), HasSubstr("mtu is 67"));
    EXPECT_THAT(refusal({.cost = -1}), HasSubstr("cost is -1"));
    EXPECT_THAT(refusal({.gemodel = GilbertElliott{.p = 1.1}}), HasSubstr("gemodel p"));
    EXPECT_THAT(refusal({.loss = 0.1, .gemodel = GilbertElliott{}}), HasSubstr("one loss model"));
}

/// Notes what the tracer is told.
class Notes final : public sim::Tracer {
 public:
    std::vector<std::string> lines;

    void on_packet(const sim::PacketRecord& record) override {
        static constexpr const char* kWords[] = {"sent", "received", "dropped", "duplicated"};
        lines.push_back(std::string(record.node_name) + "." + std::string(record.interface_name) +
                        " " + kWords[static_cast<int>(record.event)] +
                        (record.reason.empty() ? "" : " " + std::string(record.reason)));
    }
};

TEST(Link, TheTracerSeesEachPacket) {
    LinkBench t{LinkOptions{.rate_bps = 8'000'000, .duplicate = 1, .limit_packets = 0}};
    Notes notes;
    t.fabric.tracer = &notes;
    t.send();
    t.send();
    t.sim.run({});
    EXPECT_THAT(notes.lines,
                ElementsAre("a.eth0 sent", "a.eth0 duplicated", "a.eth0 sent",
                            "a.eth0 dropped queue full", "b.eth0 received", "b.eth0 received"));
}

TEST(Link, DigestsOfEqualRunsAreEqualAndADropShows) {
    const auto digest = [](std::uint64_t seed, double loss) {
        LinkBench t{LinkOptions{.delay = milliseconds(3), .jitter = milliseconds(1), .loss = loss},
                    seed};
        t.send_every(microseconds(100), 1000);
        return t.sim.digest();
    };
    EXPECT_EQ(digest(1, 0.1), digest(1, 0.1));
    EXPECT_NE(digest(1, 0.1), digest(2, 0.1));
    EXPECT_NE(digest(1, 0.1), digest(1, 0.2));
}

}  // namespace
}  // namespace netsim::net
