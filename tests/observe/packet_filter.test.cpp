// The filter language beside tcpdump's own: what a real tcpdump chooses from the same packets.
#include "observe/packet_filter.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>

#include "netsim/result.hpp"
#include "observe/packets.hpp"
#include "observe/pcapng_writer.hpp"
#include "observe/tcpdump.hpp"

namespace netsim::observe {
namespace {

using namespace testing;  // NOLINT: the helpers of packets.hpp
namespace flag = wire::flag;

std::string filter_error(std::string_view text) {
    try {
        const PacketFilter filter(text, {{"user", kUser}, {"web", kWeb}});
    } catch (const InputError& e) {
        return e.what();
    }
    return "no error";
}

std::vector<wire::Packet> some_packets() {
    std::vector<wire::Packet> packets{syn(1000),
                                      syn_ack(5000, 1001),
                                      segment(flag::kAck, 1001, 5001),
                                      segment(flag::kAck | flag::kPsh, 1001, 5001, 100),
                                      turned(segment(flag::kRst | flag::kAck, 5001, 1101)),
                                      segment(flag::kFin | flag::kAck, 1101, 5001),
                                      segment(flag::kAck, 1, 1, 1400)};
    packets[5].tcp.source_port = 443;
    packets[6].destination = ipv4(192, 168, 7, 9);
    packets[6].tcp.destination_port = 8080;
    packets[6].ttl = 3;
    wire::Packet udp = syn(1);
    udp.protocol = wire::Protocol::kUdp;
    udp.udp = wire::UdpHeader{.source_port = 5353, .destination_port = 53, .payload = {}};
    udp.udp.payload.length = 30;
    packets.push_back(udp);
    wire::Packet error = turned(syn(1));
    error.protocol = wire::Protocol::kIcmp;
    error.icmp = wire::IcmpHeader{};
    error.icmp.type = 3;
    error.icmp.code = 1;
    error.icmp.quoted.source = kUser;
    error.icmp.quoted.destination = kWeb;
    error.icmp.quoted.source_port = 40000;
    error.icmp.quoted.destination_port = 80;
    error.icmp.quoted.total_length = 60;
    packets.push_back(error);
    return packets;
}

/// Lines that the real tcpdump prints of the file; nullopt-like "?" if there is no tcpdump.
std::size_t real_count(const std::string& file, const std::string& filter) {
    const std::string command = "tcpdump -n -r " + file + " '" + filter + "' 2>/dev/null";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                               ::pclose);
    std::size_t lines = 0;
    std::array<char, 4096> line{};
    while (std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
        ++lines;
    }
    return lines;
}

TEST(PacketFilterTcpdump, ChoosesWhatTheRealOneChooses) {
    if (std::system("command -v tcpdump >/dev/null 2>&1") != 0) {  // NOLINT
        std::cerr << "\n*** NOTICE: tcpdump is not installed: filters are NOT compared ***\n\n";
        return;
    }
    const std::string file =
        std::filesystem::temp_directory_path() / ("netsim-filter-" + std::to_string(::getpid()));
    const std::vector<wire::Packet> packets = some_packets();
    {
        PcapngWriter writer(file, nullptr);
        for (std::size_t i = 0; i < packets.size(); ++i) {
            writer.on_packet(sent(ms(static_cast<std::int64_t>(i)), kUserNode, packets[i]));
        }
        writer.finish();
    }
    for (const char* const filter :
         {"tcp",
          "udp",
          "icmp",
          "ip",
          "host 10.0.0.1",
          "src host 10.0.0.1",
          "dst 10.0.0.1",
          "src or dst host 10.0.0.2",
          "src and dst host 10.0.0.2",
          "net 10.0.0.0/8",
          "net 10",
          "net 192.168",
          "dst net 192.168.0.0 mask 255.255.0.0",
          "port 80",
          "port http",
          "tcp port 53",
          "udp port 53",
          "udp port domain",
          "tcp src port 443",
          "portrange 400-500",
          "src portrange 40000-40001",
          "port 80 or 443",
          "port 80 or 443 and src 10.0.0.1",
          "host 10.0.0.2 or 192.168.7.9",
          "not port 80",
          "! tcp",
          "tcp and not (port 443 or port 80)",
          "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
          "tcp[tcpflags] == tcp-syn",
          "tcp[13] = 2",
          "tcp[13] & 2 != 0",
          "tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0",
          "(tcp[13] & 4) != 0",
          "tcp and ((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0",
          "less 60",
          "greater 1000",
          "len > 100",
          "len <= 52",
          "ip[8] < 5",
          "icmp[icmptype] == icmp-unreach",
          "icmp[0] = 3",
          "ip proto 6",
          "ip proto \\udp",
          "tcp[0:2] = 443",
          "tcp[4:4] = 1000",
          "udp[8] = 0"}) {
        const PacketFilter own(filter);
        std::size_t chosen = 0;
        for (const wire::Packet& packet : packets) {
            chosen += own.matches(sent(ms(0), kUserNode, packet)) ? 1U : 0U;
        }
        EXPECT_EQ(chosen, real_count(file, filter)) << filter;
        EXPECT_LT(chosen, packets.size() + 1) << filter;
    }
    std::filesystem::remove(file);
}

TEST(PacketFilterTcpdump, WhatIsNotUnderstoodIsToldWithItsColumn) {
    const std::array<std::pair<const char*, const char*>, 15> mistakes{{
        {"ether host 1:2:3:4:5:6", "column 1: unknown word \"ether\""},
        {"tcp host 10.0.0.2", "column 10: tcp, udp and icmp go before ports"},
        {"vlan 7", "column 1: unknown word \"vlan\""},
        {"portrange 80-htp", "column 11: \"htp\" is no port"},
        {"icmp port 80", "column 11: icmp has no ports"},
        {"tcp[13", "column 7: \"]\" is missing"},
        {"tcp[foo] = 1", "column 5: \"foo\" is no offset"},
        {"tcp[0:3] = 1", "column 7: \"3\" is no size; allowed: 1, 2 and 4"},
        {"tcp[13] & 2", "column 12: a comparison such as != 0 is missing"},
        {"tcp[13] & = 2", "column 11: a number, len or tcp[...] is missing"},
        {"net 10.0.0.0 mask 255.0.255.0", "column 19: \"255.0.255.0\" is no mask"},
        {"less many", "column 6: \"many\" is no length"},
        {"ip proto 300", "column 10: \"300\" is no protocol"},
        {"port 80 443", "column 9: \"443\" after a complete filter"},
        {"tcp and", "column 8: a condition is missing at the end"},
    }};
    for (const auto& [text, message] : mistakes) {
        EXPECT_NE(filter_error(text).find(message), std::string::npos) << filter_error(text);
    }
}

}  // namespace
}  // namespace netsim::observe
