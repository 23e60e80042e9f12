// netsim.quiz, netsim.checks: what a lab asks and claims (docs/labs-writing.md). The checks see
// results as plain data, so that the same checks can judge what another script reports.
#include <cmath>
#include <utility>

#include "base/units.hpp"
#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"

namespace netsim::lua {
namespace {

constexpr const char* kChecksKey = "netsim.checks";

std::string text_of(lua_State* L, int index) {
    std::string text(push_text(L, index));
    lua_pop(L, 1);
    return text;
}

void read_choices(lua_State* L, Question& question) {
    for (lua_Integer i = 1; lua_rawgeti(L, 2, i) != LUA_TNIL; ++i) {
        if (lua_compare(L, -1, 3, LUA_OPEQ) != 0 || text_of(L, -1) == question.actual) {
            question.choice = question.choices.size();
        }
        question.choices.push_back(text_of(L, -1));
        lua_pop(L, 1);
    }
    if (question.choices.size() < 2 || question.choices.size() > 26) {
        throw MisuseError("quiz: two to 26 choices");
    }
}

// quiz(question, {choice, ...}, actual), quiz(question, actual [, tolerance])
int lab_quiz(lua_State* L) {
    Question question;
    question.text = to_text(L, 1, "quiz: question");
    if (lua_istable(L, 2)) {
        luaL_checkany(L, 3);
        question.actual = text_of(L, 3);
        read_choices(L, question);
    } else {
        question.number = to_number(L, 2, "quiz: the number that the run gives");
        if (!std::isfinite(question.number)) {
            throw MisuseError("quiz: the number that the run gives is none");
        }
        question.actual = format_number(rounded_for_people(question.number));
        question.tolerance =
            lua_isnoneornil(L, 3) ? 0 : std::fabs(to_number(L, 3, "quiz: tolerance"));
    }
    Session::of(L).report().questions.push_back(std::move(question));
    return 0;
}

// checks(results, function(r) ... end)
int lab_checks(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    Session& session = Session::of(L);
    if (std::exchange(session.has_checks, true)) {
        throw MisuseError("checks: call it once, with all results");
    }
    session.report().results = to_json(L, 1);
    lua_pushvalue(L, 2);
    lua_setfield(L, LUA_REGISTRYINDEX, kChecksKey);
    return 0;
}

const char* kind(const Json& value) {
    return value.is_number() ? "number" : value.type_name();
}

// Results from elsewhere are of the names and kinds that the checks expect; false, and an
// expectation that failed for each that is not.
bool comparable(RunReport& report, const Json& given) {
    bool good = true;
    const auto fault = [&](const std::string& message) {
        report.expectations.push_back({"", message, false, true});
        good = false;
    };
    for (const auto& [name, value] : report.results->items()) {
        const auto found = given.find(name);
        if (found == given.end()) {
            fault("netsim.checks has no result \"" + name + "\"");
        } else if (std::string(kind(*found)) != kind(value)) {
            fault("result \"" + name + "\" is a " + kind(*found) + ", expected a " + kind(value));
        }
    }
    return good;
}

}  // namespace

void run_checks(Session& session) {
    if (!session.has_checks) {
        return;
    }
    const Json* given = session.options().results;
    if (given != nullptr && !comparable(session.report(), *given)) {
        return;
    }
    const Json& results = given != nullptr ? *given : *session.report().results;
    Runtime& runtime = session.runtime();
    lua_State* thread = nullptr;
    const bool ready = runtime.protect([&](lua_State* L) {
        thread = lua_newthread(L);
        lua_setfield(L, LUA_REGISTRYINDEX, "netsim.main");
        lua_getfield(thread, LUA_REGISTRYINDEX, kChecksKey);
        push_json(thread, results);
    });
    session.in_checks = true;
    int left = 0;
    if (ready) {
        runtime.resume(thread, 1, left);
    }
    session.in_checks = false;
}

void open_lab(lua_State* L) {
    constexpr Member kFunctions[] = {
        {"quiz", NETSIM_LUA(lab_quiz)},
        {"checks", NETSIM_LUA(lab_checks)},
    };
    register_functions(L, "netsim.", kFunctions);
}

}  // namespace netsim::lua
