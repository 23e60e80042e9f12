// --trace: its filter language and what it prints once.
#include "observe/trace_text.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "netsim/result.hpp"
#include "observe/packets.hpp"

namespace netsim::observe {
namespace {

using namespace testing;  // NOLINT: the helpers of packets.hpp
namespace flag = wire::flag;

const KnownNames& names() {
    static const KnownNames known{{"user", kUser}, {"web", kWeb}, {"r", Ipv4{}}};
    return known;
}

bool matches(std::string_view text, const sim::PacketRecord& record) {
    return PacketFilter(text, names()).matches(record);
}

std::string error_of(std::string_view text) {
    try {
        const PacketFilter filter(text, names());
    } catch (const InputError& e) {
        return e.what();
    }
    return "no error";
}

TEST(PacketFilter, EachWordChooses) {
    const wire::Packet packet = syn(1);
    const sim::PacketRecord r = sent(ms(1), kUserNode, packet);
    for (const char* yes : {"", "  ", "host user", "host 10.0.0.2", "src host user", "src user",
                            "dst web", "dst host web", "port 80", "dst port 80", "src port 40000",
                            "tcp", "syn", "node user", "net 10.0.0.0/8", "src net 10.0.0.1/32"}) {
        EXPECT_TRUE(matches(yes, r)) << yes;
    }
    for (const char* no : {"host 10.0.0.3", "src web", "dst user", "port 81", "src port 80", "udp",
                           "icmp", "fin", "rst", "ack", "data", "drop", "node web", "node r",
                           "net 198.18.0.0/15", "dst net 10.0.0.1/32"}) {
        EXPECT_FALSE(matches(no, r)) << no;
    }
    const wire::Packet data = segment(flag::kAck, 1, 1, 10);
    EXPECT_TRUE(matches("data", sent(ms(1), kUserNode, data)));
    EXPECT_TRUE(matches("ack", sent(ms(1), kUserNode, data)));
    EXPECT_TRUE(matches("drop", dropped(ms(1), kUserNode, data, "loss")));
}

TEST(PacketFilter, AndAndOrHaveEqualRankAsInTcpdump) {
    const wire::Packet packet = syn(1);
    const sim::PacketRecord r = sent(ms(1), kUserNode, packet);
    EXPECT_FALSE(matches("syn or fin and rst", r));
    EXPECT_TRUE(matches("syn or (fin and rst)", r));
    EXPECT_TRUE(matches("not fin and not rst", r));
    EXPECT_TRUE(matches("not (fin or rst)", r));
    EXPECT_TRUE(matches("! fin && (rst || syn)", r));
    EXPECT_FALSE(matches("not not fin", r));
    EXPECT_TRUE(matches("fin or (rst or (data or (syn and (tcp and not (udp or icmp)))))", r));
}

TEST(PacketFilter, MistakesAreToldWithTheirColumn) {
    EXPECT_EQ(
        error_of("tcp and prot 80")
            .find("filter \"tcp and prot 80\", column 9: unknown word \"prot\", did you mean"),
        0U);
    EXPECT_NE(error_of("tcp and prot 80").find("did you mean \"port\""), std::string::npos);
    EXPECT_NE(error_of("host wbe").find("column 6: unknown host \"wbe\", did you mean \"web\""),
              std::string::npos);
    EXPECT_NE(error_of("node wbe").find("column 6: unknown node \"wbe\""), std::string::npos);
    EXPECT_NE(error_of("port htpp").find("column 6: \"htpp\" is no port"), std::string::npos);
    EXPECT_NE(error_of("port 65536").find("column 6: \"65536\" is no port"), std::string::npos);
    EXPECT_NE(error_of("net 10.0.0.1/8").find("column 5: \"10.0.0.1/8\" is no prefix"),
              std::string::npos);
    EXPECT_NE(error_of("port").find("column 5: a port is missing"), std::string::npos);
    EXPECT_NE(error_of("(syn").find("column 5: \")\" is missing"), std::string::npos);
    EXPECT_NE(error_of("syn fin").find("column 5: \"fin\" after a complete filter"),
              std::string::npos);
    EXPECT_NE(error_of("syn and").find("column 8: a condition is missing"), std::string::npos);
    EXPECT_NE(error_of("host r").find("unknown host \"r\""), std::string::npos);
    EXPECT_NE(error_of(std::string(100, '(')).find("nested too deeply"), std::string::npos);
}

/// user sends through r to web; r drops the second.
std::string trace_of_two(std::string_view filter) {
    std::ostringstream out;
    TraceText trace(out, PacketFilter(filter, names()));
    const wire::Packet first = syn(1);
    const wire::Packet second = segment(flag::kRst, 7);
    trace.on_packet(sent(ms(1), kUserNode, first));
    trace.on_packet(received(ms(2), kRouterNode, first));
    trace.on_packet(sent(ms(2), kRouterNode, first));
    trace.on_packet(received(ms(3), kWebNode, first));
    trace.on_packet(sent(ms(4), kUserNode, second));
    trace.on_packet(received(ms(5), kRouterNode, second));
    trace.on_packet(dropped(ms(5), kRouterNode, second, "queue full"));
    return out.str();
}

TEST(TraceText, EachPacketOnceAndEveryDrop) {
    EXPECT_EQ(
        trace_of_two(""),
        "0.001000000 user.eth0 Out IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win "
        "64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10], length 0\n"
        "0.004000000 user.eth0 Out IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [R], seq 7, win "
        "64240, length 0\n"
        "0.005000000 r.eth0 Out IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [R], seq 7, win 64240, "
        "length 0 dropped: queue full\n");
}

TEST(TraceText, AFilterThatNamesANodeShowsWhatHappensThere) {
    EXPECT_EQ(trace_of_two("node r and syn"),
              "0.002000000 r.eth0 In  IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win "
              "64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10], length 0\n"
              "0.002000000 r.eth0 Out IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win "
              "64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10], length 0\n");
}

TEST(TraceText, OnlyDropsWhenAskedForThem) {
    EXPECT_EQ(
        trace_of_two("drop"),
        "0.005000000 r.eth0 Out IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [R], seq 7, win 64240, "
        "length 0 dropped: queue full\n");
}

}  // namespace
}  // namespace netsim::observe
