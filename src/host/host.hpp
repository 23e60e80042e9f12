// A host: interfaces, IP, ICMP, and a TCP stack with BSD-shaped non-blocking calls. It feeds the
// sans-IO stack (segment | call | deadline, now) and drains its outbox to the links, the timers and
// the applications.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/processes.hpp"
#include "net/node.hpp"
#include "net/routes.hpp"
#include "netsim/cpu.hpp"
#include "netsim/result.hpp"
#include "netsim/socket.hpp"
#include "tcp/context.hpp"
#include "tcp/mib.hpp"
#include "tcp/socket_info.hpp"
#include "tcp/sysctl.hpp"
#include "tcp/timer_wheel.hpp"

namespace netsim::net {
struct HookVerdict;
}

namespace netsim::tcp {
class Stack;
struct SendFlags;
}  // namespace netsim::tcp

namespace netsim::host {

class Cpu;
class Udp;

/// Told when a socket's readiness may have changed. Runs as part of the event that changed it,
/// after the stack's call returned; calls on the socket are allowed from inside.
class SocketWatcher {
 public:
    virtual ~SocketWatcher() = default;
    /// `events`: poll bits that rose (kIn also for each new connection of a listener).
    virtual void on_socket(SocketId socket, unsigned events) = 0;

 protected:
    SocketWatcher() = default;
    SocketWatcher(const SocketWatcher&) = default;
    SocketWatcher& operator=(const SocketWatcher&) = default;
    SocketWatcher(SocketWatcher&&) = default;
    SocketWatcher& operator=(SocketWatcher&&) = default;
};

/// Raw access below TCP: floods, ping. Sees a packet before the stack does.
class PacketTap {
 public:
    virtual ~PacketTap() = default;
    /// True: taken; the stack does not see it.
    virtual bool on_packet(const wire::Packet& packet) = 0;

 protected:
    PacketTap() = default;
    PacketTap(const PacketTap&) = default;
    PacketTap& operator=(const PacketTap&) = default;
    PacketTap(PacketTap&&) = default;
    PacketTap& operator=(PacketTap&&) = default;
};

struct HostConfig {
    std::string name;
    Ipv4 address;  // the primary one; interfaces share it unless they were given their own
    tcp::Sysctl sysctl{};
    tcp::TimerWheel timer_wheel{};    // off: ideal timers
    std::optional<CpuOptions> cpu{};  // none: work takes no time
    Duration clock{0};                // how far its clock is ahead
};

class Host final : public net::Node, private sim::EventTarget, private tcp::Paths {
 public:
    Host(net::Fabric& fabric, wire::ByteStore& bytes, const HostConfig& config);
    ~Host() override;

    // --- as a node
    void receive(wire::PacketPtr packet, std::uint32_t interface) override;

    bool forwards() const override { return false; }

    /// Sends a packet made by hand through the routing table (uid, ttl and id are filled in if 0).
    /// ENETUNREACH, and counted, if there is no route; EPERM if its own firewall drops or rejects
    /// it (Linux nf_hook_slow()).
    Errno send_packet(wire::Packet packet);
    void add_tap(PacketTap& tap);
    void remove_tap(PacketTap& tap);

    Ipv4 address() const;
    bool is_local(Ipv4 address) const override;
    net::RouteTable& routes();
    const net::RouteTable& routes() const;

    /// Where packets to an address go, and how large they may be.
    tcp::PathInfo route_to(Ipv4 destination) const { return path(destination); }

    tcp::Sysctl& sysctl();
    const tcp::Sysctl& sysctl() const;
    const tcp::Mibs& mibs() const;
    /// For what sends below the stack.
    void count(tcp::Mib counter);
    /// Packets that ended at this host's IP layer, by reason (kNoRoute, kNotForMe, kCorrupted,
    /// ...).
    std::uint64_t dropped(DropReason reason) const;

    wire::ByteStore& bytes() { return bytes_; }

