// Profiles: every rule and every default of each, on and off. docs/profiles.md; facts, section 13.
#include "tcp/profile.hpp"

#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
namespace flag = wire::flag;

BenchConfig config_of(std::string_view profile) {
    BenchConfig c;
    c.sysctl = profile_settings(profile);
    return c;
}

std::string value(std::string_view profile, std::string_view sysctl) {
    return get_sysctl(profile_settings(profile), sysctl);
}

TEST(Profile, ANameThatIsNoneNamesTheNearest) {
    try {
        profile_settings("linux-6.10");
        FAIL();
    } catch (const InputError& e) {
        EXPECT_NE(std::string(e.what()).find("did you mean \"linux-6.1"), std::string::npos)
            << e.what();
    }
    EXPECT_THROW(profile_settings(""), InputError);
    EXPECT_EQ(profiles().front().name, kDefaultProfile);
}

TEST(Profile, TheDefaultOneIsTheTable) {
    for (const SysctlEntry& e : profile_table(kDefaultProfile)) {
        EXPECT_EQ(value(kDefaultProfile, e.name), get_sysctl(Sysctl{}, e.name));
    }
}

TEST(Profile, DefaultsOfEach) {
    const auto row = [](std::string_view name) {
        std::vector<std::string> out;
        for (const Profile& p : profiles()) {
            out.push_back(value(p.name, name));
        }
        return out;
    };
    using Row = std::vector<std::string>;
    EXPECT_EQ(row("net.core.somaxconn"), (Row{"4096", "4096", "128", "128"}));
    EXPECT_EQ(row("net.ipv4.tcp_syn_linear_timeouts"), (Row{"4", "0", "0", "0"}));
    EXPECT_EQ(row("net.ipv4.tcp_tw_reuse"), (Row{"2", "2", "0", "0"}));
    EXPECT_EQ(row("net.ipv4.tcp_challenge_ack_limit"),
              (Row{"2147483647", "2147483647", "100", "2147483647"}));
    EXPECT_EQ(row("net.ipv4.tcp_invalid_ratelimit"), (Row{"500", "500", "0", "500"}));
    EXPECT_EQ(row("net.ipv4.tcp_limit_output_bytes"),
              (Row{"4194304", "1048576", "131072", "4194304"}));
    EXPECT_EQ(row("net.core.rmem_max"), (Row{"4194304", "212992", "212992", "4194304"}));
    EXPECT_EQ(row("net.core.wmem_max"), (Row{"4194304", "212992", "212992", "4194304"}));
    EXPECT_EQ(row("net.ipv4.tcp_rmem"), (Row{"4096 131072 33554432", "4096 131072 6291456",
                                             "4096 87380 6291456", "4096 131072 33554432"}));
}

TEST(Profile, SynTimes) {  // facts, section 6
    const std::vector<double> linear{0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67};
    const std::vector<double> exponential{0, 1, 3, 7, 15, 31, 63};
    for (const Profile& p : profiles()) {
        TcpBench t(config_of(p.name));
        t.connect();
        const auto times = t.sent_at(200s);
        EXPECT_EQ(times, p.name == kDefaultProfile ? linear : exponential) << p.name;
        EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
    }
}

/// Half-open requests of so many silent clients.
std::uint32_t half_open(TcpBench& t, int clients) {
    for (int i = 0; i < clients; ++i) {
        t.recv(syn().mss(1000).peer({ipv4(10, 0, 1, 9), static_cast<std::uint16_t>(1000 + i)}));
    }
    t.take_sent();
    return t.syn_queue();
}

