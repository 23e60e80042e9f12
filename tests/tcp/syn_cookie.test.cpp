// SYN cookies: making, checking, forging, ageing; options in the timestamp; SipHash. RFC 4987 §3.6;
// facts, section 4; golden vector 10.
#include "tcp/syn_cookie.hpp"

#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
using wire::SeqNum;

// Aumasson and Bernstein's reference: key 00..0f, input 00..0e.
TEST(SipHash, ReferenceVector) {
    const SipKey key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
    const std::array<std::uint64_t, 1> words{0x0706050403020100ULL};
    EXPECT_EQ(siphash(key, words, 0x0e0d0c0b0a0908ULL, 7), 0xa129ca6149be45e5ULL);
    EXPECT_EQ(siphash(key, {}), 0x726fdb47dd0e0e31ULL);
}

struct Cookies : testing::Test {
    FakePaths paths;
    StackState s{paths, Sysctl{}, Rng(3, "cookies")};
    FourTuple tuple{kLocal, kPeer, 80, 40000};
    SeqNum isn{123456789};

    static Time minutes(int m) { return Time(m * 60s); }
};

TEST_F(Cookies, TheMssComesBack) {
    const std::pair<std::uint16_t, std::uint16_t> cases[] = {
        {1, 536},     {536, 536},   {1299, 536},  {1300, 1300}, {1439, 1300},
        {1440, 1440}, {1459, 1440}, {1460, 1460}, {9000, 1460}};
    for (const auto& [offered, kept] : cases) {
        std::uint16_t mss = offered;
        const SeqNum cookie = make_cookie(s, tuple, isn, minutes(5), mss);
        EXPECT_EQ(mss, kept);
        EXPECT_EQ(check_cookie(s, tuple, isn, cookie, minutes(5)), kept);
    }
}

TEST_F(Cookies, LiveBetweenOneAndTwoMinutes) {
    std::uint16_t mss = 1460;
    const Time made = minutes(5) + 59s;
    const SeqNum cookie = make_cookie(s, tuple, isn, made, mss);
    EXPECT_TRUE(check_cookie(s, tuple, isn, cookie, minutes(7) - 1ns));
    EXPECT_FALSE(check_cookie(s, tuple, isn, cookie, minutes(7)));
    EXPECT_FALSE(check_cookie(s, tuple, isn, cookie, minutes(5) - 1ns));  // from the future
}

TEST_F(Cookies, AreBoundToTheirFourTupleAndSequence) {
    std::uint16_t mss = 1460;
    const SeqNum cookie = make_cookie(s, tuple, isn, minutes(5), mss);
    FourTuple other = tuple;
    other.remote_port = 40001;
    EXPECT_FALSE(check_cookie(s, other, isn, cookie, minutes(5)));
    EXPECT_FALSE(check_cookie(s, tuple, isn + 1, cookie, minutes(5)) &&
                 check_cookie(s, tuple, isn + 5, cookie, minutes(5)));
    const StackState another{paths, Sysctl{}, Rng(4, "cookies")};
    EXPECT_FALSE(check_cookie(another, tuple, isn, cookie, minutes(5)));
}

TEST_F(Cookies, AGuessSucceedsEightTimesInFourBillion) {
    Rng rng(9, "guess");
    int hits = 0;
    for (int i = 0; i < 200000; ++i) {
        hits += check_cookie(s, tuple, isn, SeqNum(rng.u32()), minutes(5)) ? 1 : 0;
    }
    EXPECT_EQ(hits, 0);
}

TEST_F(Cookies, OptionsTravelInTheTimestamp) {
    const Sysctl sysctl;
    for (unsigned scale = 0; scale <= 14; ++scale) {
        for (const bool sack : {false, true}) {
            Negotiated in;
            in.tstamp_ok = in.wscale_ok = true;
            in.snd_wscale = static_cast<std::uint8_t>(scale & 15U);
            in.sack_ok = sack;
            for (const std::uint32_t clock : {0U, 1000U, 1023U, 1024U, 0xffffffffU}) {
                const std::uint32_t stamp = cookie_timestamp(in, clock);
                EXPECT_LE(clock - stamp, 63U);  // never ahead of the clock
                Negotiated back;
                EXPECT_TRUE(options_from_timestamp(sysctl, stamp, back));
                EXPECT_EQ(back.snd_wscale, scale);
                EXPECT_EQ(back.sack_ok, sack);
                EXPECT_TRUE(back.wscale_ok && back.tstamp_ok);
            }
        }
    }
    Negotiated none;
    Negotiated back;
    EXPECT_TRUE(options_from_timestamp(sysctl, cookie_timestamp(none, 5000), back));
    EXPECT_FALSE(back.wscale_ok || back.sack_ok);
}

TEST_F(Cookies, OptionsThatAreOffHereAreNotBelieved) {
    Negotiated in;
    in.sack_ok = in.wscale_ok = true;
    const std::uint32_t stamp = cookie_timestamp(in, 5000);
    Negotiated back;
    Sysctl sysctl;
    sysctl.tcp_sack = 0;
    EXPECT_FALSE(options_from_timestamp(sysctl, stamp, back));
    sysctl = Sysctl{};
    sysctl.tcp_window_scaling = 0;
    EXPECT_FALSE(options_from_timestamp(sysctl, stamp, back));
    sysctl = Sysctl{};
    sysctl.tcp_timestamps = 0;
    EXPECT_FALSE(options_from_timestamp(sysctl, stamp, back));
}

// --- by exchange