    // --- processes (netsim/process.hpp)
    /// `program`: told when the process is killed or the host loses power; null: nobody. Its pid.
    std::uint32_t start_process(const ProcessOptions& options, Program* program);
    bool is_alive(std::uint32_t pid) const;
    /// exit(2): its descriptors are closed in order, which sends FINs, and RSTs where data is
    /// unread; it is gone. Nothing happens if it is already.
    void end_process(std::uint32_t pid);
    /// SIGKILL: its program is told, then it ends.
    void kill_process(std::uint32_t pid);
    /// Its program is no more; without descriptors it is not listed any longer.
    void forget_program(std::uint32_t pid);
    /// setrlimit(RLIMIT_NOFILE); 0: none.
    void limit_files(std::uint32_t pid, std::uint64_t nofile);
    /// The descriptor is another process's from now on, whatever its limit.
    void give_socket(SocketId s, std::uint32_t pid);
    void give_udp_socket(UdpId s, std::uint32_t pid);
    /// By pid.
    void for_each_process(const std::function<void(const ProcessInfo&)>& visit) const;
    std::optional<SocketOwner> owner_of(SocketId s) const;
    std::optional<SocketOwner> owner_of(UdpId s) const;

    /// /etc/resolv.conf: whom a resolver asks; without one 127.0.0.1.
    Ipv4 nameserver() const;
    void set_nameserver(Ipv4 server);

    // --- UDP; calls on a socket are udp()'s
    /// Of a process, or (0) of none. EMFILE, ENFILE.
    Result<UdpId> udp_socket(std::uint32_t pid = 0);
    Udp& udp();
    const Udp& udp() const;

    // --- socket calls; see netsim/socket.hpp for their errno
    /// Of a process, or (0) of none. EMFILE, ENFILE. What accept() makes is the listener's
    /// process's.
    Result<SocketId> socket(std::uint32_t pid = 0);
    Result<void> bind(SocketId s, Endpoint local);
    Result<void> listen(SocketId s, int backlog);
    Result<void> connect(SocketId s, Endpoint remote);
    /// sendto(2) with MSG_FASTOPEN is this and the send() or send_synthetic() that follows at once.
    Result<void> fast_open(SocketId s, Endpoint remote);
    /// For faces that block: tcp/stack.hpp says what they mean.
    void await_handshake(SocketId s);
    bool opening(SocketId s) const;
    /// TCP_FASTOPEN_KEY: 16 octets, or 32 with a backup key.
    Result<void> set_fastopen_key(SocketId s, std::span<const std::uint8_t> octets);
    /// TCP_MD5SIG: the key of segments to and from these peers.
    Result<void> set_md5_key(SocketId s, Prefix peers, std::string_view key);
    Result<SocketId> accept(SocketId s);
    Result<std::uint64_t> send(SocketId s, std::string_view bytes);
    Result<std::uint64_t> send_synthetic(SocketId s, std::uint64_t count);
    Result<std::uint64_t> send_synthetic(SocketId s, std::uint64_t count,
                                         const tcp::SendFlags& flags);
    Result<std::string> receive(SocketId s, std::uint64_t max);
    Result<std::uint64_t> receive_discard(SocketId s, std::uint64_t max);
    /// A process that takes its time over a call holds the socket: tcp/stack.hpp says what that
    /// means. Linux lock_sock(), __sk_flush_backlog(), release_sock().
    void lock(SocketId s);
    bool has_backlog(SocketId s) const;
    void process_backlog(SocketId s);
    void flush_backlog(SocketId s);
    void unlock(SocketId s);
    Result<void> shutdown(SocketId s, Shutdown how);
    Result<void> close(SocketId s);
    Result<void> set_option(SocketId s, SocketOption option, std::int64_t value);
    Result<std::int64_t> get_option(SocketId s, SocketOption option);
    Result<void> set_congestion_control(SocketId s, std::string_view name);
    Result<std::string_view> congestion_control(SocketId s) const;
    unsigned poll(SocketId s) const;
    Result<Endpoint> local_endpoint(SocketId s) const;
    Result<Endpoint> remote_endpoint(SocketId s) const;
    /// One watcher per socket; null: none. Sockets made by accept() start without.
    void watch(SocketId s, SocketWatcher* watcher);
    /// SYN retransmissions of this socket's own connect() so far.
    std::uint32_t syn_retransmits(SocketId s) const;
    std::uint64_t bytes_acked(SocketId s) const;

    /// Every endpoint: listeners, connections, then half-open requests, then TIME_WAIT; each group
    /// in order of creation.
    void for_each_socket(const std::function<void(const tcp::SocketInfo&)>& visit) const;
    /// Those in one of the states (a bit per tcp::State) on a local port; 0: any.
    std::uint64_t count_sockets(std::uint32_t states, std::uint16_t port) const;
    Result<tcp::SocketInfo> info(SocketId s) const;

