// A BSD-shaped, non-blocking TCP socket on a simulated host. Calls return errno as Linux returns
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "netsim/address.hpp"
#include "netsim/result.hpp"

namespace netsim {

namespace host {
class Host;
}

/// Names a socket of one host. Generation 0: none.
struct SocketId {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;

    friend constexpr bool operator==(SocketId, SocketId) = default;

    constexpr explicit operator bool() const { return generation != 0; }
};

/// poll(2) bits.
namespace poll {
inline constexpr unsigned kIn = 0x001;
inline constexpr unsigned kPri = 0x002;
inline constexpr unsigned kOut = 0x004;
inline constexpr unsigned kErr = 0x008;
inline constexpr unsigned kHup = 0x010;
inline constexpr unsigned kRdHup = 0x2000;
}  // namespace poll

enum class Shutdown : std::uint8_t { kRead, kWrite, kBoth };

/// Options by Linux's names. Values are integers in the option's own unit (seconds, ms, bytes,
/// 0/1).
enum class SocketOption : std::uint8_t {
    kSO_REUSEADDR,
    kSO_REUSEPORT,
    kSO_KEEPALIVE,
    kSO_LINGER,  // seconds; -1: off
    kSO_RCVBUF,
    kSO_SNDBUF,
    kSO_RCVLOWAT,
    kSO_MAX_PACING_RATE,  // bytes/s; -1: none
    kSO_ERROR,            // get only: reads and clears the pending error
    kTCP_NODELAY,
    kTCP_CORK,
    kTCP_MAXSEG,
    kTCP_KEEPIDLE,
    kTCP_KEEPINTVL,
    kTCP_KEEPCNT,
    kTCP_SYNCNT,
    kTCP_LINGER2,
    kTCP_DEFER_ACCEPT,
    kTCP_QUICKACK,
    kTCP_USER_TIMEOUT,
    kTCP_WINDOW_CLAMP,
    kIP_BIND_ADDRESS_NO_PORT,
    kIP_LOCAL_PORT_RANGE,  // highest port << 16 | lowest; 0: the sysctl's
    kTCP_INQ,
    kSO_OOBINLINE,
    kSO_ZEROCOPY,
    kSO_TIMESTAMPING,
    kIP_RECVERR,
    kIP_TOS,
    kIP_TTL,
    kIP_MTU_DISCOVER,  // IP_PMTUDISC_*
    kIP_FREEBIND,
    kSO_PRIORITY,
    kSO_MARK,
    kTCP_NOTSENT_LOWAT,
    kTCP_FASTOPEN,  // pending children a listener allows
    kTCP_FASTOPEN_CONNECT,
    kTCP_FASTOPEN_NO_COOKIE,
    kCount
};

/// "SO_REUSEADDR"
std::string_view to_string(SocketOption option);

/// A handle; copying it does not copy the socket, destroying it does not close it.
class Socket {
 public:
    Socket() = default;

    Socket(host::Host* host, SocketId id) : host_(host), id_(id) {}

    explicit operator bool() const { return host_ != nullptr && static_cast<bool>(id_); }

    SocketId id() const { return id_; }

    host::Host* host() const { return host_; }

    /// bind(2). Port 0: chosen at once. EADDRINUSE, EADDRNOTAVAIL, EINVAL (bound already).
    Result<void> bind(Endpoint local);
    /// listen(2). Negative backlog: net.core.somaxconn. EADDRINUSE, EINVAL.
    Result<void> listen(int backlog);
    /// connect(2), non-blocking: EINPROGRESS, then poll::kOut and SO_ERROR tell; EISCONN, EALREADY,
    /// EADDRNOTAVAIL, ENETUNREACH...
    Result<void> connect(Endpoint remote);
    /// sendto(2) with MSG_FASTOPEN (RFC 7413): connects, and where a cookie of this server is known
    /// its SYN carries the first of `bytes`: how many. EINPROGRESS: none; EOPNOTSUPP: sysctl
    /// tcp_fastopen. On a connected socket: send().
    Result<std::uint64_t> fast_open(Endpoint remote, std::string_view bytes);
    /// accept(2): EAGAIN when the accept queue is empty.
    Result<Socket> accept();
    /// send(2): how many bytes the send buffer took; EAGAIN when it is full; EPIPE, ECONNRESET...
    Result<std::uint64_t> send(std::string_view bytes);
    /// The same for bytes nobody looks at: synthetic, checked end to end, at no cost per byte.
    Result<std::uint64_t> send_synthetic(std::uint64_t count);
    /// recv(2): at most `max` bytes; an empty string is end of file; EAGAIN when there is nothing
    /// yet.
    Result<std::string> receive(std::uint64_t max);
    /// recv(2) that throws the bytes away after checking them: how many; 0 is end of file.
    Result<std::uint64_t> receive_discard(std::uint64_t max);
    Result<void> shutdown(Shutdown how);
    Result<void> close();
    Result<void> set_option(SocketOption option, std::int64_t value);
    Result<std::int64_t> get_option(SocketOption option);
    /// TCP_CONGESTION: "reno", "cubic", "bbr". ENOENT: there is none of that name; EPERM: the host
    /// does not allow it.
    Result<void> set_congestion_control(std::string_view name);
    Result<std::string> congestion_control() const;
    /// TCP_MD5SIG (RFC 2385): what goes to and comes from these peers is signed with the key; an
    /// empty one ends that. EINVAL: longer than 80 octets; ENOENT: there was none.
    Result<void> set_md5_key(Prefix peers, std::string_view key);
    /// poll(2)'s bits, now.
    unsigned poll() const;
    Result<Endpoint> local() const;   // getsockname(2)
    Result<Endpoint> remote() const;  // getpeername(2): ENOTCONN

 private:
    host::Host* host_ = nullptr;
    SocketId id_;
};

}  // namespace netsim
