// TCP small queues: how much of a connection may stand in its host's link. Linux
// tcp_small_queue_check().
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kSkb = 832;  // an skb without its data

/// Established, MSS 1000; each segment is written and goes by itself. The RTT says how much a
/// millisecond's worth is: 20,000 bytes in an RTT at first.
TcpBench established(Duration rtt = 20ms) {
    BenchConfig c;
    c.peer_syn.mss(1000);
    c.sysctl.tcp_autocorking = 0;
    auto t = TcpBench::in_syn_received(c);
    t.advance(rtt);
    t.recv(ack(1).seq(1));
    t.sock = t.accept();
    t.option(SocketOption::kTCP_NODELAY, 1);
    return t;
}

/// So many segments in flight, each an skb, and nothing paced.
TcpBench in_flight(std::size_t count, Duration rtt = 20ms) {
    auto t = established(rtt);
    for (std::size_t i = 0; i < count; ++i) {
        t.send(1000);
    }
    EXPECT_EQ(t.take_sent().size(), count);
    return t;
}

/// The link holds so much of the connection for another 3 ms. How many segments go of a write.
std::size_t goes_of_a_segment(TcpBench& t, std::uint32_t link_memory) {
    t.paths().link_memory = link_memory;
    t.paths().link_free_at = t.now() + 3ms;
    t.send(1000);
    return t.take_sent().size();
}

TEST(SmallQueue, TwiceTheNextSkbMayWait) {
    auto t = in_flight(3);
    EXPECT_EQ(goes_of_a_segment(t, 2 * (1000 + kSkb)), 1U);
    EXPECT_EQ(goes_of_a_segment(t, 2 * (1000 + kSkb) + 1), 0U);
    t.advance(3ms - 1ns);
    EXPECT_TRUE(t.sends_nothing());
    t.paths().link_memory = 0;
    t.advance(1ns);  // a TX completion
    EXPECT_EQ(t.take_sent().size(), 1U);
}

TEST(SmallQueue, OneSkbInFlightHasAlwaysCompany) {
    auto t = established();
    t.stack().sysctl().tcp_limit_output_bytes = 1;
    EXPECT_EQ(goes_of_a_segment(t, 1'000'000), 1U);
    EXPECT_EQ(goes_of_a_segment(t, 1'000'000), 1U);
    EXPECT_EQ(goes_of_a_segment(t, 1'000'000), 0U);
    t.recv(ack(1001).seq(1));  // an ACK looks again
    EXPECT_EQ(t.take_sent().size(), 1U);
}

TEST(SmallQueue, AWaitForACompletionThatIsNearIsNone) {
    for (const bool near : {false, true}) {
        auto t = in_flight(3);
        t.paths().link_memory = 1'000'000;
        t.paths().link_free_at = t.now() + (near ? 20us - 1ns : Duration(20us));
        t.send(1000);
        EXPECT_EQ(t.take_sent().size(), near ? 1U : 0U);
    }
}

TEST(SmallQueue, TheSysctlIsTheMost) {
    auto t = in_flight(3);
    t.stack().sysctl().tcp_limit_output_bytes = 2000;
    EXPECT_EQ(goes_of_a_segment(t, 2000), 1U);
    EXPECT_EQ(goes_of_a_segment(t, 2001), 0U);
}

TEST(SmallQueue, AMillisecondOfTheRateMayWait) {
    constexpr std::uint32_t kWorth = 20'000 * 500 / 1024;
    auto t = in_flight(6, 2ms);
    EXPECT_EQ(goes_of_a_segment(t, kWorth), 1U);
    EXPECT_EQ(goes_of_a_segment(t, kWorth + 1), 0U);
}

TEST(SmallQueue, TheSysctlIsNotForPacedOnes) {
    auto t = in_flight(6, 2ms);
    t.stack().sysctl().tcp_limit_output_bytes = 2000;
    EXPECT_EQ(goes_of_a_segment(t, 5000), 0U);
    t.paths().link_memory = 0;
    t.advance(3ms);
    EXPECT_EQ(t.take_sent().size(), 1U);
    t.option(SocketOption::kSO_MAX_PACING_RATE, 1'000'000'000);
    EXPECT_EQ(goes_of_a_segment(t, 5000), 1U);
}

// Both wait for the same timer: the earlier of the two moments counts.
TEST(SmallQueue, PacingDoesNotWaitForACompletion) {
    auto t = in_flight(10);
    t.option(SocketOption::kSO_MAX_PACING_RATE, 1'000'000);
    t.advance(20ms);
    t.recv(ack(6001).seq(1));
    t.stack().sysctl().tcp_autocorking = 1;
    t.paths().link_memory = 2000;
    t.paths().link_free_at = t.now() + 10ms;
    t.send(100);
    EXPECT_TRUE(t.sends_nothing());  // autocorked
    t.send(5000);
    EXPECT_EQ(t.take_sent().size(), 2U);
    t.advance(2ms);  // at 1 MB/s
    EXPECT_FALSE(t.take_sent().empty());
}

TEST(SmallQueue, RetransmissionsHaveTwiceAsMuch) {
    for (const bool over : {false, true}) {
        auto t = in_flight(6);
        t.paths().link_memory = 4 * (1000 + kSkb) + (over ? 1U : 0U);
        t.paths().link_free_at = t.now() + 3ms;
        t.recv(ack(1).seq(1).sack({{1001, 5001}}));
        EXPECT_EQ(t.take_sent().size(), over ? 0U : 1U);
        t.paths().link_memory = 0;
        t.advance(3ms);
        EXPECT_EQ(t.take_sent().size(), over ? 1U : 0U);
    }
}

}  // namespace
}  // namespace netsim::tcp
