// Segments made by hand and packets seen on their way.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// client -- r -- server, with mallory at r.
struct Path {
    Network net;
    HostRef client = net.host("client");
    HostRef server = net.host("server");
    HostRef mallory = net.host("mallory");
    RouterRef r = net.router("r");

    Path() {
        LinkOptions link;
        link.delay = milliseconds(1);
        for (const HostRef& host : {client, server, mallory}) {
            net.link(host, r, link);
        }
    }
};

ForgedSegment segment(Endpoint from, Endpoint to, std::string flags) {
    ForgedSegment made;
    made.source = from;
    made.destination = to;
    made.flags = std::move(flags);
    return made;
}

TEST(Segments, ASynByHandIsAnsweredToWhoItSaysItIs) {
    Path path;
    path.server.serve({});
    std::vector<std::string> at_client;
    path.client.sniff("tcp", [&](const SeenPacket& packet) { at_client.push_back(packet.flags); });
    ForgedSegment syn =
        segment(path.net.resolve("client:1234"), path.net.resolve("server:80"), "S");
    syn.seq = 4000000000U;
    path.client.at(Time{milliseconds(5)}, [&] { EXPECT_TRUE(path.mallory.send_segment(syn)); });
    path.net.run_until(Time{milliseconds(100)});
    // The client knows of no such connection: RFC 9293 §3.10.7.3.
    EXPECT_EQ(at_client, (std::vector<std::string>{"S.", "R"}));
}

TEST(Segments, ARouterSeesEachPacketOnceWithItsNumbers) {
    Path path;
    path.server.serve({});
    std::vector<SeenPacket> seen;
    path.r.sniff("src host mallory", [&](const SeenPacket& packet) { seen.push_back(packet); });
    ForgedSegment data =
        segment(path.net.resolve("mallory:9"), path.net.resolve("server:80"), "P.");
    data.seq = 7;
    data.ack = 9;
    data.window = 77;
    data.ttl = 12;
    data.tsval = 5;
    data.data = "hello";
    path.mallory.send_segment(data);
    path.net.run_until(Time{milliseconds(100)});
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].flags, "P.");
    EXPECT_EQ(seen[0].seq, 7U);
    EXPECT_EQ(seen[0].ack, 9U);
    EXPECT_EQ(seen[0].window, 77U);
    EXPECT_EQ(seen[0].ttl, 12U);
    EXPECT_EQ(seen[0].length, 5U);
    EXPECT_EQ(seen[0].tsval, 5U);
    EXPECT_EQ(seen[0].destination_port, 80U);
    EXPECT_EQ(seen[0].at, Time{milliseconds(1)});
}

TEST(Segments, WhoSeesAPacketMayAnswerItInTime) {
    Path path;
    path.server.serve({});
    path.r.sniff("src host client and syn", [&](const SeenPacket& packet) {
        ForgedSegment reset = segment({packet.destination, packet.destination_port},
                                      {packet.source, packet.source_port}, "R.");
        reset.ack = packet.seq + 1;
        path.mallory.send_segment(reset);
    });
    LoadOptions one;
    one.rate = 1;
    one.max_connections = 1;
    one.spacing = Spacing::kFixed;
    const auto* load = path.client.load("server:80", one);
    path.net.run_until(Time{seconds(3)});
    EXPECT_EQ(load->attempts, 1U);
    EXPECT_EQ(load->connected, 0U);  // the RST came first, or the SYN-ACK found nobody
}

TEST(Segments, AnUnknownFlagOrTooMuchDataIsAnError) {
    Path path;
    ForgedSegment wrong = segment(path.net.resolve("client:1"), path.net.resolve("server:80"), "X");
    EXPECT_THROW(path.mallory.send_segment(wrong), InputError);
    wrong.flags = "P.";
    wrong.data = std::string(1461, 'x');
    EXPECT_THROW(path.mallory.send_segment(wrong), InputError);
    EXPECT_THROW(path.r.sniff("no such word", [](const SeenPacket&) {}), InputError);
}

// RFC 793, page 71: "If the SYN is in the window it is an error, send a reset".
TEST(Segments, WithoutChallengesASynInTheWindowIsAnsweredWithRst) {
    Path path;
    HostOptions old;
    old.without.add(LessonRule::kChallengeAck);
    old.sysctl = {{"net.ipv4.tcp_timestamps", "0"}};
    HostRef server = path.net.host("old", old);
    path.net.link(server, path.r, {});
    server.serve({.request = 10});
    std::vector<std::string> to_client;
    path.r.sniff("src host old and tcp", [&](const SeenPacket& packet) {
        to_client.push_back(packet.flags);
        if (packet.flags != "S.") {
            return;
        }
        ForgedSegment syn = segment({packet.destination, packet.destination_port},
                                    {packet.source, packet.source_port}, "S");
        syn.seq = packet.ack + 1000;
        path.client.at(Time{seconds(1)}, [&path, syn] { path.mallory.send_segment(syn); });
    });
    LoadOptions one;
    one.rate = 1;
    one.max_connections = 1;
    one.spacing = Spacing::kFixed;
    one.hold = seconds(10);
    one.request = 5;
    path.client.load("old:80", one);
    path.net.run_until(Time{seconds(3)});
    EXPECT_EQ(to_client, (std::vector<std::string>{"S.", "R."}));
    EXPECT_EQ(server.sockets("established"), 0U);
}

}  // namespace
}  // namespace netsim
