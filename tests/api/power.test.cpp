// Power of hosts, from C++.
#include <gtest/gtest.h>

#include <chrono>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Power : public testing::Test {
 protected:
    Network net_;
    HostRef web_ = net_.host("web");
    HostRef user_ = net_.host("user");
    LinkRef link_ = net_.link(web_, user_, {.delay = milliseconds(5)});
};

TEST_F(Power, SocketsOfBeforeAreNoneAfterwards) {
    Socket old = web_.tcp().value();
    ASSERT_TRUE(old.bind({Ipv4{}, 80}));
    ASSERT_TRUE(old.listen(5));
    web_.power_off();
    EXPECT_FALSE(web_.is_on());
    EXPECT_EQ(old.listen(5).error(), Errno::kEBADF);
    EXPECT_THROW(web_.tcp(), InputError);
    web_.boot();
    Socket fresh = web_.tcp().value();
    EXPECT_FALSE(fresh.id() == old.id());
    EXPECT_EQ(old.listen(5).error(), Errno::kEBADF);
    ASSERT_TRUE(fresh.bind({Ipv4{}, 80}));
    EXPECT_TRUE(fresh.listen(5));
}

TEST_F(Power, NothingIsLeftOfWhatWasReceivedOrLearnt) {
    web_.serve({.port = 80, .response = 6});
    user_.load("web:80", {.rate = 1000, .response = 6, .stop = Time(seconds(1))});
    net_.run_until(Time(milliseconds(500)));
    int told = 0;
    user_.on_power_off([&] { told += 1; });
    user_.on_boot([&] { told += 10; });
    EXPECT_NE(user_.ss(), Network().host("user").ss());
    user_.power_off();
    user_.boot();
    EXPECT_EQ(told, 11);
    EXPECT_EQ(user_.ss(), Network().host("user").ss());
    for (const auto& [name, value] : user_.counters()) {
        EXPECT_EQ(value, 0U) << name;
    }
    const std::uint64_t handshakes = net_.handshakes();
    EXPECT_GT(handshakes, 400U);
    web_.power_off();
    EXPECT_EQ(net_.handshakes(), handshakes);
}

TEST_F(Power, FromInsideAnEventItWaitsForItsEnd) {
    bool on_then = false;
    user_.at(Time(seconds(1)), [&] {
        user_.power_off();
        on_then = user_.is_on();
    });
    net_.run_until(Time(seconds(1)));
    EXPECT_TRUE(on_then);
    EXPECT_FALSE(user_.is_on());
}

TEST_F(Power, PacketsVanishForOneReason) {
    web_.serve({.port = 80});
    web_.power_off();
    const auto* ping = user_.ping("web", {.count = 3});
    net_.run_until(Time(seconds(5)));
    EXPECT_EQ(ping->received, 0U);
    EXPECT_EQ(web_.dropped(DropReason::kHostOff), 3U);
    EXPECT_EQ(web_.counter("IpInReceives"), 0U);
}

/// New secrets come from a stream of their own: what others draw is as it was.
TEST_F(Power, TheSameRunAgainIsTheSame) {
    const auto digest = [](bool twice) {
        Network net;
        HostRef a = net.host("a");
        HostRef b = net.host("b");
        net.link(a, b, {.delay = milliseconds(5)});
        a.power_off();
        a.boot();
        if (twice) {
            a.power_off();
            a.boot();
        }
        a.serve({.port = 80});
        b.load("a:80", {.rate = 100, .stop = Time(seconds(1))});
        net.run_until(Time(seconds(2)));
        return net.digest();
    };
    EXPECT_EQ(digest(false), digest(false));
    EXPECT_NE(digest(false), digest(true));  // other initial sequence numbers
}

}  // namespace
}  // namespace netsim
