// Fields of application statistics and time series. Quantiles are exact order statistics.
#include "lua/stats.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "lua/args.hpp"
#include "lua/bind.hpp"

namespace netsim::lua {
namespace {

template <typename Stats>
struct StatsName;

template <>
struct StatsName<ServerStats> {
    static constexpr const char* kName = "server statistics";
};

template <>
struct StatsName<LoadStats> {
    static constexpr const char* kName = "load statistics";
};

template <>
struct StatsName<BulkStats> {
    static constexpr const char* kName = "bulk statistics";
};

template <>
struct StatsName<SynFloodStats> {
    static constexpr const char* kName = "synflood statistics";
};

template <>
struct StatsName<PingStats> {
    static constexpr const char* kName = "ping statistics";
};

template <>
struct StatsName<DnsStats> {
    static constexpr const char* kName = "dns statistics";
};

template <typename Stats>
struct StatsHandle {
    static constexpr const char* kClass = StatsName<Stats>::kName;
    BoxPtr box;
    StatsRef<Stats> stats;
};

template <typename Stats>
const Stats& self_stats(lua_State* L) {
    auto& self = check_self<StatsHandle<Stats>>(L);
    static_cast<void>(self.box->net());
    return *self.stats;
}

template <typename Stats, auto kMember>
int count_field(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(self_stats<Stats>(L).*kMember));
    return 1;
}

// Seconds, or nil if it has not happened.
template <typename Stats, auto kMember>
int time_field(lua_State* L) {
    const Time time = self_stats<Stats>(L).*kMember;
    if (time == kNever) {
        lua_pushnil(L);
    } else {
        lua_pushnumber(L, to_seconds(time));
    }
    return 1;
}

// The smallest sample with at least a share q of all samples at or below it, in milliseconds;
// nothing if there are none.
std::optional<double> quantile_ms(const std::vector<std::int64_t>& ns, double q) {
    if (ns.empty()) {
        return std::nullopt;
    }
    std::vector<std::int64_t> sorted = ns;
    const double place = std::ceil(q * static_cast<double>(sorted.size()));
    const auto last = static_cast<double>(sorted.size());
    const auto index = static_cast<std::size_t>(std::clamp(place, 1.0, last)) - 1;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(index),
                     sorted.end());
    return static_cast<double>(sorted[index]) / 1e6;
}

std::optional<double> mean_ms(const std::vector<std::int64_t>& ns) {
    if (ns.empty()) {
        return std::nullopt;
    }
    std::int64_t sum = 0;
    for (const std::int64_t one : ns) {
        sum += one;
    }
    return static_cast<double>(sum) / static_cast<double>(ns.size()) / 1e6;
}

void push_optional(lua_State* L, std::optional<double> value) {
    if (value) {
        lua_pushnumber(L, *value);
    } else {
        lua_pushnil(L);
    }
}

template <auto kSamples>
int mean_field(lua_State* L) {
    push_optional(L, mean_ms(self_stats<LoadStats>(L).*kSamples));
    return 1;
}

template <auto kSamples, int kPercent>
int quantile_field(lua_State* L) {
    push_optional(L, quantile_ms(self_stats<LoadStats>(L).*kSamples, kPercent / 100.0));
    return 1;
}

template <auto kPart>
int share_field(lua_State* L) {
    const LoadStats& stats = self_stats<LoadStats>(L);
    const auto all = static_cast<double>(stats.attempts);
    lua_pushnumber(L, stats.attempts == 0 ? 0.0 : static_cast<double>(stats.*kPart) / all);
    return 1;
}

// quantile("connect" | "complete", q) in milliseconds.
int load_quantile(lua_State* L) {
    const LoadStats& stats = self_stats<LoadStats>(L);
    const std::string what = to_text(L, 2, "quantile: of what");
    const double q = to_probability(L, 3, "quantile");
    if (what != "connect" && what != "complete") {
        throw InputError("quantile: \"" + what + "\" is neither \"connect\" nor \"complete\"");
    }
    push_optional(L, quantile_ms(what == "connect" ? stats.connect_ns : stats.complete_ns, q));
    return 1;
}

