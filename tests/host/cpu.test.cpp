// A host's CPU: the backlog and its counters as Linux counts them, what each packet and call costs,
// softirqs before processes.
#include "host/cpu.hpp"

#include "host/cpu_bench.hpp"
#include "host/host_bench.hpp"

namespace netsim::host {
namespace {

using namespace std::chrono_literals;
using tcp::Mib;

TEST(CpuTest, TheBacklogTakesOneMoreThanItsLimitBesideWhatIsTakenOver) {
    CpuBench b(only_packets(10us));
    for (int i = 0; i < 5000; ++i) {
        b.packet();
    }
    // The first was taken at once; netdev_max_backlog + 1 wait (enqueue_to_backlog()).
    EXPECT_EQ(b.core().processed, 1U);
    EXPECT_EQ(b.core().input_queue, 1001U);
    EXPECT_EQ(b.core().dropped, 5000U - 1002U);
    b.sim.run({.until = Time(15us)});
    EXPECT_EQ(b.core().input_queue, 0U);  // process_backlog() took them all
    EXPECT_EQ(b.core().process_queue, 1000U);
    for (int i = 0; i < 5000; ++i) {
        b.packet();
    }
    EXPECT_EQ(b.core().input_queue, 1001U);
    EXPECT_EQ(b.core().backlog_peak, 2001U);
    b.sim.run({});
    EXPECT_EQ(b.core().processed, 1002U + 1001U);
    EXPECT_EQ(b.core().processed, b.served.size());
    EXPECT_EQ(b.core().softirq, 2003 * 10us);
    EXPECT_EQ(b.packets.in_use(), 0U);
}

TEST(CpuTest, TimeSqueezeByBudgetAndByTime) {
    // A poll of 64 does not exhaust a budget of 300: no squeeze, however much there is to do.
    const auto squeezes = [](std::int64_t budget, std::int64_t usecs, Duration cost) {
        tcp::Sysctl sysctl;
        sysctl.netdev_budget = budget;
        sysctl.netdev_budget_usecs = usecs;
        CpuBench b(only_packets(cost), sysctl);
        for (int i = 0; i < 641; ++i) {
            b.packet();
        }
        b.sim.run({});
        EXPECT_EQ(b.core().processed, 641U);
        return b.core().time_squeeze;
    };
    EXPECT_EQ(squeezes(300, 8000, 10us), 0U);
    EXPECT_EQ(squeezes(64, 8000, 10us), 10U);    // every full poll; the last packet's is short
    EXPECT_EQ(squeezes(300, 8000, 200us), 10U);  // 64 take 12.8 ms, more than two jiffies
    EXPECT_EQ(squeezes(300, 20000, 200us), 0U);
}

TEST(CpuTest, OptionsOutOfRangeAreRefused) {
    const auto refuse = [](CpuOptions cpu) { const CpuBench b(cpu); };
    EXPECT_THROW(refuse(only_packets(1us, 0)), InputError);
    EXPECT_THROW(refuse(only_packets(1us, 65)), InputError);
    EXPECT_THROW(refuse(only_packets(-1ns)), InputError);
    EXPECT_THROW(refuse(only_packets(2s)), InputError);
    CpuOptions cpu = only_packets(1us);
    cpu.costs.wakeup = 2s;
    EXPECT_THROW(refuse(cpu), InputError);
}

/// A server with a CPU whose costs are powers of ten, so that sums tell their parts.
struct Exchange : HostBench {
    static CpuOptions costs() {
        CpuOptions cpu = only_packets(1us);
        cpu.costs.syn = 10us;
        cpu.costs.cookie = 20us;
        cpu.costs.cookie_ack = 30us;
        cpu.costs.cookie_bad = 300us;
        cpu.costs.establish = 100us;
        cpu.costs.ack = 200us;
        cpu.costs.data = 1ms;
        cpu.costs.fin = 2ms;
        cpu.costs.rst = 4ms;
        cpu.costs.xmit = 50us;
        cpu.costs.accept = 10ms;
        cpu.costs.read = 20ms;
        cpu.costs.write = 40ms;
        cpu.costs.close = 80ms;
        return cpu;
    }

    explicit Exchange(std::int64_t cookies = 1)
        : HostBench({.delay = 5ms}, {.delay = 5ms}, costs(), cookies) {}

    Duration softirq() const { return server.cpu()->stats().cores[0].softirq; }

    Duration process() const { return server.cpu()->stats().cores[0].process; }

    /// What the server's core has spent since the last call.
    Duration spent() {
        const Duration now = softirq() + process();
        return now - std::exchange(before, now);
    }

