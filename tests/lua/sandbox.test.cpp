// What a script may not reach, and that two runs of one script are the same.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

class Forbidden : public testing::TestWithParam<const char*> {};

TEST_P(Forbidden, IsNotThere) {
    const Ran ran = run_lua(std::string("print(") + GetParam() + ")");
    EXPECT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_EQ(ran.out, "nil\n");
}

INSTANTIATE_TEST_SUITE_P(Sandbox, Forbidden,
                         testing::Values("os", "io", "debug", "package", "dofile", "loadfile",
                                         "warn", "string.dump"));

class Refused : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Refused, IsAnErrorThatSaysWhy) {
    const Ran ran = run_lua(GetParam().first);
    EXPECT_NE(ran.ending(), Ending::kNone);
    EXPECT_EQ(ran.message().rfind("test.lua:1: ", 0), 0U) << ran.message();
    EXPECT_NE(ran.message().find(GetParam().second), std::string::npos) << ran.message();
    EXPECT_EQ(ran.message().find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Sandbox, Refused,
    testing::Values(std::pair{"require 'socket'", "only netsim's own modules"},
                    std::pair{"require 'netsim.../../etc'", "only netsim's own modules"},
                    std::pair{"require 'netsim.nothing'", "no such module"},
                    std::pair{"string.format('%p', {})", "addresses differ"},
                    std::pair{"setmetatable({}, {__gc = print})", "collector"},
                    std::pair{"setmetatable({}, {__mode = 'k'})", "collector"},
                    std::pair{"collectgarbage('count')", "differs from run to run"},
                    std::pair{"math.randomseed()", "repeatable"},
                    std::pair{"getmetatable(netsim.network{}).__index = 1", "index"},
                    std::pair{"coroutine.yield()", "outside a coroutine"}));

TEST(Sandbox, LoadsTextButNoBytecode) {
    const Ran ran =
        run_lua("print(load('return 1 + 1')()) print(load('\\27Lua')) print(load('x', 'n', 'b'))");
    EXPECT_EQ(ran.out.substr(0, 6), "2\nnil\t") << ran.out;
    EXPECT_EQ(ran.out.find("function"), std::string::npos) << ran.out;
}

constexpr const char* kMixedTable = R"(
    local t = { "x", "y", b = 1, a = 2, [10] = 3, [2.5] = 4, [true] = 5, [false] = 6 }
    local first, second = {}, {}
    t[second], t[first] = 8, 7
    t[print] = 9
    local words = {}
    for k, v in pairs(t) do words[#words + 1] = tostring(v) end
    print(table.concat(words, " "))
)";

TEST(Sandbox, RequireFindsItsOwnModulesOnce) {
    const std::filesystem::path folder =
        std::filesystem::path(testing::TempDir()) / "netsim-require" / "netsim";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "thing.lua") << "print('loaded', ...) return { answer = 42 }";
    std::ofstream(folder / "broken.lua") << "return = 1";
    RunOptions options;
    options.library_dir = folder.parent_path().string();
    const Ran ran = run_lua(
        "local t = require 'netsim.thing' print(t.answer) "
        "print(require 'netsim.thing' == t) require 'netsim.broken'",
        options);
    std::filesystem::remove_all(folder.parent_path());
    EXPECT_EQ(ran.out, "loaded\tnetsim.thing\n42\ntrue\n");
    EXPECT_NE(ran.message().find("netsim.broken:1:"), std::string::npos) << ran.message();
}

TEST(Order, PairsVisitsNumbersStringsBooleansThenObjectsByCreation) {
    EXPECT_EQ(run_lua(kMixedTable).out, "x y 4 3 2 1 6 5 7 8 9\n");
}

TEST(Order, NextFollowsPairs) {
    EXPECT_EQ(run_lua("local t = {c = 1, a = 2, b = 3, 4} local k, v = next(t) "
                      "while k ~= nil do print(k, v) k, v = next(t, k) end print(next({}))")
                  .out,
              "1\t4\na\t2\nb\t3\nc\t1\nnil\n");
}

TEST(Order, PairsSkipsWhatIsRemovedOnTheWay) {
    EXPECT_EQ(
        run_lua("local t = {a = 1, b = 2, c = 3} for k in pairs(t) do print(k) t.b = nil end").out,
        "a\nc\n");
}

TEST(Order, PairsHonoursItsMetamethod) {
    EXPECT_EQ(run_lua("local t = setmetatable({}, {__pairs = function(t) return "
                      "function(_, k) if not k then return 1, 'one' end end, t, nil end}) "
                      "for k, v in pairs(t) do print(k, v) end")
                  .out,
              "1\tone\n");
}

