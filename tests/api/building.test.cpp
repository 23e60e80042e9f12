// Building a network: names, addresses, targets, and all that is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& f) {
    try {
        f();
    } catch (const InputError& e) {
        return e.what();
    }
    return "accepted";
}

TEST(Building, AddressesInOrderSkippingThoseTaken) {
    Network net({.seed = 1, .addresses = *parse_prefix("192.0.2.0/29")});
    EXPECT_EQ(to_string(net.host("a", {.address = ipv4(192, 0, 2, 2)}).address()), "192.0.2.2");
    EXPECT_EQ(to_string(net.host("b").address()), "192.0.2.1");
    EXPECT_EQ(to_string(net.router("r").address()), "192.0.2.3");
    EXPECT_EQ(to_string(net.host("c").address()), "192.0.2.4");
    net.host("d");
    net.host("e");
    EXPECT_THAT(refusal([&] { net.host("f"); }),
                HasSubstr("address space exhausted: 192.0.2.0/29"));
    EXPECT_EQ(net.hosts().size(), 5U) << "the refused one is not there";
}

TEST(Building, NodesKnowThemselves) {
    Network net;
    const HostRef web = net.host("web");
    const RouterRef r = net.router("r");
    const LinkRef link = net.link(web, r, {.delay = milliseconds(5)}, {.delay = milliseconds(7)});
    EXPECT_EQ(web.name(), "web");
    EXPECT_TRUE(web.is_host());
    EXPECT_FALSE(r.is_host());
    EXPECT_EQ(link.name(), "web-r");
    EXPECT_EQ(link.a().name(), "web");
    EXPECT_EQ(link.b().name(), "r");
    EXPECT_EQ(link.options(0).delay, milliseconds(5));
    EXPECT_EQ(link.options(1).delay, milliseconds(7));
    EXPECT_TRUE(link.up());
    EXPECT_EQ(net.node("r").id(), r.id());
    EXPECT_EQ(net.host_named("web").address(), web.address());
    EXPECT_EQ(net.links().size(), 1U);
    EXPECT_EQ(net.routers().size(), 1U);
}

TEST(Building, NamesThatAreRefused) {
    Network net;
    net.host("web");
    EXPECT_THAT(refusal([&] { net.host("web"); }), HasSubstr("'web' already"));
    EXPECT_THAT(refusal([&] { net.router("web"); }), HasSubstr("'web' already"));
    EXPECT_THAT(refusal([&] { net.host(""); }), HasSubstr("needs a name"));
    EXPECT_THAT(refusal([&] { net.host("a:b"); }), HasSubstr("no ':'"));
    EXPECT_THAT(refusal([&] { net.host("a\nb"); }), HasSubstr("control"));
    EXPECT_THAT(refusal([&] { net.host(" a"); }), HasSubstr("blank"));
}

TEST(Building, AddressesThatAreRefused) {
    Network net;
    net.host("a", {.address = ipv4(10, 9, 9, 9)});
    EXPECT_THAT(refusal([&] { net.host("b", {.address = ipv4(10, 9, 9, 9)}); }),
                HasSubstr("is the address of 'a' already"));
    EXPECT_THAT(refusal([&] { net.host("b", {.address = ipv4(224, 0, 0, 1)}); }),
                HasSubstr("cannot be a node's address"));
    EXPECT_THAT(refusal([&] { net.host("b", {.address = Ipv4{}}); }), HasSubstr("cannot be"));
}

TEST(Building, SysctlsOfANewHost) {
    Network net;
    const HostRef web = net.host("web", {.sysctl = {{"net.ipv4.tcp_syncookies", "0"}}});
    EXPECT_EQ(web.sysctl("net.ipv4.tcp_syncookies"), "0");
    EXPECT_THAT(refusal([&] {
                    net.host("b", {.sysctl = {{"net.ipv4.tcp_syncookie", "0"}}});
                }),
                testing::AllOf(HasSubstr("host 'b'"), HasSubstr("net.ipv4.tcp_syncookies")));
    EXPECT_THAT(refusal([&] {
                    net.host("b", {.sysctl = {{"net.ipv4.tcp_syncookies", "7"}}});
                }),
                HasSubstr("0..2"));
    EXPECT_NO_THROW(net.host("b")) << "a refused host leaves its name free";
    EXPECT_THAT(refusal([&] { static_cast<void>(web.sysctl("net.ipv4.tcp_sack2")); }),
                HasSubstr("did you mean \"net.ipv4.tcp_sack\"?"));
}

