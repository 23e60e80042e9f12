// Golden lines: what tcpdump 4.99 prints for the same packets (checked against it where installed).
#include "observe/tcpdump.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>

#include "netsim/rng.hpp"
#include "observe/packets.hpp"
#include "observe/pcapng_writer.hpp"
#include "wire/random_packet.hpp"

namespace netsim::observe {
namespace {

using namespace testing;  // NOLINT: the helpers of packets.hpp
namespace flag = wire::flag;
namespace option = wire::option;

TEST(Tcpdump, SynWithALinuxClientsOptions) {
    TcpdumpText text;
    const wire::Packet packet = syn(123);
    EXPECT_EQ(text.line(sent(ms(10), kUserNode, packet), false),
              "0.010000000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 123, win 64240, options "
              "[mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10], length 0");
}

TEST(Tcpdump, NumbersAreRelativeAfterTheHandshake) {
    TcpdumpText text;
    text.packet(syn(1000));
    EXPECT_EQ(text.packet(syn_ack(4'000'000'000, 1001)),
              "IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [S.], seq 4000000000, ack 1001, win 65160, "
              "options [mss 1460,sackOK,TS val 1 ecr 1,nop,wscale 10], length 0");
    EXPECT_EQ(text.packet(segment(flag::kAck, 1001, 4'000'000'001)),
              "IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [.], ack 1, win 64240, length 0");
    EXPECT_EQ(text.packet(segment(flag::kAck | flag::kPsh, 1001, 4'000'000'001, 100)),
              "IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [P.], seq 1:101, ack 1, win 64240, length "
              "100");
    wire::Packet sack = turned(segment(flag::kAck, 4'000'000'001, 1001));
    sack.tcp.options = option::kSack;
    sack.tcp.sack_count = 1;
    sack.tcp.sack.at(0) = wire::SeqRange{wire::SeqNum(1101), wire::SeqNum(1201)};
    EXPECT_EQ(
        text.packet(sack),
        "IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [.], ack 1, win 64240, options [nop,nop,sack 1 "
        "{101:201}], length 0");
    EXPECT_EQ(text.packet(segment(flag::kFin | flag::kAck, 1101, 4'000'000'001)),
              "IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [F.], seq 101, ack 1, win 64240, length 0");
}

TEST(Tcpdump, AbsoluteNumbersOnDemand) {
    TcpdumpText text(true);
    text.packet(syn_ack(5000, 1001));
    EXPECT_EQ(text.packet(segment(flag::kAck | flag::kPsh, 1001, 5001, 100)),
              "IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [P.], seq 1001:1101, ack 5001, win 64240, "
              "length 100");
}

TEST(Tcpdump, ResetWithoutAckIsAbsolute) {
    TcpdumpText text;
    text.packet(syn_ack(5000, 1001));
    EXPECT_EQ(text.packet(segment(flag::kRst, 1001)),
              "IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [R], seq 1001, win 64240, length 0");
}

TEST(Tcpdump, InterfacesAndDirectionsAsWithAny) {
    TcpdumpText text;
    const wire::Packet packet = segment(flag::kRst, 7);
    EXPECT_EQ(text.line(sent(ms(1), kUserNode, packet), true).substr(0, 32),
              "0.001000000 user.eth0 Out IP 10.");
    EXPECT_EQ(text.line(received(ms(2), kWebNode, packet), true).substr(0, 31),
              "0.002000000 web.eth0 In  IP 10.");
}

TEST(Tcpdump, ADropIsInboundWhereTheNodeHadReceivedThePacket) {
    TcpdumpText text;
    const wire::Packet packet = segment(flag::kRst, 7);
    const auto direction = [&](sim::NodeId node, std::string_view reason) {
        const std::string line = text.line(dropped(ms(1), node, packet, reason), true);
        return line.substr(line.find("eth0") + 5, 3);
    };
    EXPECT_EQ(direction(kWebNode, "TCPReqQFullDrop"), "In ");
    EXPECT_EQ(direction(kRouterNode, "no route"), "In ");
    EXPECT_EQ(direction(kRouterNode, "queue full"), "Out");
    EXPECT_EQ(direction(kUserNode, "no route"), "Out");
}

TEST(Tcpdump, DropsSayWhy) {
    TcpdumpText text;
    const wire::Packet packet = segment(flag::kRst, 7);
    EXPECT_EQ(text.line(dropped(at_ns(12'000'000'345), kUserNode, packet, "queue full"), false),
              "12.000000345 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [R], seq 7, win 64240, length 0 "
              "dropped: queue full");
}

wire::Packet icmp_error(std::uint8_t type, std::uint8_t code, std::uint16_t mtu = 0) {
    wire::Packet packet{};
    packet.source = ipv4(10, 0, 0, 9);
    packet.destination = kUser;
    packet.protocol = wire::Protocol::kIcmp;
    packet.icmp = wire::IcmpHeader{};
    packet.icmp.type = type;
    packet.icmp.code = code;
    packet.icmp.mtu = mtu;
    packet.icmp.quoted.source = kUser;
    packet.icmp.quoted.destination = kWeb;
    packet.icmp.quoted.source_port = 40000;
    packet.icmp.quoted.destination_port = 80;
    packet.icmp.quoted.total_length = 60;
    packet.icmp.quoted.ttl = 61;
    return packet;
}

TEST(Tcpdump, IcmpErrorsSayWhatTheyAreAbout) {
    TcpdumpText text;
    const std::array<std::pair<wire::Packet, const char*>, 7> cases{{
        {icmp_error(3, 0), "net 10.0.0.2 unreachable"},
        {icmp_error(3, 1), "host 10.0.0.2 unreachable"},
        {icmp_error(3, 2), "10.0.0.2 protocol 6 unreachable"},
        {icmp_error(3, 3), "10.0.0.2 tcp port 80 unreachable"},
        {icmp_error(3, 4, 1400), "10.0.0.2 unreachable - need to frag (mtu 1400)"},
        {icmp_error(3, 13), "host 10.0.0.2 unreachable - admin prohibited filter"},
        {icmp_error(11, 0), "time exceeded in-transit"},
    }};
    for (const auto& [packet, words] : cases) {
        EXPECT_EQ(text.packet(packet),
                  std::string("IP 10.0.0.9 > 10.0.0.1: ICMP ") + words + ", length 36");
    }
}

TEST(Tcpdump, EchoAndUdp) {
    TcpdumpText text;
    wire::Packet echo = icmp_error(8, 0);
    echo.icmp.echo_id = 7;
    echo.icmp.echo_seq = 1;
    echo.icmp.echo_length = 56;
    EXPECT_EQ(text.packet(echo),
              "IP 10.0.0.9 > 10.0.0.1: ICMP echo request, id 7, seq 1, length 64");
    wire::Packet udp{};
    udp.source = kUser;
    udp.destination = kWeb;
    udp.protocol = wire::Protocol::kUdp;
    udp.udp = wire::UdpHeader{5000, 6000, wire::PayloadRef{.offset = 0, .stream = 0, .length = 9}};
    EXPECT_EQ(text.packet(udp), "IP 10.0.0.1.5000 > 10.0.0.2.6000: UDP, length 9");
}

TEST(Tcpdump, AFloodDoesNotGrowItsMemoryWithoutEnd) {
    TcpdumpText text;
    text.packet(syn_ack(5000, 1001));
    wire::Packet packet = syn_ack(1, 2);
    for (std::uint32_t i = 0; i < 70000; ++i) {
        packet.destination.bits = 0xc6120000U + i;
        text.packet(packet);
    }
    // The first connection was forgotten: its next packet is absolute again.
    EXPECT_EQ(text.packet(segment(flag::kAck, 1001, 5001)),
              "IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [.], ack 5001, win 64240, length 0");
}

/// Runs NETSIM_TCPDUMP or tcpdump on a capture; empty if there is none.
std::vector<std::string> real_tcpdump(const std::string& file) {
    const char* const chosen = std::getenv("NETSIM_TCPDUMP");  // NOLINT: tests have one thread
    const std::string command = std::string(chosen != nullptr ? chosen : "tcpdump") + " -n -r '" +
                                file + "' -tt --nano 2>/dev/null";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                               ::pclose);
    std::vector<std::string> lines;
    std::array<char, 4096> line{};
    while (std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
        lines.emplace_back(line.data());
        lines.back().erase(lines.back().find_last_not_of("\r\n") + 1);
    }
    return lines;
}

/// A port tcpdump has no dissector for.
void use_quiet_ports(wire::Packet& packet, Rng& rng) {
    const auto port = [&] { return static_cast<std::uint16_t>(40000 + rng.below(4)); };
    if (packet.protocol == wire::Protocol::kTcp) {
        packet.tcp.source_port = port();
        packet.tcp.destination_port = port();
        packet.tcp.flags &= 0xffU;  // 4.99.3 has no word for AE
    } else if (packet.protocol == wire::Protocol::kUdp) {
        packet.udp.source_port = port();
        packet.udp.destination_port = port();
    } else if (packet.icmp.type != wire::icmp::kEchoRequest) {
        const unsigned codes = packet.icmp.type == wire::icmp::kTimeExceeded ? 1 : 5;
        packet.icmp.code = static_cast<std::uint8_t>(packet.icmp.code % codes);
        packet.icmp.quoted.source_port = port();
        packet.icmp.quoted.destination_port = port();
    }
}

TEST(Tcpdump, SaysWhatTheRealOneSaysOfRandomPackets) {
    const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                       ("netsim-tcpdump-" + std::to_string(::getpid()) + ".pcapng");
    Rng rng(11, "tests/tcpdump");
    TcpdumpText text;
    std::vector<std::string> ours;
    {
        PcapngWriter writer(file, nullptr);
        for (int i = 0; i < 2000; ++i) {
            wire::Packet packet = wire::testing::random_packet(rng);
            packet.source = ipv4(10, 0, 0, 1 + static_cast<unsigned>(rng.below(2)));
            packet.destination = ipv4(10, 0, 0, 1 + static_cast<unsigned>(rng.below(2)));
            use_quiet_ports(packet, rng);
            const sim::PacketRecord r = sent(at_ns(i), kUserNode, packet);
            writer.on_packet(r);
            ours.push_back(text.line(r, false));
        }
        writer.finish();
    }
    const std::vector<std::string> theirs = real_tcpdump(file);
    std::filesystem::remove(file);
    if (theirs.empty()) {
        std::cerr
            << "\n*** NOTICE: tcpdump is not installed: only golden lines are checked ***\n\n";
        GTEST_SKIP() << "tcpdump is not installed (packages.txt)";
    }
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        ASSERT_EQ(ours[i], theirs[i]);
    }
}

}  // namespace
}  // namespace netsim::observe
