// Rules of links: which packet they mean, and what becomes of it.
#include "net/link_rule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/net_bench.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using wire::flag::kAck;
using wire::flag::kPsh;
using wire::flag::kSyn;

wire::Packet segment(std::uint16_t flags, std::uint32_t length = 0, std::uint16_t port = 80) {
    wire::Packet packet{};
    packet.source = LinkBench::kA;
    packet.destination = LinkBench::kB;
    packet.protocol = wire::Protocol::kTcp;
    packet.tcp.source_port = 1000;
    packet.tcp.destination_port = port;
    packet.tcp.flags = flags;
    packet.tcp.payload.length = length;
    return packet;
}

/// Keeps the reasons that were told.
struct Reasons final : sim::Tracer {
    void on_packet(const sim::PacketRecord& record) override {
        if (record.event == sim::PacketEvent::kDropped ||
            record.event == sim::PacketEvent::kDuplicated) {
            told.emplace_back(record.reason);
        }
    }

    std::vector<std::string> told;
};

struct RuleBench : LinkBench {
    explicit RuleBench(const LinkOptions& options = {}) : LinkBench(options) {
        fabric.tracer = &reasons;
    }

    void send(const std::vector<wire::Packet>& packets, unsigned direction = 0) {
        for (wire::Packet packet : packets) {
            packet.uid = next++;
            link.direction(direction).transmit(pool.make(packet));
        }
        sim.run({});
    }

    Reasons reasons;
    std::uint64_t next = 0;
};

LinkRule flags(const char* letters) {
    LinkRule rule;
    rule.flags.letters = letters;
    return rule;
}

TEST(LinkRule, DropsTheThirdPacketWithTheseFlagsAndNoOther) {
    RuleBench t;
    LinkRule rule = flags("S.");
    rule.nth = 3;
    const auto state = t.link.add_rule(rule);
    t.send({segment(kSyn), segment(kSyn | kAck), segment(kAck), segment(kSyn | kAck),
            segment(kSyn | kAck), segment(kSyn | kAck)});
    EXPECT_THAT(t.uids(), ElementsAre(0, 1, 2, 3, 5));
    EXPECT_THAT(t.reasons.told, ElementsAre("rule: 3rd S."));
    EXPECT_EQ(t.dropped(DropReason::kRule), 1U);
    EXPECT_EQ(state->matched(), 4U);
    EXPECT_EQ(state->hits(), 1U);
    EXPECT_TRUE(t.balanced());
    EXPECT_EQ(t.pool.in_use(), 0U);
}

TEST(LinkRule, CountsFromWhenItIsSetAndEndsWithItsCount) {
    RuleBench t;
    t.send({segment(kSyn)});
    LinkRule rule = flags("S");
    rule.count = 2;
    t.link.add_rule(rule);
    t.send({segment(kSyn), segment(kSyn), segment(kSyn)});
    EXPECT_THAT(t.uids(), ElementsAre(0, 3));
    rule.count.reset();
    rule.nth = 2;
    rule.comment = "no more";
    const auto state = t.link.add_rule(rule);
    t.send({segment(kSyn), segment(kSyn), segment(kSyn)});
    EXPECT_THAT(t.uids(), ElementsAre(0, 3, 4));
    EXPECT_EQ(t.reasons.told.back(), "rule: no more");
    t.link.remove_rule(*state);
    t.send({segment(kSyn)});
    EXPECT_THAT(t.uids(), ElementsAre(0, 3, 4, 7));
}

