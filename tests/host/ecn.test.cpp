// The ECN field of arriving packets is counted, and travels untouched (RFC 3168 §5).
#include "host/host_bench.hpp"

namespace netsim::host {
namespace {

using namespace std::chrono_literals;
using tcp::Mib;

TEST(HostEcn, CountsMarksOfArrivals) {
    HostBench b;
    const auto send = [&](wire::Ecn mark, int count) {
        for (int i = 0; i < count; ++i) {
            wire::Packet p{};
            p.source = HostBench::kClient;
            p.destination = HostBench::kServer;
            p.ecn = mark;
            p.tcp.flags = wire::flag::kAck;
            b.client.send_packet(p);
        }
    };
    send(wire::Ecn::kNotEct, 1);
    send(wire::Ecn::kEct1, 2);
    send(wire::Ecn::kEct0, 3);
    send(wire::Ecn::kCe, 4);
    b.run(100ms);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIpExtInNoECTPkts), 1U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIpExtInECT1Pkts), 2U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIpExtInECT0Pkts), 3U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIpExtInCEPkts), 4U);
    // The RSTs that answer are not marked, whatever they answer.
    EXPECT_EQ(HostBench::count(b.client, Mib::kIpExtInNoECTPkts), 10U);
}

}  // namespace
}  // namespace netsim::host
