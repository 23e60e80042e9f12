// netsim.table, netsim.plot and the readers of units.
#include "lua/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/units.hpp"
#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/socket.hpp"
#include "lua/stats.hpp"
#include "observe/text_plot.hpp"

namespace netsim::lua {
namespace {

void print_text(lua_State* L, const std::string& text) {
    Runtime& runtime = Runtime::of(L);
    if (!runtime.quiet()) {
        runtime.out() << text;
        runtime.check_out();
    }
}

// table{{"head", ...}, {"cell", ...}, ...}: prints it.
int netsim_table(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    std::vector<std::vector<std::string>> rows;
    std::size_t columns = 0;
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; ++i) {
        luaL_checktype(L, -1, LUA_TTABLE);
        std::vector<std::string>& row = rows.emplace_back();
        const auto size = static_cast<lua_Integer>(lua_rawlen(L, -1));
        for (lua_Integer j = 1; j <= size; ++j) {
            lua_rawgeti(L, -1, j);
            const bool is_float = lua_type(L, -1) == LUA_TNUMBER && lua_isinteger(L, -1) == 0;
            row.push_back(is_float ? short_number(lua_tonumber(L, -1))
                                   : std::string(push_text(L, -1)));
            lua_pop(L, is_float ? 1 : 2);
        }
        columns = std::max(columns, row.size());
        lua_pop(L, 1);
    }
    if (rows.empty()) {
        return 0;
    }
    rows.front().resize(columns);
    observe::TextTable table(rows.front());
    for (std::size_t i = 1; i < rows.size(); ++i) {
        table.add(rows[i]);
    }
    print_text(L, table.text(Session::of(L).options().utf8));
    return 0;
}

// {values = {...}, label =, start =, step =}, or a series, at the top of the stack.
observe::Curve to_curve(lua_State* L) {
    if (const Series* series = to_series(L, -1)) {
        return observe::curve_of(*series);
    }
    observe::Curve curve;
    Options options(L, lua_gettop(L), "plot: curve");
    options.get("label", curve.label);
    Duration start{0};
    Duration step = std::chrono::seconds(1);
    options.get("start", start);
    options.get("step", step);
    options.with("values", [&](const std::string& what) {
        luaL_checktype(L, -1, LUA_TTABLE);
        for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; ++i) {
            curve.values.push_back(to_number(L, -1, what));
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    });
    options.finish();
    if (step == Duration(0)) {
        throw InputError("plot: step: must be above 0");
    }
    curve.start_s = to_seconds(start);
    curve.step_s = to_seconds(step);
    return curve;
}

// plot{curve, ..., title =, width =, height =, max =, limit =, limit_label =}: prints it.
int netsim_plot(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    std::vector<observe::Curve> curves;
    lua_newtable(L);  // the options, without the curves
    push_sorted_keys(L, 1);
    for (lua_Integer i = 1; lua_rawgeti(L, 3, i) != LUA_TNIL; ++i) {
        lua_pushvalue(L, -1);
        lua_rawget(L, 1);
        if (lua_isinteger(L, -2) != 0) {
            curves.push_back(to_curve(L));
            lua_pop(L, 2);
        } else {
            lua_rawset(L, 2);
        }
    }
    observe::PlotOptions plot;
    plot.utf8 = Session::of(L).options().utf8;
    Options options(L, 2, "plot");
    options.get("title", plot.title);
    options.integer("width", plot.width, 10, 400);
    options.integer("height", plot.height, 3, 100);
    options.with("max", [&](const std::string& what) { plot.y_max = to_number(L, -1, what); });
    options.with("limit", [&](const std::string& what) { plot.limit = to_number(L, -1, what); });
    options.get("limit_label", plot.limit_label);
    options.get("x_unit", plot.x_unit);
    options.finish();
    if (curves.empty()) {
        throw InputError("plot: give it at least one series");
    }
    print_text(L, observe::text_plot(curves, plot));
    return 0;
}

int netsim_seconds(lua_State* L) {
    lua_pushnumber(L, to_seconds(to_duration(L, 1, "seconds")));
    return 1;
}

int netsim_bytes(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(to_bytes(L, 1, "bytes")));
    return 1;
}

int netsim_bits_per_second(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(to_rate(L, 1, "bits_per_second")));
    return 1;
}

// errno("EINVAL"): 22; "" of what is none, such as "timeout"
int netsim_errno(lua_State* L) {
    const std::optional<Errno> found = errno_named(to_text(L, 1, "errno: name"));
    if (found) {
        lua_pushinteger(L, static_cast<lua_Integer>(*found));
    } else {
        push_string(L, "");
    }
    return 1;
}

int netsim_per_second(lua_State* L) {
    lua_pushnumber(L, to_frequency(L, 1, "per_second"));
    return 1;
}

int netsim_probability(lua_State* L) {
    lua_pushnumber(L, to_probability(L, 1, "probability"));
    return 1;
}

// sleep(d): of the process that calls it.
int netsim_sleep(lua_State* L) {
    const Duration duration = to_positive_duration(L, 1, "sleep");
    for (const BoxPtr& box : Session::of(L).boxes) {
        if (box->running()) {
            return sleep_for(L, box->scheduler(), box->net(), duration);
        }
    }
    throw MisuseError(
        "sleep() would have to wait: call it inside host:spawn(function(host) ... end)");
}

// percentile(list, p): the smallest value with at least p percent of all at or below it.
int netsim_percentile(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    const double p = to_number(L, 2, "percentile");
    if (p < 0 || p > 100) {
        throw InputError("percentile: must be from 0 to 100");
    }
    std::vector<double> values;
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; ++i) {
        values.push_back(to_number(L, -1, "percentile: value " + std::to_string(i)));
        lua_pop(L, 1);
    }
    if (values.empty()) {
        lua_pushnil(L);
        return 1;
    }
    std::sort(values.begin(), values.end());
    const double place = std::ceil(p / 100 * static_cast<double>(values.size()));
    const auto index = static_cast<std::size_t>(std::max(place, 1.0)) - 1;
    lua_pushnumber(L, values[std::min(index, values.size() - 1)]);
    return 1;
}

}  // namespace

std::string short_number(double value) {
    if (!std::isfinite(value)) {
        return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
    const double magnitude = std::fabs(value);
    char buffer[64];
    if (magnitude >= 1000 && magnitude < 1e15) {
        std::snprintf(buffer, sizeof buffer, "%.0f", value);
    } else {
        std::snprintf(buffer, sizeof buffer, "%.4g", value);
    }
    return buffer;
}

void open_text(lua_State* L) {
    constexpr Member kFunctions[] = {
        {"table", NETSIM_LUA(netsim_table)},
        {"plot", NETSIM_LUA(netsim_plot)},
        {"seconds", NETSIM_LUA(netsim_seconds)},
        {"bytes", NETSIM_LUA(netsim_bytes)},
        {"bits_per_second", NETSIM_LUA(netsim_bits_per_second)},
        {"per_second", NETSIM_LUA(netsim_per_second)},
        {"errno", NETSIM_LUA(netsim_errno)},
        {"probability", NETSIM_LUA(netsim_probability)},
        {"sleep", NETSIM_LUA(netsim_sleep)},
        {"select", NETSIM_LUA(socket_select)},
        {"percentile", NETSIM_LUA(netsim_percentile)},
    };
    register_functions(L, "netsim.", kFunctions);
}

void open_netsim(lua_State* L) {
    lua_newtable(L);
    open_params(L);
    open_compare(L);
    open_model(L);
    open_text(L);
    open_lab(L);
    lua_setglobal(L, "netsim");
}

}  // namespace netsim::lua