TEST(LinkRule, FlagsAreExactUnlessAskedOtherwise) {
    RuleBench t;
    LinkRule rule = flags(".");
    rule.count.reset();
    const auto exact = t.link.add_rule(rule);
    rule.flags = {"S.", FlagMatch::How::kAnyOf};
    const auto any = t.link.add_rule(rule);
    rule.flags = {"P.", FlagMatch::How::kAllOf};
    const auto all = t.link.add_rule(rule);
    rule.flags = {"none"};
    const auto none = t.link.add_rule(rule);
    t.send({segment(kAck), segment(kAck | kPsh, 5), segment(kSyn), segment(0),
            udp_packet(LinkBench::kA, LinkBench::kB, 100)});
    EXPECT_EQ(exact->matched(), 1U);
    EXPECT_EQ(any->matched(), 3U);
    EXPECT_EQ(all->matched(), 1U);
    EXPECT_EQ(none->matched(), 1U);
    EXPECT_THAT(t.uids(), ElementsAre(4));
}

TEST(LinkRule, LooksAtDataPortsAddressesProtocolAndDirection) {
    RuleBench t;
    const auto matched = [&](LinkRule rule) {
        rule.nth = 1'000'000;
        return t.link.add_rule(rule);
    };
    LinkRule rule;
    rule.data = true;
    const auto data = matched(rule);
    rule.data = false;
    const auto no_data = matched(rule);
    rule = {};
    rule.port = PortRange{80, 81};
    const auto port = matched(rule);
    rule = {};
    rule.source_port = PortRange{80, 80};
    const auto source_port = matched(rule);
    rule = {};
    rule.destination_port = PortRange{2000, 2000};
    const auto destination_port = matched(rule);
    rule = {};
    rule.protocol = IpProtocol::kUdp;
    const auto udp = matched(rule);
    rule = {};
    rule.source = Prefix{LinkBench::kB, 32};
    const auto from_b = matched(rule);
    rule = {};
    rule.direction = 1;
    const auto back = matched(rule);
    t.send({segment(kAck, 5), segment(kAck), segment(kAck, 0, 443),
            udp_packet(LinkBench::kA, LinkBench::kB, 100)});
    t.send({segment(kAck)}, 1);
    EXPECT_EQ(data->matched(), 1U);
    EXPECT_EQ(no_data->matched(), 3U);
    EXPECT_EQ(port->matched(), 3U);
    EXPECT_EQ(source_port->matched(), 0U);
    EXPECT_EQ(destination_port->matched(), 1U);
    EXPECT_EQ(udp->matched(), 1U);
    EXPECT_EQ(from_b->matched(), 0U);
    EXPECT_EQ(back->matched(), 1U);
}

TEST(LinkRule, DelayLetsOthersOvertake) {
    RuleBench t(LinkOptions{.delay = milliseconds(10), .jitter_reorders = false});
    LinkRule rule = flags("P.");
    rule.delay = seconds(5);
    t.link.add_rule(rule);
    t.send({segment(kPsh | kAck, 10), segment(kPsh | kAck, 10)});
    ASSERT_THAT(t.uids(), ElementsAre(1, 0));
    EXPECT_EQ(t.b.arrivals[0].at, Time(milliseconds(10)));
    EXPECT_EQ(t.b.arrivals[1].at, Time(milliseconds(5010)));
    EXPECT_THAT(t.reasons.told, testing::IsEmpty());
}

