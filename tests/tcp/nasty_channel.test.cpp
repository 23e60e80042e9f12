// Two stacks and a channel that loses, doubles, spoils, delays and reorders, both sides writing,
// reading and closing at random times, at ISS 0, 2^31-5 and 2^32-5: what is received is a prefix of
// what was sent, and both ends come to an end in the time their timers allow. 10,000 cases;
// NETSIM_PROPERTY_RUNS=N draws N of each property instead (support/property.hpp).
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <ostream>

#include "support/abused_channel.hpp"
#include "support/property.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
using Fate = AbusedChannel::Fate;

#ifdef NETSIM_INVARIANTS
constexpr int kShare = 10;  // with sanitizers each case takes its time
#else
constexpr int kShare = 1;
#endif

// Linux's bounds (facts §3, §6, §8), each with the timer wheel's ideal times.
/// A half-open request, and a SYN nobody answers: 131 s.
constexpr Duration kOpening = 131s;
/// tcp_retries2: data is given up at the first RTO past T(15) = 924.6 s, a closed window after 15
/// unanswered probes; no wait is longer than 120 s.
constexpr Duration kSilence = 16 * 120s;
/// tcp_orphan_retries: T(8), or 8 window probes of at most 120 s; then FIN-WAIT-2, TIME-WAIT.
constexpr Duration kOrphan = 8 * 120s + 60s + 60s;

enum class Act : std::uint8_t {
    kWrite,
    kRead,
    kWait,
    kSmallBuffer,
    kNoDelay,
    kCork,
    kUncork,
    kShutWrite,
    kShutBoth,
    kClose,
    kAbort,
};

struct Verb {
    Act act = Act::kWait;
    bool second = false;
    std::uint32_t amount = 0;
};

std::ostream& operator<<(std::ostream& out, const Verb& verb) {
    static constexpr std::array<const char*, 11> kNames{
        "write",  "read",         "wait",        "SO_RCVBUF", "TCP_NODELAY", "TCP_CORK",
        "uncork", "shutdown(WR)", "shutdown(2)", "close",     "abort"};
    return out << (verb.second ? "b " : "a ") << kNames[static_cast<std::size_t>(verb.act)] << " "
               << verb.amount;
}

rc::Gen<Trouble> any_trouble(int loss_most) {
    const auto share = [](int most) {
        return rc::gen::map(rc::gen::inRange(0, most + 1), [](int n) { return n / 100.0; });
    };
    return rc::gen::build<Trouble>(
        rc::gen::set(&Trouble::loss, share(loss_most)),
        rc::gen::set(&Trouble::duplicate, share(30)), rc::gen::set(&Trouble::corrupt, share(10)),
        rc::gen::set(&Trouble::jitter_ms, rc::gen::inRange<std::int64_t>(0, 60)),
        rc::gen::set(&Trouble::iss, rc::gen::element(0U, 0x7ffffffbU, 0xfffffffbU)),
        rc::gen::set(&Trouble::mtu, rc::gen::element(1500U, 1500U, 576U, 9000U)),
        rc::gen::set(&Trouble::sack), rc::gen::set(&Trouble::timestamps),
        rc::gen::set(&Trouble::window_scaling),
        rc::gen::set(&Trouble::tiny_buffers,
                     rc::gen::map(rc::gen::inRange(0, 4), [](int n) { return n == 3; })),
        rc::gen::set(&Trouble::seed, rc::gen::inRange<std::uint64_t>(1, 1'000'000)));
}

rc::Gen<std::vector<Verb>> any_verbs(Act last) {
    const auto act = rc::gen::map(rc::gen::inRange(0, 19 + static_cast<int>(last)), [](int n) {
        return n < 9 ? Act::kWrite : n < 18 ? Act::kRead : static_cast<Act>(n - 18);
    });
    return rc::gen::container<std::vector<Verb>>(rc::gen::build<Verb>(
        rc::gen::set(&Verb::act, act), rc::gen::set(&Verb::second),
        rc::gen::set(&Verb::amount, rc::gen::inRange<std::uint32_t>(1, 20000))));
}