TEST(Order, SortIsStableAndSurvivesAContradictoryComparison) {
    const Ran ran = run_lua(R"(
        local t = {}
        for i = 1, 300 do t[i] = { key = i % 3, at = i } end
        table.sort(t, function(x, y) return x.key < y.key end)
        local ok = true
        for i = 2, 300 do
            ok = ok and (t[i - 1].key < t[i].key or t[i - 1].key == t[i].key and t[i - 1].at < t[i].at)
        end
        print(ok)
        local u = { 5, 3, 9, 1 } table.sort(u) print(table.concat(u, " "))
        table.sort(u, function() return true end) print(#u)
    )");
    EXPECT_EQ(ran.out, "true\n1 3 5 9\n4\n") << ran.message();
}

TEST(Order, TextsHaveNumbersInPlaceOfAddresses) {
    const std::string script =
        "print({}, function() end, coroutine.create(print), print, netsim.network{}) "
        "print(string.format('%s', {}))";
    const Ran ran = run_lua(script);
    EXPECT_EQ(ran.out.find("0x"), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("function: print"), std::string::npos) << ran.out;
    EXPECT_EQ(ran.out, run_lua(script).out);
}

TEST(Random, IsAFunctionOfTheSeed) {
    const std::string script = "print(math.random(), math.random(6), math.random(10, 20))";
    RunOptions two;
    two.seed = 2;
    EXPECT_EQ(run_lua(script).out, run_lua(script).out);
    EXPECT_NE(run_lua(script).out, run_lua(script, two).out);
}

TEST(Random, HasTheShapeOfLuas) {
    const Ran ran = run_lua(R"(
        math.randomseed(7) local a = math.random(1000) math.randomseed(7)
        print(a == math.random(1000))
        for i = 1, 1000 do
            local x, n, m = math.random(), math.random(6), math.random(-3, 3)
            assert(x >= 0 and x < 1 and n >= 1 and n <= 6 and m >= -3 and m <= 3)
            assert(math.type(n) == "integer" and math.type(m) == "integer")
        end
        print(pcall(math.random, 2, 1))
    )");
    EXPECT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_NE(ran.out.find("true\nfalse"), std::string::npos) << ran.out;
}

RunOptions limited() {
    RunOptions options;
    options.limits.instructions_call = 1'000'000;
    options.limits.instructions_run = 5'000'000;
    options.limits.memory_bytes = 8U << 20U;
    return options;
}

class Endless : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Endless, EndsWithOneLine) {
    const Ran ran = run_lua(GetParam().first, limited());
    EXPECT_EQ(ran.ending(), Ending::kLimit) << ran.message();
    EXPECT_NE(ran.message().find(GetParam().second), std::string::npos) << ran.message();
    EXPECT_EQ(ran.message().rfind("test.lua:1: ", 0), 0U) << ran.message();
    EXPECT_TRUE(ran.report.failure.traceback.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Limits, Endless,
    testing::Values(
        std::pair{"while true do end", "--instructions"},
        std::pair{"while true do pcall(function() while true do end end) end", "--instructions"},
        std::pair{"while true do xpcall(function() error() end, print) end", "--instructions"},
        std::pair{"while true do coroutine.wrap(function() end)() end", "--instructions"},
        std::pair{"local t = {} while true do t[#t + 1] = {} end", "--lua-memory"},
        std::pair{"local s = 'x' while true do s = s .. s end", "--lua-memory"},
        std::pair{"string.rep('x', 1 << 28)", "--lua-memory"},
        std::pair{"while true do pcall(string.rep, 'x', 1 << 28) end", "--lua-memory"}));

TEST(Limits, CallbacksCountEachForItself) {
    RunOptions options = limited();
    options.limits.instructions_run = 1'000'000'000;
    const Ran ran = run_lua(two_hosts("for i = 1, 30 do net:at(i, function() "
                                      "for j = 1, 50000 do end end) end net:run('40s')"),
                            options);
    EXPECT_EQ(ran.ending(), Ending::kNone) << ran.message();
    const Ran long_one =
        run_lua(two_hosts("net:at(1, function() while true do end end) net:run('2s')"), options);
    EXPECT_EQ(long_one.ending(), Ending::kLimit);
    EXPECT_EQ(long_one.message().rfind("test.lua:2: ", 0), 0U) << long_one.message();
}

TEST(Errors, SyntaxErrorsAreOneLineWithoutTraceback) {
    const Ran ran = run_lua("local x = \n\n = 3");
    EXPECT_EQ(ran.ending(), Ending::kInput);
    EXPECT_EQ(ran.message().rfind("test.lua:3: ", 0), 0U) << ran.message();
    EXPECT_TRUE(ran.report.failure.traceback.empty());
}

TEST(Errors, RuntimeErrorsHaveATraceback) {
    const Ran ran = run_lua("local function f() local x return x.y end\nf()");
    EXPECT_EQ(ran.ending(), Ending::kRuntime);
    EXPECT_EQ(ran.message(), "test.lua:1: attempt to index a nil value (local 'x')");
    EXPECT_NE(ran.report.failure.traceback.find("test.lua:2: in main chunk"), std::string::npos);
}

TEST(Errors, AlwaysNameAPlace) {
    EXPECT_EQ(run_lua("\nerror('no place', 0)").message(), "test.lua:2: no place");
    EXPECT_EQ(run_lua("error({})").message(), "test.lua:1: error object is a table");
    EXPECT_EQ(run_lua("error('two\\nlines')").message(), "test.lua:1: two lines");
}

TEST(Errors, MayBeCaughtByTheScript) {
    const Ran ran = run_lua(
        "local ok, message = pcall(function() netsim.network{sed = 1} end) "
        "print(ok, message)");
    EXPECT_EQ(ran.ending(), Ending::kNone);
    EXPECT_EQ(ran.out.rfind("false\ttest.lua:1: network: unknown option \"sed\"", 0), 0U)
        << ran.out;
}

TEST(Print, IsSilentWhenQuiet) {
    RunOptions quiet;
    quiet.quiet = true;
    EXPECT_EQ(run_lua("print('x') netsim.table{{'a'}, {1}}", quiet).out, "");
}

}  // namespace
}  // namespace netsim::lua
