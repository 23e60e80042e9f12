// A host's TCP, sans-IO. Each function is an input (RFC 9293 §3.10: user calls, arriving segments,
// time-outs); what it causes stands in the Outbox when it returns. No clock, callback or global
// inside.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "netsim/result.hpp"
#include "netsim/rng.hpp"
#include "netsim/socket.hpp"
#include "tcp/context.hpp"
#include "tcp/drop.hpp"
#include "tcp/error_queue.hpp"
#include "tcp/mib.hpp"
#include "tcp/socket_info.hpp"
#include "tcp/sysctl.hpp"
#include "tcp/timer_wheel.hpp"

namespace netsim::tcp {

struct StackState;

/// How send() takes its bytes: the MSG_ flags that change what TCP does.
struct SendFlags {
    bool more = false;           // MSG_MORE: a partial segment waits for the next send()
    bool end_of_record = false;  // MSG_EOR: no segment holds bytes of this and of the next send()
    bool urgent = false;         // MSG_OOB: the last byte is urgent
    bool zerocopy = false;       // MSG_ZEROCOPY, if SO_ZEROCOPY is set
    bool unreadable = false;     // bytes to go with a SYN are nowhere (a NULL pointer)
    /// With zero-copy: the sizes of the pieces of memory, 17 of which fill an skb.
    std::span<const std::uint32_t> pieces;
};

/// What an ICMP error means to a call. Linux icmp_err_convert.
Errno icmp_errno(std::uint8_t type, std::uint8_t code);

class Stack {
 public:
    /// `paths` answers routing questions and must outlive the stack. `rng` gives the secrets.
    Stack(const Paths& paths, const Sysctl& sysctl, Rng rng);
    ~Stack();
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    Stack(Stack&&) = delete;
    Stack& operator=(Stack&&) = delete;

    // --- segments and time
    /// A TCP packet addressed to this host, checksum good. RFC 9293 §3.10.7.
    void segment_arrives(const wire::Packet& packet, Time now, Outbox& out);
    /// So many endpoints that the processor's caches do not hold them all.
    bool holds_many() const;
    /// It will arrive soon: has the processor fetch the entry of the table; then the record; then
    /// what the record points to, whose socket, if it has one, is told. Changes nothing.
    void expect_entry(const wire::Packet& packet) const;
    void expect_record(const wire::Packet& packet) const;
    SocketId expect_queues(const wire::Packet& packet) const;
    /// An ICMP error whose quoted packet is TCP and ours. Linux tcp_v4_err().
    void icmp_error_arrives(const wire::IcmpHeader& icmp, Time now, Outbox& out);
    /// Fires every deadline up to `now`, in order. RFC 9293 §3.10.8.
    void timers_expire(Time now, Outbox& out);
    /// When timers_expire() must be called next at the latest; may be early, never late.
    /// `than`: whether it is earlier than this is all the caller needs to know.
    Time next_deadline(Time than = kNever) const;

    // --- user calls, RFC 9293 §3.10.1-6; errno as Linux
    Result<SocketId> socket();
    Result<void> bind(SocketId s, Endpoint local);
    Result<void> listen(SocketId s, int backlog, Time now, Outbox& out);
    Result<void> connect(SocketId s, Endpoint remote, Time now, Outbox& out);
    /// The connect() in sendto(2) with MSG_FASTOPEN (RFC 7413): the SYN waits for the send() that
    /// follows at once, and takes of its payload what send_room() says. EOPNOTSUPP: sysctl
    /// tcp_fastopen; else as connect(), without EINPROGRESS.
    Result<void> fast_open(SocketId s, Endpoint remote, Time now, Outbox& out);
    /// A blocking write goes on when the handshake is over: its last ACK rides on that data.
    void await_handshake(SocketId s);
    /// Is there a handshake that a blocking connect() or Fast Open write would wait for?
    bool opening(SocketId s) const;
    Result<SocketId> accept(SocketId s);
    /// May the socket be written to? The most that one send() takes; how much there is room for
    /// shows only there. The SYN of a Fast Open that waits for its data may take less, or none:
    /// then send() says EINPROGRESS.
    Result<std::uint64_t> send_room(SocketId s);