    Duration before{0};
};

TEST(CpuTest, EachPacketAndCallCostsWhatItIs) {
    Exchange b;
    const SocketId l = b.listen(80);
    const SocketId c = b.connect({HostBench::kServer, 80});
    b.run(12ms);
    EXPECT_EQ(b.spent(), 1us + 10us);  // the SYN
    b.run(88ms);
    EXPECT_EQ(b.spent(), 1us + 100us);  // the ACK that makes the connection
    const SocketId s = *b.server.accept(l);
    b.run(100ms);
    EXPECT_EQ(b.spent(), 10ms);
    EXPECT_TRUE(b.client.send(c, "request"));
    b.run(100ms);
    EXPECT_EQ(b.spent(), 1us + 1ms);
    EXPECT_EQ(*b.server.receive(s, 100), "request");
    b.run(100ms);
    EXPECT_EQ(b.spent(), 20ms);
    EXPECT_TRUE(b.server.send(s, "response"));
    b.run(100ms);
    EXPECT_EQ(b.spent(), 40ms + 50us + 1us + 200us);  // the call, its segment, and the ACK of it
    EXPECT_TRUE(b.client.close(c));                   // its data unread: a RST (RFC 2525 §2.17)
    b.run(100ms);
    EXPECT_EQ(b.spent(), 1us + 4ms);
    EXPECT_TRUE(b.server.close(s));
    b.run(100ms);
    EXPECT_EQ(b.spent(), 80ms);
    EXPECT_EQ(b.server.cpu()->stats().cores[0].processed,
              HostBench::count(b.server, Mib::kIpInReceives));
}

TEST(CpuTest, AnswersLeaveWhenTheyArePaidFor) {
    Exchange b;
    const SocketId l = b.listen(80);
    const SocketId c = b.connect({HostBench::kServer, 80});
    b.run(20ms + 10us);
    EXPECT_EQ(b.client.poll(c) & poll::kOut, 0U);  // 11 us of softirq are in between
    b.run(1us);
    EXPECT_NE(b.client.poll(c) & poll::kOut, 0U);
    b.run(80ms);
    const SocketId s = *b.server.accept(l);
    EXPECT_TRUE(b.server.send(s, "late"));
    b.run(59ms);  // accept() and send() cost 50.05 ms, the way 10 ms
    EXPECT_EQ(b.client.receive(c, 10).error(), Errno::kEAGAIN);
    b.run(2ms);
    EXPECT_EQ(*b.client.receive(c, 10), "late");
}

TEST(CpuTest, CookiesCostTheirOwn) {
    Exchange b(2);
    b.listen(80);
    b.connect({HostBench::kServer, 80});
    b.run(12ms);
    EXPECT_EQ(b.spent(), 1us + 20us);
    b.run(88ms);
    EXPECT_EQ(b.spent(), 1us + 30us);
    EXPECT_EQ(HostBench::count(b.server, Mib::kTcpExtSyncookiesRecv), 1U);
}

TEST(CpuTest, AWrongCookieCostsItsCheckAndARst) {
    Exchange b(2);
    b.listen(80);
    b.connect({HostBench::kServer, 80});
    b.run(12ms);  // a cookie has been sent: from now on they are looked for
    b.spent();
    wire::Packet ack{};
    ack.uid = 1;
    ack.source = HostBench::kClient;
    ack.destination = HostBench::kServer;
    ack.tcp.source_port = 1000;
    ack.tcp.destination_port = 80;
    ack.tcp.flags = wire::flag::kAck;
    ack.tcp.seq = wire::SeqNum(5000);
    ack.tcp.ack = wire::SeqNum(123456789);
    b.server.receive(b.packets.make(ack), 0);
    b.run(5ms);
    EXPECT_EQ(HostBench::count(b.server, Mib::kTcpExtSyncookiesFailed), 1U);
    EXPECT_EQ(b.spent(), 1us + 300us + 4ms);
}

TEST(CpuTest, ARefusedSynCostsARst) {
    Exchange b;
    b.connect({HostBench::kServer, 81});
    b.run(100ms);
    EXPECT_EQ(b.spent(), 1us + 4ms);
}

TEST(CpuTest, ASynThatIsDroppedCostsItsLookup) {
    Exchange b(0);
    b.listen(80, 0);  // room for one request
    b.connect({HostBench::kServer, 80});
    b.run(10500us);
    EXPECT_EQ(b.spent(), 1us + 10us);
    b.connect({HostBench::kServer, 80});
    b.run(10500us);  // the first one's ACK is still on its way
    EXPECT_EQ(HostBench::count(b.server, Mib::kTcpExtListenDrops), 1U);
    EXPECT_EQ(b.spent(), 1us);
}

TEST(CpuTest, TimersSendAtTheirCost) {
    Exchange b;
    CpuOptions cpu = only_packets(1us);
    cpu.costs.timer = 3ms;
    HostBench with(LinkOptions{.delay = 5ms}, LinkOptions{.delay = 5ms}, cpu, 1);
    with.listen(80);
    const Prefix nobody{ipv4(10, 0, 0, 77), 32};
    with.server.routes().add({nobody, net::Route::Kind::kUnicast, 0});
    with.router.routes().add({nobody, net::Route::Kind::kBlackhole});
    wire::Packet syn{};  // from an address that never answers
    syn.uid = 1;
    syn.source = ipv4(10, 0, 0, 77);
    syn.destination = HostBench::kServer;
    syn.tcp.source_port = 1000;
    syn.tcp.destination_port = 80;
    syn.tcp.flags = wire::flag::kSyn;
    syn.tcp.window = 1000;
    with.server.receive(with.packets.make(syn), 0);
    with.run(10s);  // SYN-ACKs again after 1, 3 and 7 s
    EXPECT_EQ(HostBench::count(with.server, Mib::kTcpExtTCPSynRetrans), 3U);
    EXPECT_EQ(with.server.cpu()->stats().cores[0].softirq, 1us + 9ms);
}

/// A listener's process: accepts one per wake-up and closes it.
class Acceptor final : public SocketWatcher {
 public:
    explicit Acceptor(Host& host, SocketId listener) : host_(host), listener_(listener) {
        host_.watch(listener_, this);
    }

