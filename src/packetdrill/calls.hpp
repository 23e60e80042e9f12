// The script's system calls on the stack: descriptors, blocking, epoll, socket options.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "packetdrill/machine.hpp"
#include "packetdrill/script.hpp"

namespace netsim::packetdrill {

/// What a call returned.
struct Outcome {
    std::int64_t value = 0;
    Errno error = Errno::kOk;
    bool descriptor = false;  // `value` is a new descriptor: the script's number is as good as any

    static Outcome failed(Errno e) { return {-1, e, false}; }
};

/// A call under way: each step tries to finish it; nothing means it blocks.
struct Running {
    std::function<std::optional<Outcome>()> step;
    /// After a success: stores a new descriptor under the script's number, compares what the call
    /// wrote into its arguments. Mismatch if they differ.
    std::function<void(std::int64_t script_result)> finish;
    std::optional<Time> alarm;  // a time-out of its own
};

/// Octets on their way from splice() to splice(); only their number matters.
struct Pipe {
    std::uint64_t bytes = 0;
    bool reader = true;
    bool writer = true;
};

/// A datagram socket (RFC 768): what arrived for it, and whom it talks to.
struct UdpSocket {
    struct Received {
        Endpoint from;
        std::uint32_t length = 0;
    };

    Endpoint local;
    Endpoint remote;  // port 0: not connected
    Errno error = Errno::kOk;
    std::deque<Received> received;
};

class Calls {
 public:
    Calls(Machine& machine, const Settings& settings);

    /// Mismatch if the stack cannot do it.
    Running start(const CallLine& line);

    /// Set by listen(): the next inbound packet opens a new connection.
    bool listening() const { return listening_; }

    std::uint16_t listening_port() const { return listening_port_; }

    void stop_listening() { listening_ = false; }

    /// The connection of the last connect(); null after listen().
    Flow* connecting() const { return connecting_; }

    void on_event(const tcp::SocketEvent& event);

    /// A datagram from the peer for the socket bound to it; Mismatch if there is none.
    void datagram_arrives(std::uint32_t length);
    /// An ICMP error for the datagrams of the only UDP socket. False: there is no such socket.
    bool udp_error_arrives(Errno error);

 private:
    /// What recvmsg() wrote beside the bytes.
    struct Received {
        std::int64_t flags = 0;
        std::optional<std::int64_t> inq;           // TCP_CM_INQ
        std::optional<tcp::ErrorMessage> message;  // of the error queue
    };

    struct Watch {
        std::int64_t events = 0;
        std::int64_t data = 0;
        bool fresh = true;      // for EPOLLET: something happened since the last report
        bool disabled = false;  // EPOLLONESHOT
    };

    enum class Kind : std::uint8_t { kSocket, kEpoll, kUdp, kPipeIn, kPipeOut, kFile };

    struct Descriptor {
        Kind kind = Kind::kSocket;
        SocketId socket;
        bool nonblocking = false;
        std::map<std::int64_t, Watch> watches;  // epoll: by the script's descriptor
        std::shared_ptr<Pipe> pipe;             // both ends of a pipe
        std::shared_ptr<UdpSocket> udp;
        std::string path;  // file
        std::uint64_t offset = 0;
    };

    /// What one of the calls that move data was asked for.
    struct Transfer {
        std::int64_t fd = 0;
        std::uint64_t size = 0;
        std::int64_t flags = 0;
        bool bad_buffer = false;               // NULL
        std::vector<std::uint32_t> fragments;  // of a message: its vectors' sizes
        std::optional<Value> control;          // recvmsg: the control messages expected
        std::optional<Value> out_flags;        // recvmsg: msg_flags expected
        std::optional<Endpoint> to;
        bool to_unspecified = false;  // AF_UNSPEC in the place of an address
    };

    static Transfer message(const CallLine& line);
    void check_message(const Transfer& what, const Received& got) const;

    using Arguments = std::vector<Value>;
    using Starter = Running (Calls::*)(const CallLine&);

    static const std::map<std::string, Starter, std::less<>>& starters();

