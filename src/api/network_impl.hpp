// What stands behind netsim::Network: owns the simulation, its nodes, links, applications and
// observers.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/callbacks.hpp"
#include "api/sniffer.hpp"
#include "app/app.hpp"
#include "host/host.hpp"
#include "net/graph.hpp"
#include "net/link.hpp"
#include "net/router.hpp"
#include "net/topology.hpp"
#include "netsim/network.hpp"
#include "observe/ladder.hpp"
#include "observe/pcapng_writer.hpp"
#include "observe/state_coverage.hpp"
#include "observe/trace_text.hpp"
#include "report/recorder.hpp"
#include "shell/shell.hpp"
#include "sim/simulation.hpp"
#include "sim/timed_calls.hpp"
#include "wire/packet.hpp"
#include "wire/payload.hpp"

namespace netsim {

class NetworkImpl : private shell::Directory {
    /// While it lives, what happens is part of an event.
    class InEvent {
     public:
        explicit InEvent(bool& flag) : flag_(flag) { flag_ = true; }

        ~InEvent() { flag_ = false; }

        InEvent(const InEvent&) = delete;
        InEvent& operator=(const InEvent&) = delete;
        InEvent(InEvent&&) = delete;
        InEvent& operator=(InEvent&&) = delete;

     private:
        bool& flag_;
    };

 public:
    explicit NetworkImpl(const NetworkOptions& options);
    NetworkImpl(const NetworkImpl&) = delete;
    NetworkImpl& operator=(const NetworkImpl&) = delete;
    NetworkImpl(NetworkImpl&&) = delete;
    NetworkImpl& operator=(NetworkImpl&&) = delete;
    ~NetworkImpl() override;

    // --- building
    HostRef add_host(std::string_view name, const HostOptions& options);
    RouterRef add_router(std::string_view name, const RouterOptions& options);
    LinkRef add_link(const NodeRef& a, const NodeRef& b, const LinkOptions& a_to_b,
                     const LinkOptions& b_to_a);
    TopologyResult load_topology(const std::string& path, const TopologyOptions& options);
    TopologyResult generate(std::string_view kind, const TopologyOptions& options);

    // --- finding
    struct Node {
        std::unique_ptr<net::Node> owner;
        host::Host* host = nullptr;  // one of these two
        net::Router* router = nullptr;
        SocketCallbacks callbacks;  // hosts only
        UdpCallbacks udp_callbacks;
        std::map<std::uint32_t, std::unique_ptr<CallbackProgram>> programs;  // by pid
        std::size_t prune_programs_at = 16;
        std::map<std::string, unsigned> applications;  // how many of each kind it has
        Ipv4 address;
        std::vector<std::function<void()>> on_boot;
        std::vector<std::function<void()>> on_power_off;
    };

    const Node& find(std::string_view name) const;
    Node& node_of(const NodeRef& ref);

    HostRef host_ref(Node& node) { return HostRef(this, node.owner.get()); }

    NodeRef node_named(std::string_view name);
    HostRef host_named(std::string_view name);
    std::vector<HostRef> hosts();
    std::vector<RouterRef> routers();
    std::vector<LinkRef> links();
    Endpoint resolve(std::string_view target) const;
    Ipv4 resolve_address(std::string_view name) const;
    /// All nodes by name, in a domain if one is given; those whose names DNS cannot say are left
    /// out.
    std::map<std::string, Ipv4> zone_of_nodes(const std::string& domain) const;
    /// A command line at the prompt of a host.
    std::unique_ptr<shell::Job> sh(Node& node, std::string_view line);

    net::Link& link(std::size_t index) { return *links_[index]; }

    // --- routes
    void add_route(Node& node, Prefix prefix, const NodeRef& next);
    void add_blackhole(Node& node, Prefix prefix);
    /// On every router there is and will be.
    void blackhole_everywhere(Prefix prefix);
    /// A node's address pool: never a black hole.
    void announce(Node& node, Prefix prefix);
    void set_link_up(std::size_t index, bool up);
    void set_link_up(std::size_t index, unsigned direction, bool up);
    void set_link_options(std::size_t index, unsigned direction, const LinkOptions& options);
    void set_link_up_at(std::size_t index, Time when, bool up);
    void update_routes();
    /// From the first socket on, routes follow every change at once: connect() does not wait for a
    /// run.
    void keep_routes_current();

