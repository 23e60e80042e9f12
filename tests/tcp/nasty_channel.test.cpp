// Two stacks and a channel that loses, doubles, delays and reorders: whatever is written and closed
// in whatever order, what is received is a prefix of what was sent, both ends come to an end in
// bounded time, and the invariants hold after each step.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

struct Home final : Paths {
    explicit Home(Ipv4 mine) : address(mine) {}

    PathInfo path(Ipv4 destination) const override {
        static_cast<void>(destination);
        return {Errno::kOk, address, 1500};
    }

    bool is_local(Ipv4 a) const override { return a == address; }

    Ipv4 address;
};

struct Trouble {
    double loss = 0;
    double duplicate = 0;
    std::int64_t jitter_ms = 0;
    bool sack = true;
    bool timestamps = true;
};

class Side {
 public:
    Side(Ipv4 address, const Sysctl& sysctl, std::uint64_t seed)
        : home(address), stack(home, sysctl, Rng(seed, "side")) {}

    void write(std::uint32_t count, Time now) {
        const auto room = socket ? stack.send_room(socket) : fail(Errno::kEBADF);
        if (!room) {
            return;
        }
        auto cursor = stack.send_cursor(socket);
        if (cursor.stream == 0) {
            cursor = {stack.new_synthetic_stream(), 0, 0};
            stack.set_send_stream(socket, cursor.stream);
        }
        const auto taken = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, *room));
        sent += *stack.send(socket, {cursor.offset, cursor.stream, taken}, now, out);
    }

    void read(std::uint64_t most, Time now) {
        std::vector<wire::PayloadRef> ranges;
        const auto got = socket ? stack.receive(socket, most, now, out, ranges)
                                : Result<std::uint64_t>(fail(Errno::kEBADF));
        received += got.value_or(0);
    }

    Home home;
    Stack stack;
    Outbox out;
    SocketId listener;
    SocketId socket;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
};

class World {
 public:
    World(const Trouble& trouble, std::uint64_t seed)
        : trouble_(trouble),
          rng_(seed, "channel"),
          sides{std::make_unique<Side>(kLocal, settings(trouble), seed),
                std::make_unique<Side>(kPeer, settings(trouble), seed + 1)} {
        Side& b = *sides[1];
        b.listener = *b.stack.socket();
        must(b.stack.bind(b.listener, {kPeer, 80}).has_value());
        must(b.stack.listen(b.listener, 4, now_, b.out).has_value());
        Side& a = *sides[0];
        a.socket = *a.stack.socket();
        must(!a.stack.connect(a.socket, {kPeer, 80}, now_, a.out).has_value());
        drain();
    }

    void run(Duration by) {
        const Time until = now_ + by;
        for (;;) {
            Time next = wire_.empty() ? kNever : wire_.begin()->first;
            for (const auto& side : sides) {
                next = std::min(next, side->stack.next_deadline());
            }
            if (next > until) {
                break;
            }
            now_ = std::max(now_, next);
            for (const auto& side : sides) {
                side->stack.timers_expire(now_, side->out);
            }
            if (!wire_.empty() && wire_.begin()->first <= now_) {
                const wire::Packet p = wire_.begin()->second;
                wire_.erase(wire_.begin());
                Side& to = *sides[p.destination == kLocal ? 0 : 1];
                to.stack.segment_arrives(p, now_, to.out);
            }
            drain();
        }
        now_ = until;
    }

    void drain() {
        for (const auto& side : sides) {
            for (const wire::Packet& p : side->out.packets) {
                if (!healed && rng_.chance(trouble_.loss)) {
                    continue;
                }
                const int copies = !healed && rng_.chance(trouble_.duplicate) ? 2 : 1;
                for (int i = 0; i < copies; ++i) {
                    const auto extra =
                        std::chrono::milliseconds(rng_.between(0, trouble_.jitter_ms));
                    wire_.emplace(now_ + 5ms + extra, p);
                }
            }
            side->out.packets.clear();
            side->out.events.clear();
            side->stack.check_invariants();
        }
        Side& b = *sides[1];
        if (!b.socket) {
            b.socket = b.stack.accept(b.listener).value_or(SocketId{});
        }
    }

    Time now() const { return now_; }

    bool healed = false;

 private:
    static Sysctl settings(const Trouble& t) {
        Sysctl s;
        s.tcp_sack = t.sack ? 1 : 0;
        s.tcp_timestamps = t.timestamps ? 1 : 0;
        return s;
    }

    static void must(bool fact) {
        if (!fact) {
            std::abort();
        }
    }

    Trouble trouble_;
    Rng rng_;
    Time now_{};
    std::multimap<Time, wire::Packet> wire_;

 public:
    std::array<std::unique_ptr<Side>, 2> sides;
};

struct Verb {
    int what = 0;  // 0-3 write, 4-6 read, 7 shut the writing half, 8 wait
    bool second = false;
    std::uint32_t amount = 0;
};

