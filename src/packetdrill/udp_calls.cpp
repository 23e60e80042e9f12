// Datagram sockets: enough of UDP (RFC 768) for scripts about it. TCP's stack has no part in it.
#include <fmt/format.h>

#include "packetdrill/calls.hpp"
#include "packetdrill/constants.hpp"

namespace netsim::packetdrill {
namespace {

constexpr std::uint64_t kDatagramMax = 65507;  // 65535 - 20 - 8
constexpr std::size_t kQueueMax = 1000;
constexpr std::uint16_t kEphemeral = 32768;

}  // namespace

Running Calls::udp_socket(std::int64_t type) {
    Running call = immediate([] { return Outcome{0, Errno::kOk, true}; });
    call.finish = [this, type](std::int64_t fd) {
        Descriptor& d = store(fd, {}, (type & kSockNonblock) != 0);
        d.kind = Kind::kUdp;
        d.udp = std::make_shared<UdpSocket>();
    };
    return call;
}

Outcome Calls::udp_bind(UdpSocket& socket, Endpoint local) {
    if (socket.local.port != 0) {
        return Outcome::failed(Errno::kEINVAL);
    }
    for (const auto& [unused, d] : descriptors_) {
        if (d.kind == Kind::kUdp && d.udp->local.port == local.port) {
            return Outcome::failed(Errno::kEADDRINUSE);
        }
    }
    socket.local = local;
    return Outcome{};
}

Outcome Calls::udp_connect(UdpSocket& socket, Endpoint remote) {
    socket.remote = remote;
    return Outcome{};
}

Outcome Calls::udp_send(UdpSocket& socket, std::uint64_t size, std::optional<Endpoint> to) {
    if (socket.error != Errno::kOk) {
        return Outcome::failed(std::exchange(socket.error, Errno::kOk));
    }
    if (!to && socket.remote.port == 0) {
        return Outcome::failed(Errno::kEDESTADDRREQ);
    }
    if (size > kDatagramMax) {
        return Outcome::failed(Errno::kEMSGSIZE);
    }
    while (socket.local.port == 0) {  // bound by its first send
        std::uint16_t port = kEphemeral;
        while (udp_bind(socket, {settings_.local, port}).error != Errno::kOk) {
            ++port;
        }
    }
    const Endpoint peer = to.value_or(socket.remote);
    machine_.datagrams.push_back({machine_.now(),
                                  {settings_.local, socket.local.port},
                                  peer,
                                  static_cast<std::uint32_t>(size)});
    machine_.note(fmt::format("> udp ({})", size));
    return Outcome{static_cast<std::int64_t>(size)};
}

std::optional<Outcome> Calls::udp_receive(UdpSocket& socket, const Transfer& what, bool waits) {
    if (socket.error != Errno::kOk) {
        return Outcome::failed(std::exchange(socket.error, Errno::kOk));
    }
    if (socket.received.empty()) {
        return waits ? std::nullopt : std::optional<Outcome>(Outcome::failed(Errno::kEAGAIN));
    }
    const std::uint64_t length = socket.received.front().length;
    if ((what.flags & kMsgPeek) == 0) {
        socket.received.pop_front();
    }
    const std::uint64_t given =
        (what.flags & kMsgTrunc) != 0 ? length : std::min(length, what.size);
    return Outcome{static_cast<std::int64_t>(given)};
}

std::int64_t Calls::udp_poll(const UdpSocket& socket) const {
    return poll::kOut | (socket.received.empty() ? 0U : poll::kIn) |
           (socket.error != Errno::kOk ? poll::kErr | poll::kIn : 0U);
}

void Calls::datagram_arrives(std::uint32_t length) {
    machine_.note(fmt::format("< udp ({})", length));
    for (auto& [unused, d] : descriptors_) {
        if (d.kind == Kind::kUdp && d.udp->local.port != 0) {
            const Endpoint from = d.udp->remote.port != 0
                                      ? d.udp->remote
                                      : Endpoint{settings_.remote, settings_.connect_port};
            if (d.udp->received.size() < kQueueMax) {
                d.udp->received.push_back({from, length});
            }
            return;
        }
    }
    throw Mismatch{"no UDP socket is bound that could take the datagram"};
}

bool Calls::udp_error_arrives(Errno error) {
    for (auto& [unused, d] : descriptors_) {
        if (d.kind == Kind::kUdp && d.udp->remote.port != 0) {
            d.udp->error = error;
            return true;
        }
    }
    return false;
}

}  // namespace netsim::packetdrill
