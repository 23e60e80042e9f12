// The CPU's softirq side: the backlog of each core, NET_RX in rounds of one NAPI poll, and what a
// packet costs. Linux net/core/dev.c, kernel/softirq.c.
#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "host/cpu.hpp"
#include "host/host.hpp"
#include "host/rss.hpp"
#include "sim/simulation.hpp"
#include "tcp/mib.hpp"
#include "tcp/sysctl.hpp"

namespace netsim::host {

using tcp::Mib;

namespace {

constexpr unsigned kRestarts = 10;         // MAX_SOFTIRQ_RESTART
constexpr std::int64_t kRestartTicks = 1;  // MAX_SOFTIRQ_TIME, 2 ms, in jiffies
constexpr std::int64_t kTickUs = 4000;

}  // namespace

/// Linux enqueue_to_backlog(): only what nobody has looked at yet counts against the limit.
void Cpu::arrive(wire::PacketPtr packet, std::uint32_t interface) {
    Core& core = cores_[rss_core(*packet, static_cast<std::uint32_t>(cores_.size()))];
    if (static_cast<std::int64_t>(core.input.size()) > host_.sysctl().netdev_max_backlog) {
        ++core.stats.dropped;
        host_.drop_at_ip(*packet, interface, DropReason::kCpuBacklog);
        return;
    }
    core.input.push_back({std::move(packet), interface});
    const auto waiting = static_cast<std::uint32_t>(core.input.size() + core.taken.size());
    core.stats.backlog_peak = std::max(core.stats.backlog_peak, waiting);
    interrupt(core);
}

/// A softirq has been raised. Softirqs come before processes, except where they have had their
/// share already.
void Cpu::interrupt(Core& core) {
    if (core.state != State::kSoftirq && !core.deferred) {
        start_softirq(core);
    }
}

void Cpu::start_softirq(Core& core) {
    if (core.state == State::kProcess) {
        account(core);
    }
    core.state = State::kSoftirq;
    core.restarts = kRestarts;
    core.restart_limit = jiffies() + kRestartTicks;
    start_round(core);
    next_softirq(core);
}

/// Linux net_rx_action()
void Cpu::start_round(Core& core) {
    const tcp::Sysctl& sysctl = host_.sysctl();
    core.poll_left = sysctl.dev_weight;
    core.budget_left = sysctl.netdev_budget;
    core.round_limit = jiffies() + (sysctl.netdev_budget_usecs + kTickUs - 1) / kTickUs;
}

/// Timers first, as their softirq has the lower number.
void Cpu::next_softirq(Core& core) {
    core.polling = core.timers.empty();
    if (!core.polling) {
        core.effects.packets.push_back(*core.timers.pop_front());
        schedule_end(core, costs_.timer);
        return;
    }
    if (core.taken.empty()) {
        std::swap(core.taken, core.input);  // process_backlog() takes all there is
    }
    if (core.taken.empty()) {
        run_process(core);
        return;
    }
    const Arrival arrival = core.taken.pop_front();
    ++core.stats.processed;
    schedule_end(core, receive(core, arrival));
}

void Cpu::end_of_packet(Core& core) {
    if (!core.polling) {
        next_softirq(core);
        return;
    }
    --core.poll_left;
    const bool empty = core.taken.empty() && core.input.empty();
    if (core.poll_left > 0 && !empty) {
        next_softirq(core);
        return;
    }
    core.budget_left -= host_.sysctl().dev_weight - core.poll_left;
    if (core.budget_left <= 0 || jiffies() >= core.round_limit) {
        ++core.stats.time_squeeze;
    }
    // The backlog is the only one polled, so the round is over. handle_softirqs() begins others,
    // for a while; from then on what is left waits for ksoftirqd, or for the end of a process' call
    // (local_bh_enable()) or the next tick, whichever comes first.
    const bool again = jiffies() < core.restart_limit && --core.restarts > 0;
    core.deferred = !empty && !again && (core.work != nullptr || !runnable_.empty());
    if (core.deferred) {
        run_process(core);
        if (core.state == State::kIdle) {  // nothing was left to do after all
            core.deferred = false;
            start_softirq(core);
        }
        return;
    }
    if (!again) {
        core.restarts = kRestarts;
        core.restart_limit = jiffies() + kRestartTicks;
    }
    start_round(core);
    next_softirq(core);
}

Cpu::Counts Cpu::counts() const {
    const tcp::Mibs& mib = host_.mibs();
    return {mib.get(Mib::kTcpPassiveOpens), mib.get(Mib::kTcpExtSyncookiesSent),
            mib.get(Mib::kTcpExtSyncookiesRecv), mib.get(Mib::kTcpExtSyncookiesFailed)};
}

/// What it does happens now; what follows from it, when its time has passed.
Duration Cpu::receive(Core& core, const Arrival& arrival) {
    const Counts before = counts();
    held_ = &core.effects;
    host_.receive_now(*arrival.packet, arrival.interface);
    held_ = nullptr;
    return costs_.packet + outcome(*arrival.packet, before, core.effects) + core.effects.sending;
}

Duration Cpu::outcome(const wire::Packet& packet, const Counts& before,
                      const Effects& effects) const {
    if (packet.protocol != wire::Protocol::kTcp) {
        return costs_.other;
    }
    const wire::TcpHeader& tcp = packet.tcp;
    const bool answered = !effects.packets.empty();
    const bool reset = tcp.rst() || (answered && effects.packets.back().tcp.rst());
    const Counts after = counts();
    Duration cost = reset ? costs_.rst : Duration{0};
    if (after.cookies_failed > before.cookies_failed) {
        cost += costs_.cookie_bad;
    }
    if (tcp.syn()) {
        if (after.cookies_sent > before.cookies_sent) {
            cost += costs_.cookie;
        } else if (answered && !reset) {
            cost += tcp.ack_flag() ? costs_.synack : costs_.syn;
        }
        return cost;  // a SYN without an answer was dropped: it cost its look-up
    }
    if (after.passive_opens > before.passive_opens) {
        const bool by_cookie = after.cookies_received > before.cookies_received;
        cost += by_cookie ? costs_.cookie_ack : costs_.establish;
    } else if (tcp.payload.length == 0 && !tcp.fin() && !reset) {
        cost += costs_.ack;
    }
    if (tcp.payload.length > 0 && !reset) {
        cost += costs_.data;
    }
    if (tcp.fin() && !reset) {
        cost += costs_.fin;
    }
    return cost;
}

bool Cpu::hold(const wire::Packet& packet) {
    if (held_ == nullptr) {
        return false;
    }
    if (packet.protocol == wire::Protocol::kTcp && packet.tcp.payload.length > 0) {
        held_->sending += costs_.xmit;
    }
    held_->packets.push_back(packet);
    return true;
}

void Cpu::hold(const std::vector<tcp::SocketEvent>& events) {
    if (held_ != nullptr) {
        held_->events.insert(held_->events.end(), events.begin(), events.end());
        return;
    }
    for (const tcp::SocketEvent& event : events) {
        call_again(event.socket, event.events);
    }
}

/// A timer's packets are sent by the core that hears of their connection.
void Cpu::TimerScope::end() {
    cpu_->held_ = nullptr;
    Effects& effects = cpu_->timer_effects_;
    for (const wire::Packet& packet : effects.packets) {
        wire::Packet back = packet;
        std::swap(back.source, back.destination);
        if (back.protocol == wire::Protocol::kTcp) {
            std::swap(back.tcp.source_port, back.tcp.destination_port);
        }
        Core& core = cpu_->cores_[rss_core(back, static_cast<std::uint32_t>(cpu_->cores_.size()))];
        core.timers.push_back(cpu_->host_.fabric().packets.make(packet));
        cpu_->interrupt(core);
    }
    effects.packets.clear();
    cpu_->finish(effects);
}

}  // namespace netsim::host
