// Values with units, and option tables.
#include "lua/args.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "base/text.hpp"
#include "base/units.hpp"
#include "lua/bind.hpp"

namespace netsim::lua {
namespace {

// What a parser says, with what was being read in front.
template <typename F>
auto parsed(lua_State* L, int index, const std::string& what, F parse) {
    try {
        return parse(std::string_view(lua_tostring(L, index)));
    } catch (const InputError& error) {
        throw InputError(what + ": " + error.what());
    }
}

bool is_number(lua_State* L, int index) {
    return lua_type(L, index) == LUA_TNUMBER;
}

double finite(lua_State* L, int index, const std::string& what) {
    const double value = lua_tonumber(L, index);
    if (!std::isfinite(value)) {
        throw InputError(what + ": must be a finite number");
    }
    return value;
}

void need_value(lua_State* L, int index, const std::string& what, const char* example) {
    const int type = lua_type(L, index);
    if (type != LUA_TNUMBER && type != LUA_TSTRING) {
        throw InputError(what + ": expected a value such as " + example + ", got " +
                         (type <= LUA_TNIL ? "nothing" : luaL_typename(L, index)));
    }
}

// netem's `loss gemodel p [r [1-h [1-k]]]`: "1% 10% 70% 0.1%".
GilbertElliott parse_gemodel(const std::string& text, const std::string& what) {
    GilbertElliott model;
    std::istringstream words(text);
    std::string word;
    double* const fields[] = {&model.p, &model.r, &model.loss_bad, &model.loss_good};
    std::size_t count = 0;
    while (words >> word) {
        if (count == std::size(fields)) {
            throw InputError(what + ": takes at most 4 probabilities, p r 1-h 1-k");
        }
        *fields[count++] = parse_probability(word);
    }
    if (count == 0) {
        throw InputError(what + ": needs probabilities p r 1-h 1-k, e.g. \"1% 10%\"");
    }
    if (count == 1) {
        model.r = 1 - model.p;  // as tc does
    }
    return model;
}

GilbertElliott to_gemodel(lua_State* L, const std::string& what) {
    if (lua_type(L, -1) != LUA_TTABLE) {
        return parse_gemodel(to_text(L, -1, what), what);
    }
    GilbertElliott model;
    Options options(L, lua_gettop(L), what);
    options.probability("p", model.p);
    options.probability("r", model.r);
    options.probability("loss_bad", model.loss_bad);
    options.probability("loss_good", model.loss_good);
    options.finish();
    return model;
}

void read_limit(lua_State* L, const std::string& what, LinkOptions& link) {
    const bool packets = is_number(L, -1) || counts_packets(to_text(L, -1, what));
    if (packets) {
        link.limit_packets = parsed(L, -1, what, parse_packets);
    } else {
        link.limit_bytes = parsed(L, -1, what, parse_bytes);
    }
}

}  // namespace

Duration to_duration(lua_State* L, int index, const std::string& what) {
    need_value(L, index, what, "\"10ms\"");
    if (!is_number(L, index)) {
        return parsed(L, index, what, parse_duration);
    }
    constexpr double kLongest = 9e9;  // seconds in an int64 of nanoseconds
    const double seconds = finite(L, index, what);
    if (std::fabs(seconds) > kLongest) {
        throw InputError(what + ": longer than 292 years");
    }
    return Duration(std::llround(seconds * 1e9));
}

Duration to_positive_duration(lua_State* L, int index, const std::string& what) {
    const Duration value = to_duration(L, index, what);
    if (value < Duration(0)) {
        throw InputError(what + ": must not be negative, got " + format_duration(value));
    }
    return value;
}

Duration to_offset(lua_State* L, int index, const std::string& what) {
    if (lua_type(L, index) == LUA_TSTRING) {
        const std::string text = to_text(L, index, what);
        const bool ahead = text.size() > 1 && text[0] == '+' && text[1] != '-';
        try {
            return parse_duration(ahead ? text.substr(1) : text);
        } catch (const InputError& error) {
            throw InputError(what + ": " + error.what());
        }
    }
    return to_duration(L, index, what);
}

std::uint64_t to_rate(lua_State* L, int index, const std::string& what) {
    need_value(L, index, what, "\"1gbit\"");
    std::uint64_t rate = 0;
    if (is_number(L, index)) {
        const double value = finite(L, index, what);
        if (value < 0 || value > 1e18) {
            throw InputError(what + ": must be from 1 bit/s to 1e18 bit/s");
        }
        rate = static_cast<std::uint64_t>(std::llround(value));
    } else {
        rate = parsed(L, index, what, parse_rate);
    }
    if (rate == 0) {
        throw InputError(what + ": must be above 0 (leave it out for an infinitely fast link)");
    }
    return rate;
}

double to_frequency(lua_State* L, int index, const std::string& what) {
    need_value(L, index, what, "\"100/s\"");
    const double value =
        is_number(L, index) ? finite(L, index, what) : parsed(L, index, what, parse_frequency);
    if (value < 0) {
        throw InputError(what + ": must not be negative");
    }
    return value;
}

std::uint64_t to_bytes(lua_State* L, int index, const std::string& what) {
    need_value(L, index, what, "\"64kb\"");
    if (is_number(L, index)) {
        return static_cast<std::uint64_t>(
            to_integer(L, index, what, 0, std::numeric_limits<std::int64_t>::max()));
    }
    return parsed(L, index, what, parse_bytes);
}

double to_probability(lua_State* L, int index, const std::string& what) {
    need_value(L, index, what, "\"1%\" or 0.01");
    if (!is_number(L, index)) {
        return parsed(L, index, what, parse_probability);
    }
    const double value = finite(L, index, what);
    if (value < 0 || value > 1) {
        throw InputError(what + ": must be from 0 to 1 (or \"0%\" to \"100%\"), got " +
                         format_number(value));
    }
    return value;
}

std::int64_t to_integer(lua_State* L, int index, const std::string& what, std::int64_t low,
                        std::int64_t high) {
    int exact = 0;
    const lua_Integer value = lua_tointegerx(L, index, &exact);
    if (exact == 0) {
        throw InputError(what + ": expected a whole number, got " +
                         (lua_isnoneornil(L, index)
                              ? std::string("nothing")
                              : std::string(luaL_tolstring(L, index, nullptr))));
    }
    if (value < low || value > high) {
        throw InputError(what + ": must be from " + std::to_string(low) + " to " +
                         std::to_string(high) + ", got " + std::to_string(value));
    }
    return value;
}

Time later(Time now, Duration duration) {
    return duration >= kNever - now ? kNever : now + duration;
}

double to_number(lua_State* L, int index, const std::string& what) {
    if (lua_isnumber(L, index) == 0) {
        throw InputError(what + ": expected a number, got " + luaL_typename(L, index));
    }
    return finite(L, index, what);
}

std::string to_text(lua_State* L, int index, const std::string& what) {
    if (lua_type(L, index) != LUA_TSTRING && lua_type(L, index) != LUA_TNUMBER) {
        throw InputError(what + ": expected a string, got " +
                         (lua_isnoneornil(L, index) ? "nothing" : luaL_typename(L, index)));
    }
    lua_pushvalue(L, index);  // lua_tolstring() would change a number in place
    std::size_t length = 0;
    const char* text = lua_tolstring(L, -1, &length);
    std::string result(text, length);
    lua_pop(L, 1);
    return result;
}

Options::Options(lua_State* L, int index, std::string what)
    : L_(L), index_(lua_absindex(L, index)), what_(std::move(what)) {
    if (lua_isnoneornil(L, index)) {
        index_ = 0;
    } else if (lua_type(L, index) != LUA_TTABLE) {
        throw InputError(what_ + ": options are a table such as {key = value}, got a " +
                         luaL_typename(L, index));
    }
}

bool Options::find(const char* key) {
    known_.emplace_back(key);
    if (index_ == 0) {
        return false;
    }
    if (lua_getfield(L_, index_, key) == LUA_TNIL) {
        lua_pop(L_, 1);
        return false;
    }
    return true;
}

void Options::with(const char* key, const std::function<void(const std::string& what)>& read) {
    if (find(key)) {
        read(name(key));
        lua_pop(L_, 1);
    }
}

void Options::get(const char* key, Duration& into) {
    with(key, [&](const std::string& what) { into = to_positive_duration(L_, -1, what); });
}

void Options::get(const char* key, std::optional<Duration>& into) {
    with(key, [&](const std::string& what) { into = to_positive_duration(L_, -1, what); });
}

void Options::get(const char* key, Time& into) {
    with(key, [&](const std::string& what) { into = Time(to_positive_duration(L_, -1, what)); });
}

void Options::get(const char* key, bool& into) {
    with(key, [&](const std::string& what) {
        if (lua_type(L_, -1) != LUA_TBOOLEAN) {
            throw InputError(what + ": expected true or false, got " + luaL_typename(L_, -1));
        }
        into = lua_toboolean(L_, -1) != 0;
    });
}

void Options::get(const char* key, std::string& into) {
    with(key, [&](const std::string& what) { into = to_text(L_, -1, what); });
}

void Options::get(const char* key, std::optional<std::string>& into) {
    with(key, [&](const std::string& what) { into = to_text(L_, -1, what); });
}

void Options::rate(const char* key, std::optional<std::uint64_t>& into) {
    with(key, [&](const std::string& what) { into = to_rate(L_, -1, what); });
}

void Options::frequency(const char* key, double& into) {
    with(key, [&](const std::string& what) { into = to_frequency(L_, -1, what); });
}

void Options::bytes(const char* key, std::uint64_t& into) {
    with(key, [&](const std::string& what) { into = to_bytes(L_, -1, what); });
}

void Options::bytes(const char* key, std::optional<std::uint64_t>& into) {
    with(key, [&](const std::string& what) { into = to_bytes(L_, -1, what); });
}

void Options::probability(const char* key, double& into) {
    with(key, [&](const std::string& what) { into = to_probability(L_, -1, what); });
}

void Options::number(const char* key, double& into) {
    with(key, [&](const std::string& what) { into = to_number(L_, -1, what); });
}

void Options::finish() {
    if (index_ == 0) {
        return;
    }
    push_sorted_keys(L_, index_);
    const int keys = lua_gettop(L_);
    for (lua_Integer i = 1; lua_rawgeti(L_, keys, i) != LUA_TNIL; ++i) {
        if (lua_type(L_, -1) != LUA_TSTRING) {
            throw InputError(what_ + ": options have names, as in {key = value}");
        }
        const std::string_view key = lua_tostring(L_, -1);
        if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
            throw InputError(what_ + ": unknown option \"" + std::string(key) + "\"" +
                             did_you_mean(key, known_) + " (allowed: " + join(known_) + ")");
        }
        lua_pop(L_, 1);
    }
    lua_settop(L_, keys - 1);
}

