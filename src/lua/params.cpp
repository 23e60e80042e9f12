// netsim.params{name = {default, "help"}}: a script's own flags, typed by their defaults.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <sstream>
#include <utility>

#include "base/text.hpp"
#include "base/units.hpp"
#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"

namespace netsim::lua {
namespace {

// What a string default measures; values must measure the same.
struct Quantity {
    const char* type;
    const char* what;
    const char* placeholder;
    void (*parse)(std::string_view);
};

constexpr std::array<Quantity, 6> kQuantities{{
    {"duration", "a duration", "TIME",
     [](std::string_view s) { static_cast<void>(parse_duration(s)); }},
    {"rate", "a rate", "RATE", [](std::string_view s) { static_cast<void>(parse_rate(s)); }},
    {"frequency", "a frequency", "FREQ",
     [](std::string_view s) { static_cast<void>(parse_frequency(s)); }},
    {"size", "a size", "SIZE", [](std::string_view s) { static_cast<void>(parse_bytes(s)); }},
    {"packets", "a number of packets", "PACKETS",
     [](std::string_view s) { static_cast<void>(parse_packets(s)); }},
    {"probability", "a probability", "SHARE",
     [](std::string_view s) { static_cast<void>(parse_probability(s)); }},
}};

bool parses(const Quantity& quantity, std::string_view text) {
    try {
        quantity.parse(text);
        return true;
    } catch (const InputError&) {
        return false;
    }
}

const Quantity* quantity_of(std::string_view text) {
    const bool has_digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
    const bool has_unit = !text.empty() && (text.back() < '0' || text.back() > '9');
    if (!has_digit || !has_unit) {
        return nullptr;
    }
    for (const Quantity& quantity : kQuantities) {
        if (parses(quantity, text)) {
            return &quantity;
        }
    }
    return nullptr;
}

// A limit as people write it: no exponent.
std::string limit_text(double limit) {
    constexpr double kWholeMax = 9007199254740992.0;
    const bool whole = std::floor(limit) == limit && std::fabs(limit) < kWholeMax;
    return whole ? std::to_string(static_cast<std::int64_t>(limit)) : format_number(limit);
}

struct Param {
    std::string name;
    std::string help;
    std::string default_text;
    int type = LUA_TNIL;
    bool integer = false;
    const Quantity* quantity = nullptr;
    std::optional<double> min;  // of a number
    std::optional<double> max;
    std::vector<std::string> one_of;  // of a text; empty: any

    std::string flag() const { return "--" + name; }

    /// As reports name it.
    std::string type_name() const {
        if (type == LUA_TBOOLEAN) {
            return "boolean";
        }
        if (type == LUA_TNUMBER) {
            return integer ? "integer" : "number";
        }
        return quantity != nullptr ? quantity->type : "text";
    }

    bool out_of_range(double value) const { return (min && value < *min) || (max && value > *max); }

    /// What values are allowed; empty: all of the type.
    std::string range() const {
        if (!one_of.empty()) {
            const std::vector<std::string_view> words(one_of.begin(), one_of.end());
            return join(words);
        }
        if (min && max) {
            return limit_text(*min) + " to " + limit_text(*max);
        }
        return min   ? "at least " + limit_text(*min)
               : max ? "at most " + limit_text(*max)
                     : std::string();
    }

