// Automatic corking: small writes wait for the link. Linux tcp_should_autocork().
#include "host/host_bench.hpp"

namespace netsim::host {
namespace {

using namespace std::chrono_literals;
using tcp::Mib;

/// A client behind a link that needs 8 ms for 1,000 bytes, connected and without Nagle.
struct Slow {
    explicit Slow(std::optional<std::uint64_t> rate = 1'000'000, std::int64_t autocorking = 1,
                  std::int64_t rmem = 131072)
        : bench(LinkOptions{.rate_bps = rate, .delay = 5ms}) {
        bench.client.sysctl().tcp_autocorking = autocorking;
        bench.server.sysctl().tcp_rmem[1] = rmem;
        bench.listen(80);
        socket = bench.connect({HostBench::kServer, 80});
        bench.run(1s);
        EXPECT_TRUE(bench.client.set_option(socket, SocketOption::kTCP_NODELAY, 1));
        before = HostBench::count(bench.client, Mib::kTcpOutSegs);
    }

    void send(std::size_t bytes) {
        EXPECT_EQ(bench.client.send_synthetic(socket, bytes).value_or(0), bytes);
    }

    std::uint64_t segments() const {
        return HostBench::count(bench.client, Mib::kTcpOutSegs) - before;
    }

    std::uint64_t corked() const {
        return HostBench::count(bench.client, Mib::kTcpExtTCPAutoCorking);
    }

    std::uint32_t wmem_alloc() const { return bench.client.info(socket)->wmem_alloc; }

    HostBench bench;
    SocketId socket;
    std::uint64_t before = 0;
};

TEST(Autocork, SmallWritesJoinUntilTheLinkHasSentWhatCameBefore) {
    Slow s;
    s.send(1000);
    EXPECT_EQ(s.wmem_alloc(), 1832U);
    for (int i = 0; i < 3; ++i) {
        s.send(100);
    }
    EXPECT_EQ(s.segments(), 1U);
    EXPECT_EQ(s.corked(), 1U);  // once per wait
    s.bench.run(8416us - 1us);  // 1,052 bytes at 1 Mbit/s
    EXPECT_EQ(s.segments(), 1U);
    s.bench.run(1us);
    EXPECT_EQ(s.segments(), 2U);
    EXPECT_EQ(s.wmem_alloc(), 300U + 832U);
    s.bench.run(1s);
    EXPECT_EQ(s.segments(), 2U);
    EXPECT_EQ(s.wmem_alloc(), 0U);
    EXPECT_EQ(s.bench.client.bytes_acked(s.socket), 1300U);
}

TEST(Autocork, NothingWaitsWhereTheLinkSendsAtOnce) {
    Slow s(std::nullopt);
    s.send(1000);
    s.send(100);
    s.send(100);
    EXPECT_EQ(s.segments(), 3U);
    EXPECT_EQ(s.corked(), 0U);
}

TEST(Autocork, TheSysctlTurnsItOff) {
    Slow s(1'000'000, 0);
    s.send(1000);
    s.send(100);
    EXPECT_EQ(s.segments(), 2U);
    EXPECT_EQ(s.corked(), 0U);
}

TEST(Autocork, WhatWeighsMoreThanTheLinkHoldsGoesAtOnce) {
    Slow s;
    s.send(100);
    s.send(200);
    EXPECT_EQ(s.segments(), 2U);
    s.send(200);  // 300 are in the link now, in two skbs
    EXPECT_EQ(s.segments(), 2U);
    EXPECT_EQ(s.corked(), 1U);
}

TEST(Autocork, WithNothingInFlightNothingWaits) {
    Slow s;
    s.send(1000);
    s.bench.run(1s);
    s.send(100);
    EXPECT_EQ(s.segments(), 2U);
    EXPECT_EQ(s.corked(), 0U);
}

TEST(Autocork, WhatTheSameWriteHandsOverCounts) {
    Slow s(1'000'000, 1, 8192);
    s.send(100);
    s.bench.run(3ms);  // it has left and is not acknowledged
    EXPECT_EQ(s.wmem_alloc(), 0U);
    // A segment is a full skb (half the peer's window): it goes, and the rest begins another.
    s.send(1448 + 100);
    EXPECT_EQ(s.segments(), 1U + 1);
    EXPECT_EQ(s.corked(), 1U);
    s.bench.run(5s);
    EXPECT_EQ(s.bench.client.bytes_acked(s.socket), 1448U + 200);
}

TEST(Autocork, AFinDoesNotWait) {
    Slow s;
    s.send(1000);
    s.send(100);
    EXPECT_EQ(s.segments(), 1U);
    EXPECT_TRUE(s.bench.client.shutdown(s.socket, Shutdown::kWrite));
    EXPECT_EQ(s.segments(), 2U);
}

TEST(Autocork, AnotherConnectionsPacketsDoNotCount) {
    Slow s;
    const SocketId other = s.bench.connect({HostBench::kServer, 80});
    s.bench.run(1s);
    s.send(100);
    s.bench.run(3ms);
    EXPECT_TRUE(s.bench.client.send_synthetic(other, 1000));
    s.send(100);
    EXPECT_EQ(s.corked(), 0U);
    EXPECT_EQ(s.wmem_alloc(), 932U);
}

}  // namespace
}  // namespace netsim::host