TEST(LinkRule, ACopyComesLaterAndIsSaidToBeOne) {
    RuleBench t(LinkOptions{.delay = milliseconds(10)});
    LinkRule rule = flags("P.");
    rule.delay = seconds(70);
    rule.copy = true;
    t.link.add_rule(rule);
    t.send({segment(kPsh | kAck, 10), segment(kAck)});
    ASSERT_THAT(t.uids(), ElementsAre(0, 1, 0));
    EXPECT_EQ(t.b.arrivals[2].at, Time(milliseconds(70'010)));
    EXPECT_EQ(t.stats().duplicated, 1U);
    EXPECT_THAT(t.reasons.told, ElementsAre("rule: 1st P."));
    EXPECT_TRUE(t.balanced());
}

TEST(LinkRule, EachCountsForItselfAndTheFirstDecides) {
    RuleBench t;
    LinkRule rule = flags("S");
    rule.comment = "first";
    const auto first = t.link.add_rule(rule);
    rule.comment = "second";
    const auto second = t.link.add_rule(rule);
    t.send({segment(kSyn), segment(kSyn), segment(kSyn)});
    EXPECT_THAT(t.reasons.told, ElementsAre("rule: first", "rule: second"));
    EXPECT_EQ(first->matched(), 3U);
    EXPECT_EQ(second->matched(), 3U);
    EXPECT_THAT(t.uids(), ElementsAre(2));
}

TEST(LinkRule, AChanceIsDrawnFromAStreamOfItsOwn) {
    const auto run = [](double probability, std::uint64_t seed) {
        LinkBench t{LinkOptions{.delay = milliseconds(1)}, seed};
        LinkRule rule;
        rule.count.reset();
        rule.probability = probability;
        t.link.add_rule(rule);
        t.send_every(milliseconds(1), 10'000);
        return t.dropped(DropReason::kRule);
    };
    EXPECT_NEAR(static_cast<double>(run(0.3, 1)), 3000, 150);
    EXPECT_EQ(run(0.3, 1), run(0.3, 1));
    EXPECT_NE(run(0.3, 1), run(0.3, 2));
    EXPECT_EQ(run(0, 1), 0U);
}

TEST(LinkRule, SaysWhatItMeans) {
    const auto reason = [](LinkRule rule, const wire::Packet& packet) {
        const sim::Simulation sim(1);
        LinkRuleState state(rule, "rule");
        state.meet(packet, sim);
        return state.reason();
    };
    EXPECT_EQ(reason(flags("S"), segment(kSyn)), "rule: 1st S");
    LinkRule rule;
    rule.data = true;
    EXPECT_EQ(reason(rule, segment(kAck, 5)), "rule: 1st segment with data");
    EXPECT_EQ(reason(LinkRule{}, segment(kAck)), "rule: 1st packet");
    rule = flags(".");
    rule.data = false;
    EXPECT_EQ(reason(rule, segment(kAck)), "rule: 1st . without data");
    rule = {};
    rule.protocol = IpProtocol::kUdp;
    EXPECT_EQ(reason(rule, udp_packet(LinkBench::kA, LinkBench::kB, 100)),
              "rule: 1st UDP datagram");
    EXPECT_EQ(ordinal(2), "2nd");
    EXPECT_EQ(ordinal(11), "11th");
    EXPECT_EQ(ordinal(112), "112th");
    EXPECT_EQ(ordinal(123), "123rd");
}

TEST(LinkRule, RefusesWhatMakesNoSense) {
    RuleBench t;
    const auto message = [&](const LinkRule& rule) {
        try {
            t.link.add_rule(rule);
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_THAT(message(flags("SA")), HasSubstr("'A' is no flag"));
    LinkRule rule;
    rule.nth = 0;
    EXPECT_THAT(message(rule), HasSubstr("nth is 0"));
    rule = {};
    rule.count = 0;
    EXPECT_THAT(message(rule), HasSubstr("count is 0"));
    rule = {};
    rule.copy = true;
    EXPECT_THAT(message(rule), HasSubstr("copy needs a delay"));
    rule = {};
    rule.delay = -seconds(1);
    EXPECT_THAT(message(rule), HasSubstr("delay is -1s"));
    rule = {};
    rule.probability = 2;
    EXPECT_THAT(message(rule), HasSubstr("probability is 2"));
    rule = {};
    rule.direction = 2;
    EXPECT_THAT(message(rule), HasSubstr("direction is 0"));
    rule = {};
    rule.data = true;
    rule.protocol = IpProtocol::kUdp;
    EXPECT_THAT(message(rule), HasSubstr("are TCP's"));
    rule = {};
    rule.port = PortRange{2, 1};
    EXPECT_THAT(message(rule), HasSubstr("no range"));
    t.send({segment(kSyn)});
    EXPECT_THAT(t.uids(), ElementsAre(0));
}

}  // namespace
}  // namespace netsim::net
