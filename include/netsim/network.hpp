// netsim's C++ API: build a network, put applications on it, run it, look at it. All that a Lua
// script can do is done through this header. Handles are small and copyable; they live as long as
// their Network.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/apps.hpp"
#include "netsim/capture.hpp"
#include "netsim/cpu.hpp"
#include "netsim/elements.hpp"
#include "netsim/ladder.hpp"
#include "netsim/lesson.hpp"
#include "netsim/link.hpp"
#include "netsim/options.hpp"
#include "netsim/process.hpp"
#include "netsim/result.hpp"
#include "netsim/rng.hpp"
#include "netsim/segment.hpp"
#include "netsim/series.hpp"
#include "netsim/shell.hpp"
#include "netsim/socket.hpp"
#include "netsim/time.hpp"
#include "netsim/udp.hpp"

namespace netsim {

class Network;
class NetworkImpl;

namespace net {
class LinkRuleState;
class Middlebox;
}  // namespace net

namespace report {
struct Case;
}

/// A running or finished native application: keeps its statistics current. Valid as long as the
/// Network.
template <typename Stats>
using StatsRef = const Stats*;

class NodeRef;

/// The firewall of a router or host.
class FirewallRef {
 public:
    /// Before the nth of its chain, from 1 on; InputError on rules that make no sense there.
    void insert(std::size_t n, const FirewallRule& rule);
    void append(const FirewallRule& rule);
    void remove(Chain chain, std::size_t n);
    void flush(Chain chain);
    void set_policy(Chain chain, Target target);
    /// Counters begin anew.
    void zero();
    std::vector<FirewallEntry> rules(Chain chain) const;
    /// FORWARD of a router, INPUT of a host.
    Chain default_chain() const;

 private:
    friend class NodeRef;

    explicit FirewallRef(void* node) : node_(node) {}

    void* node_;  // a net::Node
};

class NodeRef {
 public:
    const std::string& name() const;
    Ipv4 address() const;
    std::uint32_t id() const;
    bool is_host() const;
    /// Adds a route by hand. `next`: a neighbour; none with blackhole.
    void route(Prefix prefix, const NodeRef& next);
    void blackhole(Prefix prefix);
    /// Calls `function` for each packet that this node receives (a host: also that it sends) and
    /// `filter` chooses (trace()'s words; "": all), right after the event in which it was seen, as
    /// an event of this node: what an attacker on the path, or a box beside it, could do.
    /// InputError for an unknown word.
    void sniff(std::string_view filter, std::function<void(const SeenPacket&)> function);

    // --- elements
    /// In place of the firewall it had. InputError.
    FirewallRef firewall(const FirewallOptions& options);
    bool has_firewall() const;
    /// InputError if there is none.
    FirewallRef firewall() const;
    /// "eth0": its interfaces to a neighbour; none if it is none.
    std::vector<std::string> interfaces_to(const NodeRef& neighbour) const;
    ConntrackStats conntrack() const;
    /// net.netfilter.nf_conntrack_...; InputError if unknown or out of range.
    std::string netfilter_sysctl(std::string_view name) const;
    void set_netfilter_sysctl(std::string_view name, std::string_view value);
    /// What `iptables`, `conntrack` and `dmesg` print: netfilter_tool("iptables -L -v -n").
    std::string netfilter_tool(std::string_view line) const;

 protected:
    friend class Network;
    friend class NetworkImpl;

    NodeRef(NetworkImpl* net, void* node) : net_(net), node_(node) {}

    NetworkImpl* net_ = nullptr;
    void* node_ = nullptr;  // a net::Node
};

/// A middlebox on a router.
class MiddleboxRef {
 public:
    MiddleboxStats stats() const;
    void remove();

 private:
    friend class RouterRef;

    MiddleboxRef(void* node, std::shared_ptr<net::Middlebox> box)
        : node_(node), box_(std::move(box)) {}