TEST(Building, UnknownNodes) {
    Network net;
    net.host("web");
    net.router("core");
    EXPECT_THAT(refusal([&] { net.node("wbe"); }), HasSubstr("did you mean \"web\"?"));
    EXPECT_THAT(refusal([&] { net.host_named("core"); }), HasSubstr("is a router"));
}

TEST(Building, Targets) {
    Network net;
    const HostRef web = net.host("web");
    EXPECT_EQ(net.resolve("web:80"), (Endpoint{web.address(), 80}));
    EXPECT_EQ(net.resolve("10.1.2.3:8080"), (Endpoint{ipv4(10, 1, 2, 3), 8080}));
    EXPECT_THAT(refusal([&] { net.resolve("web"); }), HasSubstr("has no port"));
    EXPECT_THAT(refusal([&] { net.resolve("web:0"); }), HasSubstr("1 to 65535"));
    EXPECT_THAT(refusal([&] { net.resolve("web:65536"); }), HasSubstr("1 to 65535"));
    EXPECT_THAT(refusal([&] { net.resolve("web:http"); }), HasSubstr("1 to 65535"));
    EXPECT_THAT(refusal([&] { net.resolve("webb:80"); }), HasSubstr("did you mean \"web\"?"));
}

TEST(Building, LinksThatAreRefused) {
    Network net;
    Network other;
    const HostRef a = net.host("a");
    const HostRef b = net.host("b");
    const HostRef foreign = other.host("c");
    EXPECT_THAT(refusal([&] { net.link(a, a, {}); }), HasSubstr("a-a"));
    EXPECT_THAT(refusal([&] { net.link(a, b, {.rate_bps = 0}); }), HasSubstr("link a-b"));
    EXPECT_THAT(refusal([&] { net.link(a, b, {.delay = milliseconds(-1)}); }), HasSubstr("delay"));
    EXPECT_THAT(refusal([&] { net.link(a, b, {.loss = 1.5}); }), HasSubstr("loss"));
    EXPECT_THAT(refusal([&] { net.link(a, foreign, {}); }), HasSubstr("another network"));
    EXPECT_TRUE(net.links().empty());
}

TEST(Building, DisconnectedNetworksAreRefusedByName) {
    Network net;
    const HostRef a = net.host("a");
    const HostRef b = net.host("b");
    net.link(a, b, {});
    net.host("island");
    EXPECT_THAT(refusal([&] { net.run_until(Time(seconds(1))); }), HasSubstr("island"));
}

TEST(Building, RoutesByHandNeedANeighbour) {
    Network net;
    HostRef a = net.host("a");
    const HostRef b = net.host("b");
    const RouterRef r = net.router("r");
    net.link(a, r, {});
    net.link(b, r, {});
    EXPECT_THAT(refusal([&] { a.route(*parse_prefix("10.9.0.0/16"), b); }),
                HasSubstr("no link to 'b'"));
    EXPECT_NO_THROW(a.route(*parse_prefix("10.9.0.0/16"), r));
}

TEST(Building, TopologiesByNameAndFromFiles) {
    Network net;
    const TopologyResult star = net.generate("star", {.parameters = {{"hosts", 4}}});
    EXPECT_EQ(star.hosts.size(), 4U);
    EXPECT_EQ(star.routers.size(), 1U);
    EXPECT_EQ(star.links.size(), 4U);
    EXPECT_NO_THROW(net.run_until(Time(seconds(1))));
    EXPECT_THAT(refusal([&] { net.generate("start"); }), HasSubstr("star"));
    const std::size_t before = net.hosts().size();
    EXPECT_THAT(refusal([&] {
                    net.generate("star", {.parameters = {{"hosts", 4}}});
                }),
                HasSubstr("already"));
    EXPECT_EQ(net.hosts().size(), before) << "nothing half-built";
    EXPECT_NO_THROW(net.generate("star", {.parameters = {{"hosts", 4}}, .prefix = "second-"}));
    EXPECT_THAT(refusal([&] { net.load_topology("/nonexistent/x.graphml"); }),
                HasSubstr("x.graphml"));
}

}  // namespace
}  // namespace netsim