int load_errors(lua_State* L) {
    lua_newtable(L);
    for (const auto& [error, count] : self_stats<LoadStats>(L).errors) {
        push_string(L, errno_name(error));
        lua_pushinteger(L, static_cast<lua_Integer>(count));
        lua_rawset(L, -3);
    }
    return 1;
}

int bulk_error(lua_State* L) {
    const Errno error = self_stats<BulkStats>(L).error;
    if (error == Errno::kOk) {
        lua_pushnil(L);
    } else {
        push_string(L, errno_name(error));
    }
    return 1;
}

int bulk_bits_per_second(lua_State* L) {
    const auto& self = check_self<StatsHandle<BulkStats>>(L);
    const Time now = self.box->net().now();
    const BulkStats& stats = *self.stats;
    const Time end = stats.finished != kNever ? stats.finished : now;
    const double seconds = stats.connected == kNever ? 0 : to_seconds(end - stats.connected);
    lua_pushnumber(L, seconds > 0 ? static_cast<double>(stats.bytes_acked) * 8 / seconds : 0.0);
    return 1;
}

int ping_replies(lua_State* L) {
    lua_newtable(L);
    lua_Integer i = 0;
    for (const PingReply& reply : self_stats<PingStats>(L).replies) {
        lua_createtable(L, 0, 5);
        lua_pushinteger(L, reply.sequence);
        lua_setfield(L, -2, "sequence");
        push_string(L, to_string(reply.from));
        lua_setfield(L, -2, "from");
        lua_pushinteger(L, reply.ttl);
        lua_setfield(L, -2, "ttl");
        lua_pushnumber(L, to_seconds(reply.rtt) * 1e3);
        lua_setfield(L, -2, "rtt_ms");
        push_string(L, reply.what.empty() ? "echo reply" : reply.what);
        lua_setfield(L, -2, "what");
        lua_rawseti(L, -2, ++i);
    }
    return 1;
}

template <typename Stats>
void register_stats(lua_State* L, std::span<const Member> fields,
                    std::span<const Member> methods = {}) {
    using Handle = StatsHandle<Stats>;
    register_class(L, {Handle::kClass, methods, fields, destroy_object<Handle>});
}

template <typename Stats>
void push_handle(lua_State* L, const BoxPtr& box, StatsRef<Stats> stats) {
    push_object(L, StatsHandle<Stats>{box, stats});
}

struct SeriesHandle {
    static constexpr const char* kClass = "series";
    BoxPtr box;
    const Series* series;
};

const Series& self_series(lua_State* L) {
    auto& self = check_self<SeriesHandle>(L);
    static_cast<void>(self.box->net());
    return *self.series;
}

int series_name(lua_State* L) {
    push_string(L, self_series(L).name);
    return 1;
}

int series_interval(lua_State* L) {
    lua_pushnumber(L, to_seconds(self_series(L).interval));
    return 1;
}

int series_start(lua_State* L) {
    lua_pushnumber(L, to_seconds(self_series(L).start));
    return 1;
}

int series_values(lua_State* L) {
    const std::vector<double>& values = self_series(L).values;
    lua_createtable(L, static_cast<int>(values.size()), 0);
    for (std::size_t i = 0; i < values.size(); ++i) {
        lua_pushnumber(L, values[i]);
        lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
    }
    return 1;
}

int series_max(lua_State* L) {
    const std::vector<double>& values = self_series(L).values;
    push_optional(L, values.empty()
                         ? std::nullopt
                         : std::optional(*std::max_element(values.begin(), values.end())));
    return 1;
}

int series_min(lua_State* L) {
    const std::vector<double>& values = self_series(L).values;
    push_optional(L, values.empty()
                         ? std::nullopt
                         : std::optional(*std::min_element(values.begin(), values.end())));
    return 1;
}