    void* node_;  // a net::Node
    std::shared_ptr<net::Middlebox> box_;
};

class RouterRef : public NodeRef {
 public:
    using NodeRef::NodeRef;

    /// Packets that ended here, by reason.
    std::uint64_t dropped(DropReason reason) const;
    /// Translates addresses from now on, in place of the NAT it had. The others route packets for
    /// `outside` here. InputError.
    void nat(const NatOptions& options);
    /// Zeros without a NAT.
    NatStats nat_stats() const;
    /// Behind those it has; it stays until it is removed. InputError.
    MiddleboxRef middlebox(const MiddleboxOptions& options);
};

/// A process of a host. Its sockets are closed when it ends: so they are when it is killed, with
/// FINs, or RSTs where data is unread.
class ProcessRef {
 public:
    std::uint32_t pid() const { return pid_; }

    /// Neither killed nor ended, and its host has had power ever since.
    bool alive() const;
    /// EMFILE, ENFILE (sysctl fs.file-max). Connections that accept() makes of its listeners are
    /// its own too. InputError: it is not alive.
    Result<Socket> tcp();
    Result<UdpSocket> udp();
    /// Descriptors it may have, 0 to 2 among them; 0: no limit. Those it has stay open.
    void limit_files(std::uint64_t nofile);
    /// The socket is this process's from now on.
    void take(const Socket& socket);
    void take(const UdpSocket& socket);
    /// SIGKILL. Nothing happens if it is not alive.
    void kill();
    /// exit(2): the same, but what started it is not told.
    void end();

 private:
    friend class HostRef;

    ProcessRef(NetworkImpl* net, void* node, std::uint32_t pid, std::uint32_t boot)
        : net_(net), node_(node), pid_(pid), boot_(boot) {}

    NetworkImpl* net_;
    void* node_;
    std::uint32_t pid_;
    std::uint32_t boot_;  // pids begin again with each
};

class HostRef : public NodeRef {
 public:
    using NodeRef::NodeRef;

    // --- sockets
    /// EMFILE, ENOBUFS.
    Result<Socket> tcp();
    /// Calls back with the poll bits that rose, whenever they do. Null: stop.
    void watch(const Socket& socket, std::function<void(unsigned events)> callback);
    Result<UdpSocket> udp();
    void watch(const UdpSocket& socket, std::function<void(unsigned events)> callback);

    // --- processes
    /// A process that makes no calls but those made for it. `on_end`: it was killed, or the host
    /// lost power.
    ProcessRef process(const ProcessOptions& options, std::function<void()> on_end = nullptr);
    /// By pid; native applications are processes too.
    std::vector<ProcessInfo> processes() const;
    /// kill(2) by pid: false, there is none.
    bool kill(std::uint32_t pid);
    /// UDP sockets, in order of creation.
    std::vector<UdpInfo> udp_sockets() const;

    // --- applications. `target`: "web:80" or "10.0.0.1:80"; throws InputError if unknown.
    StatsRef<ServerStats> serve(const ServerOptions& options);
    StatsRef<LoadStats> load(std::string_view target, const LoadOptions& options);
    StatsRef<ServerStats> sink(std::uint16_t port);  // reads and throws away; counts bytes
    StatsRef<BulkStats> bulk(std::string_view target, const BulkOptions& options);
    /// Also makes every router drop packets for the spoofed prefix silently (a blackhole route), as
    /// the real owners of those addresses would not answer.
    StatsRef<SynFloodStats> synflood(std::string_view target, const SynFloodOptions& options);
    /// Answers from the zone, or for the names of all nodes there are now.
    StatsRef<DnsStats> dns(const DnsOptions& options = {});
    /// Whom this host's resolver asks (/etc/resolv.conf); 127.0.0.1 unless it was told.
    void set_nameserver(Ipv4 server);
    Ipv4 nameserver() const;
    /// Asks it for the address of a name, as glibc does: 2 tries of 5 s. `done` is called once:
    /// ETIMEDOUT, ECONNREFUSED...: no try had an answer; ENOENT: there is no such name. InputError:
    /// not a name.
    void lookup(const std::string& name, std::function<void(Result<Ipv4>)> done);
    StatsRef<PingStats> ping(std::string_view target, const PingOptions& options);
    /// Sends a segment made by hand, now; false: no route. InputError: flags that are none, too
    /// much data.
    bool send_segment(const ForgedSegment& segment);