// Facts, section 13: B + 1, or the power of two above max(8, min(B, tcp_max_syn_backlog)).
TEST(Profile, SynQueueFull) {
    for (const auto& [backlog, now, legacy] :
         {std::tuple{0, 1U, 16U}, std::tuple{7, 8U, 16U}, std::tuple{16, 17U, 32U},
          std::tuple{100, 101U, 128U}}) {
        for (const Profile& p : profiles()) {
            BenchConfig c = config_of(p.name);
            c.sysctl.tcp_syncookies = 0;
            c.backlog = backlog;
            auto t = TcpBench::in_listen(c);
            EXPECT_EQ(half_open(t, 200), p.name == "linux-legacy" ? legacy : now) << p.name;
        }
    }
    BenchConfig c = config_of("linux-legacy");
    c.sysctl.tcp_syncookies = 0;
    c.sysctl.tcp_max_syn_backlog = 40;
    c.backlog = 100;
    auto t = TcpBench::in_listen(c);
    EXPECT_LE(half_open(t, 200), 64U);
}

/// Fills the accept queue of listen(0), then sends SYNs; how many were taken.
std::uint32_t syns_taken_when_full(std::string_view profile, int syns) {
    BenchConfig c = config_of(profile);
    c.backlog = 0;
    auto t = TcpBench::in_syn_received(c);
    t.recv(ack(1).seq(1));
    EXPECT_EQ(t.accept_queue(), 1U);
    const std::uint32_t taken = half_open(t, syns);
    EXPECT_EQ(t.count(Mib::kTcpExtListenOverflows), static_cast<std::uint64_t>(syns) - taken);
    return taken;
}

// Facts, section 13: to 4.9 a full accept queue still took SYNs while at most one was young.
TEST(Profile, FullAcceptQueue) {
    EXPECT_EQ(syns_taken_when_full("linux-6.18", 5), 0U);
    EXPECT_EQ(syns_taken_when_full("linux-6.1", 5), 0U);
    EXPECT_EQ(syns_taken_when_full("linux-legacy", 5), 2U);
    EXPECT_EQ(syns_taken_when_full("bsd-like", 5), 0U);
}

TEST(Profile, RequestReset) {  // facts, section 3
    for (const Profile& p : profiles()) {
        auto t = TcpBench::in_syn_received(config_of(p.name));
        t.recv(rst(5));
        const bool dies = p.name == "linux-legacy";
        EXPECT_EQ(t.syn_queue(), dies ? 0U : 1U) << p.name;
        EXPECT_EQ(t.count(Mib::kTcpExtTCPChallengeACK), dies ? 0U : 1U) << p.name;
    }
}

TEST(Profile, FutureAck) {  // facts, section 10
    for (const Profile& p : profiles()) {
        const bool silent = p.name == "linux-6.1" || p.name == "linux-legacy";
        auto t = TcpBench::in_established(config_of(p.name));
        t.recv(ack(1000).seq(1));
        EXPECT_EQ(t.take_sent().size(), silent ? 0U : 1U) << p.name;
        auto u = TcpBench::in_close_wait(config_of(p.name));  // closing states answer everywhere
        u.recv(ack(1000).seq(2));
        EXPECT_EQ(u.take_sent().size(), 1U) << p.name;
    }
}

