// setsockopt(2), getsockopt(2): ranges, rounding, defaults as Linux has them.
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
using enum SocketOption;

struct SocketOptionsTest : testing::Test {
    TcpBench t{BenchConfig{}};

    SocketOptionsTest() {
        t.sock = *t.stack().socket();
        EXPECT_TRUE(t.stack().bind(t.sock, {kLocal, 80}));
    }
};

TEST_F(SocketOptionsTest, Defaults) {
    const std::pair<SocketOption, std::int64_t> defaults[] = {
        {kSO_REUSEADDR, 0},    {kSO_REUSEPORT, 0},     {kSO_KEEPALIVE, 0},
        {kSO_LINGER, -1},      {kSO_RCVBUF, 131072},   {kSO_SNDBUF, 16384},
        {kSO_RCVLOWAT, 1},     {kSO_ERROR, 0},         {kTCP_NODELAY, 0},
        {kTCP_CORK, 0},        {kTCP_MAXSEG, 536},     {kTCP_KEEPIDLE, 7200},
        {kTCP_KEEPINTVL, 75},  {kTCP_KEEPCNT, 9},      {kTCP_SYNCNT, 6},
        {kTCP_LINGER2, 60},    {kTCP_DEFER_ACCEPT, 0}, {kTCP_USER_TIMEOUT, 0},
        {kTCP_WINDOW_CLAMP, 0}};
    for (const auto& [option, value] : defaults) {
        EXPECT_EQ(t.get_option(option), value) << to_string(option);
    }
}

TEST_F(SocketOptionsTest, ValuesAreKept) {
    for (const SocketOption option :
         {kSO_REUSEADDR, kSO_REUSEPORT, kSO_KEEPALIVE, kTCP_NODELAY, kTCP_CORK}) {
        EXPECT_EQ(t.option(option, 5), Errno::kOk);
        EXPECT_EQ(t.get_option(option), 1) << to_string(option);
        EXPECT_EQ(t.option(option, 0), Errno::kOk);
        EXPECT_EQ(t.get_option(option), 0) << to_string(option);
    }
    for (const SocketOption option : {kTCP_KEEPIDLE, kTCP_KEEPINTVL, kTCP_KEEPCNT, kTCP_SYNCNT,
                                      kTCP_LINGER2, kSO_LINGER, kSO_RCVLOWAT}) {
        EXPECT_EQ(t.option(option, 42), Errno::kOk);
        EXPECT_EQ(t.get_option(option), 42) << to_string(option);
    }
}

TEST_F(SocketOptionsTest, Ranges) {
    const std::tuple<SocketOption, std::int64_t, std::int64_t> ranges[] = {
        {kTCP_MAXSEG, 88, 32767},
        {kTCP_KEEPIDLE, 1, 32767},
        {kTCP_KEEPINTVL, 1, 32767},
        {kTCP_KEEPCNT, 1, 127},
        {kTCP_SYNCNT, 1, 127},
        {kTCP_USER_TIMEOUT, 0, 2147483647},
        {kTCP_WINDOW_CLAMP, 0, 2147483647}};
    for (const auto& [option, low, high] : ranges) {
        EXPECT_EQ(t.option(option, low), Errno::kOk) << to_string(option);
        EXPECT_EQ(t.option(option, high), Errno::kOk) << to_string(option);
        const std::int64_t before = t.get_option(option);
        EXPECT_EQ(t.option(option, low - 1), Errno::kEINVAL) << to_string(option);
        EXPECT_EQ(t.option(option, high + 1), Errno::kEINVAL) << to_string(option);
        EXPECT_EQ(t.get_option(option), before) << to_string(option);
    }
    EXPECT_EQ(t.option(kSO_ERROR, 1), Errno::kENOPROTOOPT);
}