RC_GTEST_PROP(NastyChannel, WhatArrivesIsAPrefixAndBothEndsEnd, ()) {
    const Trouble trouble{*rc::gen::inRange(0, 25) / 100.0, *rc::gen::inRange(0, 20) / 100.0,
                          *rc::gen::inRange(0, 30), *rc::gen::arbitrary<bool>(),
                          *rc::gen::arbitrary<bool>()};
    const auto verbs = *rc::gen::container<std::vector<Verb>>(rc::gen::build<Verb>(
        rc::gen::set(&Verb::what, rc::gen::inRange(0, 9)),
        rc::gen::set(&Verb::second, rc::gen::arbitrary<bool>()),
        rc::gen::set(&Verb::amount, rc::gen::inRange<std::uint32_t>(1, 20000))));
    World w(trouble, *rc::gen::inRange<std::uint64_t>(1, 1000000));
    for (const Verb& verb : verbs) {
        Side& side = *w.sides[verb.second ? 1 : 0];
        if (verb.what <= 3) {
            side.write(verb.amount, w.now());
        } else if (verb.what <= 6) {
            side.read(verb.amount, w.now());
        } else if (verb.what == 7 && side.socket) {
            static_cast<void>(
                side.stack.shutdown(side.socket, Shutdown::kWrite, w.now(), side.out));
        }
        w.drain();
        w.run(std::chrono::milliseconds(verb.amount % 50));
    }
    // The channel heals; both sides read everything, then finish.
    w.healed = true;
    for (int i = 0; i < 400; ++i) {
        w.run(1s);
        for (const auto& side : w.sides) {
            side->read(1U << 30U, w.now());
        }
        w.drain();
    }
    Side& a = *w.sides[0];
    Side& b = *w.sides[1];
    RC_ASSERT(a.stack.integrity_violations() == 0U);
    RC_ASSERT(b.stack.integrity_violations() == 0U);
    RC_ASSERT(b.received == a.sent);
    RC_ASSERT(a.received == b.sent);
    for (const auto& side : w.sides) {
        if (side->socket) {
            static_cast<void>(side->stack.close(side->socket, w.now(), side->out));
        }
    }
    w.drain();
    w.run(400s);  // the FINs' schedules and TIME-WAIT are over
    for (const auto& side : w.sides) {
        std::size_t left = 0;
        side->stack.for_each_socket(w.now(), [&](const SocketInfo& info) {
            left += info.kind == EndpointKind::kListener ? 0U : 1U;
        });
        RC_ASSERT(left == 0U);
    }
}

/// The properties above would hold of a channel that carries nothing, too.
TEST(NastyChannel, CarriesALotAndLosesSome) {
    World w({0.05, 0.05, 20, true, true}, 42);
    for (int i = 0; i < 2000; ++i) {
        w.sides[0]->write(3000, w.now());
        w.drain();
        w.run(20ms);
        w.sides[1]->read(1U << 20U, w.now());
        w.drain();
    }
    EXPECT_GT(w.sides[1]->received, 500000U);
    EXPECT_GT(w.sides[0]->stack.mib().get(Mib::kTcpRetransSegs), 20U);
    EXPECT_GT(w.sides[1]->stack.mib().get(Mib::kTcpExtTCPOFOQueue), 20U);
    EXPECT_EQ(w.sides[1]->stack.integrity_violations(), 0U);
}

RC_GTEST_PROP(NastyChannel, ClosingAtAnyMomentEndsBothSides, ()) {
    const Trouble trouble{*rc::gen::inRange(0, 40) / 100.0, *rc::gen::inRange(0, 20) / 100.0,
                          *rc::gen::inRange(0, 60), *rc::gen::arbitrary<bool>(),
                          *rc::gen::arbitrary<bool>()};
    World w(trouble, *rc::gen::inRange<std::uint64_t>(1, 1000000));
    for (const int side : {0, 1}) {
        w.run(std::chrono::milliseconds(*rc::gen::inRange(0, 3000)));
        Side& s = *w.sides[static_cast<std::size_t>(side)];
        s.write(*rc::gen::inRange<std::uint32_t>(1, 30000), w.now());
        if (*rc::gen::arbitrary<bool>() && s.socket) {
            static_cast<void>(
                s.stack.set_option(s.socket, SocketOption::kSO_LINGER, 0, w.now(), s.out));
        }
        if (s.socket) {
            static_cast<void>(s.stack.close(s.socket, w.now(), s.out));
            s.socket = {};
        }
        w.drain();
    }
    for (int i = 0; i < 30; ++i) {  // whoever was accepted late is closed as well
        w.run(60s);
        for (const auto& side : w.sides) {
            if (side->socket) {
                static_cast<void>(side->stack.close(side->socket, w.now(), side->out));
                side->socket = {};
            }
        }
        w.drain();
    }
    for (const auto& side : w.sides) {
        std::size_t left = 0;
        side->stack.for_each_socket(w.now(), [&](const SocketInfo& info) {
            left += info.kind == EndpointKind::kListener ? 0U : 1U;
        });
        RC_ASSERT(left == 0U);
        RC_ASSERT(side->stack.integrity_violations() == 0U);
    }
}

}  // namespace
}  // namespace netsim::tcp
