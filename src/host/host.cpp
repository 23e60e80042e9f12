// The host as a node: IP input and output, ICMP, and the draining of TCP's outbox.
#include "host/host.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.hpp"
#include "base/prefetch.hpp"
#include "host/host_state.hpp"
#include "net/elements.hpp"
#include "net/icmp.hpp"
#include "net/link.hpp"
#include "net/packet_log.hpp"
#include "tcp/stack.hpp"

namespace netsim::host {

using tcp::Mib;
using wire::Packet;
using wire::Protocol;

namespace {

constexpr std::uint32_t kLoopbackMtu = 65536;
constexpr std::uint32_t kLoopback = 0xffffffffU;  // "interface" of what never left the host
constexpr Duration kPathMtuLife = std::chrono::minutes(10);  // Linux ip_rt_mtu_expires

enum : std::uint64_t { kTimerEvent = 0, kLoopbackEvent = 1 };

/// Linux ip_rcv_core()
void count_arrival(tcp::Mibs& mib, const Packet& packet) {
    static constexpr auto kByMark =
        std::to_array<Mib>({Mib::kIpExtInNoECTPkts, Mib::kIpExtInECT1Pkts, Mib::kIpExtInECT0Pkts,
                            Mib::kIpExtInCEPkts});
    mib.add(Mib::kIpInReceives);
    mib.add(kByMark[static_cast<std::size_t>(packet.ecn)]);
}

}  // namespace

Host::Host(net::Fabric& fabric, wire::ByteStore& bytes, const HostConfig& config)
    : net::Node(fabric, config.name),
      bytes_(bytes),
      stack_(std::make_unique<tcp::Stack>(static_cast<const tcp::Paths&>(*this), config.sysctl,
                                          fabric.sim.rng("host/" + config.name + "/secrets"))),
      state_(std::make_unique<State>()) {
    state_->address = config.address;
    state_->clock = config.clock;
    state_->udp = std::make_unique<Udp>(*this, static_cast<const tcp::Paths&>(*this),
                                        fabric.sim.rng("host/" + config.name + "/udp"));
    stack_->set_timer_wheel(config.timer_wheel);
    stack_->set_clock_offset(config.clock);
    stack_->use_bytes(bytes_);
    if (config.cpu) {
        state_->cpu = std::make_unique<Cpu>(*this, *config.cpu);
        state_->special = true;
    }
}

Host::~Host() = default;

// --- IP

Ipv4 Host::address() const {
    return state_->address;
}

bool Host::is_local(Ipv4 address) const {
    if (address == state_->address || address.is_loopback()) {
        return true;
    }
    for (const net::Interface& i : interfaces()) {  // nearly always one
        if (i.address == address) {
            return true;
        }
    }
    return false;
}

net::RouteTable& Host::routes() {
    return state_->routes;
}

tcp::Sysctl& Host::sysctl() {
    return stack_->sysctl();
}

const tcp::Mibs& Host::mibs() const {
    return stack_->mib();
}

std::uint64_t Host::dropped(DropReason reason) const {
    return state_->dropped[static_cast<std::size_t>(reason)];
}

tcp::PathInfo Host::path(Ipv4 destination) const {
    if (is_local(destination)) {
        return {Errno::kOk, destination.is_loopback() ? destination : state_->address,
                kLoopbackMtu};
    }
    const net::Route* route = state_->routes.find(destination);
    if (route == nullptr) {
        return {Errno::kENETUNREACH, {}, 0};
    }
    if (route->kind != net::Route::Kind::kUnicast) {
        const bool unreachable = route->kind == net::Route::Kind::kUnreachable;
        return {unreachable ? Errno::kEHOSTUNREACH : Errno::kEINVAL, {}, 0};
    }
    const net::Interface& out = interfaces()[route->interface];
    tcp::PathInfo info{Errno::kOk, out.address.is_any() ? state_->address : out.address, out.mtu};
    if (state_->path_mtu.empty()) [[likely]] {
        return info;
    }
    const auto known = state_->path_mtu.find(destination.bits);
    if (known != state_->path_mtu.end() && known->second.until > fabric().sim.now()) {
        info.mtu = std::min(info.mtu, known->second.mtu);
        info.mtu_until = known->second.until;
    }
    return info;
}

tcp::TxQueue Host::tx_queue(const tcp::FourTuple& connection, std::span<const wire::Packet> next,
                            const tcp::TxLimit& limit) const {
    const net::Route* route =
        is_local(connection.remote) ? nullptr : state_->routes.find(connection.remote);
    if (route == nullptr || route->kind != net::Route::Kind::kUnicast) {
        return {};
    }
    const net::FlowQueue queue = interfaces()[route->interface].out->queued(
        {connection.local, connection.remote, connection.local_port, connection.remote_port}, next,
        {limit.memory, limit.per_packet});
    return {queue.packets, queue.payload, queue.first_done, queue.within_at};
}

void Host::receive(wire::PacketPtr packet, std::uint32_t interface) {
    if (state_->special) [[unlikely]] {
        receive_specially(std::move(packet), interface);
        return;
    }
    receive_now(*packet, interface);
}

void Host::receive_specially(wire::PacketPtr packet, std::uint32_t interface) {
    if (!state_->on) {
        drop_at_ip(*packet, interface, DropReason::kHostOff);
        return;
    }
    state_->cpu->arrive(std::move(packet), interface);
}

void Host::receive_now(const Packet& packet, std::uint32_t interface) {
    count_arrival(stack_->mib(), packet);
    deliver(packet, interface);
}

bool Host::expect(const Packet& packet, Ahead ahead) const {
    if (!stack_->holds_many()) {
        return false;
    }
    if (packet.protocol != Protocol::kTcp) {
        return true;
    }
    switch (ahead) {
        case Ahead::kFar:
            stack_->expect_entry(packet);
            break;
        case Ahead::kNear:
            stack_->expect_record(packet);
            break;
        case Ahead::kNext:
            const SocketId socket = stack_->expect_queues(packet);
            if (socket && socket.index < state_->slots.size()) {
                prefetch(&state_->slots[socket.index]);
            }
            break;
    }
    return true;
}

std::string_view Host::interface_name(std::uint32_t interface) const {
    if (interface == kLoopback) {
        return "lo";
    }
    if (interface == net::kNoInterface) {
        return "";
    }
    return interfaces()[interface].name;
}

/// Linux ip_rcv(), ip_local_deliver(). False: dropped.
bool Host::deliver(const Packet& packet, std::uint32_t interface) {
    tcp::Mibs& mib = stack_->mib();
    if (packet.corrupted != 0) {
        // The first checksum that covers the damaged octet: IP's header, else the transport's.
        if (packet.corrupted <= wire::kIpHeaderLength) {
            mib.add(Mib::kIpInHdrErrors);
        } else if (packet.protocol == Protocol::kTcp) {
            mib.add(Mib::kTcpInCsumErrors);
            mib.add(Mib::kTcpInErrs);
        } else if (packet.protocol == Protocol::kUdp) {
            mib.add(Mib::kUdpInCsumErrors);
            mib.add(Mib::kUdpInErrors);
        } else {
            mib.add(Mib::kIcmpInErrors);
        }
        drop_at_ip(packet, interface, DropReason::kCorrupted);
        return false;
    }
    if (!is_local(packet.destination)) {
        mib.add(Mib::kIpInAddrErrors);
        drop_at_ip(packet, interface, DropReason::kNotForMe);
        return false;
    }
    if (elements_if_any() != nullptr && !input_passes(packet, interface)) [[unlikely]] {
        return false;
    }
    mib.add(Mib::kIpInDelivers);
    for (PacketTap* tap : state_->taps) {
        if (tap->on_packet(packet)) {
            return true;
        }
    }
    switch (packet.protocol) {
        case Protocol::kTcp:
            state_->out.observed = fabric().tracer != nullptr;
            stack_->segment_arrives(packet, fabric().sim.now(), state_->out);
            drain(&packet, interface);
            break;
        case Protocol::kIcmp:
            deliver_icmp(packet);
            break;
        case Protocol::kUdp:
            deliver_udp(packet, interface);
            break;
    }
    return true;
}

void Host::deliver_icmp(const Packet& packet) {
    tcp::Mibs& mib = stack_->mib();
    const wire::IcmpHeader& icmp = packet.icmp;
    mib.add(Mib::kIcmpInMsgs);
    switch (icmp.type) {
        case wire::icmp::kEchoRequest: {
            mib.add(Mib::kIcmpInEchos);
            mib.add(Mib::kIcmpOutMsgs);
            mib.add(Mib::kIcmpOutEchoReps);
            send_packet(net::echo_reply(packet));
            return;
        }
        case wire::icmp::kEchoReply:
            mib.add(Mib::kIcmpInEchoReps);
            return;
        case wire::icmp::kDestinationUnreachable:
            mib.add(Mib::kIcmpInDestUnreachs);
            break;
        case wire::icmp::kTimeExceeded:
            mib.add(Mib::kIcmpInTimeExcds);
            break;
        case wire::icmp::kParameterProblem:
            mib.add(Mib::kIcmpInParmProbs);
            break;
        default:
            mib.add(Mib::kIcmpInErrors);
            return;
    }
    if (icmp.type == wire::icmp::kDestinationUnreachable &&
        icmp.code == wire::icmp::kFragmentationNeeded && state_->path_mtu.size() < kPathMtuMax) {
        constexpr std::uint32_t kMinPathMtu = 552;  // Linux ip_rt_min_pmtu
        state_->path_mtu[icmp.quoted.destination.bits] = {
            std::max<std::uint32_t>(icmp.mtu, kMinPathMtu), fabric().sim.now() + kPathMtuLife};
    }
    if (icmp.quoted.protocol == Protocol::kUdp && !state_->udp->error_arrives(icmp)) {
        mib.add(Mib::kIcmpInErrors);
    } else if (icmp.quoted.protocol == Protocol::kTcp) {
        state_->out.observed = fabric().tracer != nullptr;
        stack_->icmp_error_arrives(icmp, fabric().sim.now(), state_->out);
        drain(nullptr, kLoopback);
    }
}

/// RFC 1122 §4.1.3.1
void Host::deliver_udp(const Packet& packet, std::uint32_t interface) {
    if (state_->udp->arrives(packet, interface)) {
        return;
    }
    stack_->mib().add(Mib::kUdpNoPorts);
    send_icmp_error(packet, wire::icmp::kDestinationUnreachable, wire::icmp::kPortUnreachable);
}

void Host::send_icmp_error(const Packet& cause, std::uint8_t type, std::uint8_t code) {
    const Time now = fabric().sim.now();
    const bool loopback = cause.source.is_loopback() && cause.destination.is_loopback();
    if ((!loopback && !net::may_send_error_about(cause)) ||
        !state_->icmp_limit.allow(now, cause.source, type, code)) {
        return;
    }
    stack_->mib().add(Mib::kIcmpOutMsgs);
    stack_->mib().add(Mib::kIcmpOutDestUnreachs);
    const Ipv4 source = loopback ? cause.destination : state_->address;
    send_packet(net::icmp_error(cause, source, type, code));
}

Errno Host::send_packet(Packet packet) {
    stack_->mib().add(Mib::kIpOutRequests);
    return route_out(packet);
}

Errno Host::route_out(Packet& packet) {
    sim::Simulation& sim = fabric().sim;
    if (packet.uid == 0) {
        packet.uid = sim.next_uid(id());
    }
    if (packet.ttl == 0) {
        packet.ttl = static_cast<std::uint8_t>(stack_->sysctl().ip_default_ttl);
    }
    if (state_->cpu != nullptr && state_->cpu->hold(packet)) [[unlikely]] {
        return Errno::kOk;
    }
    if (elements_if_any() != nullptr && !output_passes(packet)) [[unlikely]] {
        return Errno::kEPERM;
    }
    if (is_local(packet.destination)) {
        state_->loopback.push_back(packet);
        sim.schedule(sim.now(), id(), *this, kLoopbackEvent);
        return Errno::kOk;
    }
    const net::Route* route = state_->routes.find(packet.destination);
    if (route == nullptr || route->kind != net::Route::Kind::kUnicast) {
        stack_->mib().add(Mib::kIpOutNoRoutes);
        const bool blackhole = route != nullptr && route->kind == net::Route::Kind::kBlackhole;
        const DropReason reason = blackhole ? DropReason::kBlackhole : DropReason::kNoRoute;
        ++state_->dropped[static_cast<std::size_t>(reason)];
        net::log_drop(fabric(), *this, "", packet, reason);
        return Errno::kENETUNREACH;
    }
    net::LinkDirection* out = interfaces()[route->interface].out;
    CHECK(out != nullptr);
    out->transmit(fabric().packets.make(packet));
    return Errno::kOk;
}

void Host::add_tap(PacketTap& tap) {
    state_->taps.push_back(&tap);
}

void Host::remove_tap(PacketTap& tap) {
    std::erase(state_->taps, &tap);
}

// --- the stack's outputs

/// Most calls have nothing to say: each of its parts is looked at only if there is something in it.
/// A call made from inside a watcher leaves waking others and arming the timer to the outermost.
void Host::drain(const Packet* arrived, std::uint32_t interface) {
    State& state = *state_;
    tcp::Outbox& out = state.out;
    if (out.drop) {
        note_drop(arrived, interface);
    }
    if (!out.states.empty()) {
        trace_states();
    }
    for (Packet& packet : out.packets) {
        stack_->mib().add(Mib::kIpOutRequests);
        // Linux sends SYN-ACKs with id 0 (ip_build_and_send_pkt() of a packet with DF).
        const bool syn_ack = packet.tcp.has(wire::flag::kSyn | wire::flag::kAck);
        packet.id = syn_ack ? std::uint16_t{0} : ++state.next_ip_id;
        route_out(packet);
    }
    out.packets.clear();
    if (!out.events.empty()) {
        if (state.cpu == nullptr) [[likely]] {
            state.pending.insert(state.pending.end(), out.events.begin(), out.events.end());
        } else {
            state.cpu->hold(out.events);
        }
        out.events.clear();
    }
#ifdef NETSIM_INVARIANTS
    stack_->check_invariants();
#endif
    if (state.dispatching) {
        return;
    }
    if (!state.pending.empty()) {
        dispatch_events();
    }
    arm_timer();
}

/// The segment that arrived was dropped by TCP.
void Host::note_drop(const Packet* arrived, std::uint32_t interface) {
    tcp::Outbox& out = state_->out;
    if (arrived != nullptr) {
        fabric().sim.node_digest(id()).add(static_cast<std::uint64_t>(*out.drop) + 0x100);
        const std::string_view name = interface_name(interface);
        net::trace_packet(fabric(), *this, name, sim::PacketEvent::kDropped, *arrived,
                          tcp::to_string(*out.drop));
    }
    out.drop.reset();
}

void Host::trace_states() {
    for (const tcp::StateChange& change : state_->out.states) {
        fabric().tracer->on_state({fabric().sim.now(), id(), name(), change.local, change.remote,
                                   tcp::rfc_name(change.from), tcp::rfc_name(change.to),
                                   tcp::to_string(change.cause)});
    }
    state_->out.states.clear();
}

/// Watchers run one after the other, never inside one another: what they cause is appended.
void Host::dispatch_events() {
    State& state = *state_;
    state.dispatching = true;
    for (std::size_t i = 0; i < state.pending.size(); ++i) {
        const tcp::SocketEvent event = state.pending[i];
        if (SocketWatcher* watcher = state.watcher(event.socket)) {
            watcher->on_socket(event.socket, event.events);
        }
    }
    state.pending.clear();
    state.dispatching = false;
}

/// Only if no event that is pending comes before the deadline: when one fires it looks again. What
/// is not needed any more thus stays, but never more than a few that were each needed earlier.
void Host::arm_timer() {
    State& state = *state_;
    const Time deadline = stack_->next_deadline(state.timer_at());
    if (deadline < state.timer_at()) {
        const Time at = std::max(deadline, fabric().sim.now());
        state.armed.push_back(at);
        fabric().sim.schedule(at, id(), *this, kTimerEvent);
    }
}

void Host::loopback_arrives() {
    State& state = *state_;
    const Packet packet = state.loopback.front();
    state.loopback.pop_front();
    if (state.stale_loopback > 0) {
        --state.stale_loopback;
        drop_at_ip(packet, kLoopback, DropReason::kHostOff);
        return;
    }
    if (state.cpu != nullptr) [[unlikely]] {
        state.cpu->arrive(fabric().packets.make(packet), kLoopback);
    } else {
        receive_now(packet, kLoopback);
    }
}

void Host::fire(std::uint64_t argument) {
    State& state = *state_;
    if (argument == kLoopbackEvent) {
        loopback_arrives();
        return;
    }
    const Cpu::TimerScope softirq(state.cpu.get());
    const Time now = fabric().sim.now();
    CHECK(state.timer_at() == now);
    state.armed.pop_back();
    state.out.observed = fabric().tracer != nullptr;
    stack_->timers_expire(now, state.out);
    drain(nullptr, kLoopback);
}

// --- the CPU

Cpu* Host::cpu() const {
    return state_->cpu.get();
}

SocketWatcher* Host::watcher(SocketId s) const {
    return state_->watcher(s);
}

bool Host::must_yield() const {
    return state_->cpu != nullptr && state_->cpu->must_yield();
}

void Host::call_again(SocketId s, unsigned events) {
    if (state_->cpu != nullptr) {
        state_->cpu->call_again(s, events);
    }
}

}  // namespace netsim::host
