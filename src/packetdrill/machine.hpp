// One tcp::Stack, a clock, and the connections a script talks to. What the stack sends is queued by
// connection; numbers are translated between the script's (local ISN 0) and the stack's.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "packetdrill/script.hpp"
#include "tcp/md5_keys.hpp"
#include "tcp/stack.hpp"

namespace netsim::packetdrill {

struct Sent {
    Time at;
    wire::Packet packet;
};

/// A connection as the script sees it.
struct Flow {
    Endpoint local;
    Endpoint remote;
    const tcp::Md5Keys* keys = nullptr;      // the peer's
    std::optional<std::uint32_t> local_isn;  // ours, from which the script counts
    bool renumber = true;                    // the next SYN of ours may begin anew
    std::optional<std::uint32_t> remote_isn;
    std::deque<Sent> sent;                         // not yet compared with a line of the script
    std::map<std::uint32_t, std::uint32_t> tsval;  // script's TS val -> the stack's
    std::optional<std::pair<std::uint32_t, std::uint32_t>> first_tsval;

    std::uint32_t base() const { return local_isn.value_or(0); }

    /// The peer's numbers count from the SYN that opened the connection, except in SYNs and our
    /// answers to them: there they stand as they are.
    std::uint32_t remote_base(bool syn) const { return syn ? 0 : opened_at.value_or(0); }

    std::optional<std::uint32_t> opened_at;
    std::uint32_t shown_isn = 0;  // as the script writes our ISN, in our SYN only
};

class Machine final : public tcp::Paths {
 public:
    explicit Machine(const Settings& settings);

    tcp::Stack& stack() { return stack_; }

    /// What a call or an input of the stack fills; drain() follows.
    tcp::Outbox& out() { return out_; }

    Time now() const { return now_; }

    /// Since the script's start.
    Duration elapsed() const { return now_ - began_; }

    Duration elapsed(Time at) const { return at - began_; }

    Time at(Duration since_start) const { return began_ + since_start; }

    void set_mtu(std::uint32_t mtu) { mtu_ = mtu; }

    Ipv4 remote() const { return remote_; }

    /// The route to the peer, in place of the one before and of what ICMP said of that. An MTU of
    /// 0: the interface's.
    void set_route(const tcp::RouteMetrics& route, std::uint32_t mtu) {
        route_ = route;
        route_mtu_ = mtu;
        learned_mtu_ = 0;
        learned_until_ = {};
    }

    /// The address that the scripted peer has unless a line says otherwise.
    Endpoint peer() const { return {remote_, 0}; }

    /// Keys of TCP_MD5SIG that the script has set, on whichever socket: the peer has them too.
    tcp::Md5Keys peer_keys;

    void set_qdisc(tcp::Qdisc qdisc);

    /// Files of the script's own, by path: how many zeros each holds. None is the machine's.
    std::map<std::string, std::uint64_t, std::less<>> files;

    /// A datagram that was sent, not yet compared with a line of the script.
    struct Datagram {
        Time at;
        Endpoint from;
        Endpoint to;
        std::uint32_t length = 0;
    };

    std::deque<Datagram> datagrams;

    // --- time
    /// Fires the next deadline if it is not after `limit`; false: there is none.
    bool step(Time limit);
    /// Time goes on to `limit`; each timer fires at its own deadline.
    void run_until(Time limit);
    /// Called when something happened: a blocked call may return now.
    std::function<void()> on_progress;
    /// A time-out of a blocked call.
    std::optional<Time> alarm;

    // --- packets
    Flow& flow(Endpoint local, Endpoint remote);
    void deliver(Flow& flow, const wire::Packet& packet);
    void deliver_icmp(const wire::IcmpHeader& icmp, const std::string& text);
    /// Queues what the stack has put in its outbox.
    void drain();
    /// What became ready, for epoll's edges.
    std::function<void(const tcp::SocketEvent&)> on_event;

    // --- the exchange so far
    void note(const std::string& text);
    std::string exchange() const;

    // --- what IP knows
    tcp::PathInfo path(Ipv4 destination) const override;
    bool is_local(Ipv4 address) const override;

 private:
    struct Entry {
        Time at;
        const Flow* flow = nullptr;  // null: `text`
        bool inbound = false;
        wire::Packet packet;
        std::string text;
    };

    Ipv4 local_;
    Ipv4 remote_;
    bool any_local_;
    std::uint32_t mtu_;
    std::optional<tcp::RouteMetrics> route_;
    std::uint32_t route_mtu_ = 0;
    std::uint32_t learned_mtu_ = 0;  // from ICMP
    Time learned_until_{};
    bool refuses_ = false;  // nothing leaves
    Time began_;
    Time now_;
    tcp::Stack stack_;
    tcp::Outbox out_;
    std::deque<Flow> flows_;
    std::vector<Entry> log_;
    std::uint64_t steps_ = 0;
};

/// "0.100000"
std::string seconds_text(Duration t);

/// What the script expected did not happen, or is something the stack cannot do.
struct Mismatch {
    std::string message;
};

}  // namespace netsim::packetdrill
