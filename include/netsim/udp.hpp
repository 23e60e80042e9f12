// A BSD-shaped, non-blocking UDP socket on a simulated host. Calls return errno as Linux returns
// it. A datagram larger than the way's MTU is EMSGSIZE, as with IP_PMTUDISC_DO: the model has no
// fragments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "netsim/address.hpp"
#include "netsim/result.hpp"

namespace netsim {

namespace host {
class Host;
}

/// Names a UDP socket of one host. Generation 0: none.
struct UdpId {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;

    friend constexpr bool operator==(UdpId, UdpId) = default;

    constexpr explicit operator bool() const { return generation != 0; }
};

struct Datagram {
    Endpoint from;
    std::string bytes;
};

/// What can be seen of a UDP socket.
struct UdpInfo {
    UdpId id;
    Endpoint local;                // port 0: not bound yet
    Endpoint remote;               // port 0: not connected
    std::uint32_t recv_queue = 0;  // memory of what waits: sk_rmem_alloc
    std::uint32_t receive_buffer = 0;
    std::uint64_t drops = 0;  // datagrams the receive buffer had no room for
};

/// A handle; copying it does not copy the socket, destroying it does not close it.
class UdpSocket {
 public:
    UdpSocket() = default;

    UdpSocket(host::Host* host, UdpId id) : host_(host), id_(id) {}

    explicit operator bool() const { return host_ != nullptr && static_cast<bool>(id_); }

    UdpId id() const { return id_; }

    host::Host* host() const { return host_; }

    /// bind(2). Port 0: chosen from ip_local_port_range. EADDRINUSE, EADDRNOTAVAIL, EINVAL (bound
    /// already).
    Result<void> bind(Endpoint local);
    /// connect(2): only datagrams from there are received, and ICMP errors are told. ENETUNREACH.
    Result<void> connect(Endpoint remote);
    /// connect(AF_UNSPEC)
    Result<void> disconnect();
    /// sendto(2). EMSGSIZE; ENETUNREACH; a pending ECONNREFUSED.
    Result<std::uint64_t> send_to(std::string_view bytes, Endpoint to);
    /// send(2): EDESTADDRREQ if it is not connected.
    Result<std::uint64_t> send(std::string_view bytes);
    /// recvfrom(2): the next datagram, whole. EAGAIN: none; a pending ECONNREFUSED.
    Result<Datagram> receive();
    Result<void> close();
    /// SO_RCVBUF in octets, doubled as Linux does; at most twice net.core.rmem_max.
    Result<void> set_receive_buffer(std::int64_t octets);
    /// poll(2)'s bits, now.
    unsigned poll() const;
    Result<UdpInfo> info() const;

 private:
    host::Host* host_ = nullptr;
    UdpId id_;
};

}  // namespace netsim