    /// The stream to refer to, and the offset of its next byte. `real`: bytes kept in a ByteStore.
    struct SendCursor {
        wire::StreamId stream = 0;  // 0: none opened yet
        std::uint64_t offset = 0;
        std::uint64_t unacked = 0;  // bytes before it that the peer has not acknowledged
    };

    SendCursor send_cursor(SocketId s) const;
    /// From now on what is sent belongs to `stream`, from its offset 0.
    void set_send_stream(SocketId s, wire::StreamId stream);
    /// A fresh id for a synthetic stream of this host.
    wire::StreamId new_synthetic_stream();
    /// Takes the first bytes of `payload`, which begins at the cursor: how many there is room for;
    /// EAGAIN if for none.
    Result<std::uint64_t> send(SocketId s, const wire::PayloadRef& payload, Time now, Outbox& out,
                               const SendFlags& flags = {});
    /// Appends at most `max` bytes' worth of ranges to `ranges`; their total. 0: end of file.
    Result<std::uint64_t> receive(SocketId s, std::uint64_t max, Time now, Outbox& out,
                                  std::vector<wire::PayloadRef>& ranges);
    /// A process in the midst of a call on a connection holds it (Linux lock_sock()): what arrives
    /// waits, and what it receives is seen to when it lets go. It alone may make calls then.
    /// Nothing happens to a socket that is no connection.
    void lock(SocketId s);
    /// Does anything wait?
    bool has_backlog(SocketId s) const;
    /// What waits has its turn, and what comes before flush_backlog() too. Linux __release_sock().
    void process_backlog(SocketId s, Time now, Outbox& out);
    /// What waits has its turn; the process holds on. Linux __sk_flush_backlog().
    void flush_backlog(SocketId s, Time now, Outbox& out);
    /// Linux tcp_cleanup_rbuf(), release_sock().
    void unlock(SocketId s, Time now, Outbox& out);
    /// splice(2): as receive(), but the bytes go nowhere and the urgent byte is a wall
    /// (tcp_read_sock).
    Result<std::uint64_t> splice(SocketId s, std::uint64_t max, Time now, Outbox& out);
    /// recv(MSG_PEEK): the same bytes, left where they are.
    Result<std::uint64_t> peek(SocketId s, std::uint64_t max,
                               std::vector<wire::PayloadRef>& ranges) const;
    /// recv(MSG_OOB): 1 if the urgent byte was there to read; EINVAL, EAGAIN.
    Result<std::uint64_t> receive_urgent(SocketId s, bool peek);
    /// recvmsg(MSG_ERRQUEUE): EAGAIN when the queue is empty.
    Result<ErrorMessage> receive_error(SocketId s);
    /// What TCP_CM_INQ says: bytes to read, 1 for an unread FIN. Linux tcp_inq_hint().
    std::uint32_t unread(SocketId s) const;
    /// connect(AF_UNSPEC): RFC 9293 §3.10.5's ABORT; the socket may be used again. Linux
    /// tcp_disconnect().
    Result<void> disconnect(SocketId s, Time now, Outbox& out);
    Result<void> shutdown(SocketId s, Shutdown how, Time now, Outbox& out);
    Result<void> close(SocketId s, Time now, Outbox& out);
    Result<void> set_option(SocketId s, SocketOption option, std::int64_t value, Time now,
                            Outbox& out);
    Result<std::int64_t> get_option(SocketId s, SocketOption option);
    /// TCP_FASTOPEN_KEY: 16 octets, or 32 with the backup key. EINVAL: another length.
    Result<void> set_fastopen_key(SocketId s, std::span<const std::uint8_t> octets);
    Result<std::vector<std::uint8_t>> fastopen_key(SocketId s) const;
    /// TCP_MD5SIG, TCP_MD5SIG_EXT (RFC 2385): segments to and from these peers are signed with the
    /// key; an empty one ends that. EINVAL: longer than 80 octets; ENOENT: there
    /// was none.
    Result<void> set_md5_key(SocketId s, Prefix peers, std::string_view key);
    /// Where the bytes of real payload are, which a signature covers. Must outlive the stack.
    void use_bytes(const wire::ByteStore& bytes);
    /// `ip tcp_metrics flush`: nothing is known of any peer.
    void flush_metrics();
    /// `ip tcp_metrics delete`: false, nothing was known.
    bool forget_peer(Ipv4 peer);
    /// `ip tcp_metrics show`, by address.
    std::vector<PeerInfo> known_peers(Time now) const;
    /// What the interface does with what is sent.
    void set_qdisc(Qdisc qdisc);
    /// The sequence number the next connection begins with.
    void set_next_isn(std::uint32_t isn);
    /// TCP_CONGESTION, the one option whose value is text. ENOENT: unknown; EPERM: not in
    /// tcp_allowed_congestion_control.
    Result<void> set_congestion_control(SocketId s, std::string_view name, Time now);
    Result<std::string_view> get_congestion_control(SocketId s) const;
    /// Readiness: poll bits.
    unsigned readiness(SocketId s) const;
    /// The same by poll(2): a socket that is not writable will tell when it is (SOCK_NOSPACE).
    unsigned poll(SocketId s);
    Result<Endpoint> local_endpoint(SocketId s) const;
    Result<Endpoint> remote_endpoint(SocketId s) const;