int series_mean(lua_State* L) {
    const std::vector<double>& values = self_series(L).values;
    double sum = 0;
    for (const double value : values) {
        sum += value;
    }
    push_optional(
        L, values.empty() ? std::nullopt : std::optional(sum / static_cast<double>(values.size())));
    return 1;
}

int series_last(lua_State* L) {
    const std::vector<double>& values = self_series(L).values;
    push_optional(L, values.empty() ? std::nullopt : std::optional(values.back()));
    return 1;
}

int series_length(lua_State* L) {
    lua_pushinteger(
        L, static_cast<lua_Integer>(check_object<SeriesHandle>(L, 1).series->values.size()));
    return 1;
}

// The class named `name` has fields that make up a value.
bool is_value_class(std::string_view name) {
    return name.ends_with(" statistics") || name == SeriesHandle::kClass;
}

}  // namespace

void push_stats(lua_State* L, const BoxPtr& box, StatsRef<ServerStats> stats) {
    push_handle(L, box, stats);
}

void push_stats(lua_State* L, const BoxPtr& box, StatsRef<LoadStats> stats) {
    push_handle(L, box, stats);
}

void push_stats(lua_State* L, const BoxPtr& box, StatsRef<BulkStats> stats) {
    push_handle(L, box, stats);
}

void push_stats(lua_State* L, const BoxPtr& box, StatsRef<SynFloodStats> stats) {
    push_handle(L, box, stats);
}

void push_stats(lua_State* L, const BoxPtr& box, StatsRef<PingStats> stats) {
    push_handle(L, box, stats);
}

void push_stats(lua_State* L, const BoxPtr& box, StatsRef<DnsStats> stats) {
    push_handle(L, box, stats);
}

void push_series(lua_State* L, const BoxPtr& box, const Series* series) {
    push_object(L, SeriesHandle{box, series});
}

const Series* to_series(lua_State* L, int index) {
    auto* handle = test_object<SeriesHandle>(L, index);
    if (handle == nullptr) {
        return nullptr;
    }
    static_cast<void>(handle->box->net());
    return handle->series;
}

bool push_statistics(lua_State* L, int index) {
    index = lua_absindex(L, index);
    if (lua_type(L, index) != LUA_TUSERDATA || luaL_getmetafield(L, index, "__name") == LUA_TNIL) {
        return false;
    }
    const bool is_value = is_value_class(lua_tostring(L, -1));
    lua_pop(L, 1);
    if (!is_value) {
        return false;
    }
    luaL_getmetafield(L, index, "__fields");
    const int fields = lua_gettop(L);
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, fields) != 0) {  // the order does not show: it fills another table
        lua_pushvalue(L, index);
        lua_call(L, 1, 1);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, fields + 1);
    }
    lua_remove(L, fields);
    return true;
}

