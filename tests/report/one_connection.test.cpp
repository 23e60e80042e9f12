// What is recorded of one connection: segments, states, calls, transitions, exactly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netsim/network.hpp"
#include "report/model.hpp"
#include "tcp/state.hpp"

namespace netsim {
namespace {

using report::Case;
using report::ConnectionView;
using report::Curve;
using report::SegmentView;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

/// "0 S", "1 S.": who sent what.
std::vector<std::string> flags_of(const ConnectionView& one) {
    std::vector<std::string> out;
    for (const SegmentView& segment : one.segments) {
        out.push_back(std::to_string(segment.end) + " " + segment.flags);
    }
    return out;
}

std::vector<std::string> states_of(const ConnectionView& one, std::size_t end) {
    std::vector<std::string> out;
    for (const report::StateStep& step : one.states) {
        if (step.end == end) {
            out.push_back(std::string(step.from) + " > " + std::string(step.to));
        }
    }
    return out;
}

std::uint64_t taken(const Case& one, std::string_view from, std::string_view to) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < one.transitions.size(); ++i) {
        const tcp::Transition& edge = tcp::transitions()[i];
        count += tcp::rfc_name(edge.from) == from && tcp::rfc_name(edge.to) == to
                     ? one.transitions[i]
                     : 0;
    }
    return count;
}

const Curve* curve_of(const Case& one, std::string_view name) {
    for (const Curve& curve : one.series) {
        if (curve.name == name) {
            return &curve;
        }
    }
    return nullptr;
}

class ReportOfOne : public testing::Test {
 protected:
    ReportOfOne() {
        net_.watch_report();
        client_ = std::make_unique<HostRef>(net_.host("client"));
        server_ = std::make_unique<HostRef>(net_.host("server"));
        link_ = std::make_unique<LinkRef>(
            net_.link(*client_, *server_, {.rate_bps = 1'000'000, .delay = milliseconds(10)}));
    }

    void exchange() {
        server_->serve({.port = 80, .backlog = 16, .request = 5, .response = 6});
        client_->load("server:80",
                      {.rate = 1000, .request = 5, .response = 6, .max_connections = 1});
    }

    Network net_;
    std::unique_ptr<HostRef> client_;
    std::unique_ptr<HostRef> server_;
    std::unique_ptr<LinkRef> link_;
};

TEST_F(ReportOfOne, SegmentsStatesAndTransitions) {
    exchange();
    net_.run();
    const auto seen = net_.report();
    ASSERT_EQ(seen->connections.size(), 1U);
    EXPECT_EQ(seen->connections_total, 1U);
    EXPECT_EQ(seen->half_open_from, 0U);
    EXPECT_TRUE(seen->thinned.empty());
    const ConnectionView& one = seen->connections[0];
    EXPECT_EQ(one.id, 1U);
    EXPECT_EQ(one.ends[0].node, 0U);
    EXPECT_EQ(one.ends[1].node, 1U);
    EXPECT_EQ(one.ends[1].endpoint, "10.0.0.2:80");
    EXPECT_EQ(one.outcome, "closed");
    EXPECT_EQ(one.segments_total, one.segments.size());
    EXPECT_EQ(one.segments_first, one.segments.size());
    const std::vector<std::string> flags = flags_of(one);
    ASSERT_GE(flags.size(), 7U);
    EXPECT_EQ(flags[0], "0 S");
    EXPECT_EQ(flags[1], "1 S.");
    EXPECT_EQ(flags[2], "0 .");
    EXPECT_EQ(flags[3], "0 P.");
    EXPECT_THAT(states_of(one, 0), testing::Contains("CLOSED > SYN-SENT"));
    EXPECT_THAT(states_of(one, 0), testing::Contains("SYN-SENT > ESTABLISHED"));
    EXPECT_EQ(states_of(one, 1)[0], "LISTEN > SYN-RECEIVED");
    EXPECT_EQ(states_of(one, 1)[1], "SYN-RECEIVED > ESTABLISHED");
    EXPECT_EQ(taken(*seen, "CLOSED", "SYN-SENT"), 1U);
    EXPECT_EQ(taken(*seen, "LISTEN", "SYN-RECEIVED"), 1U);
    EXPECT_EQ(taken(*seen, "SYN-RECEIVED", "ESTABLISHED"), 1U);
    EXPECT_EQ(taken(*seen, "CLOSED", "LISTEN"), 1U);

    const SegmentView& syn = one.segments[0];
    EXPECT_EQ(syn.rel_seq, 0U);
    EXPECT_FALSE(syn.rel_ack.has_value());
    EXPECT_THAT(syn.options, HasSubstr("mss 1460,sackOK,TS val"));
    EXPECT_FALSE(syn.again);
    // 60 octets at 1 Mbit/s and 10 ms.
    EXPECT_EQ(syn.seen - syn.sent, milliseconds(10) + std::chrono::microseconds(480));
    EXPECT_EQ(one.segments[1].rel_ack, 1U);
    EXPECT_EQ(one.segments[3].length, 5U);
    EXPECT_EQ(one.segments[3].rel_seq, 1U);
}

