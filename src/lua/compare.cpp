// netsim.network, netsim.run, netsim.compare, netsim.expect: cases, side by side, and a script's
// own checks.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/units.hpp"
#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"
#include "lua/text.hpp"
#include "observe/text_plot.hpp"

namespace netsim::lua {
namespace {

// {seed =, addresses =, without =, name =} at `index`.
NetworkOptions to_network_options(lua_State* L, int index, std::string& name) {
    NetworkOptions network;
    Options options(L, index, "network");
    options.integer("seed", network.seed, 0, std::numeric_limits<std::int64_t>::max());
    options.with("addresses", [&](const std::string& what) {
        const std::string text = to_text(L, -1, what);
        const auto prefix = parse_prefix(text);
        if (!prefix) {
            throw InputError(what + ": \"" + text +
                             "\" is no prefix such as \"10.0.0.0/8\" (host bits must be zero)");
        }
        network.addresses = *prefix;
    });
    options.with("without", [&](const std::string& what) { network.without = to_rules(L, what); });
    options.get("name", name);
    options.finish();
    return network;
}

int netsim_network(lua_State* L) {
    Session& session = Session::of(L);
    std::string name = session.case_name();
    const NetworkOptions options = to_network_options(L, 1, name);
    push_network(L, session.make_box(name, options));
    return 1;
}

// Calls the scenario at the top `1 + arguments` stack places with a fresh network in front of the
// arguments; leaves its result on the stack and in the report.
void run_case(lua_State* L, const std::string& name, const NetworkOptions& options, int arguments) {
    Session& session = Session::of(L);
    const std::string outer = session.case_name();
    const std::size_t others = session.boxes.size();
    session.set_case_name(name);
    const BoxPtr box = session.make_box(name, options);
    // Each case begins with the same random numbers, whatever the ones before it drew.
    session.runtime().reseed(session.options().seed.value_or(options.seed));
    push_network(L, box);
    lua_insert(L, -arguments - 1);
    lua_call(L, arguments + 1, 1);
    if (lua_istable(L, -1)) {
        box->set_results(to_json(L, -1));
    } else if (!lua_isnil(L, -1)) {
        throw MisuseError("case \"" + name + "\": a scenario returns a table of results, not a " +
                          luaL_typename(L, -1));
    }
    session.finish_boxes(others);
    session.set_case_name(outer);
}

// run(f), run(options, f)
int netsim_run(lua_State* L) {
    Session& session = Session::of(L);
    std::string name = session.case_name();
    NetworkOptions options;
    if (lua_gettop(L) >= 2) {
        options = to_network_options(L, 1, name);
        lua_settop(L, 2);
    } else {
        lua_settop(L, 1);
    }
    luaL_checktype(L, -1, LUA_TFUNCTION);
    run_case(L, name, options, 0);
    return 1;
}

std::string cell(const Json* value) {
    if (value == nullptr || value->is_null()) {
        return "-";
    }
    if (value->is_string()) {
        return value->get<std::string>();
    }
    if (value->is_number_float()) {
        return short_number(value->get<double>());
    }
    return value->dump();
}

// "drops.queue full" of {"drops": {"queue full": 3}}
void collect_rows(const Json& object, const std::string& prefix, std::vector<std::string>& rows) {
    for (const auto& [key, value] : object.items()) {
        if (value.is_object() && !value.empty()) {
            collect_rows(value, prefix + key + ".", rows);
        } else if (!value.is_array() && !value.is_object()) {
            const std::string name = prefix + key;
            if (std::find(rows.begin(), rows.end(), name) == rows.end()) {
                rows.push_back(name);
            }
        }
    }
}

const Json* look_up(const Json& object, std::string_view path) {
    const auto whole = object.find(std::string(path));
    if (whole != object.end()) {
        return &*whole;
    }
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
         dot = path.find('.', dot + 1)) {
        const auto part = object.find(std::string(path.substr(0, dot)));
        if (part != object.end() && part->is_object()) {
            return look_up(*part, path.substr(dot + 1));
        }
    }
    return nullptr;
}

// show = {"connect_success", {"connect_p50_ms", "connect p50 (ms)"}}
std::vector<ShownRow> to_shown_rows(lua_State* L, const std::string& what) {
    std::vector<ShownRow> rows;
    const int list = lua_gettop(L);
    if (!lua_istable(L, list)) {
        throw InputError(what + ": expected a list of result names");
    }
    for (lua_Integer i = 1; lua_rawgeti(L, list, i) != LUA_TNIL; ++i) {
        if (lua_istable(L, -1)) {
            lua_rawgeti(L, -1, 1);
            lua_rawgeti(L, -2, 2);
            rows.push_back({to_text(L, -2, what), to_text(L, -1, what)});
            lua_pop(L, 2);
        } else {
            const std::string name = to_text(L, -1, what);
            rows.push_back({name, name});
        }
        lua_pop(L, 1);
    }
    lua_settop(L, list);
    return rows;
}

/// All that the results have, where the script chose nothing.
std::vector<ShownRow> all_rows(const std::vector<Json>& results) {
    std::vector<std::string> rows;
    for (const Json& one : results) {
        collect_rows(one, "", rows);
    }
    std::vector<ShownRow> shown;
    for (const std::string& row : rows) {
        shown.push_back({row, row});
    }
    return shown;
}

std::string results_table(const std::string& title, const std::vector<std::string>& names,
                          const std::vector<Json>& results, const std::vector<ShownRow>& shown,
                          bool utf8) {
    if (shown.empty()) {
        return {};
    }
    std::vector<std::string> heads{title};
    heads.insert(heads.end(), names.begin(), names.end());
    observe::TextTable table(heads);
    for (const ShownRow& row : shown) {
        std::vector<std::string> cells{row.title};
        for (const Json& one : results) {
            cells.push_back(cell(look_up(one, row.path)));
        }
        table.add(std::move(cells));
    }
    return table.text(utf8);
}

/// The names of the cases in the table at 1, as far as they have one.
std::vector<std::string> case_names(lua_State* L) {
    std::vector<std::string> names;
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; ++i) {
        if (lua_istable(L, -1)) {
            lua_rawgeti(L, -1, 1);
            if (lua_type(L, -1) == LUA_TSTRING) {
                names.emplace_back(lua_tostring(L, -1));
            }
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return names;
}

// compare{title =, show =, network = {...}, {name, scenario, args...}, ...}
int netsim_compare(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    Session& session = Session::of(L);
    std::string title;
    std::string ignored;
    std::vector<ShownRow> shown;
    NetworkOptions network;
    if (lua_getfield(L, 1, "title") != LUA_TNIL) {
        title = to_text(L, -1, "compare: title");
    }
    lua_pop(L, 1);
    lua_getfield(L, 1, "show");
    const bool hidden = lua_isboolean(L, -1) && lua_toboolean(L, -1) == 0;  // show = false
    if (!hidden && !lua_isnil(L, -1)) {
        shown = to_shown_rows(L, "compare: show");
    }
    lua_pop(L, 1);
    if (lua_getfield(L, 1, "network") != LUA_TNIL) {
        network = to_network_options(L, lua_gettop(L), ignored);
    }
    lua_pop(L, 1);
    std::vector<std::string> names;
    std::vector<Json> results;
    if (Driver* driver = session.options().driver) {
        driver->cases(case_names(L));
    }
    lua_newtable(L);  // 2: what compare returns
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; ++i) {
        if (!lua_istable(L, 3)) {
            throw InputError("compare: case " + std::to_string(i) +
                             ": expected {\"name\", scenario, arguments...}");
        }
        lua_rawgeti(L, 3, 1);
        const std::string name = to_text(L, -1, "compare: name of case " + std::to_string(i));
        lua_pop(L, 1);
        const auto size = static_cast<int>(lua_rawlen(L, 3));
        luaL_checkstack(L, size + 5, "too many arguments");
        for (int j = 2; j <= size; ++j) {
            lua_rawgeti(L, 3, j);
        }
        if (lua_type(L, 4) != LUA_TFUNCTION) {
            throw InputError("compare: case \"" + name +
                             "\" has no scenario: {\"name\", scenario}");
        }
        run_case(L, name, network, size - 2);
        names.push_back(name);
        results.push_back(session.report().cases.back().results);
        lua_createtable(L, 0, 2);
        push_string(L, name);
        lua_setfield(L, -2, "name");
        lua_pushvalue(L, 4);
        lua_setfield(L, -2, "results");
        lua_rawseti(L, 2, i);
        lua_settop(L, 2);
    }
    lua_settop(L, 2);
    if (shown.empty()) {
        shown = all_rows(results);
    }
    session.report().comparison = Comparison{title, shown};
    const std::string table = results_table(title, names, results, shown, session.options().utf8);
    if (!hidden && !session.runtime().quiet() && !table.empty()) {
        session.runtime().out() << table;
        session.runtime().check_out();
    }
    return 1;
}

bool note_expectation(lua_State* L, bool ok, const std::string& message) {
    Session& session = Session::of(L);
    Expectation expectation{place(L, 1), message, ok, session.in_checks};
    if (!ok && session.options().tell_failures) {
        *session.options().err << expectation.place << "expectation failed: " << message << '\n';
    }
    session.report().expectations.push_back(std::move(expectation));
    lua_pushboolean(L, ok ? 1 : 0);
    return ok;
}

// expect(condition, message, ...): the message as string.format takes it.
int netsim_expect(lua_State* L) {
    luaL_checkany(L, 1);
    const bool ok = lua_toboolean(L, 1) != 0;
    std::string message = "no message";
    if (lua_gettop(L) > 2) {
        lua_getglobal(L, LUA_STRLIBNAME);
        lua_getfield(L, -1, "format");
        lua_replace(L, 1);
        lua_pop(L, 1);
        lua_call(L, lua_gettop(L) - 1, 1);
        message = to_text(L, -1, "expect: message");
    } else if (lua_gettop(L) == 2) {
        message = push_text(L, 2);
    }
    note_expectation(L, ok, message);
    return 1;
}

std::string label(lua_State* L, int index) {
    return lua_isnoneornil(L, index) ? std::string("value") : to_text(L, index, "expect: what");
}

// A missing number (nil: nothing was measured) fails the check; it is no misuse.
bool measured(lua_State* L, int index) {
    return lua_type(L, index) == LUA_TNUMBER;
}

/// A comparison in numbers as people read them: rounded, unless that would tell another verdict.
template <typename Holds, typename... Numbers>
void in_readable_numbers(bool ok, Holds holds, Numbers&... numbers) {
    const bool same = holds(rounded_for_people(numbers)...) == ok;
    ((numbers = same ? rounded_for_people(numbers) : numbers), ...);
}

std::string shown_value(lua_State* L, int index, double number) {
    return measured(L, index) ? format_number(number) : std::string(push_text(L, index));
}

// expect_between(value, low, high, what)
int netsim_expect_between(lua_State* L) {
    luaL_checkany(L, 1);
    double low = to_number(L, 2, "expect_between: low");
    double high = to_number(L, 3, "expect_between: high");
    double value = measured(L, 1) ? lua_tonumber(L, 1) : 0;
    const auto holds = [](double v, double from, double to) { return v >= from && v <= to; };
    const bool ok = measured(L, 1) && holds(value, low, high);
    in_readable_numbers(ok, holds, value, low, high);
    note_expectation(L, ok,
                     label(L, 4) + " is " + shown_value(L, 1, value) + ", expected " +
                         format_number(low) + " to " + format_number(high));
    return 1;
}

// expect_near(value, expected, tolerance, what)
int netsim_expect_near(lua_State* L) {
    luaL_checkany(L, 1);
    double expected = to_number(L, 2, "expect_near: expected");
    double tolerance = to_number(L, 3, "expect_near: tolerance");
    double value = measured(L, 1) ? lua_tonumber(L, 1) : 0;
    const auto holds = [](double v, double e, double t) { return std::fabs(v - e) <= t; };
    const bool ok = measured(L, 1) && holds(value, expected, tolerance);
    in_readable_numbers(ok, holds, value, expected, tolerance);
    note_expectation(L, ok,
                     label(L, 4) + " is " + shown_value(L, 1, value) + ", expected " +
                         format_number(expected) + " +- " + format_number(tolerance));
    return 1;
}

/// A value as text in one line.
std::string in_one_line(lua_State* L, int index) {
    std::string out;
    for (const char c : std::string(push_text(L, index))) {
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out;
}

// expect_equal(value, expected, what)
int netsim_expect_equal(lua_State* L) {
    luaL_checkany(L, 2);
    const bool ok = lua_compare(L, 1, 2, LUA_OPEQ) != 0;
    std::string value = in_one_line(L, 1);
    std::string expected = in_one_line(L, 2);
    if (measured(L, 1) && measured(L, 2) && !(lua_isinteger(L, 1) && lua_isinteger(L, 2))) {
        double is = lua_tonumber(L, 1);
        double wanted = lua_tonumber(L, 2);
        in_readable_numbers(ok, std::equal_to<>(), is, wanted);
        value = format_number(is);
        expected = format_number(wanted);
    }
    note_expectation(L, ok, label(L, 3) + " is " + value + ", expected " + expected);
    return 1;
}

}  // namespace

void open_compare(lua_State* L) {
    constexpr Member kFunctions[] = {
        {"network", NETSIM_LUA(netsim_network)},
        {"run", NETSIM_LUA(netsim_run)},
        {"compare", NETSIM_LUA(netsim_compare)},
        {"expect", NETSIM_LUA(netsim_expect)},
        {"expect_between", NETSIM_LUA(netsim_expect_between)},
        {"expect_near", NETSIM_LUA(netsim_expect_near)},
        {"expect_equal", NETSIM_LUA(netsim_expect_equal)},
    };
    register_functions(L, "netsim.", kFunctions);
}

}  // namespace netsim::lua