    /// Power fails and comes back: no socket, timer, counter or thing learnt is left, the secrets
    /// are new. Settings stay, and ids of sockets that were are those of none now.
    void restart(Rng rng);

    /// Timers late as Linux's wheel makes them (timer_wheel.hpp). Set before the first input.
    void set_timer_wheel(const TimerWheel& wheel);

    /// How far the host's clock is ahead of simulated time: its timestamps and the counter of its
    /// SYN cookies go by it. Set before the first input.
    void set_clock_offset(Duration offset);

    // --- looking
    Sysctl& sysctl();
    Mibs& mib();
    std::uint64_t dropped(Drop reason) const;
    std::uint64_t integrity_violations() const;
    Result<SocketInfo> info(SocketId s, Time now) const;
    /// Listeners, connections, requests, TIME-WAIT records; each group in order of slab index.
    void for_each_socket(Time now, const std::function<void(const SocketInfo&)>& visit) const;
    /// Those in one of the states (a bit per State) on a local port; 0: any. Faster than visiting.
    std::uint64_t count_sockets(std::uint32_t states, std::uint16_t port) const;
    std::uint32_t syn_queue_length(std::uint16_t port) const;  // port 0: all
    std::uint32_t accept_queue_length(std::uint16_t port) const;
    /// The longest a listener's queue has been since listen(); of several listeners the longest.
    std::uint32_t syn_queue_peak(std::uint16_t port) const;
    std::uint32_t accept_queue_peak(std::uint16_t port) const;
    std::uint8_t syn_retransmits(SocketId s) const;
    std::uint64_t bytes_acked(SocketId s) const;

    /// Bytes held per record, for benchmarks: a half-open, an idle established, a TIME-WAIT one,
    /// with their share of the tables.
    struct Footprint {
        std::size_t request = 0;
        std::size_t connection = 0;
        std::size_t time_wait = 0;
    };

    static Footprint footprint();

    /// How many records there are.
    struct Holdings {
        std::size_t requests = 0;
        std::size_t connections = 0;
        std::size_t time_waits = 0;
        std::size_t side_records = 0;  // of connections, made when first written to
        std::size_t side_bytes = 0;    // what those take
    };

    Holdings holdings() const;

    /// Every invariant of README.md; aborts when one is broken. O(sockets): dev builds and tests.
    void check_invariants() const;

 private:
    std::unique_ptr<StackState> state_;
};

}  // namespace netsim::tcp