void perform(AbusedChannel& w, const Verb& verb) {
    Side& side = w.side(verb.second);
    const Time now = w.now_at(side);
    switch (verb.act) {
        case Act::kWrite:
            side.write(verb.amount, now);
            break;
        case Act::kRead:
            side.read(verb.amount, now);
            break;
        case Act::kWait:
            w.run(std::chrono::milliseconds(verb.amount / 4));
            break;
        case Act::kSmallBuffer:
            side.set(SocketOption::kSO_RCVBUF, 1, now);
            break;
        case Act::kNoDelay:
            side.set(SocketOption::kTCP_NODELAY, 1, now);
            break;
        case Act::kCork:
            side.set(SocketOption::kTCP_CORK, 1, now);
            break;
        case Act::kUncork:
            side.set(SocketOption::kTCP_CORK, 0, now);
            break;
        case Act::kShutWrite:
            side.shut(Shutdown::kWrite, now);
            break;
        case Act::kShutBoth:
            side.shut(Shutdown::kBoth, now);
            break;
        case Act::kClose:
            side.close(now);
            break;
        case Act::kAbort:
            side.set(SocketOption::kSO_LINGER, 0, now);
            side.close(now);
            break;
    }
    w.drain();
    w.run(std::chrono::milliseconds(verb.amount % 50));
}

/// No byte but the peer's, each in its place, and none the peer has not written.
void assert_prefixes(AbusedChannel& w) {
    const Side& a = w.side(false);
    const Side& b = w.side(true);
    RC_ASSERT(a.strangers == 0U);
    RC_ASSERT(b.strangers == 0U);
    RC_ASSERT(a.stack.integrity_violations() == 0U);
    RC_ASSERT(b.stack.integrity_violations() == 0U);
    RC_ASSERT(a.received <= b.sent);
    RC_ASSERT(b.received <= a.sent);
}

void close_both(AbusedChannel& w) {
    for (const auto& side : w.sides()) {
        side->close(w.now_at(*side));
        side->close_listener(w.now_at(*side));
    }
    w.drain();
}

/// What a failure shows of an endpoint.
std::string describe(const SocketInfo& info) {
    return std::string(ss_name(info.state)) + " " + to_string(info.local) + " unacked " +
           std::to_string(info.unacked) + " send-q " + std::to_string(info.send_queue) + " timer " +
           std::to_string(static_cast<int>(info.timer)) + " in " +
           std::to_string(info.timer_left.count()) + " ns, retransmits " +
           std::to_string(info.retransmits) + " backoff " + std::to_string(info.backoff) + "\n";
}

bool all_arrived(AbusedChannel& w) {
    return w.side(true).received == w.side(false).sent &&
           w.side(false).received == w.side(true).sent;
}

std::size_t left(AbusedChannel& w, bool second) {
    const Side& side = w.side(second);
    return side.records(w.now_at(side));
}

TEST(NastyChannel, AllThatWasWrittenArrivesOnceTheChannelHeals) {
    check_property(3000 / kShare, [] {
        const Trouble trouble = *any_trouble(25);
        AbusedChannel w(trouble);
        for (const Verb& verb : *any_verbs(Act::kShutWrite)) {
            perform(w, verb);
        }
        assert_prefixes(w);
        w.become(Fate::kHeals);
        w.read_all();
        for (int i = 0; i < 40 && !w.side(true).open(); ++i) {
            w.run(5s);
        }
        for (const auto& side : w.sides()) {
            side->set(SocketOption::kTCP_CORK, 0, w.now_at(*side));
        }
        w.drain();
        // RFC 6298 §3, §5: without timestamps RTO stays doubled while only retransmissions are
        // acknowledged. A receiver whose buffer was cut under what had been sent makes a sender
        // wait for up to two minutes per segment; but each wait must bring something.
        w.run(400s);
        for (bool arrived = true; arrived && !all_arrived(w);) {
            const std::uint64_t before = w.side(true).received + w.side(false).received;
            w.run(400s);
            arrived = w.side(true).received + w.side(false).received > before;
        }
        assert_prefixes(w);
        RC_ASSERT(w.side(true).received == w.side(false).sent);
        RC_ASSERT(w.side(false).received == w.side(true).sent);
        if (w.side(true).open()) {  // shutdown() in SYN-SENT gives the attempt up
            RC_ASSERT(w.iss_seen()[0] == trouble.iss);
            RC_ASSERT(w.iss_seen()[1] == trouble.iss);
        }
        close_both(w);
        w.run(61s);  // the FINs on a sound channel, TIME-WAIT
        RC_ASSERT(left(w, false) == 0U);
        RC_ASSERT(left(w, true) == 0U);
    });
}