TEST_F(SocketOptionsTest, BuffersAreDoubledAndBounded) {
    EXPECT_EQ(t.option(kSO_RCVBUF, 10000), Errno::kOk);
    EXPECT_EQ(t.get_option(kSO_RCVBUF), 20000);
    t.option(kSO_RCVBUF, 1);
    EXPECT_EQ(t.get_option(kSO_RCVBUF), 2304);
    t.option(kSO_RCVBUF, 100000000);
    EXPECT_EQ(t.get_option(kSO_RCVBUF), 8388608);
    t.option(kSO_SNDBUF, 1);
    EXPECT_EQ(t.get_option(kSO_SNDBUF), 4608);
    t.option(kSO_SNDBUF, 100000000);
    EXPECT_EQ(t.get_option(kSO_SNDBUF), 8388608);
}

TEST_F(SocketOptionsTest, LingerTwoIsCappedAt120) {
    t.option(kTCP_LINGER2, 500);
    EXPECT_EQ(t.get_option(kTCP_LINGER2), 120);
    t.option(kTCP_LINGER2, -7);
    EXPECT_EQ(t.get_option(kTCP_LINGER2), -1);
}

// Facts, section 12: seconds become SYN-ACKs.
TEST_F(SocketOptionsTest, DeferAcceptRounds) {
    const std::pair<int, int> expected[] = {{1, 1}, {2, 3},  {3, 3},   {4, 7},
                                            {7, 7}, {8, 15}, {16, 31}, {31, 31}};
    for (const auto& [seconds, rounded] : expected) {
        t.option(kTCP_DEFER_ACCEPT, seconds);
        EXPECT_EQ(t.get_option(kTCP_DEFER_ACCEPT), rounded) << seconds;
    }
}

TEST_F(SocketOptionsTest, WindowClamp) {
    t.option(kTCP_WINDOW_CLAMP, 1);
    EXPECT_EQ(t.get_option(kTCP_WINDOW_CLAMP), 1152);
    t.option(kTCP_WINDOW_CLAMP, 20000);
    t.connect();
    EXPECT_TRUE(t.sends(syn().win(20000 / 1460 * 1460)));
    auto u = TcpBench::in_established();
    u.recv(data(1, 1000).ack(1));  // shows what a segment costs
    u.option(kTCP_WINDOW_CLAMP, 5000);
    for (int i = 1; i <= 62; ++i) {  // the window offered before is not taken back
        u.recv(data(1000 * i + 1, 1000).ack(1));
        u.receive();
    }
    const auto sent = u.take_sent();
    EXPECT_LE(sent.back().packet.tcp.window, 5000U);
}

TEST_F(SocketOptionsTest, MaxsegLimitsBothWays) {
    t.option(kTCP_MAXSEG, 700);
    t.connect();
    EXPECT_TRUE(t.sends(syn().mss(700)));
    t.recv(syn_ack().ack(1).mss(1400));
    EXPECT_EQ(t.info().snd_mss, 700U);
    EXPECT_EQ(t.get_option(kTCP_MAXSEG), 700);
}

TEST_F(SocketOptionsTest, QuickackOnALiveConnection) {
    auto u = TcpBench::in_established();
    EXPECT_EQ(u.get_option(kTCP_QUICKACK), 1);
    u.option(kTCP_QUICKACK, 0);
    EXPECT_EQ(u.get_option(kTCP_QUICKACK), 0);
    u.recv(data(1, 10).ack(1));
    EXPECT_TRUE(u.sends_nothing());
    u.option(kTCP_QUICKACK, 1);  // what has not been read is not acknowledged sooner
    EXPECT_TRUE(u.sends_nothing());
    u.option(kTCP_QUICKACK, 0);
    u.receive();
    EXPECT_TRUE(u.sends_nothing());
    u.option(kTCP_QUICKACK, 1);  // sends what is owed
    EXPECT_TRUE(u.sends(ack(11)));
}

TEST_F(SocketOptionsTest, NamesAreLinuxs) {
    EXPECT_EQ(to_string(kSO_REUSEADDR), "SO_REUSEADDR");
    EXPECT_EQ(to_string(kTCP_WINDOW_CLAMP), "TCP_WINDOW_CLAMP");
    EXPECT_EQ(to_string(kTCP_DEFER_ACCEPT), "TCP_DEFER_ACCEPT");
}

}  // namespace
}  // namespace netsim::tcp