TEST_F(ReportOfOne, CurvesCountersTopologyAndPackets) {
    exchange();
    net_.run();
    const auto seen = net_.report();
    const Curve* made = curve_of(*seen, "legitimate");
    ASSERT_NE(made, nullptr);
    double handshakes = 0;
    for (const double rate : made->mean) {
        handshakes += rate * made->interval;
    }
    EXPECT_NEAR(handshakes, 1, 0.01);
    const Curve* queue = curve_of(*seen, "server:80 SYN queue");
    ASSERT_NE(queue, nullptr);
    EXPECT_EQ(queue->limit, 17);
    EXPECT_EQ(queue->port, 80);
    EXPECT_EQ(*std::max_element(queue->high.begin(), queue->high.end()), 1);
    ASSERT_NE(curve_of(*seen, "server:80 accept queue"), nullptr);
    EXPECT_EQ(curve_of(*seen, "server:80 accept queue")->limit, 17);
    ASSERT_NE(curve_of(*seen, "client to server load"), nullptr);
    for (const double load : curve_of(*seen, "client to server load")->high) {
        EXPECT_LE(load, 1.0001);
    }

    ASSERT_EQ(seen->nodes.size(), 2U);
    EXPECT_EQ(seen->nodes[0].name, "client");
    EXPECT_TRUE(seen->nodes[0].host);
    EXPECT_EQ(seen->nodes[1].address, "10.0.0.2");
    ASSERT_EQ(seen->links.size(), 1U);
    EXPECT_EQ(seen->links[0].directions[0].rate, 1'000'000U);
    EXPECT_EQ(seen->packets.size(), seen->connections[0].segments_total);
    EXPECT_EQ(seen->packets[0].flags, "S");
    EXPECT_EQ(seen->packets[1].direction, 1U);
    ASSERT_EQ(seen->counters.size(), 2U);
    EXPECT_THAT(seen->counters[1].second,
                testing::Contains(std::pair<std::string, std::uint64_t>("TcpPassiveOpens", 1)));
}

TEST_F(ReportOfOne, NobodyListens) {
    client_->load("server:80", {.rate = 1000, .max_connections = 1});
    net_.run();
    const ConnectionView one = net_.report()->connections.at(0);
    EXPECT_EQ(one.outcome, "refused");
    EXPECT_THAT(flags_of(one), ElementsAre("0 S", "1 R."));
    ASSERT_TRUE(one.segments[0].drop.has_value());
    EXPECT_EQ(one.segments[0].drop->reason, "no socket");
    EXPECT_EQ(one.segments[0].drop->node, 1U);
    EXPECT_NE(one.segments[0].seen, kNever);
    EXPECT_THAT(states_of(one, 0), ElementsAre("CLOSED > SYN-SENT", "SYN-SENT > CLOSED"));
}

TEST_F(ReportOfOne, ALostSynIsSentAgain) {
    exchange();
    link_->add_rule({.flags = {.letters = "S"}});
    net_.run();
    const auto seen = net_.report();
    const ConnectionView& one = seen->connections.at(0);
    EXPECT_EQ(one.segments[0].seen, kNever);
    ASSERT_TRUE(one.segments[0].drop.has_value());
    EXPECT_THAT(one.segments[0].drop->reason, HasSubstr("rule: 1st S"));
    EXPECT_EQ(one.segments[1].flags, "S");
    EXPECT_TRUE(one.segments[1].again);
    EXPECT_TRUE(one.unusual);
    ASSERT_EQ(seen->drops.size(), 1U);
    EXPECT_EQ(seen->drops[0].reason, "drop rule");
    EXPECT_EQ(seen->drops[0].count, 1U);
    EXPECT_EQ(seen->drops[0].link, 0U);
    EXPECT_EQ(seen->drops[0].node, 0U);
    EXPECT_TRUE(seen->packets[0].lost);
}