TEST(NastyChannel, BothEndsEndWhenClosedAtAnyMoment) {
    check_property(5000 / kShare, [] {
        AbusedChannel w(*any_trouble(40));
        for (const Verb& verb : *any_verbs(Act::kAbort)) {
            perform(w, verb);
        }
        assert_prefixes(w);
        w.become(*rc::gen::element(Fate::kStays, Fate::kHeals, Fate::kDies));
        close_both(w);
        w.run(kOrphan + kOpening);
        RC_ASSERT(left(w, false) == 0U);
        RC_ASSERT(left(w, true) == 0U);
        assert_prefixes(w);
    });
}

TEST(NastyChannel, SilenceEndsWhateverWaitsForAnAnswer) {
    check_property(2000 / kShare, [] {
        AbusedChannel w(*any_trouble(25));
        for (const Verb& verb : *any_verbs(Act::kShutBoth)) {
            perform(w, verb);
        }
        const bool probed = *rc::gen::arbitrary<bool>();
        w.become(Fate::kDies);
        w.run(100ms);  // what is under way arrives still
        for (const auto& side : w.sides()) {
            side->set(SocketOption::kTCP_CORK, 0, w.now_at(*side));
            if (probed) {
                side->set(SocketOption::kSO_KEEPALIVE, 1, w.now_at(*side));
            }
        }
        w.drain();
        w.run(kSilence + kOpening);
        for (const auto& side : w.sides()) {
            side->stack.for_each_socket(w.now_at(*side), [](const SocketInfo& info) {
                RC_LOG() << describe(info);
                RC_ASSERT(info.kind == EndpointKind::kListener || info.state == State::kClosed ||
                          (info.unacked == 0U && info.send_queue == 0U));
                RC_ASSERT(info.kind != EndpointKind::kRequest);
            });
        }
        if (probed) {
            w.run(7875s + 75s);  // keepalive: nothing is left that waits in vain
            for (const auto& side : w.sides()) {
                side->stack.for_each_socket(w.now_at(*side), [&](const SocketInfo& info) {
                    RC_LOG() << describe(info);
                    RC_ASSERT(info.kind == EndpointKind::kListener ||
                              info.state == State::kClosed || info.id != side->socket);
                });
            }
        }
        assert_prefixes(w);
    });
}

/// The properties above would hold of a channel that carries nothing, too.
TEST(NastyChannel, CarriesALotAndLosesSome) {
    Trouble trouble;
    trouble.loss = 0.05;
    trouble.duplicate = 0.05;
    trouble.corrupt = 0.02;
    trouble.jitter_ms = 20;
    trouble.iss = 0xfffffffbU;
    trouble.seed = 42;
    AbusedChannel w(trouble);
    for (int i = 0; i < 2000; ++i) {
        w.side(false).write(3000, w.now_at(w.side(false)));
        w.drain();
        w.run(20ms);
        w.side(true).read(1U << 20U, w.now_at(w.side(true)));
        w.drain();
    }
    EXPECT_GT(w.side(true).received, 500000U);
    EXPECT_GT(w.side(false).stack.mib().get(Mib::kTcpRetransSegs), 20U);
    EXPECT_GT(w.side(true).stack.mib().get(Mib::kTcpExtTCPOFOQueue), 20U);
    EXPECT_EQ(w.side(true).stack.integrity_violations(), 0U);
    EXPECT_EQ(w.side(true).strangers, 0U);
    EXPECT_EQ(w.iss_seen(), (std::array<std::uint32_t, 2>{0xfffffffbU, 0xfffffffbU}));
}

}  // namespace
}  // namespace netsim::tcp