// Facts, section 8: RFC 6191's timestamp rule, or only a larger ISN.
TEST(Profile, TimeWaitSyn) {
    for (const Profile& p : profiles()) {
        BenchConfig c = config_of(p.name);
        c.peer_syn = syn().mss(1000).ts();
        auto t = TcpBench::in_established(c);
        t.shutdown(Shutdown::kWrite);
        t.recv(fin(1).ack(2).ts());
        t.take_sent();
        t.advance(1s);
        t.recv(syn().seq(-10'000).mss(1000).ts());  // smaller, with a younger timestamp
        EXPECT_EQ(t.syn_queue(), p.name == "bsd-like" ? 0U : 1U) << p.name;
        if (p.name == "bsd-like") {
            t.recv(syn().seq(10'000).mss(1000).ts());
            EXPECT_EQ(t.syn_queue(), 1U);
        }
    }
}

/// connect() to the server again, from the only port, `after` TIME-WAIT began.
Errno reconnect(std::string_view profile, Duration start, Duration after) {
    BenchConfig c = config_of(profile);
    c.sysctl.tcp_tw_reuse = 1;
    c.sysctl.ip_local_port_range = {40000, 40000};
    c.local_port = 40000;
    c.peer_port = 80;
    c.peer_syn = syn().mss(1000).ts();
    TcpBench t(c);
    t.connect(false);
    t.take_sent();
    t.recv(syn_ack().mss(1000).ts());
    t.take_sent();
    constexpr std::int64_t kSecond = 1'000'000'000;
    t.advance(Duration(kSecond - to_ns(t.now()) % kSecond) + start);  // into the clock's second
    t.shutdown(Shutdown::kWrite);
    t.recv(fin(1).ack(2).ts());
    t.close();
    t.take_sent();
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 1U);
    t.advance(after);
    const SocketId s = *t.stack().socket();
    return t.stack().connect(s, {kPeer, 80}, t.now(), t.out()).error();
}

// From 6.14 on tcp_tw_reuse_delay counts milliseconds; before, whole seconds had to differ.
TEST(Profile, TimeWaitAge) {
    const auto seconds_into = [](std::string_view profile, Duration start, Duration after) {
        return reconnect(profile, start, after) == Errno::kEINPROGRESS;
    };
    EXPECT_FALSE(seconds_into("linux-6.18", 900ms, 200ms));
    EXPECT_TRUE(seconds_into("linux-6.18", 900ms, 1100ms));
    EXPECT_FALSE(seconds_into("linux-6.1", 100ms, 200ms));
    EXPECT_TRUE(seconds_into("linux-6.1", 900ms, 200ms));
    EXPECT_TRUE(seconds_into("linux-legacy", 900ms, 200ms));
}

TEST(Profile, ResetInQueue) {  // facts, section 12; POSIX accept(3)
    for (const Profile& p : profiles()) {
        auto t = TcpBench::in_syn_received(config_of(p.name));
        t.recv(ack(1).seq(1));
        t.recv(rst(1));
        const auto accepted = t.stack().accept(t.listener);
        if (p.name == "bsd-like") {
            EXPECT_EQ(accepted.error(), Errno::kECONNABORTED);
            EXPECT_EQ(t.stack().accept(t.listener).error(), Errno::kEAGAIN);
            EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
        } else {
            EXPECT_TRUE(accepted) << p.name;
        }
    }
}

TEST(Profile, ChallengeAckLimit) {  // 100 a second, and no limit per connection, before 4.0
    BenchConfig c = config_of("linux-legacy");
    auto t = TcpBench::in_established(c);
    for (int i = 0; i < 150; ++i) {
        t.recv(syn());
    }
    EXPECT_EQ(t.take_sent().size(), 100U);
    auto u = TcpBench::in_established(config_of("linux-6.18"));
    for (int i = 0; i < 150; ++i) {
        u.recv(syn());
    }
    EXPECT_EQ(u.take_sent().size(), 1U);
}

/// The timestamp of the SYN that a connection to this port sends.
std::uint32_t first_tsval(TcpBench& t, std::uint16_t port) {
    const SocketId s = *t.stack().socket();
    EXPECT_EQ(t.stack().connect(s, {kPeer, port}, t.now(), t.out()).error(), Errno::kEINPROGRESS);
    return t.out().packets.back().tcp.tsval;
}

TEST(Profile, TimestampOffset) {
    for (const Profile& p : profiles()) {
        BenchConfig c = config_of(p.name);
        TcpBench t(c);
        EXPECT_EQ(first_tsval(t, 80) == first_tsval(t, 81), p.name == "linux-legacy") << p.name;
        c.sysctl.tcp_timestamps = 2;
        TcpBench u(c);
        EXPECT_EQ(first_tsval(u, 80), first_tsval(u, 81)) << p.name;
    }
}

// tcp_tw_recycle, to 4.11: what it did, and what it broke (facts, section 8).
struct TwRecycle : testing::Test {
    BenchConfig config = config_of("linux-legacy");

    TwRecycle() {
        config.sysctl.tcp_tw_recycle = 1;
        config.peer_syn = syn().mss(1000).ts().tsval(5000);
    }

    /// A server's connection, closed by the server, is in TIME-WAIT; the peer's clock said 5000.
    TcpBench time_wait() const {
        auto t = TcpBench::in_established(config);
        t.advance(10ms);
        t.shutdown(Shutdown::kWrite);
        t.recv(ack(2).seq(1).ts().tsval(5000));
        t.recv(fin(1).ack(2).ts().tsval(5000));
        t.close();
        t.take_sent();
        EXPECT_EQ(t.records(EndpointKind::kTimeWait), 1U);
        return t;
    }

    static Seg syn_from_port(std::uint16_t port, std::uint32_t tsval) {
        return syn().mss(1000).ts().tsval(tsval).peer({kPeer, port});
    }
};

TEST_F(TwRecycle, TimeWaitLastsThreeAndAHalfRto) {
    auto t = time_wait();
    t.advance(650ms);
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 1U);
    t.advance(100ms);
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 0U);
    config.sysctl.tcp_tw_recycle = 0;
    auto u = time_wait();
    u.advance(59s);
    EXPECT_EQ(u.records(EndpointKind::kTimeWait), 1U);
}

TEST_F(TwRecycle, AnotherClockBehindTheSameAddressIsRefused) {
    auto t = time_wait();
    t.recv(syn_from_port(50001, 4000));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.syn_queue(), 0U);
    EXPECT_EQ(t.count(Mib::kTcpExtPAWSPassive), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), 1U);
    EXPECT_EQ(t.dropped(Drop::kPeerTimestamp), 1U);
    t.recv(syn_from_port(50001, 4999));  // a tick back is within PAWS's window
    t.recv(syn_from_port(50002, 6000));
    t.recv(syn().mss(1000).peer({kPeer, 50003}));  // no timestamps: nothing to compare
    t.recv(syn_from_port(50004, 10).peer({ipv4(10, 0, 0, 7), 50004}));
    EXPECT_EQ(t.syn_queue(), 4U);
    t.advance(61s);
    const std::uint32_t before = t.syn_queue();
    t.recv(syn_from_port(50005, 4000));  // forgotten after a minute
    EXPECT_EQ(t.syn_queue(), before + 1);
}