void open_stats(lua_State* L) {
    register_stats<ServerStats>(
        L, std::to_array<Member>(
               {{"accepted", guarded<count_field<ServerStats, &ServerStats::accepted>>},
                {"accept_failed", guarded<count_field<ServerStats, &ServerStats::accept_failed>>},
                {"served", guarded<count_field<ServerStats, &ServerStats::served>>},
                {"closed", guarded<count_field<ServerStats, &ServerStats::closed>>},
                {"failed", guarded<count_field<ServerStats, &ServerStats::failed>>},
                {"bytes_received", guarded<count_field<ServerStats, &ServerStats::bytes_received>>},
                {"bytes_sent", guarded<count_field<ServerStats, &ServerStats::bytes_sent>>}}));
    constexpr Member kLoadMethods[] = {{"quantile", NETSIM_LUA(load_quantile)}};
    register_stats<LoadStats>(
        L,
        std::to_array<Member>(
            {{"attempts", guarded<count_field<LoadStats, &LoadStats::attempts>>},
             {"connected", guarded<count_field<LoadStats, &LoadStats::connected>>},
             {"first_syn_connected",
              guarded<count_field<LoadStats, &LoadStats::first_syn_connected>>},
             {"failed", guarded<count_field<LoadStats, &LoadStats::failed>>},
             {"pending", guarded<count_field<LoadStats, &LoadStats::pending>>},
             {"completed", guarded<count_field<LoadStats, &LoadStats::completed>>},
             {"broken", guarded<count_field<LoadStats, &LoadStats::broken>>},
             {"bytes_sent", guarded<count_field<LoadStats, &LoadStats::bytes_sent>>},
             {"bytes_received", guarded<count_field<LoadStats, &LoadStats::bytes_received>>},
             {"errors", guarded<load_errors>},
             {"connect_success", guarded<share_field<&LoadStats::connected>>},
             {"first_syn_success", guarded<share_field<&LoadStats::first_syn_connected>>},
             {"connect_mean_ms", guarded<mean_field<&LoadStats::connect_ns>>},
             {"connect_p50_ms", guarded<quantile_field<&LoadStats::connect_ns, 50>>},
             {"connect_p90_ms", guarded<quantile_field<&LoadStats::connect_ns, 90>>},
             {"connect_p99_ms", guarded<quantile_field<&LoadStats::connect_ns, 99>>},
             {"connect_max_ms", guarded<quantile_field<&LoadStats::connect_ns, 100>>},
             {"complete_mean_ms", guarded<mean_field<&LoadStats::complete_ns>>},
             {"complete_p50_ms", guarded<quantile_field<&LoadStats::complete_ns, 50>>},
             {"complete_p90_ms", guarded<quantile_field<&LoadStats::complete_ns, 90>>},
             {"complete_p99_ms", guarded<quantile_field<&LoadStats::complete_ns, 99>>},
             {"complete_max_ms", guarded<quantile_field<&LoadStats::complete_ns, 100>>}}),
        kLoadMethods);
    register_stats<BulkStats>(
        L, std::to_array<Member>(
               {{"bytes_sent", guarded<count_field<BulkStats, &BulkStats::bytes_sent>>},
                {"bytes_acked", guarded<count_field<BulkStats, &BulkStats::bytes_acked>>},
                {"connected", guarded<time_field<BulkStats, &BulkStats::connected>>},
                {"finished", guarded<time_field<BulkStats, &BulkStats::finished>>},
                {"bits_per_second", guarded<bulk_bits_per_second>},
                {"error", guarded<bulk_error>}}));
    register_stats<SynFloodStats>(
        L, std::to_array<Member>(
               {{"syns_sent", guarded<count_field<SynFloodStats, &SynFloodStats::syns_sent>>},
                {"synacks_received",
                 guarded<count_field<SynFloodStats, &SynFloodStats::synacks_received>>},
                {"rsts_received",
                 guarded<count_field<SynFloodStats, &SynFloodStats::rsts_received>>}}));
    register_stats<PingStats>(
        L,
        std::to_array<Member>({{"sent", guarded<count_field<PingStats, &PingStats::sent>>},
                               {"received", guarded<count_field<PingStats, &PingStats::received>>},
                               {"replies", guarded<ping_replies>}}));
    register_stats<DnsStats>(
        L,
        std::to_array<Member>({{"queries", guarded<count_field<DnsStats, &DnsStats::queries>>},
                               {"answered", guarded<count_field<DnsStats, &DnsStats::answered>>},
                               {"nxdomain", guarded<count_field<DnsStats, &DnsStats::nxdomain>>}}));
    constexpr Member kSeriesFields[] = {
        {"name", NETSIM_LUA(series_name)},   {"interval", NETSIM_LUA(series_interval)},
        {"start", NETSIM_LUA(series_start)}, {"values", NETSIM_LUA(series_values)},
        {"max", NETSIM_LUA(series_max)},     {"min", NETSIM_LUA(series_min)},
        {"mean", NETSIM_LUA(series_mean)},   {"last", NETSIM_LUA(series_last)},
    };
    register_class(L, {SeriesHandle::kClass,
                       {},
                       kSeriesFields,
                       destroy_object<SeriesHandle>,
                       nullptr,
                       nullptr,
                       NETSIM_LUA(series_length)});
}

}  // namespace netsim::lua