TEST_F(ReportOfOne, AFirstSynOnItsWayIsOpenASecondOneIsNoAnswer) {
    link_->set_options(0, {.delay = milliseconds(10), .loss = 1});
    client_->load("10.0.0.2:80", {.rate = 1000, .max_connections = 1});
    net_.run_until(Time(milliseconds(500)));
    EXPECT_EQ(net_.report()->connections.at(0).outcome, "open");
    net_.run_until(Time(milliseconds(1500)));
    EXPECT_EQ(net_.report()->connections.at(0).outcome, "no answer");
}

TEST_F(ReportOfOne, SilenceIsNoAnswer) {
    client_->set_sysctl("net.ipv4.tcp_syn_retries", "1");
    link_->set_options(0, {.delay = milliseconds(10), .loss = 1});
    client_->load("10.0.0.2:80", {.rate = 1000, .max_connections = 1});
    net_.run();
    const ConnectionView one = net_.report()->connections.at(0);
    EXPECT_EQ(one.outcome, "no answer");
    // Linear time-outs: at 0, 1 and 2 s; at 3 s one retry's time is over.
    EXPECT_THAT(flags_of(one), ElementsAre("0 S", "0 S", "0 S"));
    EXPECT_EQ(one.segments[1].drop->reason, "loss");
}

TEST_F(ReportOfOne, AConnectionThatStaysIsOpen) {
    server_->sink(9);
    client_->bulk("server:9", {});
    net_.run_until(Time(seconds(5)));
    const auto seen = net_.report();
    const ConnectionView& one = seen->connections.at(0);
    EXPECT_EQ(one.outcome, "open");
    // Long: the first and the last segments, in order, and a note.
    EXPECT_GT(one.segments_total, 500U);
    ASSERT_EQ(one.segments.size(), 80U);
    EXPECT_EQ(one.segments_first, 60U);
    for (std::size_t i = 1; i < one.segments.size(); ++i) {
        EXPECT_GE(one.segments[i].sent, one.segments[i - 1].sent);
    }
    EXPECT_GT(one.segments[60].sent, Time(milliseconds(4500)));
    EXPECT_THAT(seen->thinned, testing::Contains(HasSubstr("the first 60 and the last 20")));
    for (const double load : curve_of(*seen, "client to server load")->high) {
        EXPECT_LE(load, 1.0001);
    }
    EXPECT_GT(curve_of(*seen, "client to server load")->mean.at(100), 0.9);
}

TEST_F(ReportOfOne, CallsStandWithTheirConnection) {
    Socket listener = *server_->tcp();
    ASSERT_TRUE(listener.bind({Ipv4{}, 80}));
    ASSERT_TRUE(listener.listen(4));
    server_->note(listener, "listen(4)");
    Socket socket = *client_->tcp();
    static_cast<void>(socket.connect(net_.resolve("server:80")));
    client_->note(socket, "connect()");
    net_.run_until(Time(milliseconds(100)));
    const ConnectionView one = net_.report()->connections.at(0);
    ASSERT_EQ(one.calls.size(), 2U);
    EXPECT_EQ(one.calls[0].end, 1U);
    EXPECT_EQ(one.calls[0].text, "listen(4)");
    EXPECT_EQ(one.calls[1].end, 0U);
    EXPECT_EQ(one.calls[1].text, "connect()");
}

TEST(ReportBehindNat, BothEndsAreOneConnection) {
    Network net;
    net.watch_report();
    const HostRef inside = net.host("inside");
    const HostRef web = net.host("web");
    RouterRef r = net.router("r");
    net.link(inside, r, {.delay = milliseconds(1)});
    net.link(r, web, {.delay = milliseconds(1)});
    HostRef(web).serve({.port = 80, .request = 5, .response = 6});
    r.nat({.inside = {parse_prefix(to_string(inside.address()) + "/32").value()}});
    HostRef(inside).load("web:80",
                         {.rate = 1000, .request = 5, .response = 6, .max_connections = 1});
    net.run();
    const auto seen = net.report();
    ASSERT_EQ(seen->connections.size(), 1U);
    const ConnectionView& one = seen->connections[0];
    EXPECT_EQ(one.outcome, "closed");
    EXPECT_EQ(states_of(one, 1).front(), "LISTEN > SYN-RECEIVED");
    EXPECT_EQ(flags_of(one)[1], "1 S.");
    EXPECT_EQ(one.segments[1].rel_ack, 1U);
}

}  // namespace
}  // namespace netsim
