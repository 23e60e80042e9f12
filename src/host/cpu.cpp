// The CPU's process side: calls, wake-ups and their continuations on the cores' spare time.
#include "host/cpu.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "host/host.hpp"
#include "sim/simulation.hpp"

namespace netsim::host {
namespace {

constexpr std::uint64_t kDispatch = 0xff;  // the argument's low octet; else the core's number
constexpr Duration kTick = std::chrono::milliseconds(4);  // CONFIG_HZ=250

}  // namespace

Cpu::Cpu(Host& host, const CpuOptions& options) : host_(host), costs_(options.costs) {
    check_cpu(options);
    cores_ = std::vector<Core>(options.cores);
    for (std::uint32_t i = 0; i < options.cores; ++i) {
        cores_[i].index = i;
    }
}

Cpu::~Cpu() = default;

std::int64_t Cpu::jiffies() const {
    return to_ns(host_.fabric().sim.now()) / kTick.count();
}

void Cpu::schedule_end(Core& core, Duration span) {
    sim::Simulation& sim = host_.fabric().sim;
    core.since = sim.now();
    ++core.turn;
    sim.schedule(sim.now() + span, host_.id(), *this, (core.turn << 8U) | core.index);
}

void Cpu::account(Core& core) {
    const Time now = host_.fabric().sim.now();
    const Duration spent = now - core.since;
    core.since = now;
    if (core.state == State::kSoftirq) {
        core.stats.softirq += spent;
    } else if (core.state == State::kProcess) {
        core.stats.process += spent;
        core.left -= spent;
    }
}

void Cpu::fire(std::uint64_t argument) {
    if (argument == kDispatch) {
        dispatching_ = false;
        dispatch();
        return;
    }
    Core& core = cores_[argument & 0xffU];
    if (core.turn != argument >> 8U) {
        return;  // it was interrupted meanwhile
    }
    account(core);
    if (core.state == State::kSoftirq) {
        finish(core.effects);
        end_of_packet(core);
    } else {
        end_of_process(core);
    }
}

/// The work is paid for: what it sent leaves, whom it woke gets in line.
void Cpu::finish(Effects& effects) {
    for (wire::Packet& packet : effects.packets) {
        host_.route_out(packet);
    }
    for (const tcp::SocketEvent& event : effects.events) {
        call_again(event.socket, event.events);
    }
    effects.packets.clear();
    effects.events.clear();
    effects.sending = Duration{0};
}

// --- work of processes

Cpu::Work& Cpu::new_work() {
    if (free_.empty()) {
        all_.push_back(std::make_unique<Work>());
        all_.back()->index = static_cast<std::uint32_t>(all_.size() - 1);
        free_.push_back(all_.back().get());
    }
    Work& work = *free_.back();
    free_.pop_back();
    work.serial = ++serial_;
    work.socket = {};
    work.events = 0;
    work.called = false;
    work.cost = Duration{0};
    return work;
}

std::uint64_t Cpu::id_of(const Work& work) const {
    return (work.serial << 24U) | work.index;
}

void Cpu::call_again(SocketId socket, unsigned events) {
    if (socket.index >= queued_.size()) {
        queued_.resize(std::size_t{socket.index} + 1, nullptr);
    }
    Work*& queued = queued_[socket.index];
    if (queued != nullptr && queued->socket == socket) {
        queued->events |= events;
        return;
    }
    if (host_.watcher(socket) == nullptr) {
        return;
    }
    Work& work = new_work();
    work.socket = socket;
    work.events = events;
    const bool asleep =
        work_ == nullptr && runnable_.empty() &&
        std::all_of(cores_.begin(), cores_.end(), [](const Core& c) { return c.work == nullptr; });
    if (asleep) {
        work.cost = costs_.wakeup;
    }
    queued = &work;
    enqueue(work);
}

void Cpu::enqueue(Work& work) {
    runnable_.push_back(&work);
    if (!dispatching_ && std::any_of(cores_.begin(), cores_.end(),
                                     [](const Core& c) { return c.state == State::kIdle; })) {
        // By an event: a process never begins inside the call of another.
        dispatching_ = true;
        sim::Simulation& sim = host_.fabric().sim;
        sim.schedule(sim.now(), host_.id(), *this, kDispatch);
    }
}

void Cpu::dispatch() {
    for (Core& core : cores_) {
        if (core.state == State::kIdle) {
            run_process(core);
        }
    }
}

/// The core has nothing in softirq: the process it was interrupted in goes on, else the next.
void Cpu::run_process(Core& core) {
    core.state = State::kIdle;
    if (core.work != nullptr) {
        resume(core);
        return;
    }
    while (!runnable_.empty()) {
        if (begin(core, *runnable_.pop_front())) {
            return;
        }
    }
}

void Cpu::resume(Core& core) {
    core.state = State::kProcess;
    Duration span = core.left;
    if (core.deferred) {
        // The next tick's irq_exit() looks at what is pending.
        const Duration to_tick =
            kTick * (jiffies() + 1) - host_.fabric().sim.now().time_since_epoch();
        span = std::min(span, to_tick);
    }
    schedule_end(core, span);
}

/// Its calls run now and are paid for afterwards. False: it took no time and is over.
bool Cpu::begin(Core& core, Work& work) {
    held_ = &work.effects;
    work_ = &work;
    if (work.socket) {
        if (queued_[work.socket.index] == &work) {
            queued_[work.socket.index] = nullptr;
        }
        if (SocketWatcher* watcher = host_.watcher(work.socket)) {
            watcher->on_socket(work.socket, work.events);
        } else {
            work.cost = Duration{0};  // closed meanwhile
        }
    } else if (work.begin) {
        const std::function<void()> begin = std::exchange(work.begin, nullptr);
        begin();
    }
    held_ = nullptr;
    work_ = nullptr;
    const Duration cost = work.cost + work.effects.sending;
    if (cost == Duration{0}) {
        end_work(work);
        return false;
    }
    core.work = &work;
    core.left = cost;
    resume(core);
    return true;
}

void Cpu::end_of_process(Core& core) {
    core.state = State::kIdle;
    if (core.left == Duration{0}) {
        Work& work = *std::exchange(core.work, nullptr);
        end_work(work);
    }
    if (core.deferred) {
        core.deferred = false;
        start_softirq(core);
    } else {
        run_process(core);
    }
}

void Cpu::end_work(Work& work) {
    finish(work.effects);
    for (std::function<void()>& then : work.after) {
        Work& next = new_work();
        next.begin = std::move(then);
        enqueue(next);
    }
    work.after.clear();
    work.serial = 0;
    free_.push_back(&work);
}

bool Cpu::after(std::uint64_t work, std::function<void()> then) {
    if (work == 0) {
        return false;
    }
    Work& found = *all_[work & 0xffffffU];
    if (found.serial != work >> 24U) {
        return false;
    }
    found.after.push_back(std::move(then));
    return true;
}

void Cpu::compute(Duration time) {
    const CallScope call(this);
    if (work_ != nullptr) {
        work_->called = true;
        work_->cost += time;
        last_work_ = id_of(*work_);
    }
}

// --- calls

void Cpu::CallScope::begin() {
    if (cpu_->held_ == nullptr) {
        own_ = true;
        cpu_->work_ = &cpu_->new_work();
        cpu_->held_ = &cpu_->work_->effects;
    }
}

void Cpu::CallScope::add(Duration CpuCosts::*cost, std::uint64_t octets) {
    const CpuCosts& costs = cpu_->costs_;
    const Duration copying{static_cast<std::int64_t>(octets) * costs.copy_kb.count() / 1024};
    if (cpu_->work_ != nullptr) {
        cpu_->work_->called = true;
        cpu_->work_->cost += costs.*cost + copying;
        cpu_->last_work_ = cpu_->id_of(*cpu_->work_);
    } else {
        cpu_->held_->sending += costs.*cost + copying;  // a call from inside a softirq
    }
}

void Cpu::CallScope::end() {
    if (!own_) {
        return;
    }
    Work& work = *std::exchange(cpu_->work_, nullptr);
    cpu_->held_ = nullptr;
    if (work.cost + work.effects.sending == Duration{0}) {
        cpu_->end_work(work);  // nothing to pay
    } else {
        cpu_->enqueue(work);
    }
}

// --- power

/// Events that are pending find a core on another turn, or nothing to dispatch.
void Cpu::power_off() {
    for (Core& core : cores_) {
        Core fresh;
        fresh.index = core.index;
        fresh.turn = core.turn + 1;
        core = std::move(fresh);
    }
    timer_effects_ = {};
    runnable_ = {};
    queued_.clear();
    free_.clear();
    for (const std::unique_ptr<Work>& work : all_) {
        const std::uint32_t index = work->index;
        *work = Work{};
        work->index = index;
        free_.push_back(work.get());
    }
    last_work_ = 0;
}

// --- looking

CpuStats Cpu::stats() const {
    CpuStats all;
    all.runnable = static_cast<std::uint32_t>(runnable_.size());
    const Time now = host_.fabric().sim.now();
    for (const Core& core : cores_) {
        CoreStats& one = all.cores.emplace_back(core.stats);
        one.input_queue = static_cast<std::uint32_t>(core.input.size());
        one.process_queue = static_cast<std::uint32_t>(core.taken.size());
        if (core.state == State::kSoftirq) {
            one.softirq += now - core.since;
        } else if (core.state == State::kProcess) {
            one.process += now - core.since;
        }
    }
    return all;
}

}  // namespace netsim::host
