// What an endpoint says of when it gives up is when it does. RFC 9293 §3.8.3; Linux
// tcp_write_timeout(), reqsk_timer_handler().
#include <gmock/gmock.h>

#include "support/tcp_bench.hpp"
#include "tcp/connection.hpp"

namespace netsim::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The record of that kind, or of the listener's first request.
SocketHistory history_of_first(TcpBench& bench, EndpointKind kind) {
    SocketHistory found;
    bench.stack().for_each_socket(bench.now(), [&](const SocketInfo& info) {
        if (info.kind == kind) {
            found = info.history;
        }
    });
    return found;
}

/// Goes to just before the moment, then to it: is the state left there and not sooner?
void expect_end(TcpBench& bench, State state, Time at) {
    ASSERT_NE(at, kNever);
    bench.advance(at - bench.now() - Duration(1));
    EXPECT_EQ(bench.state(), state);
    bench.advance(Duration(1));
    EXPECT_EQ(bench.state(), State::kClosed);
}

TEST(Patience, OfAnUnansweredSyn) {
    TcpBench bench = TcpBench::in_syn_sent();
    const Time at = bench.info().history.gives_up_at;
    EXPECT_EQ(at - bench.now(), seconds(131));  // facts: tcp_syn_retries 6, four linear ones
    bench.advance(seconds(20));
    EXPECT_EQ(bench.info().history.gives_up_at, at);
    expect_end(bench, State::kSynSent, at);
}

TEST(Patience, OfASynWithAUserTimeout) {
    TcpBench bench = TcpBench::in_syn_sent();
    ASSERT_EQ(bench.option(SocketOption::kTCP_USER_TIMEOUT, 5000), Errno::kOk);
    expect_end(bench, State::kSynSent, bench.info().history.gives_up_at);
}

TEST(Patience, OfAHalfOpenRequest) {
    TcpBench bench = TcpBench::in_syn_received();
    const SocketHistory history = history_of_first(bench, EndpointKind::kRequest);
    EXPECT_EQ(history.gives_up_at - bench.now(), seconds(63));  // tcp_synack_retries 5
    EXPECT_EQ(history.since, bench.now());
    bench.advance(seconds(10));
    const SocketHistory later = history_of_first(bench, EndpointKind::kRequest);
    EXPECT_EQ(later.gives_up_at, history.gives_up_at);
    EXPECT_EQ(later.since, history.since);
    EXPECT_EQ(later.retransmits, 3U);
    expect_end(bench, State::kSynReceived, history.gives_up_at);
}

TEST(Patience, OfDataThatNobodyAcknowledges) {
    BenchConfig config;
    config.sysctl.tcp_retries2 = 4;
    TcpBench bench = TcpBench::in_established(config);
    ASSERT_TRUE(bench.send(100));
    bench.advance(seconds(1));
    ASSERT_GT(bench.info().history.retransmits, 0U);
    const Time at = bench.info().history.gives_up_at;
    EXPECT_NE(bench.info().history.retransmitting_since, kNever);
    bench.advance(seconds(2));
    EXPECT_EQ(bench.info().history.gives_up_at, at);
    expect_end(bench, State::kEstablished, at);
}

TEST(Patience, HasNoEndWhileNothingIsRepeated) {
    TcpBench bench = TcpBench::in_established();
    EXPECT_EQ(bench.info().history.gives_up_at, kNever);
    EXPECT_TRUE(bench.info().history.passive);
    EXPECT_FALSE(bench.info().history.in_accept_queue);
    TcpBench active = TcpBench::in_established_active();
    EXPECT_FALSE(active.info().history.passive);
}

TEST(History, ATimeWaitRecordKnowsWhoOpenedAndWhenItGoes) {
    TcpBench bench = TcpBench::in_time_wait();
    const SocketHistory history = history_of_first(bench, EndpointKind::kTimeWait);
    EXPECT_TRUE(history.passive);
    EXPECT_EQ(history.record_at - bench.now(), seconds(60));
    expect_end(bench, State::kTimeWait, history.record_at);
}

TEST(History, AStateKnowsWhenItWasEntered) {
    TcpBench bench = TcpBench::in_established();
    bench.advance(seconds(2));
    const Time before = bench.info().history.since;
    EXPECT_LE(before, bench.now() - seconds(2));
    ASSERT_EQ(bench.shutdown(Shutdown::kWrite), Errno::kOk);
    EXPECT_LT(bench.now() - bench.info().history.since, milliseconds(1));
    EXPECT_EQ(bench.info().state, State::kFinWait1);
}

TEST(History, CoarseTimesAreCloseForYears) {
    for (const Duration at :
         {Duration(0), Duration(milliseconds(1)), Duration(milliseconds(524'287)),
          Duration(std::chrono::hours(1)), Duration(std::chrono::hours(24 * 365))}) {
        const Duration off = Time(at) - CoarseTime(Time(at)).time();
        EXPECT_GE(off, Duration(0));
        EXPECT_LE(off, at / 250'000);
    }
}

TEST(CountSockets, CountsByStateAndPort) {
    TcpBench bench = TcpBench::in_established();
    const auto bit = [](State state) { return std::uint32_t{1} << static_cast<unsigned>(state); };
    EXPECT_EQ(bench.stack().count_sockets(bit(State::kEstablished), 80), 1U);
    EXPECT_EQ(bench.stack().count_sockets(bit(State::kEstablished), 81), 0U);
    EXPECT_EQ(bench.stack().count_sockets(bit(State::kListen), 0), 1U);
    EXPECT_EQ(bench.stack().count_sockets(bit(State::kListen) | bit(State::kEstablished), 0), 2U);
    EXPECT_EQ(bench.stack().count_sockets(bit(State::kTimeWait), 0), 0U);
}

}  // namespace
}  // namespace netsim::tcp
