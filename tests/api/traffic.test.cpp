// Traffic through a router: loads, bulk transfers, pings, sockets, cut links.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Star : public testing::Test {
 protected:
    Network net_;
    HostRef web_ = net_.host("web");
    HostRef user_ = net_.host("user");
    RouterRef r_ = net_.router("r");
    LinkRef web_link_ = net_.link(web_, r_, {.rate_bps = 1'000'000'000, .delay = milliseconds(5)});
    LinkRef user_link_ =
        net_.link(user_, r_, {.rate_bps = 1'000'000'000, .delay = milliseconds(5)});
};

TEST_F(Star, OpenLoopLoad) {
    const auto* server = web_.serve({.port = 80, .request = 100, .response = 6});
    const auto* load = user_.load(
        "web:80", {.rate = 1000, .request = 100, .response = 6, .stop = Time(seconds(5))});
    const RunResult run = net_.run_until(Time(seconds(7)));
    EXPECT_EQ(run.reason, "until");
    EXPECT_EQ(run.now, Time(seconds(7)));
    EXPECT_GT(run.events, 0U);
    EXPECT_NEAR(static_cast<double>(load->attempts), 5000, 250);
    EXPECT_EQ(load->completed, load->attempts);
    EXPECT_EQ(server->served, load->attempts);
    EXPECT_EQ(net_.handshakes(), load->attempts);
    EXPECT_GE(load->connect_ns.at(0), 20'000'000);
    EXPECT_LT(load->connect_ns.at(0), 20'100'000);
    EXPECT_EQ(web_.integrity_violations(), 0U);
    EXPECT_EQ(web_link_.stats(0).dropped_total(), 0U);
    EXPECT_GT(web_link_.stats(1).delivered_packets, 4U * load->attempts);
}

// A router alone knows its own hosts; what it does not know it refuses (RFC 1812 §4.3.3.1).
TEST(OneRouter, AnUnknownDestinationIsUnreachable) {
    Network net;
    HostRef host = net.host("host");
    net.link(host, net.router("r"), {.delay = milliseconds(5)});
    Socket socket = host.tcp().value();
    EXPECT_EQ(socket.connect({ipv4(203, 0, 113, 1), 80}).error(), Errno::kEINPROGRESS);
    net.run_until(Time(milliseconds(20)));
    EXPECT_EQ(socket.get_option(SocketOption::kSO_ERROR),
              static_cast<std::int64_t>(Errno::kENETUNREACH));
}

TEST_F(Star, ClosedLoopLoad) {
    web_.serve({.port = 80, .request = 100, .response = 6});
    const auto* load = user_.load("web:80", {.users = 50,
                                             .think = milliseconds(100),
                                             .request = 100,
                                             .response = 6,
                                             .stop = Time(seconds(20))});
    net_.run_until(Time(seconds(30)));
    // One round: connect 20 ms, exchange 20 ms, think 100 ms on average.
    EXPECT_NEAR(static_cast<double>(load->completed), 50 * 20 / 0.14, 0.05 * 50 * 20 / 0.14);
    EXPECT_EQ(load->completed, load->attempts);
}

TEST_F(Star, BulkArrivesWhole) {
    const auto* sink = web_.sink(9);
    const auto* bulk = user_.bulk("web:9", {.bytes = 20'000'000});
    net_.run_until(Time(seconds(60)));
    EXPECT_EQ(sink->bytes_received, 20'000'000U);
    EXPECT_EQ(bulk->bytes_acked, 20'000'000U);
    EXPECT_LT(bulk->finished, Time(seconds(60)));
    EXPECT_EQ(web_.integrity_violations(), 0U);
}

TEST_F(Star, Ping) {
    const auto* near = user_.ping("web", {.count = 2});
    const auto* short_lived = user_.ping("web", {.count = 1, .ttl = 1});
    net_.run_until(Time(seconds(5)));
    EXPECT_EQ(near->received, 2U);
    EXPECT_GE(near->replies.at(0).rtt, milliseconds(20));
    EXPECT_EQ(near->replies.at(0).ttl, 63) << "one router on the way back";
    ASSERT_EQ(short_lived->replies.size(), 1U);
    EXPECT_EQ(short_lived->replies[0].what, "Time to live exceeded");
    EXPECT_EQ(short_lived->replies[0].from, r_.address());
    EXPECT_EQ(short_lived->received, 0U);
}

TEST_F(Star, SocketsAndWatchers) {
    Socket listener = *web_.tcp();
    ASSERT_TRUE(listener.bind({Ipv4{}, 80}));
    ASSERT_TRUE(listener.listen(5));
    std::string heard;
    Socket served;
    web_.watch(listener, [&](unsigned events) {
        EXPECT_NE(events & poll::kIn, 0U);
        served = *listener.accept();
        web_.watch(served, [&](unsigned) {
            if (const Result<std::string> text = served.receive(100); text && !text->empty()) {
                heard += *text;
                EXPECT_EQ(*served.send("hello, " + heard), 7 + heard.size());
            }
        });
    });
    Socket client = *user_.tcp();
    EXPECT_EQ(client.connect({web_.address(), 80}).error(), Errno::kEINPROGRESS);
    std::string answer;
    bool said = false;
    user_.watch(client, [&](unsigned) {
        if (!said && (client.poll() & poll::kOut) != 0) {
            said = true;
            EXPECT_EQ(*client.send("world"), 5U);
        }
        if (const Result<std::string> text = client.receive(100); text) {
            answer += *text;
        }
    });
    net_.run_until(Time(seconds(1)));
    EXPECT_EQ(heard, "world");
    EXPECT_EQ(answer, "hello, world");
    EXPECT_EQ(client.remote()->port, 80);
    user_.watch(client, nullptr);
    ASSERT_TRUE(served.send("more"));
    net_.run_until(Time(seconds(2)));
    EXPECT_EQ(answer, "hello, world") << "nobody watches any more";
    EXPECT_EQ(*client.receive(100), "more");
}

TEST(Sockets, ADefaultOneIsABadDescriptor) {
    Socket none;
    EXPECT_FALSE(none);
    EXPECT_EQ(none.listen(1).error(), Errno::kEBADF);
    EXPECT_EQ(none.accept().error(), Errno::kEBADF);
    EXPECT_EQ(none.close().error(), Errno::kEBADF);
}

TEST_F(Star, CallsAtATime) {
    std::vector<Time> times;
    web_.at(Time(seconds(2)), [&] { times.push_back(net_.now()); });
    web_.at(Time(seconds(1)), [&] {
        times.push_back(net_.now());
        web_.at(net_.now(), [&] { times.push_back(net_.now()); });
    });
    net_.run_until(Time(seconds(3)));
    EXPECT_EQ(times, (std::vector<Time>{Time(seconds(1)), Time(seconds(1)), Time(seconds(2))}));
    EXPECT_THROW(web_.at(Time(seconds(1)), [] {}), InputError) << "that is past";
}

TEST_F(Star, StopEndsTheRun) {
    web_.at(Time(seconds(1)), [&] { net_.stop(); });
    web_.at(Time(seconds(2)), [] {});
    const RunResult run = net_.run();
    EXPECT_EQ(run.reason, "stopped");
    EXPECT_EQ(run.now, Time(seconds(1)));
    EXPECT_EQ(net_.run().reason, "idle");
}

TEST_F(Star, EventLimit) {
    web_.serve({.port = 80});
    user_.load("web:80", {.rate = 1000});
    const RunResult run = net_.run_until(Time(seconds(100)), {.events_max = 500});
    EXPECT_EQ(run.reason, "events");
    EXPECT_EQ(run.events, 500U);
}

TEST_F(Star, InterruptEndsTheRun) {
    web_.at(Time(seconds(1)), [&] { net_.interrupt(); });
    web_.at(Time(seconds(2)), [] {});
    EXPECT_EQ(net_.run().reason, "interrupted");
}

TEST_F(Star, ACutLinkLosesWhatIsOnItAndComesBack) {
    web_.serve({.port = 80, .response = 6});
    const auto* load = user_.load(
        "web:80",
        {.rate = 100, .spacing = Spacing::kFixed, .response = 6, .stop = Time(seconds(10))});
    web_link_.set_up_at(Time(seconds(3)), false);
    web_link_.set_up_at(Time(seconds(5)), true);
    net_.run_until(Time(seconds(4)));
    EXPECT_FALSE(web_link_.up());
    net_.run_until(Time(seconds(60)));
    EXPECT_TRUE(web_link_.up());
    EXPECT_EQ(load->attempts, 1000U);
    EXPECT_GT(load->completed, 780U);
    EXPECT_LT(load->first_syn_connected, 810U);
}

TEST(Routing, AroundACutLink) {
    Network net;
    HostRef a = net.host("a");
    const HostRef b = net.host("b");
    const RouterRef x = net.router("x");
    const RouterRef y = net.router("y");
    const RouterRef z = net.router("z");
    net.link(a, x, {.delay = milliseconds(1)});
    net.link(b, y, {.delay = milliseconds(1)});
    LinkRef direct = net.link(x, y, {.delay = milliseconds(1)});
    net.link(x, z, {.delay = milliseconds(10)});
    net.link(z, y, {.delay = milliseconds(10)});
    const auto* ping = a.ping("b", {.count = 3});
    direct.set_up_at(Time(milliseconds(1500)), false);
    net.run_until(Time(seconds(5)));
    ASSERT_EQ(ping->received, 3U);
    EXPECT_EQ(ping->replies[0].rtt, milliseconds(6));
    EXPECT_EQ(ping->replies[1].rtt, milliseconds(6));
    EXPECT_EQ(ping->replies[2].rtt, milliseconds(44));
    EXPECT_EQ(ping->replies[2].ttl, 61);
}

TEST_F(Star, TargetsAndOptionsThatAreRefused) {
    EXPECT_THROW(user_.load("wbe:80", {.rate = 1}), InputError);
    EXPECT_THROW(user_.load("web", {.rate = 1}), InputError);
    EXPECT_THROW(user_.load("web:80", {}), InputError);
    EXPECT_THROW(user_.synflood("web:80", {.rate = 0}), InputError);
    EXPECT_THROW(user_.ping("nobody", {}), InputError);
    EXPECT_THROW(static_cast<void>(web_.counter("TcpExtListenOverflow")), InputError);
    EXPECT_THROW(web_link_.set_options(2, {}), InputError);
    EXPECT_THROW(web_link_.set_options(0, {.loss = 2}), InputError);
    web_.serve({.port = 80});
    EXPECT_THROW(web_.serve({.port = 80}), InputError);
    EXPECT_THROW(net_.record("x", Duration{0}, [] { return 0.0; }), InputError);
}

}  // namespace
}  // namespace netsim
