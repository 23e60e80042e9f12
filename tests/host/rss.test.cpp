// The Toeplitz hash against the vectors that NIC vendors verify it by (Microsoft, "Verifying the
// RSS hash calculation").
#include "host/rss.hpp"

#include <gtest/gtest.h>

#include <array>

namespace netsim::host {
namespace {

struct Vector {
    Endpoint source;
    Endpoint destination;
    std::uint32_t addresses;
    std::uint32_t with_ports;
};

TEST(RssTest, ToeplitzVectors) {
    const auto vectors = std::to_array<Vector>({
        {{ipv4(66, 9, 149, 187), 2794}, {ipv4(161, 142, 100, 80), 1766}, 0x323e8fc2, 0x51ccc178},
        {{ipv4(199, 92, 111, 2), 14230}, {ipv4(65, 69, 140, 83), 4739}, 0xd718262a, 0xc626b0ea},
        {{ipv4(24, 19, 198, 95), 12898}, {ipv4(12, 22, 207, 184), 38024}, 0xd2d0a5de, 0x5c2b394a},
        {{ipv4(38, 27, 205, 30), 48228}, {ipv4(209, 142, 163, 6), 2217}, 0x82989176, 0xafc7327f},
        {{ipv4(153, 39, 163, 191), 44251}, {ipv4(202, 188, 127, 2), 1303}, 0x5d1809c5, 0x10e828a2},
    });
    for (const Vector& v : vectors) {
        EXPECT_EQ(toeplitz(v.source.address, v.destination.address), v.addresses);
        EXPECT_EQ(toeplitz(v.source, v.destination), v.with_ports);
    }
}

TEST(RssTest, FlowsSpreadAndEachStaysWhereItIs) {
    std::array<int, 4> flows{};
    wire::Packet packet{};
    packet.destination = ipv4(10, 0, 0, 1);
    packet.tcp.destination_port = 80;
    for (std::uint32_t i = 0; i < 4096; ++i) {
        packet.source = Ipv4{ipv4(198, 18, 0, 0).bits + i};
        packet.tcp.source_port = static_cast<std::uint16_t>(32768 + i * 7);
        const std::uint32_t core = rss_core(packet, 4);
        ASSERT_LT(core, 4U);
        ++flows[core];
        packet.tcp.seq = packet.tcp.seq + 1;
        EXPECT_EQ(rss_core(packet, 4), core);
        EXPECT_EQ(rss_core(packet, 1), 0U);
    }
    for (const int n : flows) {
        EXPECT_NEAR(n, 1024, 160);  // five standard deviations of a fair draw
    }
}

}  // namespace
}  // namespace netsim::host
