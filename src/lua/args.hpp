// Reading values as scripts write them: units in strings, and option tables whose unknown keys are
// errors naming the allowed and the nearest ones.
#pragma once

#include <cstdint>
#include <functional>
#include <lua.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/apps.hpp"
#include "netsim/cpu.hpp"
#include "netsim/lesson.hpp"
#include "netsim/link.hpp"
#include "netsim/time.hpp"

namespace netsim::lua {

/// "10ms", or a number of seconds. `what` begins the message of an InputError.
Duration to_duration(lua_State* L, int index, const std::string& what);
/// The same, not negative.
Duration to_positive_duration(lua_State* L, int index, const std::string& what);
/// Ahead or behind: "+3s", "-3s", seconds.
Duration to_offset(lua_State* L, int index, const std::string& what);
/// "1gbit", or a number of bits per second; never 0.
std::uint64_t to_rate(lua_State* L, int index, const std::string& what);
/// "20kpps", or a number per second; not negative.
double to_frequency(lua_State* L, int index, const std::string& what);
/// "64kb", or a number of octets.
std::uint64_t to_bytes(lua_State* L, int index, const std::string& what);
/// "1%", or a number from 0 to 1.
double to_probability(lua_State* L, int index, const std::string& what);
std::int64_t to_integer(lua_State* L, int index, const std::string& what, std::int64_t low,
                        std::int64_t high);
/// `now` + `duration`; what lies past the end of the clock is its end.
Time later(Time now, Duration duration);
double to_number(lua_State* L, int index, const std::string& what);
std::string to_text(lua_State* L, int index, const std::string& what);

class Options {
 public:
    /// The table at `index`; nothing or nil: no options. `what` begins every message.
    Options(lua_State* L, int index, std::string what);

    void get(const char* key, Duration& into);
    void get(const char* key, std::optional<Duration>& into);
    void get(const char* key, Time& into);
    void get(const char* key, bool& into);
    void get(const char* key, std::string& into);
    void get(const char* key, std::optional<std::string>& into);
    void rate(const char* key, std::optional<std::uint64_t>& into);
    void frequency(const char* key, double& into);
    void bytes(const char* key, std::uint64_t& into);
    void bytes(const char* key, std::optional<std::uint64_t>& into);
    void probability(const char* key, double& into);
    void number(const char* key, double& into);

    template <typename T>
    void integer(const char* key, T& into, std::int64_t low, std::int64_t high) {
        if (find(key)) {
            into = static_cast<T>(to_integer(L_, -1, name(key), low, high));
            lua_pop(L_, 1);
        }
    }

    /// Calls `read` with the value at the top of the stack.
    void with(const char* key, const std::function<void(const std::string& what)>& read);

    /// InputError if a key was in the table that nobody asked for.
    void finish();

 private:
    bool find(const char* key);  // pushes the value if there is one

    std::string name(const char* key) const { return what_ + ": " + key; }

    lua_State* L_;
    int index_;
    std::string what_;
    std::vector<std::string_view> known_;
};

/// The options of a link's direction, in netem's words.
LinkOptions to_link_options(lua_State* L, int index, const std::string& what);
/// true or "default", or {cores=, syn= ...} over `costs`; false: none.
std::optional<CpuOptions> to_cpu(lua_State* L, int index, const std::string& what,
                                 const CpuCosts& costs);
/// {"time-wait", ...}, names of rules, at the top of the stack.
LessonRules to_rules(lua_State* L, const std::string& what);
/// "exponential", "fixed" or "pareto".
void spacing_option(Options& options, lua_State* L, Spacing& into);

}  // namespace netsim::lua