    // --- applications
    template <typename Application, typename... Args>
    Application& add_application(Node& node, std::string_view kind, Args&&... args) {
        require_power(node, kind);
        const unsigned ordinal = node.applications[std::string(kind)];
        auto made = std::make_unique<Application>(*node.host, ordinal, std::forward<Args>(args)...);
        ++node.applications[std::string(kind)];
        if (report_ != nullptr && kind == "synflood") {
            report_->note_attacker(node.owner->id());
        }
        Application& application = *made;
        applications_.push_back(std::move(made));
        return application;
    }

    void at(Node& node, Time when, std::function<void()> f);
    /// At once, or right after the event that is happening.
    void set_power(Node& node, bool on);
    /// InputError: "tcp() on 'web': the host is off".
    static void require_power(const Node& node, std::string_view call);

    // --- running
    RunResult run(Time until, const RunLimits& limits);
    bool step();
    std::uint64_t digest() const;
    std::uint64_t handshakes() const;

    sim::Simulation& sim() { return sim_; }

    const sim::Simulation& sim() const { return sim_; }

    // --- looking
    std::vector<MemoryUse> memory_use();
    const Series* record(std::string name, Duration interval, std::function<double()> read);
    std::vector<const Series*> series() const;
    void capture(const std::string& path);
    void capture(const std::string& directory, CapturePer per);
    void finish_captures();
    void sniff(const net::Node& node, std::string_view filter, Sniffer::Function function);
    std::size_t trace(std::ostream& out, std::string_view filter);
    void untrace(std::size_t trace);
    void watch_states();
    const observe::StateCoverage& states() const;
    std::string explain(std::string_view endpoint);
    void watch_ladder();
    std::string ladder(std::string_view left, std::string_view right,
                       const LadderOptions& options) const;
    std::vector<LadderPair> ladder_pairs() const;
    void watch_report(double share);
    std::shared_ptr<const report::Case> report() const;

 private:
    struct Recorder {
        Series series;
        std::function<double()> read;
        Time next;
    };

    // --- shell::Directory
    Ipv4 address_of(std::string_view name) const override { return resolve_address(name); }

    std::string_view name_of(Ipv4 address) const override;

    void check_new_name(std::string_view name) const;
    Ipv4 next_address();
    void take_address(std::string_view name, Ipv4 address);
    void add_node(Node node, std::string_view name);
    TopologyResult add_graph(const net::GraphDescription& graph, const TopologyOptions& options);
    std::vector<std::string_view> node_names() const;
    observe::KnownNames known_names() const;
    void observe(sim::Tracer& observer);
    bool paused(const sim::StopConditions& slice, const std::function<bool()>& pause);
    Time next_sample() const;
    void take_samples(Time at);
    Time next_report_sample() const;
    void tell_report(const Node& node) const;
    static void switch_power(Node& node, bool on);

    // Destroyed in reverse: packets on links go back to a pool that still stands.
    sim::Simulation sim_;
    wire::PacketPool packets_;
    wire::ByteStore bytes_;
    net::Fabric fabric_;
    std::vector<std::unique_ptr<observe::PcapngWriter>> captures_;
    std::vector<std::unique_ptr<observe::PcapngFiles>> capture_files_;
    std::vector<std::unique_ptr<observe::TraceText>> traces_;
    std::vector<std::unique_ptr<Sniffer>> sniffers_;
    std::unique_ptr<observe::Ladder> ladder_;
    std::unique_ptr<observe::StateCoverage> states_;
    std::unique_ptr<report::Recorder> report_;
    sim::TimedCalls timed_calls_;

    Prefix pool_;
    LessonRules without_;
    std::uint64_t next_address_;  // offset in pool_
    std::set<Ipv4> taken_;
    std::deque<Node> nodes_;  // addresses stay valid
    std::map<std::string, std::size_t, std::less<>> by_name_;
    absl::flat_hash_map<const net::Node*, std::size_t> by_node_;
    net::Topology topology_;
    bool routes_stale_ = false;
    bool eager_routes_ = false;
    bool in_event_ = false;  // the simulation is firing events
    std::vector<Prefix> blackholes_;
    std::vector<Prefix> announced_;
    std::vector<std::unique_ptr<net::Link>> links_;
    std::deque<Recorder> recorders_;
    std::vector<std::unique_ptr<app::App>> applications_;
};

}  // namespace netsim
