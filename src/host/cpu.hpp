// A host's CPU: packets wait in a backlog per core until the core's softirq takes them, calls and
// wake-ups of processes share what time is left; what work sends leaves when the work is paid for.
// Linux: enqueue_to_backlog(), process_backlog(), net_rx_action(), handle_softirqs().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/ring.hpp"
#include "netsim/cpu.hpp"
#include "netsim/socket.hpp"
#include "sim/event_queue.hpp"
#include "tcp/context.hpp"
#include "wire/packet.hpp"

namespace netsim::host {

class Host;

class Cpu final : private sim::EventTarget {
 public:
    /// InputError if an option is out of its range.
    Cpu(Host& host, const CpuOptions& options);
    ~Cpu() override;
    Cpu(const Cpu&) = delete;
    Cpu& operator=(const Cpu&) = delete;
    Cpu(Cpu&&) = delete;
    Cpu& operator=(Cpu&&) = delete;

    // --- softirq
    /// A packet from a NIC, or from the loopback.
    void arrive(wire::PacketPtr packet, std::uint32_t interface);
    /// True: it was taken; it leaves when the work that is going on has been paid for.
    bool hold(const wire::Packet& packet);
    /// The same for sockets that became ready.
    void hold(const std::vector<tcp::SocketEvent>& events);

    // --- processes
    /// Calls the socket's watcher when a core is free. What is queued already is not queued again.
    void call_again(SocketId socket, unsigned events);

    /// A process should go on later: it has used time that it has not paid yet.
    bool must_yield() const { return work_ != nullptr && work_->called; }

    /// The work that calls are charged to, to ask for later: its process goes on when it is paid.
    std::uint64_t last_work() const { return last_work_; }

    void forget_last_work() { last_work_ = 0; }

    /// Runs `then` as process work when that work has been paid for. False: it has been.
    bool after(std::uint64_t work, std::function<void()> then);
    /// A process' own computing.
    void compute(Duration time);

    /// All that waits or is in work is gone; the times it has used are counted from zero.
    void power_off();

    CpuStats stats() const;

    const CpuCosts& costs() const { return costs_; }

    /// What a timer sends is a softirq's; what a call outside a wake-up costs is queued as work of
    /// its own. Null: no CPU, no cost.
    class TimerScope;
    class CallScope;

 private:
    struct Arrival {
        wire::PacketPtr packet;
        std::uint32_t interface = 0;
    };

    /// What a piece of work leaves behind when it is done.
    struct Effects {
        std::vector<wire::Packet> packets;
        std::vector<tcp::SocketEvent> events;
        Duration sending{0};  // cost of the packets held
    };

    /// A piece of process work: a wake-up, the continuation of a process, or calls made elsewhere.
    struct Work {
        std::uint64_t serial = 0;  // tells a reused one
        std::uint32_t index = 0;
        SocketId socket;  // none: a continuation or calls
        unsigned events = 0;
        bool called = false;  // something was charged since it began
        Duration cost{0};
        Effects effects;
        std::function<void()> begin;               // a continuation
        std::vector<std::function<void()>> after;  // who waits for it
    };

    enum class State : std::uint8_t { kIdle, kSoftirq, kProcess };

    struct Core {
        std::uint32_t index = 0;
        State state = State::kIdle;
        Ring<Arrival> input;
        Ring<Arrival> taken;  // process_queue
        Ring<wire::PacketPtr> timers;
        Effects effects;         // of the packet in work
        Work* work = nullptr;    // begun, perhaps interrupted
        Duration left{0};        // of it
        Time since{};            // ... what the core does now
        std::uint64_t turn = 0;  // tells a stale event
        bool polling = false;    // the packet in work is one of the backlog's
        std::int64_t poll_left = 0;
        std::int64_t budget_left = 0;
        std::int64_t round_limit = 0;  // jiffies
        unsigned restarts = 0;
        std::int64_t restart_limit = 0;  // jiffies
        bool deferred = false;           // softirqs wait for the end of the process' call
        CoreStats stats;
    };

    void fire(std::uint64_t argument) override;
    void schedule_end(Core& core, Duration span);
    void account(Core& core);
    void finish(Effects& effects);

    /// Counters that tell what a packet turned out to be.
    struct Counts {
        std::uint64_t passive_opens = 0;
        std::uint64_t cookies_sent = 0;
        std::uint64_t cookies_received = 0;
        std::uint64_t cookies_failed = 0;
    };

    void interrupt(Core& core);
    void start_softirq(Core& core);
    void start_round(Core& core);
    void next_softirq(Core& core);
    void end_of_packet(Core& core);
    Duration receive(Core& core, const Arrival& arrival);
    Counts counts() const;
    Duration outcome(const wire::Packet& packet, const Counts& before,
                     const Effects& effects) const;

    Work& new_work();
    std::uint64_t id_of(const Work& work) const;
    void enqueue(Work& work);
    void resume(Core& core);
    void run_process(Core& core);
    bool begin(Core& core, Work& work);
    void end_of_process(Core& core);
    void end_work(Work& work);
    void dispatch();
    std::int64_t jiffies() const;

    Host& host_;
    CpuCosts costs_;
    std::vector<Core> cores_;
    Effects timer_effects_;
    Effects* held_ = nullptr;  // of what is going on
    Work* work_ = nullptr;     // ... if a process does it
    std::uint64_t last_work_ = 0;
    std::uint64_t serial_ = 0;
    Ring<Work*> runnable_;
    std::vector<std::unique_ptr<Work>> all_;
    std::vector<Work*> free_;
    std::vector<Work*> queued_;  // by socket index: the wake-up that waits
    bool dispatching_ = false;   // an event for it is pending
};

class Cpu::TimerScope {
 public:
    explicit TimerScope(Cpu* cpu) : cpu_(cpu) {
        if (cpu_ != nullptr) [[unlikely]] {
            cpu_->held_ = &cpu_->timer_effects_;
        }
    }

    ~TimerScope() {
        if (cpu_ != nullptr) [[unlikely]] {
            end();
        }
    }

    TimerScope(const TimerScope&) = delete;
    TimerScope& operator=(const TimerScope&) = delete;
    TimerScope(TimerScope&&) = delete;
    TimerScope& operator=(TimerScope&&) = delete;

 private:
    void end();

    Cpu* cpu_;
};

class Cpu::CallScope {
 public:
    explicit CallScope(Cpu* cpu) : cpu_(cpu) {
        if (cpu_ != nullptr) [[unlikely]] {
            begin();
        }
    }

    ~CallScope() {
        if (cpu_ != nullptr) [[unlikely]] {
            end();
        }
    }

    CallScope(const CallScope&) = delete;
    CallScope& operator=(const CallScope&) = delete;
    CallScope(CallScope&&) = delete;
    CallScope& operator=(CallScope&&) = delete;

    /// The call has done something: `octets` are those it copied.
    void charge(Duration CpuCosts::*cost, std::uint64_t octets = 0) {
        if (cpu_ != nullptr) [[unlikely]] {
            add(cost, octets);
        }
    }

 private:
    void begin();
    void end();
    void add(Duration CpuCosts::*cost, std::uint64_t octets);

    Cpu* cpu_;
    bool own_ = false;  // the work was made for this call
};

}  // namespace netsim::host
