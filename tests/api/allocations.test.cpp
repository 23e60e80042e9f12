// The hot path allocates nothing: operator new is counted while networks run that have reached the
// size of their queues and tables.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "netsim/network.hpp"

namespace {

std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t bytes) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    void* memory = std::malloc(bytes == 0 ? 1 : bytes);  // NOLINT: this is operator new
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

}  // namespace

void* operator new(std::size_t bytes) {
    return counted(bytes);
}

void* operator new[](std::size_t bytes) {
    return counted(bytes);
}

void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return std::malloc(bytes == 0 ? 1 : bytes);  // NOLINT
}

void* operator new[](std::size_t bytes, const std::nothrow_t& tag) noexcept {
    return operator new(bytes, tag);
}

void operator delete(void* memory) noexcept {
    std::free(memory);  // NOLINT
}

void operator delete[](void* memory) noexcept {
    std::free(memory);  // NOLINT
}

void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
    std::free(memory);  // NOLINT
}

void operator delete[](void* memory, std::size_t /*bytes*/) noexcept {
    std::free(memory);  // NOLINT
}

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Counted {
    std::uint64_t events = 0;
    std::uint64_t allocations = 0;
};

Counted run_counted(Network& net, Duration time) {
    const std::uint64_t events = net.events();
    const std::uint64_t before = ::allocations.load();
    net.run_until(net.now() + time);
    return {net.events() - events, ::allocations.load() - before};
}

TEST(Allocations, AFloodAbsorbedAllocatesNothing) {
    Network net;
    HostRef web = net.host("web", {.sysctl = {{"net.ipv4.tcp_syncookies", "0"}}});
    HostRef bot = net.host("bot");
    net.link(bot, web, {.rate_bps = 1'000'000'000, .delay = milliseconds(1)});
    web.serve({.port = 80, .backlog = 128});
    bot.synflood("web:80", {.rate = 1e5, .spoof = parse_prefix("198.18.0.0/15")});
    net.run_until(net.now() + seconds(1));
    const Counted flood = run_counted(net, seconds(1));
    EXPECT_GT(flood.events, 200'000U);
    EXPECT_EQ(flood.allocations, 0U);
}

TEST(Allocations, ACookieAllocatesNothing) {
    Network net;
    HostRef web = net.host("web", {.sysctl = {{"net.ipv4.tcp_syncookies", "2"}}});
    HostRef bot = net.host("bot");
    net.link(bot, web, {.delay = milliseconds(1)});
    web.serve({.port = 80, .backlog = 128});
    bot.synflood("web:80", {.rate = 1e5, .spoof = parse_prefix("198.18.0.0/15")});
    net.run_until(net.now() + seconds(1));
    EXPECT_EQ(run_counted(net, seconds(1)).allocations, 0U);
}

// Each end keeps its FIN until it is acknowledged, in a record that another connection had before.
// Nothing else is made for a connection without data: no state of congestion control for an ACK
// after which nothing is sent.
TEST(Allocations, AConnectionWithoutDataAllocatesNothing) {
    Network net;
    HostRef server = net.host("server", {.sysctl = {{"net.ipv4.tcp_max_tw_buckets", "1000"}}});
    HostRef client = net.host("client");
    net.link(client, server, {.delay = milliseconds(1)});
    server.serve({.port = 80, .backlog = 4096});
    const auto* load = client.load("server:80", {.rate = 10'000});
    net.run_until(net.now() + seconds(2));
    const std::uint64_t before = load->completed;
    const Counted handshakes = run_counted(net, seconds(1));
    const std::uint64_t connections = load->completed - before;
    ASSERT_GT(connections, 9'000U);
    // What samples are kept in grows by doubling.
    EXPECT_LT(handshakes.allocations, connections / 100);
}

TEST(Allocations, ABulkTransferAllocatesNothingPerSegment) {
    Network net;
    HostRef sender = net.host("sender");
    HostRef receiver = net.host("receiver");
    const RouterRef router = net.router("r");
    const LinkOptions wire{.rate_bps = 100'000'000, .delay = milliseconds(5), .limit_packets = 100};
    net.link(sender, router, wire);
    net.link(router, receiver, wire);
    receiver.sink(9000);
    sender.bulk("receiver:9000", {});
    net.run_until(net.now() + seconds(30));
    const Counted bulk = run_counted(net, seconds(5));
    EXPECT_GT(bulk.events, 100'000U);
    EXPECT_EQ(bulk.allocations, 0U);
}

}  // namespace
}  // namespace netsim