LinkOptions to_link_options(lua_State* L, int index, const std::string& what) {
    LinkOptions link;
    Options options(L, index, what);
    options.rate("rate", link.rate_bps);
    options.get("delay", link.delay);
    options.get("jitter", link.jitter);
    options.get("jitter_reorders", link.jitter_reorders);
    options.probability("loss", link.loss);
    options.with("gemodel", [&](const std::string& name) { link.gemodel = to_gemodel(L, name); });
    options.probability("duplicate", link.duplicate);
    options.probability("corrupt", link.corrupt);
    options.probability("reorder", link.reorder);
    options.integer("gap", link.reorder_gap, 1, 1'000'000);
    options.get("ecn", link.ecn);
    options.with("ecn_threshold", [&](const std::string& name) {
        link.ecn_threshold = parsed(L, -1, name, parse_packets);
    });
    options.with("limit", [&](const std::string& name) { read_limit(L, name, link); });
    options.integer("mtu", link.mtu, 68, 65535);  // RFC 791: every module forwards 68 octets
    options.number("cost", link.cost);
    options.finish();
    if (link.jitter > link.delay) {
        throw InputError(what + ": jitter must not be larger than delay (" +
                         format_duration(link.jitter) + " > " + format_duration(link.delay) + ")");
    }
    if (link.gemodel && link.loss > 0) {
        throw InputError(what + ": loss and gemodel are two models of one thing; give one");
    }
    if (link.cost < 0) {
        throw InputError(what + ": cost must not be negative");
    }
    return link;
}

