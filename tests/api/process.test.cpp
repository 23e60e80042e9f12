// Processes, descriptors and UDP sockets from C++.
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Processes : public testing::Test {
 protected:
    Network net_;
    HostRef web_ = net_.host("web");
    HostRef user_ = net_.host("user");
    LinkRef link_ = net_.link(web_, user_, {.delay = milliseconds(5)});
};

TEST_F(Processes, TheLowestFreeDescriptorIsNext) {
    ProcessRef p = web_.process({.name = "p"});
    std::vector<Socket> sockets;
    for (int i = 0; i < 300; ++i) {
        sockets.push_back(p.tcp().value());
    }
    const auto fd_of = [&](const Socket& socket) {
        const std::vector<ProcessInfo> processes = web_.processes();
        for (const DescriptorInfo& d : processes.at(0).descriptors) {
            if (d.tcp == socket.id()) {
                return d.fd;
            }
        }
        return -1;
    };
    EXPECT_EQ(fd_of(sockets[0]), 3);
    EXPECT_EQ(fd_of(sockets[299]), 302);
    ASSERT_TRUE(sockets[200].close());
    ASSERT_TRUE(sockets[70].close());
    EXPECT_EQ(fd_of(p.tcp().value()), 73);
    EXPECT_EQ(fd_of(p.tcp().value()), 203);
    EXPECT_EQ(fd_of(p.tcp().value()), 303);
    EXPECT_EQ(web_.processes().at(0).descriptors.size(), 301U);
}

TEST_F(Processes, KillTellsItsProgramOnce) {
    int told = 0;
    ProcessRef p = web_.process({.name = "p"}, [&] { ++told; });
    Socket s = p.tcp().value();
    EXPECT_TRUE(web_.kill(p.pid()));
    EXPECT_FALSE(web_.kill(p.pid()));
    p.kill();
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(p.alive());
    EXPECT_EQ(s.bind({}).error(), Errno::kEBADF);
    EXPECT_THROW(p.tcp(), InputError);
    EXPECT_THROW(p.udp(), InputError);
    ProcessRef q = web_.process({.name = "q"}, [&] { ++told; });
    q.end();
    EXPECT_EQ(told, 1);
    ProcessRef r = web_.process({.name = "r"}, [&] { ++told; });
    web_.power_off();
    EXPECT_EQ(told, 2);
    web_.boot();
    EXPECT_FALSE(r.alive());
    EXPECT_EQ(web_.process({.name = "first again"}).pid(), 301U);
}

TEST_F(Processes, UdpSocketsHaveWatchersAndOwners) {
    ProcessRef p = web_.process({.name = "named"});
    UdpSocket server = p.udp().value();
    ASSERT_TRUE(server.bind({Ipv4{}, 53}));
    std::vector<std::string> got;
    web_.watch(server, [&](unsigned events) {
        EXPECT_EQ(events, poll::kIn);
        const Datagram datagram = server.receive().value();
        got.push_back(datagram.bytes);
        EXPECT_TRUE(server.send_to("pong", datagram.from));
    });
    UdpSocket client = user_.udp().value();
    ASSERT_TRUE(client.connect({web_.address(), 53}));
    ASSERT_TRUE(client.send("ping"));
    net_.run_until(Time(seconds(1)));
    EXPECT_EQ(got, std::vector<std::string>{"ping"});
    EXPECT_EQ(client.poll(), poll::kIn | poll::kOut);
    EXPECT_EQ(client.receive()->bytes, "pong");
    EXPECT_EQ(client.receive().error(), Errno::kEAGAIN);
    ASSERT_EQ(web_.udp_sockets().size(), 1U);
    EXPECT_EQ(web_.udp_sockets()[0].local, (Endpoint{Ipv4{}, 53}));
    EXPECT_EQ(web_.processes().at(0).descriptors.at(0).udp, server.id());
    p.kill();
    EXPECT_TRUE(web_.udp_sockets().empty());
    EXPECT_EQ(server.close().error(), Errno::kEBADF);
}

/// Two clients with clocks apart, seen by one server: what their SYNs' timestamps differ by.
TEST_F(Processes, AClockThatIsAheadShowsInTimestamps) {
    const auto tsval = [](Duration clock, const char* setting) {
        Network net;
        HostRef a = net.host("a");
        HostRef b =
            net.host("b", {.sysctl = {{"net.ipv4.tcp_timestamps", setting}}, .clock = clock});
        net.link(a, b, {.delay = milliseconds(5)});
        std::ostringstream trace;
        net.trace(trace, "syn");
        Socket s = b.tcp().value();
        EXPECT_EQ(s.connect({a.address(), 80}).error(), Errno::kEINPROGRESS);
        net.run_until(Time(seconds(1)));
        const std::string text = trace.str();
        const std::size_t at = text.find("TS val ") + 7;
        return std::stoul(text.substr(at));
    };
    EXPECT_EQ(tsval(Duration{0}, "2"), 1U);
    EXPECT_EQ(tsval(seconds(3), "2"), 3001U);
    EXPECT_EQ(tsval(seconds(-3), "1") + 3000, tsval(Duration{0}, "1"));
}

}  // namespace
}  // namespace netsim