    void on_socket(SocketId /*socket*/, unsigned /*events*/) override {
        ++wakeups;
        if (const Result<SocketId> s = host_.accept(listener_)) {
            ++accepted;
            static_cast<void>(host_.close(*s));
            host_.call_again(listener_, poll::kIn);
        }
    }

    int wakeups = 0;
    int accepted = 0;

 private:
    Host& host_;
    SocketId listener_;
};

/// Floods the server with packets at a fixed gap, each of which ends as "not for me".
class Flood final : private sim::EventTarget {
 public:
    Flood(HostBench& bench, Duration gap, Time end) : bench_(bench), gap_(gap), end_(end) {
        bench_.sim.schedule(bench_.sim.now(), bench_.server.id(), *this);
    }

 private:
    void fire(std::uint64_t argument) override {
        static_cast<void>(argument);
        wire::Packet p{};
        p.uid = 1;
        p.source = ipv4(10, 0, 0, 78);
        p.destination = ipv4(10, 0, 1, 99);
        bench_.server.receive(bench_.packets.make(p), 0);
        if (bench_.sim.now() < end_) {
            bench_.sim.schedule(bench_.sim.now() + gap_, bench_.server.id(), *this);
        }
    }

    HostBench& bench_;
    Duration gap_;
    Time end_;
};

/// Packets cost 10 us, accept() and close() 50 us each; 1,000 connections wait to be accepted.
struct Livelock : HostBench {
    explicit Livelock(std::uint32_t cores)
        : HostBench({.delay = 1ms}, {.delay = 1ms}, costs(cores), 1) {
        const SocketId l = listen(80, 1024);
        for (int i = 0; i < 1000; ++i) {
            connect({HostBench::kServer, 80});
        }
        run(100ms);
        EXPECT_EQ(server.accept_queue_length(80), 1000U);
        acceptor = std::make_unique<Acceptor>(server, l);
        listener = l;
    }

    static CpuOptions costs(std::uint32_t cores) {
        CpuOptions cpu = only_packets(10us, cores);
        cpu.costs.accept = 50us;
        cpu.costs.close = 50us;
        return cpu;
    }

    /// How many are accepted within 100 ms while packets come at this gap.
    int accepted_under(Duration gap) {
        std::unique_ptr<Flood> flood;
        if (gap > Duration{0}) {
            flood = std::make_unique<Flood>(*this, gap, sim.now() + 100ms);
        }
        server.call_again(listener, poll::kIn);
        run(100ms);
        return acceptor->accepted;
    }

    SocketId listener;
    std::unique_ptr<Acceptor> acceptor;
};

TEST(CpuTest, ReceiveLivelock) {
    // Each costs 100 us, and 10 more for the ACK of its FIN.
    EXPECT_NEAR(Livelock(1).accepted_under(0us), 100'000 / 110, 5);
    EXPECT_NEAR(Livelock(1).accepted_under(20us), 50'000 / 110, 5);  // half the core is left
    // More packets than the core can take: one call per tick gets in between.
    EXPECT_NEAR(Livelock(1).accepted_under(9us), 25, 3);
}

TEST(CpuTest, AnotherCoreServesTheProcessWhileOneIsFlooded) {
    EXPECT_GE(Livelock(2).accepted_under(9us), 900);
}

TEST(CpuTest, AProcessGoesOnWhenItsWorkIsPaid) {
    CpuOptions cpu = only_packets(1us);
    HostBench b({.delay = 1ms}, {.delay = 1ms}, cpu, 1);
    Cpu& processor = *b.server.cpu();
    processor.compute(10ms);
    const std::uint64_t first = processor.last_work();
    ASSERT_NE(first, 0U);
    std::vector<Time> at;
    EXPECT_TRUE(processor.after(first, [&] {
        at.push_back(b.sim.now());
        processor.compute(5ms);
        EXPECT_TRUE(processor.after(processor.last_work(), [&] { at.push_back(b.sim.now()); }));
    }));
    b.run(100ms);
    EXPECT_EQ(at, (std::vector<Time>{Time(10ms), Time(15ms)}));
    EXPECT_FALSE(processor.after(first, [] {}));  // paid long ago
    EXPECT_FALSE(processor.after(0, [] {}));
}

}  // namespace
}  // namespace netsim::host