LessonRules to_rules(lua_State* L, const std::string& what) {
    LessonRules rules;
    if (!lua_istable(L, -1)) {
        throw InputError(what + ": expected a list of rules such as {\"time-wait\"}");
    }
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; ++i) {
        rules.add(parse_lesson_rule(to_text(L, -1, what)));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return rules;
}

void spacing_option(Options& options, lua_State* L, Spacing& into) {
    options.with("spacing", [&](const std::string& what) {
        constexpr std::string_view kNames[] = {"exponential", "fixed", "pareto"};
        const std::string word = to_text(L, -1, what);
        const auto* found = std::find(std::begin(kNames), std::end(kNames), word);
        if (found == std::end(kNames)) {
            throw InputError(what + ": unknown \"" + word + "\"" + did_you_mean(word, kNames) +
                             " (allowed: " + join(kNames) + ")");
        }
        into = static_cast<Spacing>(found - std::begin(kNames));
    });
}

std::optional<CpuOptions> to_cpu(lua_State* L, int index, const std::string& what,
                                 const CpuCosts& costs) {
    CpuOptions cpu;
    cpu.costs = costs;
    if (lua_isboolean(L, index)) {
        return lua_toboolean(L, index) != 0 ? std::optional(cpu) : std::nullopt;
    }
    if (lua_type(L, index) == LUA_TSTRING &&
        std::string_view(lua_tostring(L, index)) == "default") {
        return cpu;
    }
    if (!lua_istable(L, index)) {
        throw InputError(
            what + ": expected true, \"default\" or a table such as {cores = 2, syn = \"2us\"}");
    }
    Options options(L, lua_absindex(L, index), what);
    options.integer("cores", cpu.cores, 1, kCoresMax);
    for (const CpuCostEntry& entry : cpu_cost_table()) {
        options.get(entry.name.data(), cpu.costs.*entry.member);  // a literal: it ends with 0
    }
    options.finish();
    return cpu;
}

}  // namespace netsim::lua