TEST_F(TwRecycle, AConnectEchoesThePeersLastTimestamp) {
    auto t = time_wait();
    const SocketId s = *t.stack().socket();
    static_cast<void>(t.stack().connect(s, {kPeer, 90}, t.now(), t.out()));
    EXPECT_NE(t.out().packets.back().tcp.tsecr, 0U);
    config.sysctl.tcp_tw_recycle = 0;
    auto u = time_wait();
    const SocketId v = *u.stack().socket();
    static_cast<void>(u.stack().connect(v, {kPeer, 90}, u.now(), u.out()));
    EXPECT_EQ(u.out().packets.back().tcp.tsecr, 0U);
}

TEST_F(TwRecycle, OnlyTheLegacyProfileHasIt) {
    for (const Profile& p : profiles()) {
        Sysctl s = profile_settings(p.name);
        if (p.name == "linux-legacy") {
            EXPECT_NO_THROW(set_sysctl(s, "net.ipv4.tcp_tw_recycle", "1"));
        } else {
            EXPECT_THROW(set_sysctl(s, "net.ipv4.tcp_tw_recycle", "1"), InputError) << p.name;
            s.tcp_tw_recycle = 1;  // and it would not act
            config.sysctl = s;
            auto t = time_wait();
            t.recv(syn_from_port(50001, 4000));
            EXPECT_EQ(t.syn_queue(), 1U) << p.name;
        }
    }
}

}  // namespace
}  // namespace netsim::tcp