    // calls.cpp
    Running socket_call(const CallLine& line);
    Running bind_call(const CallLine& line);
    Running listen_call(const CallLine& line);
    Running accept_call(const CallLine& line);
    Running connect_call(const CallLine& line);
    Running disconnect(std::int64_t fd);
    Running shutdown_call(const CallLine& line);
    Running close_call(const CallLine& line);
    Running fcntl_call(const CallLine& line);
    Running ioctl_call(const CallLine& line);
    // data_calls.cpp
    Running read_call(const CallLine& line);
    Running recv_call(const CallLine& line);
    Running recvmsg_call(const CallLine& line);
    Running readv_call(const CallLine& line);
    Running write_call(const CallLine& line);
    Running send_call(const CallLine& line);
    Running sendmsg_call(const CallLine& line);
    Running writev_call(const CallLine& line);
    Running receive(const Transfer& what);
    std::optional<Outcome> receive_bytes(const Descriptor& d, const Transfer& what,
                                         std::uint64_t& done);
    Running receive_error(const Transfer& what);
    Running send(const Transfer& what);
    std::optional<Endpoint> fast_open_target(const Transfer& what) const;
    Outcome send_syn_data(SocketId s, const Transfer& what, std::uint64_t& done);
    std::optional<Outcome> send_some(SocketId s, bool waits, const Transfer& what,
                                     std::uint64_t& done);
    // file_calls.cpp
    Running open_call(const CallLine& line);
    Running pipe_call(const CallLine& line);
    Running sendfile_call(const CallLine& line);
    Running splice_call(const CallLine& line);
    std::optional<Outcome> splice_in(const Descriptor& from, Pipe& into, std::uint64_t size,
                                     std::int64_t flags);
    std::optional<Outcome> splice_out(Pipe& from, const Descriptor& to, std::uint64_t size,
                                      std::int64_t flags);
    std::optional<Outcome> read_local(Descriptor& d, std::uint64_t size);
    // udp_calls.cpp
    Running udp_socket(std::int64_t type);
    Outcome udp_bind(UdpSocket& socket, Endpoint local);
    Outcome udp_connect(UdpSocket& socket, Endpoint remote);
    Outcome udp_send(UdpSocket& socket, std::uint64_t size, std::optional<Endpoint> to);
    std::optional<Outcome> udp_receive(UdpSocket& socket, const Transfer& what, bool waits);
    std::int64_t udp_poll(const UdpSocket& socket) const;
    // poll_calls.cpp
    Running poll_call(const CallLine& line);
    Running epoll_create_call(const CallLine& line);
    Running epoll_ctl_call(const CallLine& line);
    Running epoll_wait_call(const CallLine& line);
    std::vector<std::pair<std::int64_t, std::int64_t>> ready(std::int64_t epoll, std::size_t most);
    std::int64_t poll_bits(std::int64_t fd);
    std::int64_t watched_bits(std::int64_t fd, const Watch& watch);
    Running timed(std::int64_t timeout_ms, std::function<std::optional<Outcome>(bool)> step);
    // option_calls.cpp
    Running getsockopt_call(const CallLine& line);
    Running set_congestion_call(const CallLine& line);
    Running get_congestion_call(const CallLine& line);
    Running setsockopt_call(const CallLine& line);
    Running fastopen_key_call(const CallLine& line);
    Running md5_key_call(const CallLine& line);

    Descriptor* find(std::int64_t fd);
    Descriptor& store(std::int64_t fd, SocketId socket, bool nonblocking);
    Endpoint endpoint(const Value& address, Endpoint implied) const;
    void note_connect(SocketId s);

    Machine& machine_;
    const Settings& settings_;
    std::map<std::int64_t, Descriptor> descriptors_;
    bool listening_ = false;
    std::uint16_t listening_port_ = 0;
    Flow* connecting_ = nullptr;
};

// --- arguments, each a Mismatch when it is not what the call takes

const Value& argument(const CallLine& line, std::size_t index);
std::int64_t number(const CallLine& line, std::size_t index);
std::int64_t number_or(const Value& value, std::int64_t if_ellipsis);
void need_arguments(const CallLine& line, std::size_t least, std::size_t most);
/// Of a struct; null if it has no such member.
const Value* member(const Value& of, std::string_view name);
/// AF_UNSPEC in the place of an address.
bool is_unspecified(const Value* address);
/// Flags that are not among `allowed`.
void refuse_flags(const CallLine& line, std::int64_t flags, std::int64_t allowed,
                  const Value& written);
/// A call that is over at once.
Running immediate(std::function<Outcome()> call);

template <typename T>
Outcome outcome(const Result<T>& result) {
    return result ? Outcome{static_cast<std::int64_t>(*result)} : Outcome::failed(result.error());
}

template <>
inline Outcome outcome(const Result<void>& result) {
    return result ? Outcome{} : Outcome::failed(result.error());
}

}  // namespace netsim::packetdrill