    // --- state
    std::string sysctl(std::string_view name) const;                 // InputError if unknown
    void set_sysctl(std::string_view name, std::string_view value);  // InputError
    /// The sequence number its next connection begins with, for once.
    void set_next_isn(std::uint32_t isn);
    std::uint64_t counter(std::string_view nstat_name) const;  // InputError if unknown
    /// All counters by nstat's name; zeros included.
    std::vector<std::pair<std::string, std::uint64_t>> counters() const;
    std::uint32_t syn_queue(std::uint16_t port = 0) const;
    std::uint32_t accept_queue(std::uint16_t port = 0) const;
    /// The longest a listener's queue has been so far.
    std::uint32_t syn_queue_peak(std::uint16_t port = 0) const;
    std::uint32_t accept_queue_peak(std::uint16_t port = 0) const;
    std::uint64_t dropped(DropReason reason) const;
    std::uint64_t integrity_violations() const;
    /// `ss`'s and `nstat`'s output. Flags as the tools take them: ss("-tano"), nstat("-az").
    std::string ss(std::string_view flags = "-tan") const;
    std::string nstat(std::string_view flags = "") const;
    /// How many sockets are in a state of ss's ("syn-recv", "established", "time-wait"); port 0:
    /// all.
    std::uint64_t sockets(std::string_view state, std::uint16_t port = 0) const;
    /// Network::explain() of this host: ":80", ":80-user:40000".
    std::string explain(std::string_view endpoint) const;

    /// A command line as a user types it at this host's prompt: "ss -tan state time-wait",
    /// "sar -n SOCK 1 5" (docs/instruments.md). Views are done at once, what takes time goes on
    /// while the network runs; a job that is destroyed is over. InputError: an unknown tool or
    /// flag. The job must not outlive the Network.
    std::unique_ptr<shell::Job> sh(std::string_view line);
    /// A file of this host, which `cat` and `sysctl -p` at its prompt read. None: not there.
    std::optional<std::string> file(std::string_view path) const;
    void set_file(std::string_view path, std::string_view text);
    /// A sysctl.conf's settings, all or none. InputError: "file:line: what is wrong".
    void load_sysctl_conf(std::string_view text, std::string_view file);

    // --- power
    /// Power fails: every socket, process, timer and metric is gone, nothing is sent, and packets
    /// that arrive vanish ("host is off"). From inside an event it happens right after that event.
    /// Nothing happens to a host that is off.
    void power_off();
    /// Comes back, as a fresh host: new secrets, counters at 0, sysctls as they were. Then calls
    /// what on_boot() asked for. In time and on a host that is on as power_off().
    void boot();
    /// In order: every process is killed, so that FINs and RSTs leave; power goes `after` that.
    void shutdown(Duration after = std::chrono::seconds(1));
    bool is_on() const;
    /// Calls `f` whenever the host has booted, or has lost power, from now on.
    void on_boot(std::function<void()> f);
    void on_power_off(std::function<void()> f);

    // --- the CPU; without one there is nothing to see, and work is paid for at once
    bool has_cpu() const;
    CpuStats cpu() const;  // no cores: none
    CpuCosts cpu_costs() const;
    /// /proc/net/softnet_stat: as the kernel prints it, or with heads and decimal numbers.
    std::string softnet_stat(bool readable = false) const;

    /// Records for each core what share of each interval it spent ("web cpu0", 0 to 1), of that
    /// in softirqs ("web cpu0 soft"), and what waits in its backlog ("web cpu0 backlog").
    struct CpuSeries {
        std::vector<const Series*> utilisation{};
        std::vector<const Series*> softirq{};
        std::vector<const Series*> backlog{};
    };

