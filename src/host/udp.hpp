// A host's UDP (RFC 768): sockets, their ports, their receive queues. Linux udp_sendmsg(),
// __udp4_lib_rcv(), __udp4_lib_err().
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/slab.hpp"
#include "host/processes.hpp"
#include "netsim/rng.hpp"
#include "netsim/udp.hpp"
#include "tcp/context.hpp"
#include "wire/packet.hpp"
#include "wire/payload.hpp"

namespace netsim::host {

class Host;

/// Told when a UDP socket became readable or has an error; calls on it are allowed from inside.
class UdpWatcher {
 public:
    virtual ~UdpWatcher() = default;
    virtual void on_udp(UdpId socket, unsigned events) = 0;

 protected:
    UdpWatcher() = default;
    UdpWatcher(const UdpWatcher&) = default;
    UdpWatcher& operator=(const UdpWatcher&) = default;
    UdpWatcher(UdpWatcher&&) = default;
    UdpWatcher& operator=(UdpWatcher&&) = default;
};

class Udp {
 public:
    /// `paths` answers for the host where packets go. Both must outlive it.
    Udp(Host& host, const tcp::Paths& paths, Rng rng) : host_(host), paths_(paths), rng_(rng) {}

    // --- calls; see netsim/udp.hpp for their errno
    UdpId open();
    /// Whose descriptor the socket is.
    void set_owner(UdpId s, Process* owner, int fd);
    std::optional<SocketOwner> owner_of(UdpId s) const;
    Result<void> bind(UdpId s, Endpoint local);
    Result<void> connect(UdpId s, Endpoint remote);
    Result<void> disconnect(UdpId s);
    /// `to`: none, to where it is connected.
    Result<std::uint64_t> send(UdpId s, std::string_view bytes, std::optional<Endpoint> to);
    Result<Datagram> receive(UdpId s);
    Result<void> close(UdpId s);
    Result<void> set_receive_buffer(UdpId s, std::int64_t octets);
    unsigned poll(UdpId s) const;
    Result<UdpInfo> info(UdpId s) const;
    void watch(UdpId s, UdpWatcher* watcher);

    // --- packets
    /// False: nobody has the port.
    bool arrives(const wire::Packet& packet, std::uint32_t interface);
    /// An ICMP error about a datagram of ours. False: of no socket.
    bool error_arrives(const wire::IcmpHeader& icmp);

    /// Power fails: no socket is left, and their ids are those of none.
    void clear(Rng rng);
    /// In order of slab index.
    void for_each(const std::function<void(const UdpInfo&)>& visit) const;

    std::size_t size() const { return sockets_.size(); }

 private:
    struct Received {
        Datagram datagram;
        std::uint32_t memory = 0;  // skb->truesize
    };

    /// What a socket has sent lately is kept for readers on the way: packets hold no bytes.
    struct Sent {
        Time until;
        std::uint64_t end = 0;
    };

    struct Socket {
        Endpoint local;
        Endpoint remote;
        bool address_bound = false;  // by bind(), not by connect()
        Errno error = Errno::kOk;
        std::uint32_t receive_buffer = 0;
        std::uint32_t memory = 0;
        std::uint64_t drops = 0;
        std::uint16_t next_ip_id = 0;
        std::deque<Received> received;
        UdpWatcher* watcher = nullptr;
        Process* owner = nullptr;
        int fd = -1;
        wire::StreamId stream = 0;  // 0: nothing sent yet
        std::deque<Sent> sent;
    };

    /// A stream whose socket is closed.
    struct Lingering {
        wire::StreamId stream;
        Time until;
    };

    using Slot = Id<Socket>;

    static Slot slot_of(UdpId s) { return {s.index, s.generation}; }

    static UdpId id_of(Slot s) { return {s.index, s.generation}; }

    Socket* find(UdpId s) { return sockets_.find(slot_of(s)); }

    const Socket* find(UdpId s) const { return sockets_.find(slot_of(s)); }

    bool taken(Endpoint local) const;
    std::optional<std::uint16_t> choose_port(Ipv4 address);
    Result<void> bind_some_port(Socket& socket, UdpId s);
    void hold_port(UdpId s, std::uint16_t port);
    void release_port(UdpId s, std::uint16_t port);
    UdpId lookup(Endpoint local, Endpoint remote) const;
    UdpInfo describe(UdpId s, const Socket& socket) const;
    wire::PayloadRef keep(Socket& socket, std::string_view bytes);
    void drop_old_streams();

    Host& host_;
    const tcp::Paths& paths_;
    Rng rng_;
    Slab<Socket> sockets_;
    absl::flat_hash_map<std::uint16_t, std::vector<UdpId>> by_port_;  // in order of binding
    std::deque<Lingering> lingering_;
};

}  // namespace netsim::host