class CookieExchange : public AtEachIss {
 protected:
    static TcpBench listening(Seg peer_syn) {
        BenchConfig c = config();
        c.sysctl.tcp_syncookies = 2;
        c.peer_syn = std::move(peer_syn);
        auto t = TcpBench::in_listen(c);
        t.recv(c.peer_syn);
        return t;
    }

    /// The SYN-ACK's sequence number, relative.
    static std::int64_t cookie(TcpBench& t) {
        return static_cast<std::int32_t>(t.take_sent().back().packet.tcp.seq.raw() - t.iss());
    }
};

NETSIM_AT_EACH_ISS(CookieExchange);

TEST_P(CookieExchange, AReturningAckMakesAConnection) {
    auto t = listening(syn().mss(1400).sack_ok().wscale(9));
    const std::int64_t isn = cookie(t);
    EXPECT_EQ(t.syn_queue(), 0U);
    t.advance(20s);
    t.recv(data(1, 10).ack(isn + 1));
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.accept_queue(), 1U);
    EXPECT_EQ(t.info().snd_mss, 1300U);  // the table's
    EXPECT_FALSE(t.info().sack || t.info().window_scale || t.info().timestamps);
    EXPECT_EQ(t.info().rto, 3s);
    EXPECT_EQ(t.count(Mib::kTcpExtSyncookiesRecv), 1U);
    EXPECT_EQ(t.count(Mib::kTcpPassiveOpens), 1U);
    t.sock = t.accept();
    EXPECT_EQ(t.receive(), 10U);
}

TEST_P(CookieExchange, WithoutTimestampsOnlyTheMssIsAnswered) {
    auto t = listening(syn().mss(1460).sack_ok().wscale(9));
    EXPECT_EQ(t.take_sent().back().packet.tcp.options, wire::option::kMss);
}

TEST_P(CookieExchange, WithTimestampsTheOptionsSurvive) {
    auto t = listening(syn().mss(1460).sack_ok().wscale(9).tsval(77));
    const std::int64_t isn = cookie(t);
    t.advance(1s);
    t.recv(ack(isn + 1).seq(1).ts());
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_TRUE(t.info().sack && t.info().window_scale && t.info().timestamps);
    EXPECT_EQ(t.info().snd_wscale, 9U);
    EXPECT_EQ(t.info().rcv_wscale, 10U);
    EXPECT_EQ(t.info().snd_mss, 1448U);
}

// The SYN was answered by a cookie, a copy of it queued: one tuple, one record.
TEST_P(CookieExchange, AnAckOfTheCookieFindsTheRequestInItsPlace) {
    auto t = listening(syn().mss(1460));
    const std::int64_t isn = cookie(t);
    t.stack().sysctl().tcp_syncookies = 1;
    t.recv(syn().mss(1460));
    ASSERT_EQ(t.syn_queue(), 1U);
    t.take_sent();
    t.recv(ack(isn + 1).seq(1));
    EXPECT_EQ(t.dropped(Drop::kCookieDuplicate), 1U);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.accept_queue(), 0U);
    t.stack().check_invariants();
}

TEST_P(CookieExchange, AWrongCookieIsReset) {
    auto t = listening(syn().mss(1460));
    const std::int64_t isn = cookie(t);
    t.recv(ack(isn + 2000).seq(1));
    EXPECT_TRUE(t.sends(rst(isn + 2000)));
    EXPECT_EQ(t.count(Mib::kTcpExtSyncookiesFailed), 1U);
    EXPECT_EQ(t.dropped(Drop::kCookieFailed), 1U);
    EXPECT_EQ(t.state(), State::kClosed);
}

TEST_P(CookieExchange, AfterTwoMinutesNoCookieIsLookedFor) {
    auto t = listening(syn().mss(1460));
    const std::int64_t isn = cookie(t);
    t.advance(120s);
    t.recv(ack(isn + 1).seq(1));
    EXPECT_EQ(t.count(Mib::kTcpExtSyncookiesFailed), 1U);  // too old
    t.advance(1ns);
    t.recv(ack(isn + 1).seq(1));
    EXPECT_EQ(t.count(Mib::kTcpExtSyncookiesFailed), 1U);  // not even tried
    EXPECT_EQ(t.dropped(Drop::kCookieMissing), 1U);
    EXPECT_EQ(t.count(Mib::kTcpOutRsts), 2U);
}

TEST_P(CookieExchange, AFullAcceptQueueIsSilent) {  // golden vector 10
    for (const std::int64_t abort : {0, 1}) {
        BenchConfig c = config();
        c.sysctl.tcp_syncookies = 2;
        c.sysctl.tcp_abort_on_overflow = abort;
        c.backlog = 0;
        auto t = TcpBench::in_listen(c);
        const Endpoint other{kPeer, 50000};
        t.recv(syn().peer(other));
        const std::int64_t first = cookie(t);
        t.recv(syn());
        const std::int64_t second = cookie(t);
        t.recv(ack(first + 1).seq(1).peer(other));
        EXPECT_EQ(t.accept_queue(), 1U);
        t.recv(ack(second + 1).seq(1));
        EXPECT_TRUE(t.sends_nothing());
        EXPECT_EQ(t.count(Mib::kTcpExtSyncookiesRecv), 2U);
        EXPECT_EQ(t.count(Mib::kTcpExtListenOverflows), 1U);
        EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), 1U);
        EXPECT_EQ(t.dropped(Drop::kCookieOverflow), 1U);
    }
}

}  // namespace
}  // namespace netsim::tcp