    CpuSeries record_cpu(Duration interval);
    /// For faces that block: a process uses its core for `time`; the work that calls of this host
    /// were last charged to (0: none since forget_cpu_work()); runs `then` when that is paid for,
    /// false: it is already.
    void compute(Duration time);
    void forget_cpu_work();
    std::uint64_t cpu_work() const;
    bool after_cpu_work(std::uint64_t work, std::function<void()> then);

    /// Runs `f` at a time, as an event of this host.
    void at(Time when, std::function<void()> f);
    /// A named random stream of this host.
    Rng rng(std::string_view name) const;
    /// Notes an application's call in the margin of ladders.
    void note(const Socket& socket, std::string_view text);
    /// The same of a call about that peer, which the socket does not name: connect().
    void note(const Socket& socket, std::string_view text, Endpoint remote);
};

/// A rule that was given to a link.
class LinkRuleRef {
 public:
    std::uint64_t matched() const;  // packets that it counted
    std::uint64_t hits() const;     // of these, dropped, delayed or copied
    void remove();

 private:
    friend class LinkRef;

    LinkRuleRef(NetworkImpl* net, std::size_t link, std::shared_ptr<net::LinkRuleState> state)
        : net_(net), link_(link), state_(std::move(state)) {}

    NetworkImpl* net_;
    std::size_t link_;
    std::shared_ptr<net::LinkRuleState> state_;
};

class LinkRef {
 public:
    const std::string& name() const;  // "web-r"
    NodeRef a() const;
    NodeRef b() const;
    /// Both directions, now. Routes are recomputed.
    void set_up(bool up);
    /// One direction (0: a to b, 1: b to a), as where one fibre of a pair breaks.
    void set_up(int direction, bool up);
    void set_up_at(Time when, bool up);
    bool up() const;
    /// Changes one direction (0: a to b, 1: b to a) from now on.
    void set_options(int direction, const LinkOptions& options);
    const LinkOptions& options(int direction) const;
    const LinkStats& stats(int direction) const;
    std::uint32_t queue_packets(int direction) const;
    /// From now on packets meet this rule, after those added before. InputError on values that make
    /// no sense.
    LinkRuleRef add_rule(const LinkRule& rule);

 private:
    friend class Network;
    friend class NetworkImpl;

    LinkRef(NetworkImpl* net, std::size_t index) : net_(net), index_(index) {}

    NetworkImpl* net_;
    std::size_t index_;
};

/// Parameters of topology generators and defaults for graphs read from files.
struct TopologyOptions {
    LinkOptions link{};                          // of links that say nothing themselves
    std::map<std::string, double> parameters{};  // "hosts" -> 8, "k" -> 4, ...
    std::string prefix{};                        // put before each node's name
};

/// What a topology added.
struct TopologyResult {
    std::vector<HostRef> hosts{};
    std::vector<RouterRef> routers{};
    std::vector<LinkRef> links{};
};

class Network {
 public:
    explicit Network(const NetworkOptions& options = {});
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    Network(Network&&) noexcept;
    Network& operator=(Network&&) noexcept;

    // --- building; InputError on duplicate or empty names, bad options, address space exhausted
    HostRef host(std::string_view name, const HostOptions& options = {});
    RouterRef router(std::string_view name, const RouterOptions& options = {});
    LinkRef link(const NodeRef& a, const NodeRef& b, const LinkOptions& options);
    LinkRef link(const NodeRef& a, const NodeRef& b, const LinkOptions& a_to_b,
                 const LinkOptions& b_to_a);
    /// A GraphML or DOT file (by its ending .graphml, .dot, .gv).
    TopologyResult load_topology(const std::string& path, const TopologyOptions& options = {});
    /// "dumbbell", "star", "tree", "fat_tree", "line", "ring", "grid", "random".
    TopologyResult generate(std::string_view kind, const TopologyOptions& options = {});