    std::string placeholder() const {
        if (type == LUA_TBOOLEAN) {
            return "true|false";
        }
        if (type == LUA_TNUMBER) {
            return integer ? "N" : "NUMBER";
        }
        return quantity != nullptr ? quantity->placeholder : "TEXT";
    }
};

std::optional<double> read_limit(lua_State* L, int table, const char* key,
                                 const std::string& what) {
    std::optional<double> limit;
    if (lua_getfield(L, table, key) != LUA_TNIL) {
        limit = to_number(L, -1, what + ": " + key);
    }
    lua_pop(L, 1);
    return limit;
}

// min, max of a number, one_of of a text.
void read_limits(lua_State* L, int table, const std::string& what, Param& param) {
    constexpr std::string_view kFields[] = {"min", "max", "one_of"};
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        const std::string key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        if (!key.empty() &&
            std::find(std::begin(kFields), std::end(kFields), key) == std::end(kFields)) {
            throw InputError(what + ": unknown field \"" + key + "\"" + did_you_mean(key, kFields) +
                             " (known: " + join(kFields) + ")");
        }
    }
    param.min = read_limit(L, table, "min", what);
    param.max = read_limit(L, table, "max", what);
    if (lua_getfield(L, table, "one_of") != LUA_TNIL) {
        if (!lua_istable(L, -1) || lua_rawlen(L, -1) == 0) {
            throw InputError(what + ": one_of: expected a list such as {\"client\", \"server\"}");
        }
        for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; ++i) {
            param.one_of.push_back(to_text(L, -1, what + ": one_of"));
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (((param.min || param.max) && param.type != LUA_TNUMBER) ||
        (!param.one_of.empty() && param.type != LUA_TSTRING)) {
        throw InputError(what + ": min and max are of numbers, one_of of strings");
    }
    const bool listed = std::find(param.one_of.begin(), param.one_of.end(), param.default_text) !=
                        param.one_of.end();
    if ((!param.one_of.empty() && !listed) ||
        (param.type == LUA_TNUMBER && param.out_of_range(lua_tonumber(L, -1)))) {
        throw InputError(what + ": the default " + param.default_text +
                         " is not one of: " + param.range());
    }
}

// {default, "help"}, or the default alone; the value at the top of the stack.
Param read_declaration(lua_State* L, const std::string& name) {
    Param param;
    param.name = name;
    const std::string what = "params: " + name;
    const int declaration = lua_gettop(L);
    if (lua_istable(L, declaration)) {
        if (lua_rawgeti(L, declaration, 2) != LUA_TNIL) {
            param.help = to_text(L, -1, what + ": help");
        }
        lua_pop(L, 1);
        lua_rawgeti(L, declaration, 1);
    } else {
        lua_pushvalue(L, declaration);
    }
    param.type = lua_type(L, -1);
    if (param.type != LUA_TNUMBER && param.type != LUA_TBOOLEAN && param.type != LUA_TSTRING) {
        throw InputError(what + ": expected {default, \"help\"} with a number, string or boolean");
    }
    param.integer = lua_isinteger(L, -1) != 0;
    param.default_text = luaL_tolstring(L, -1, nullptr);
    lua_pop(L, 1);
    if (param.type == LUA_TSTRING) {
        param.quantity = quantity_of(param.default_text);
    }
    if (lua_istable(L, declaration)) {
        read_limits(L, declaration, what, param);
    }
    return param;  // the default stays at the top
}

// Pushes a flag's text as the type of its default.
void push_value(lua_State* L, const Param& param, const std::string& text) {
    const auto refuse = [&](const std::string& expected) {
        throw InputError(param.flag() + " " + text + ": expected " + expected);
    };
    if (param.type == LUA_TBOOLEAN) {
        if (text != "true" && text != "false" && text != "1" && text != "0") {
            refuse("true or false");
        }
        lua_pushboolean(L, text == "true" || text == "1" ? 1 : 0);
    } else if (param.type == LUA_TNUMBER) {
        const std::size_t size = lua_stringtonumber(L, text.c_str());
        if (size != text.size() + 1) {
            refuse("a number");
        }
        if (param.integer && lua_isinteger(L, -1) == 0) {
            refuse("a whole number");
        }
        if (param.out_of_range(lua_tonumber(L, -1))) {
            refuse(param.range());
        }
    } else {
        if (param.quantity != nullptr) {
            try {
                param.quantity->parse(text);
            } catch (const InputError& error) {
                throw InputError(param.flag() + ": " + error.what());
            }
            if (text.starts_with('-') && !param.default_text.starts_with('-')) {
                refuse(std::string(param.quantity->what) + ", not negative");
            }
        }
        if (!param.one_of.empty() &&
            std::find(param.one_of.begin(), param.one_of.end(), text) == param.one_of.end()) {
            refuse("one of " + param.range());
        }
        push_string(L, text);
    }
}

using Given = std::vector<std::pair<std::string, std::optional<std::string>>>;

// "--a 1 --b=2 --c" as (a, 1), (b, 2), (c, nothing).
Given split_arguments(const std::vector<std::string>& arguments) {
    Given given;
    for (const std::string& word : arguments) {
        if (word.starts_with("--") && word.size() > 2) {
            const std::size_t equals = word.find('=');
            if (equals == std::string::npos) {
                given.emplace_back(word.substr(2), std::nullopt);
            } else {
                given.emplace_back(word.substr(2, equals - 2), word.substr(equals + 1));
            }
        } else if (!given.empty() && !given.back().second) {
            given.back().second = word;
        } else {
            throw InputError("unexpected argument \"" + word + "\"");
        }
    }
    return given;
}

// The comment a script begins with, and what its flags mean.
std::string help_text(const RunOptions& options, const std::vector<Param>& params) {
    std::string text = "netsim run " + options.script + " [options]\n";
    std::istringstream source(options.text);
    std::string line;
    std::string comment;
    while (std::getline(source, line) && (line.starts_with("--") || line.starts_with("#!"))) {
        if (line.starts_with("--")) {
            comment += line.substr(line.find_first_not_of("- ") == std::string::npos
                                       ? line.size()
                                       : line.find_first_not_of("- ")) +
                       "\n";
        }
    }
    text += comment.empty() ? "" : "\n" + comment;
    text += params.empty() ? "\nThis script has no parameters of its own.\n" : "\nParameters:\n";
    std::size_t width = 0;
    for (const Param& param : params) {
        width = std::max(width, param.flag().size() + 1 + param.placeholder().size());
    }
    for (const Param& param : params) {
        std::string left = param.flag() + " " + param.placeholder();
        left.resize(width, ' ');
        text += "  " + left + "  " + param.help + (param.help.empty() ? "" : " ") + "(default " +
                param.default_text + (param.range().empty() ? "" : "; " + param.range()) + ")\n";
    }
    text += "\nOptions of every script: netsim run --help\n";
    return text;
}

int unknown_param(lua_State* L) {
    push_sorted_keys(L, 1);
    const int keys = lua_gettop(L);
    std::vector<std::string> names;
    for (lua_Integer i = 1; lua_rawgeti(L, keys, i) != LUA_TNIL; ++i) {
        names.emplace_back(lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string word = luaL_tolstring(L, 2, nullptr);
    throw MisuseError("no parameter \"" + word + "\"" + did_you_mean(word, known));
}

std::vector<Param> read_declarations(lua_State* L) {
    std::vector<Param> params;
    push_sorted_keys(L, 1);
    const int keys = lua_gettop(L);
    lua_newtable(L);
    const int values = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, keys, i) != LUA_TNIL; ++i) {
        if (lua_type(L, -1) != LUA_TSTRING) {
            throw InputError("params: each has a name: {name = {default, \"help\"}}");
        }
        const std::string name = lua_tostring(L, -1);
        for (const std::string& taken : Session::of(L).options().other_flags) {
            if (taken == "--" + name) {
                throw InputError("params: \"" + name + "\" is an option of netsim already");
            }
        }
        lua_rawget(L, 1);
        params.push_back(read_declaration(L, name));
        lua_setfield(L, values, name.c_str());
        lua_pop(L, 1);
    }
    lua_settop(L, values);
    return params;  // with the table of defaults at the top
}

int netsim_params(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    Session& session = Session::of(L);
    const RunOptions& options = session.options();
    if (std::exchange(session.params_read, true)) {
        throw MisuseError("params: call it once");
    }
    const std::vector<Param> params = read_declarations(L);
    if (options.help) {
        *options.out << help_text(options, params);
        session.runtime().fail({Ending::kHelp, "help", {}});
        return lua_error(L);
    }
    std::vector<std::string> flags;
    for (const Param& param : params) {
        flags.push_back(param.flag());
    }
    std::vector<std::string_view> known(flags.begin(), flags.end());
    known.insert(known.end(), options.other_flags.begin(), options.other_flags.end());
    for (const auto& [name, value] : split_arguments(options.arguments)) {
        const Param* found = nullptr;
        for (const Param& param : params) {
            found = param.name == name ? &param : found;
        }
        if (found == nullptr && std::find(options.other_flags.begin(), options.other_flags.end(),
                                          "--" + name) != options.other_flags.end()) {
            throw InputError("--" + name + " is an option of netsim run, not of this command");
        }
        if (found == nullptr) {
            throw InputError("unknown option --" + name + did_you_mean("--" + name, known) +
                             " (parameters: " + join(std::span(known).first(flags.size())) + ")");
        }
        if (!value && found->type != LUA_TBOOLEAN) {
            throw InputError("--" + name + ": a value is missing, --" + name + " " +
                             found->placeholder());
        }
        push_value(L, *found, value.value_or("true"));
        lua_setfield(L, -2, name.c_str());
    }
    for (const Param& param : params) {
        lua_getfield(L, -1, param.name.c_str());
        const std::string value = luaL_tolstring(L, -1, nullptr);
        lua_pop(L, 2);
        session.report().parameters.push_back(
            {param.name, value, param.default_text, param.help, param.type_name()});
    }
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, NETSIM_LUA(unknown_param));
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return 1;
}

}  // namespace

void open_params(lua_State* L) {
    constexpr Member kFunctions[] = {{"params", NETSIM_LUA(netsim_params)}};
    register_functions(L, "netsim.", kFunctions);
}

}  // namespace netsim::lua
