// netsim.model: what theory predicts, to stand beside what was measured.
#include <cmath>
#include <limits>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"
#include "model/queueing.hpp"
#include "model/syn_queue.hpp"

namespace netsim::lua {
namespace {

void seconds_option(Options& options, const char* key, double& into) {
    Duration given{0};
    given = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(into));
    options.get(key, given);
    into = to_seconds(given);
}

model::SynQueueParams to_params(lua_State* L) {
    constexpr std::int64_t kMost = 1'000'000;
    model::SynQueueParams p;
    Options options(L, 1, "model.syn_queue");
    options.frequency("flood", p.flood_rate);
    seconds_option(options, "flood_start", p.flood_start);
    seconds_option(options, "flood_stop", p.flood_stop);
    options.frequency("rate", p.legit_rate);
    seconds_option(options, "start", p.legit_start);
    seconds_option(options, "stop", p.legit_stop);
    seconds_option(options, "rtt", p.legit_rtt);
    seconds_option(options, "horizon", p.horizon);
    seconds_option(options, "connect_timeout", p.connect_timeout);
    options.integer("backlog", p.backlog, 0, kMost);
    options.integer("max_syn_backlog", p.max_syn_backlog, 0, kMost);
    options.integer("syncookies", p.syncookies, 0, 2);
    options.integer("synack_retries", p.synack_retries, 0, 255);
    options.get("proven", p.legit_proven);
    options.finish();
    return p;
}

void set_number(lua_State* L, const char* key, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

// model.syn_queue{...}: the prediction under the names of what is measured
int model_syn_queue(lua_State* L) {
    const model::SynQueuePrediction p = model::predict(to_params(L));
    lua_createtable(L, 0, 12);
    set_number(L, "first_syn_success", p.first_syn_success);
    set_number(L, "connect_success", p.connect_success);
    set_number(L, "connect_p50_ms", p.connect_p50_ms);
    set_number(L, "connect_p99_ms", p.connect_p99_ms);
    set_number(L, "syn_queue_peak", p.syn_queue_peak);
    set_number(L, "syn_queue_mean", p.syn_queue_mean);
    set_number(L, "syn_queue_mean_flood", p.syn_queue_mean_flood);
    set_number(L, "synack_retransmits", p.synack_retransmits);
    set_number(L, "syn_retransmits", p.syn_retransmits);
    set_number(L, "synack_retransmits_per_s", p.synack_retransmits_per_s);
    set_number(L, "cookies_sent", p.cookies_sent);
    set_number(L, "syns_dropped", p.syns_dropped);
    return 1;
}

// model.erlang_b(servers, load): the share of arrivals that find all servers busy
int model_erlang_b(lua_State* L) {
    const auto servers =
        static_cast<std::uint64_t>(to_integer(L, 1, "model.erlang_b: servers", 0, 1'000'000'000));
    const double load = to_number(L, 2, "model.erlang_b: load");
    if (!(load >= 0)) {
        throw InputError("model.erlang_b: load must not be negative");
    }
    lua_pushnumber(L, model::erlang_b(servers, load));
    return 1;
}

}  // namespace

void open_model(lua_State* L) {
    constexpr Member kFunctions[] = {
        {"syn_queue", NETSIM_LUA(model_syn_queue)},
        {"erlang_b", NETSIM_LUA(model_erlang_b)},
    };
    lua_newtable(L);
    register_functions(L, "netsim.model.", kFunctions);
    lua_setfield(L, -2, "model");
}

}  // namespace netsim::lua