    /// InputError naming the nearest known name if there is none.
    NodeRef node(std::string_view name) const;
    HostRef host_named(std::string_view name) const;
    std::vector<HostRef> hosts() const;
    std::vector<RouterRef> routers() const;
    std::vector<LinkRef> links() const;
    /// "web:80", "10.0.0.1:80"; InputError.
    Endpoint resolve(std::string_view target) const;
    /// "web", "10.0.0.1"; InputError.
    Ipv4 resolve_address(std::string_view name) const;

    // --- running
    Time now() const;
    std::uint64_t seed() const;
    /// Computes routes if the topology changed (InputError naming the nodes if it is disconnected
    /// or contradictory), then runs until `until`. May be called again to go on.
    RunResult run_until(Time until, const RunLimits& limits = {});
    /// Runs until no event is left.
    RunResult run(const RunLimits& limits = {});
    bool step();
    void stop();             // from the model: end run() after this event
    void interrupt();        // from a signal handler
    void clear_interrupt();  // it may run on
    /// Called now and then with the virtual time: progress bars.
    void on_progress(std::function<void(Time)> callback);
    std::uint64_t events() const;
    std::uint64_t digest() const;
    /// Passive opens completed, on all hosts: what "handshakes" counts.
    std::uint64_t handshakes() const;
    Rng rng(std::string_view name) const;

    // --- looking
    /// What takes the memory, largest first: endpoints, packets, events, samples.
    std::vector<MemoryUse> memory_use() const;
    /// Samples `read` every interval while running; stays valid as long as the Network.
    const Series* record(std::string name, Duration interval, std::function<double()> read);
    std::vector<const Series*> series() const;
    /// pcapng of every interface into DIR/NAME.pcapng (one file, interfaces named web.eth0).
    /// InputError if it cannot be written. Finished, valid, when the Network goes or
    /// finish_captures() is called; finish_captures() throws InputError if writing failed (disk
    /// full).
    void capture(const std::string& path);
    /// The same in a file for each host (routers too) or each interface, in a directory that is
    /// there: "web.pcapng", "web.eth0.pcapng". At most 256 files: finish_captures() says.
    void capture(const std::string& directory, CapturePer per);
    void finish_captures();
    /// tcpdump-like text of every packet that matches, as it happens. Filter: "" (all) or words
    /// such as "host web", "port 80", "syn", "drop", joined by "and". InputError on an unknown
    /// word.
    /// Returns a number for untrace(), which ends it.
    std::size_t trace(std::ostream& out, std::string_view filter = "");
    void untrace(std::size_t trace);
    /// Counts the changes of TCP states from now on; then: the state diagram with the edges that
    /// were taken, as text or SVG, and all edges of the transition table. InputError: nobody
    /// counts.
    void watch_states();
    std::string states() const;
    std::string states_svg() const;
    std::vector<StateEdgeCount> state_edges() const;
    /// A host's endpoints in words: "web:80" (the listener and every connection of the port),
    /// "web:80-user:40000" (one connection). InputError if a name is unknown.
    std::string explain(std::string_view endpoint) const;
    /// Collects what a ladder needs from now on; ladder() draws the connections between two hosts.
    /// InputError for an unknown host, or if the options ask for a connection there is not.
    void watch_ladder();
    std::string ladder(std::string_view left_host, std::string_view right_host,
                       const LadderOptions& options = {}) const;
    /// Which two hosts had connections since watch_ladder(), most segments first.
    std::vector<LadderPair> ladder_pairs() const;
    /// Keeps what a report shows from now on, in bounded memory (`share`: of the usual bounds);
    /// report(): all so far (src/report/model.hpp). InputError: nobody watches.
    void watch_report(double share = 1);
    std::shared_ptr<const report::Case> report() const;

 private:
    std::unique_ptr<NetworkImpl> impl_;
};

}  // namespace netsim
