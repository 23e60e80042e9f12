// What ping, traceroute, tracepath and mtr share: a process of the host that sends packets made by
// hand, sees what comes back, and may be killed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/host.hpp"
#include "host/processes.hpp"
#include "netsim/udp.hpp"
#include "shell/jobs.hpp"
#include "shell/shell.hpp"
#include "wire/packet.hpp"

namespace netsim::shell {

/// How probes are made: UDP to a port nobody has, ICMP echo, or a TCP SYN.
enum class ProbeKind : std::uint8_t { kUdp, kIcmp, kTcp };

/// An answer to the probe of a number.
struct ProbeAnswer {
    std::uint32_t number = 0;
    const wire::Packet* packet = nullptr;
    bool reached = false;  // by the target itself: echo reply, SYN-ACK, RST, port unreachable
};

class ProbeJob : public TimedJob, private host::PacketTap, private host::Program {
 public:
    ProbeJob(const ProbeJob&) = delete;
    ProbeJob& operator=(const ProbeJob&) = delete;
    ProbeJob(ProbeJob&&) = delete;
    ProbeJob& operator=(ProbeJob&&) = delete;
    ~ProbeJob() override;

 protected:
    struct Options {
        std::string_view name;
        ProbeKind kind = ProbeKind::kIcmp;
        Ipv4 target;
        std::uint16_t port = 0;  // of UDP and TCP probes
        bool next_port = false;  // UDP: one port on with each probe
    };

    ProbeJob(const Invocation& invocation, const Options& options);

    struct Probe {
        std::uint32_t number = 0;  // names it in its answer; 16 bits of it for ICMP
        std::uint8_t ttl = 64;
        std::uint32_t length = 60;  // octets, all headers included
        bool dont_fragment = true;
        std::uint8_t tos = 0;
    };

    /// The number is 1 or more. What the host's own route says: kOk, ENETUNREACH, EMSGSIZE...
    Errno send(const Probe& probe);
    /// The job is over; the last thing it does.
    void end(int exit_code);
    /// An answer has come. Not the place to end(): wake_at(now()) is.
    virtual void on_answer(const ProbeAnswer& answer) = 0;

    Ipv4 target() const { return options_.target; }

    /// The MTU towards the target, as far as the host knows.
    std::uint32_t mtu() const;
    /// "r1", or the address itself if it has no name or names are not wanted.
    std::string name_of(Ipv4 address, bool numeric) const;
    /// "r1 (10.0.0.1)", or the address alone.
    std::string full_name_of(Ipv4 address, bool numeric) const;

 private:
    bool on_packet(const wire::Packet& packet) final;
    void on_end() final;
    bool answers_icmp(const wire::Packet& packet, ProbeAnswer& answer) const;
    bool answers_tcp(const wire::Packet& packet, ProbeAnswer& answer) const;
    void clean_up();

    const Directory& directory_;
    Options options_;
    std::uint32_t pid_ = 0;
    std::uint16_t source_port_ = 0;  // of UDP probes
};

/// "0.275", milliseconds as traceroute writes them.
std::string milliseconds_text(Duration time, int digits);

}  // namespace netsim::shell
