// What one run of a script shares: the interpreter, its networks one after the other, its
// expectations, and the handles Lua holds on a network.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lua/run.hpp"
#include "lua/runtime.hpp"
#include "lua/scheduler.hpp"
#include "netsim/network.hpp"

namespace netsim::lua {

/// A network and the processes on it. Handles share it; the network itself goes when its case is
/// over, and a handle used after that is an error.
class Box : public std::enable_shared_from_this<Box> {
 public:
    Box(Session& session, std::string name, const NetworkOptions& options);

    Session& session() const { return session_; }

    /// MisuseError if the case is over.
    Network& net();

    bool alive() const { return network_ != nullptr; }

    Scheduler& scheduler() { return scheduler_; }

    const std::string& name() const { return name_; }

    const CaseReport& report() const { return report_; }

    void set_results(Json results) { report_.results = std::move(results); }

    /// Runs until a time, or for as long as there are events. How it ended.
    std::string run(std::optional<Time> until);

    bool running() const { return running_; }

    /// --set's values for a host just made.
    void apply_settings(HostRef host);
    void apply_settings(RouterRef router);  // a router has net.netfilter.*
    /// Writes down counters and digest, finishes the capture, lets the network go.
    void finish();

    /// The Lua object of a host, router or link is made once: pushes it, or makes it with `make`.
    void push_cached(lua_State* L, const std::string& key, const std::function<void()>& make);

 private:
    void begin();
    void check_settings();

    Session& session_;
    std::string name_;
    CaseReport report_;
    std::string tell_memory(std::uint64_t limit);

    RunResult run_network(std::optional<Time> until, const RunLimits& limits);

    bool begun_ = false;
    bool driven_ = false;
    bool running_ = false;
    Time end_ = kNever;
    std::uint64_t resident_before_ = 0;  // when its first run began
    Scheduler scheduler_;
    std::unique_ptr<Network> network_;
};

using BoxPtr = std::shared_ptr<Box>;

class Session {
 public:
    explicit Session(const RunOptions& options);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    Session(Session&&) = delete;
    Session& operator=(Session&&) = delete;

    static Session& of(lua_State* L) { return *Runtime::of(L).session(); }

    const RunOptions& options() const { return options_; }

    Runtime& runtime() { return runtime_; }

    RunReport& report() { return report_; }

    RunReport run();

    /// A network; `seed` is the script's, which --seed overrules.
    BoxPtr make_box(const std::string& name, NetworkOptions options);

    /// The name networks get until the next call: compare()'s cases.
    void set_case_name(std::string name) { case_name_ = std::move(name); }

    const std::string& case_name() const { return case_name_; }

    /// How much of the usual bounds the next network's report may have.
    double next_report_share();

    /// Ends the cases of the networks made after the first `keep`.
    void finish_boxes(std::size_t keep = 0);

    /// Flags of the command line go to netsim.params(); a script without has none.
    bool params_read = false;
    /// netsim.checks() has left its function in the registry; it is being called.
    bool has_checks = false;
    bool in_checks = false;
    /// The networks of the case that is running, oldest first.
    std::vector<BoxPtr> boxes;

 private:
    void open_libraries();
    void check_arguments();
    std::string capture_path(const std::string& name);

    friend class Box;

    const RunOptions& options_;
    RunReport report_;
    std::string case_name_;
    unsigned reports_ = 0;  // networks that are watched for a report
    std::set<std::string> captures_;
    Runtime runtime_;
};

// The handles Lua holds. kClass is the metatable's name and the word in messages.
struct NetworkHandle {
    static constexpr const char* kClass = "network";
    BoxPtr box;
};

struct HostHandle {
    static constexpr const char* kClass = "host";
    BoxPtr box;
    HostRef host;
};

struct RouterHandle {
    static constexpr const char* kClass = "router";
    BoxPtr box;
    RouterRef router;
};

struct LinkHandle {
    static constexpr const char* kClass = "link";
    BoxPtr box;
    LinkRef link;
};

/// The network handle `self`, the network alive.
Network& self_network(lua_State* L);
/// A host, a router, or the name of one.
NodeRef to_node(lua_State* L, int index, Network& net);
int network_watch_ladder(lua_State* L);
int network_ladder(lua_State* L);
/// What --ladder asks for of a network whose run is over.
std::string requested_ladder(const Network& net, const std::string& name,
                             const LadderRequest& request);
HostHandle& self_host(lua_State* L);
void push_host(lua_State* L, const BoxPtr& box, const HostRef& host);
void push_router(lua_State* L, const BoxPtr& box, const RouterRef& router);
void push_link(lua_State* L, const BoxPtr& box, const LinkRef& link);
void push_series(lua_State* L, const BoxPtr& box, const Series* series);
void push_network(lua_State* L, const BoxPtr& box);
/// route(prefix, next) and blackhole(prefix), of hosts and routers.
int node_route(lua_State* L);
int node_blackhole(lua_State* L);
/// host:sh(line), host:file(path [, text])
int host_sh(lua_State* L);
int host_file(lua_State* L);
/// sniff([filter,] f), of hosts and routers; a host's send_segment{...}.
int node_sniff(lua_State* L);
int host_send_segment(lua_State* L);
/// `self`, a host or router whose network is alive.
NodeRef self_node(lua_State* L, BoxPtr& box);
/// Of networks: watch_states(), states([form]), explain(endpoint).
int network_watch_states(lua_State* L);
int network_states(lua_State* L);
int network_explain(lua_State* L);
/// {field = value} of a `... statistics` object, for tables and JSON; false if it is none.
bool push_statistics(lua_State* L, int index);

/// Calls the function given to netsim.checks() with the results, once no network is left.
void run_checks(Session& session);
/// The Lua value of a JSON one.
void push_json(lua_State* L, const Json& value);
/// A Lua value as JSON, keys in order. InputError naming what cannot be written.
Json to_json(lua_State* L, int index);

void open_network(lua_State* L);
void open_host(lua_State* L);
void open_link(lua_State* L);
void open_socket(lua_State* L);
void open_udp(lua_State* L);
void open_process(lua_State* L);
void open_stats(lua_State* L);
void open_elements(lua_State* L);  // what link:drop() and its like return
/// The table `netsim` itself.
void open_netsim(lua_State* L);
void open_params(lua_State* L);   // netsim.params
void open_model(lua_State* L);    // netsim.model
void open_compare(lua_State* L);  // netsim.network, run, compare, expect...
void open_lab(lua_State* L);      // netsim.quiz, checks
void open_text(lua_State* L);     // netsim.table, plot, seconds, bytes...

}  // namespace netsim::lua
