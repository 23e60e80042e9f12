// TCP small queues on a host's own link: it is kept busy, and what waits is in the send buffer.
#include "host/host_bench.hpp"

namespace netsim::host {
namespace {

using namespace std::chrono_literals;

struct Bulk {
    explicit Bulk(std::int64_t limit, std::uint64_t rate = 10'000'000)
        : bench(LinkOptions{.rate_bps = rate, .delay = 20ms}) {
        bench.client.sysctl().tcp_limit_output_bytes = limit;
        bench.server.sysctl().tcp_rmem[1] = 4 * kBytes;  // room for all of it: nobody reads
        bench.listen(80);
        socket = bench.connect({HostBench::kServer, 80});
        bench.run(1s);
        EXPECT_TRUE(bench.client.set_option(socket, SocketOption::kSO_SNDBUF, 4'000'000));
        EXPECT_TRUE(bench.client.send_synthetic(socket, kBytes));
    }

    static constexpr std::size_t kBytes = 2'000'000;

    HostBench bench;
    SocketId socket;
};

TEST(SmallQueue, TheLinkHoldsTwoSkbsAndIsNeverIdle) {
    Bulk b(4'194'304);
    net::LinkDirection& link = b.bench.left.direction(0);
    // Once cwnd is as large as the path: 10 Mbit/s in 50 ms.
    b.bench.run(500ms);
    const std::uint64_t before = b.bench.client.bytes_acked(b.socket);
    for (int ms = 0; ms < 1000; ++ms) {
        b.bench.run(1ms);
        EXPECT_GT(link.queue_packets(), 0U);
        EXPECT_LE(link.queue_packets(), 6U);
        EXPECT_LE(b.bench.client.info(b.socket)->wmem_alloc, 6U * (1448 + 832));
    }
    const std::uint64_t acked = b.bench.client.bytes_acked(b.socket) - before;
    EXPECT_NEAR(static_cast<double>(acked), 1e7 / 8 * 1448 / 1500, 2e4);
    EXPECT_NEAR(static_cast<double>(b.bench.client.info(b.socket)->srtt.count()), 50e6, 6e6);
}

TEST(SmallQueue, ASmallerLimitKeepsLess) {
    Bulk b(1);
    b.bench.run(500ms);
    for (int ms = 0; ms < 500; ++ms) {
        b.bench.run(1ms);
        EXPECT_LE(b.bench.client.info(b.socket)->wmem_alloc, 3U * (1448 + 832));
    }
}

}  // namespace
}  // namespace netsim::host