    /// Gauges of all listeners on a port (0: of the host): for time series.
    std::uint32_t syn_queue_length(std::uint16_t port = 0) const;
    std::uint32_t accept_queue_length(std::uint16_t port = 0) const;
    std::uint32_t syn_queue_peak(std::uint16_t port = 0) const;
    std::uint32_t accept_queue_peak(std::uint16_t port = 0) const;

    /// Received bytes that were not those the peer sent at that place of its stream (design §3.9).
    std::uint64_t integrity_violations() const;

    /// The margin of a ladder: what an application called. Does nothing when nobody watches.
    void trace_call(Endpoint local, Endpoint remote, std::string_view text);

    /// Runs `f` at a time that is not past, as an event of this host.
    void call_at(Time when, std::function<void()> f);

    /// What an ICMP error told of the path there, and until when it is believed; none: nothing.
    struct LearntMtu {
        std::uint32_t mtu = 0;
        Time until{};
    };

    std::optional<LearntMtu> learnt_mtu(Ipv4 destination) const;
    /// What is in its file system, by path: a script's sysctl.conf, what nstat remembers.
    std::map<std::string, std::string, std::less<>>& files();
    const std::map<std::string, std::string, std::less<>>& files() const;
    // --- power; between two events of this host, never from inside a call on it
    /// All is gone at once, nothing is sent: sockets, timers, what is queued for the CPU. Packets
    /// that arrive from now on vanish. Nothing happens to a host that is off.
    void power_off();
    /// A fresh stack: new secrets, no counters, no metrics; sysctls keep their values. Nothing
    /// happens to a host that is on.
    void boot();

    bool is_on() const;
    /// How often it has booted, the first time included.
    std::uint32_t boots() const;
    /// TcpPassiveOpens of the boots before this one.
    std::uint64_t handshakes_before_boot() const;

    tcp::Stack& stack() { return *stack_; }

    const tcp::Stack& stack() const { return *stack_; }

    /// Null: work takes no time.
    Cpu* cpu() const;
    /// For processes that do much at a time: has it used time of its core that is not paid yet?
    /// Then call_again() and go on from there.
    bool must_yield() const;
    void call_again(SocketId s, unsigned events);

 private:
    friend class Cpu;
    friend class Udp;

    void fire(std::uint64_t argument) override;
    bool expect(const wire::Packet& packet, Ahead ahead) const override;

    // --- tcp::Paths
    tcp::PathInfo path(Ipv4 destination) const override;
    tcp::TxQueue tx_queue(const tcp::FourTuple& connection, std::span<const wire::Packet> next,
                          const tcp::TxLimit& limit) const override;

    struct State;

    SocketWatcher* watcher(SocketId s) const;
    void receive_now(const wire::Packet& packet, std::uint32_t interface);
    void receive_specially(wire::PacketPtr packet, std::uint32_t interface);
    void loopback_arrives();
    void release_streams();
    void hold(SocketId s, Process* owner);
    void release(Process* owner, int fd);
    void close_descriptors(std::uint32_t pid);
    bool deliver(const wire::Packet& packet, std::uint32_t interface);
    void deliver_icmp(const wire::Packet& packet);
    void deliver_udp(const wire::Packet& packet, std::uint32_t interface);
    void drop_at_ip(const wire::Packet& packet, std::uint32_t interface, DropReason reason,
                    std::string_view text = {});
    // --- the host's own firewall (host_elements.cpp)
    bool input_passes(const wire::Packet& packet, std::uint32_t interface);
    bool output_passes(const wire::Packet& packet);
    void refuse(const net::HookVerdict& verdict, const wire::Packet& packet,
                std::uint32_t interface);
    std::string_view interface_name(std::uint32_t interface) const;
    Errno route_out(wire::Packet& packet);
    void send_icmp_error(const wire::Packet& cause, std::uint8_t type, std::uint8_t code);
    void drain(const wire::Packet* arrived, std::uint32_t interface);
    void note_drop(const wire::Packet* arrived, std::uint32_t interface);
    void dispatch_events();
    void arm_timer();
    void trace_states();

    wire::ByteStore& bytes_;
    std::unique_ptr<tcp::Stack> stack_;
    std::unique_ptr<State> state_;
};

}  // namespace netsim::host
