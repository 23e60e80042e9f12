// Making probes and telling whose answers are whose.
#include "shell/probe_job.hpp"

#include <fmt/format.h>

#include "host/udp.hpp"

namespace netsim::shell {
namespace {

constexpr std::uint32_t kIpAndUdp = 28;
constexpr std::uint32_t kIpAndIcmp = 28;
constexpr std::uint32_t kTcpProbeBase = 0x4e530000U;  // sequence numbers of SYN probes, from here
// A port for each SYN, above those that connections use: a listener would take two for one.
constexpr std::uint32_t kTcpProbePort = 61'000;
constexpr std::uint32_t kTcpProbePorts = 4'500;

std::uint16_t syn_port(std::uint32_t number) {
    return static_cast<std::uint16_t>(kTcpProbePort + number % kTcpProbePorts);
}

}  // namespace

ProbeJob::ProbeJob(const Invocation& invocation, const Options& options)
    : TimedJob(invocation.host), directory_(invocation.directory), options_(options) {
    pid_ = host().start_process({.name = std::string(options.name)}, this);
    if (options.kind == ProbeKind::kUdp) {
        // A socket of its own holds the source port, and hears nothing but errors.
        if (const Result<UdpId> socket = host().udp_socket(pid_)) {
            if (host().udp().bind(*socket, {})) {
                source_port_ = host().udp().info(*socket)->local.port;
            }
        }
    }
    host().add_tap(*this);
}

ProbeJob::~ProbeJob() {
    clean_up();
}

void ProbeJob::clean_up() {
    if (pid_ == 0) {
        return;
    }
    host().remove_tap(*this);
    host().forget_program(pid_);
    host().end_process(pid_);
    pid_ = 0;
}

void ProbeJob::end(int exit_code) {
    clean_up();
    finish(exit_code);
}

/// Killed, or its host lost power: it says no more.
void ProbeJob::on_end() {
    host().remove_tap(*this);
    pid_ = 0;
    constexpr int kBySigkill = 128 + 9;
    finish(kBySigkill);
}

std::uint32_t ProbeJob::mtu() const {
    return host().route_to(options_.target).mtu;
}

Errno ProbeJob::send(const Probe& probe) {
    const tcp::PathInfo path = host().route_to(options_.target);
    if (path.error != Errno::kOk) {
        return path.error;
    }
    if (probe.length > path.mtu) {
        return Errno::kEMSGSIZE;
    }
    wire::Packet p{};
    p.source = path.source;
    p.destination = options_.target;
    p.ttl = probe.ttl;
    p.id = static_cast<std::uint16_t>(probe.number);
    p.dscp = static_cast<std::uint8_t>(probe.tos >> 2U);
    p.ecn = static_cast<wire::Ecn>(probe.tos & 3U);
    p.dont_fragment = probe.dont_fragment;
    switch (options_.kind) {
        case ProbeKind::kUdp: {
            const std::uint32_t on = options_.next_port ? probe.number - 1 : 0;
            p.protocol = wire::Protocol::kUdp;
            p.udp = wire::UdpHeader{};
            p.udp.source_port = source_port_;
            p.udp.destination_port = static_cast<std::uint16_t>(options_.port + on);
            p.udp.payload = {0, 0, probe.length - kIpAndUdp};
            host().count(tcp::Mib::kUdpOutDatagrams);
            break;
        }
        case ProbeKind::kIcmp:
            p.protocol = wire::Protocol::kIcmp;
            p.icmp = wire::IcmpHeader{};
            p.icmp.type = wire::icmp::kEchoRequest;
            p.icmp.echo_id = static_cast<std::uint16_t>(pid_);
            p.icmp.echo_seq = static_cast<std::uint16_t>(probe.number);
            p.icmp.echo_length = probe.length - kIpAndIcmp;
            host().count(tcp::Mib::kIcmpOutMsgs);
            break;
        case ProbeKind::kTcp:
            p.protocol = wire::Protocol::kTcp;
            p.tcp = wire::TcpHeader{};
            p.tcp.source_port = syn_port(probe.number);
            p.tcp.destination_port = options_.port;
            p.tcp.seq = wire::SeqNum(kTcpProbeBase + probe.number);
            p.tcp.flags = wire::flag::kSyn;
            p.tcp.window = 5840;
            p.tcp.options = wire::option::kMss | wire::option::kSackPermitted |
                            wire::option::kTimestamps | wire::option::kWindowScale;
            p.tcp.mss = 1460;
            p.tcp.window_scale = 2;
            p.tcp.tsval = probe.number;
            break;
    }
    return host().send_packet(p);
}

bool ProbeJob::answers_icmp(const wire::Packet& packet, ProbeAnswer& answer) const {
    const wire::IcmpHeader& icmp = packet.icmp;
    if (icmp.type == wire::icmp::kEchoReply) {
        answer.number = icmp.echo_seq;
        answer.reached = true;
        return options_.kind == ProbeKind::kIcmp &&
               icmp.echo_id == static_cast<std::uint16_t>(pid_) && packet.source == options_.target;
    }
    const wire::IcmpHeader::Quoted& quoted = icmp.quoted;
    if (icmp.type == wire::icmp::kEchoRequest || quoted.destination != options_.target) {
        return false;
    }
    answer.reached = icmp.type == wire::icmp::kDestinationUnreachable &&
                     icmp.code == wire::icmp::kPortUnreachable && packet.source == options_.target;
    switch (options_.kind) {
        case ProbeKind::kUdp:
            answer.number = quoted.id;
            return quoted.protocol == wire::Protocol::kUdp && quoted.source_port == source_port_;
        case ProbeKind::kIcmp:
            answer.number = quoted.seq & 0xffffU;
            return quoted.protocol == wire::Protocol::kIcmp &&
                   quoted.seq >> 16U == (pid_ & 0xffffU);
        case ProbeKind::kTcp:
            answer.number = quoted.seq - kTcpProbeBase;
            return quoted.protocol == wire::Protocol::kTcp &&
                   quoted.source_port == syn_port(answer.number);
    }
    return false;
}

bool ProbeJob::answers_tcp(const wire::Packet& packet, ProbeAnswer& answer) const {
    answer.number = (packet.tcp.ack - 1U).raw() - kTcpProbeBase;
    answer.reached = true;
    return options_.kind == ProbeKind::kTcp && packet.source == options_.target &&
           packet.tcp.source_port == options_.port &&
           packet.tcp.destination_port == syn_port(answer.number) && packet.tcp.ack_flag();
}

/// The host's stack sees it all the same: it counts it, and learns an MTU from it.
bool ProbeJob::on_packet(const wire::Packet& packet) {
    ProbeAnswer answer;
    answer.packet = &packet;
    const bool mine = packet.protocol == wire::Protocol::kIcmp  ? answers_icmp(packet, answer)
                      : packet.protocol == wire::Protocol::kTcp ? answers_tcp(packet, answer)
                                                                : false;
    if (mine && !done()) {
        on_answer(answer);
    }
    return false;
}

std::string ProbeJob::name_of(Ipv4 address, bool numeric) const {
    const std::string_view name = numeric ? std::string_view() : directory_.name_of(address);
    return name.empty() ? to_string(address) : std::string(name);
}

std::string ProbeJob::full_name_of(Ipv4 address, bool numeric) const {
    return numeric ? to_string(address)
                   : fmt::format("{} ({})", name_of(address, false), to_string(address));
}

std::string milliseconds_text(Duration time, int digits) {
    return fmt::format("{:.{}f}", static_cast<double>(time.count()) / 1e6, digits);
}

}  // namespace netsim::shell
