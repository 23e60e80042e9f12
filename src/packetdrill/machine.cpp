// Time, queues of sent packets, and the record of the exchange.
#include "packetdrill/machine.hpp"

#include <fmt/format.h>

#include "netsim/rng.hpp"
#include "packetdrill/packet_text.hpp"
#include "tcp/profile.hpp"

namespace netsim::packetdrill {
namespace {

constexpr Time kBegin = at_ns(1'000'000'000'000);            // a host that has been up for a while
constexpr std::uint64_t kStepsMax = 5'000'000;               // a script that would run for ever
constexpr std::uint32_t kMinPathMtu = 552;                   // Linux ip_rt_min_pmtu
constexpr Duration kPathMtuLife = std::chrono::minutes(10);  // Linux ip_rt_mtu_expires
constexpr std::size_t kLogMax = 200;                         // lines of exchange a failure prints

}  // namespace

std::string seconds_text(Duration t) {
    const std::int64_t micros = t.count() / 1000;
    const std::int64_t size = micros < 0 ? -micros : micros;
    return fmt::format("{}{}.{:06}", micros < 0 ? "-" : "", size / 1'000'000, size % 1'000'000);
}

Machine::Machine(const Settings& settings)
    : local_(settings.local),
      remote_(settings.remote),
      any_local_(settings.any_local),
      mtu_(settings.mtu),
      began_(kBegin),
      now_(kBegin),
      stack_(*this,
             tcp::profile_settings(settings.profile.empty() ? tcp::kDefaultProfile
                                                            : std::string_view(settings.profile)),
             Rng(1, "packetdrill")) {}

tcp::PathInfo Machine::path(Ipv4 /*destination*/) const {
    const tcp::RouteMetrics* route = route_ ? &*route_ : nullptr;
    const std::uint32_t mtu = route_mtu_ != 0 ? route_mtu_ : mtu_;
    if (learned_mtu_ < mtu && now_ < learned_until_) {
        return {Errno::kOk, local_, learned_mtu_, learned_until_, route};
    }
    return {Errno::kOk, local_, mtu, kNever, route};
}

bool Machine::is_local(Ipv4 address) const {
    return address == local_ || address.is_loopback() || (any_local_ && address != remote_);
}

bool Machine::step(Time limit) {
    const Time timer = stack_.next_deadline();
    const Time next = alarm ? std::min(timer, *alarm) : timer;
    if (next == kNever || next > limit) {
        return false;
    }
    if (++steps_ > kStepsMax) {
        throw Mismatch{"the script runs for too long: 5000000 timers have fired"};
    }
    now_ = std::max(now_, next);
    if (alarm && *alarm <= now_) {
        alarm.reset();
    }
    if (timer <= now_) {
        stack_.timers_expire(now_, out_);
        drain();
    }
    if (on_progress) {
        on_progress();
    }
    return true;
}

void Machine::run_until(Time limit) {
    while (step(limit)) {
    }
    now_ = std::max(now_, limit);
}

Flow& Machine::flow(Endpoint local, Endpoint remote) {
    for (Flow& f : flows_) {
        if (f.local == local && f.remote == remote) {
            return f;
        }
    }
    Flow& made = flows_.emplace_back();
    made.local = local;
    made.remote = remote;
    made.keys = &peer_keys;
    return made;
}

void Machine::deliver(Flow& flow, const wire::Packet& packet) {
    log_.push_back({now_, &flow, true, packet, {}});
    stack_.segment_arrives(packet, now_, out_);
    drain();
    if (on_progress) {
        on_progress();
    }
}

void Machine::deliver_icmp(const wire::IcmpHeader& icmp, const std::string& text) {
    note(text);
    if (icmp.type == wire::icmp::kDestinationUnreachable &&
        icmp.code == wire::icmp::kFragmentationNeeded && !(route_ && route_->mtu_locked)) {
        learned_mtu_ = std::max<std::uint32_t>(icmp.mtu, kMinPathMtu);
        learned_until_ = now_ + kPathMtuLife;
    }
    stack_.icmp_error_arrives(icmp, now_, out_);
    drain();
    if (on_progress) {
        on_progress();
    }
}

void Machine::set_qdisc(tcp::Qdisc qdisc) {
    refuses_ = qdisc == tcp::Qdisc::kRefuses;
    stack_.set_qdisc(qdisc);
}

void Machine::drain() {
    if (refuses_) {
        out_.packets.clear();
    }
    for (const wire::Packet& p : out_.packets) {
        Flow& f = flow({p.source, p.tcp.source_port}, {p.destination, p.tcp.destination_port});
        f.sent.push_back({now_, p});
        log_.push_back({now_, &f, false, p, {}});
    }
    out_.packets.clear();
    for (const tcp::SocketEvent& event : out_.events) {
        if (on_event) {
            on_event(event);
        }
    }
    out_.events.clear();
    out_.states.clear();
    out_.drop.reset();
}

void Machine::note(const std::string& text) {
    log_.push_back({now_, nullptr, false, {}, text});
}

std::string Machine::exchange() const {
    std::string all;
    const std::size_t skipped = log_.size() > kLogMax ? log_.size() - kLogMax : 0;
    if (skipped > 0) {
        all += fmt::format("  ... {} earlier lines\n", skipped);
    }
    for (std::size_t i = skipped; i < log_.size(); ++i) {
        const Entry& e = log_[i];
        const std::string text =
            e.flow == nullptr ? e.text : packet_text(*e.flow, e.packet, e.inbound);
        all += fmt::format("  {:>12}  {}\n", seconds_text(elapsed(e.at)), text);
    }
    return all;
}

}  // namespace netsim::packetdrill
