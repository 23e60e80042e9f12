// netsim lab: the list, a lab with its prose and its quiz, answers and skeletons, and what is
// refused.
#include "cli/command.hpp"

namespace netsim::cli {
namespace {

// A lab of one's own: asks a choice and a number, claims two things.
constexpr const char* kLab = R"lua(-- Lab: Two and two
-- Chapter: Sums
-- Question: What is two
--   and two?
-- Watch: the sum.
-- Background:
--   Numbers can be added.
--   The order does not matter.
--   There is no limit.
-- Try: --a 3
--   Predict first: the sum?
-- Try: --b 3
--   Predict first: the sum now?
-- Broken by: --b 7
local p = netsim.params { a = { 2, "one" }, b = { 2, "the other" } }
local sum = p.a + p.b
print("the sum is " .. sum)
netsim.quiz("Even or odd?", { "odd", "even" }, sum % 2 == 0 and "even" or "odd")
netsim.quiz("How much?", sum, 0.5)
netsim.checks({ sum = sum, word = "sum" }, function(r)
  netsim.expect_equal(r.sum, 4, "the sum")
  netsim.expect_equal(r.word, "sum", "the word")
end)
)lua";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// In this order, each behind the one before.
testing::AssertionResult in_order(const std::string& text, const std::vector<std::string>& parts) {
    std::size_t at = 0;
    for (const std::string& part : parts) {
        const std::size_t found = text.find(part, at);
        if (found == std::string::npos) {
            return testing::AssertionFailure() << "\"" << part << "\" is missing or early in\n"
                                               << text;
        }
        at = found + part.size();
    }
    return testing::AssertionSuccess();
}

class LabCommand : public CommandTest {
 protected:
    void SetUp() override {
        CommandTest::SetUp();
        write("sum.lua", kLab);
    }
};

TEST_F(LabCommand, ListsLabsByChapter) {
    const Outcome run = netsim({"lab"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_TRUE(in_order(run.out, {"Chapter 1. Opening", " 8  Connection refused",
                                   "What happens when nobody listens"}));
    EXPECT_EQ(netsim({"lab", "--chapter", "opening"}).code, 0);
    const Outcome none = netsim({"lab", "--chapter", "Opning"});
    EXPECT_EQ(none.code, 2);
    EXPECT_TRUE(has(none.err, "did you mean \"Opening\"")) << none.err;
}

TEST_F(LabCommand, RunsOneWithItsProse) {
    for (const char* word : {"8", "08", "connection-refused", "08-connection-refused"}) {
        const Outcome run = netsim({"lab", word});
        EXPECT_EQ(run.code, 0) << run.err;
        EXPECT_TRUE(
            in_order(run.out, {"Lab 8: Connection refused", "(Opening)", "nobody listens",
                               "A SYN that finds no listener", "Watch:", "ECONNREFUSED after",
                               "passed  ", "netsim lab 8 --delay 100ms", "Predict first"}));
    }
    EXPECT_EQ(netsim({"run", "labs/08-connection-refused.lua", "--quiet"}).code, 0);
    EXPECT_EQ(netsim({"run", "labs/08-connection-refused", "--quiet"}).code, 0);
}

TEST_F(LabCommand, RunsAFileAndSaysWhatFailed) {
    const Outcome run = netsim({"lab", "sum.lua", "--a", "3"});
    EXPECT_EQ(run.code, 1) << run.err;
    EXPECT_TRUE(in_order(run.out, {"Lab: Two and two", "What is two and two?", "the sum is 5",
                                   "FAILED  the sum is 5, expected 4", "passed  the word",
                                   "you changed: --a 3", "netsim lab sum.lua --a 3"}));
    EXPECT_TRUE(has(netsim({"lab", "sum.lua", "--help"}).out, "--b N"));
    const Outcome json = netsim({"lab", "sum.lua", "--json"});
    EXPECT_EQ(json.out.front(), '{');
    EXPECT_TRUE(has(json.err, "the sum is 4"));
}

TEST_F(LabCommand, AsksBeforeItShows) {
    const Outcome run = bash("printf 'x\\nb\\n5 apples\\n' | $NETSIM lab sum.lua --quiz");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_TRUE(in_order(
        run.out, {"2 questions", "1. Even or odd?", "a) odd", "b) even", "one of the letters",
                  "2. How much?", "the sum is 4", "b) even: right. The run: even",
                  "5 apples: wrong. The run: 4", "Score: 1 of 2", "passed"}));
    // What is right comes from the run.
    const Outcome other = bash("printf 'b\\n5\\n' | $NETSIM lab sum.lua --a 3 --quiz");
    EXPECT_TRUE(in_order(other.out, {"b) even: wrong. The run: odd", "5: right. The run: 5"}));
}

TEST_F(LabCommand, SkipsQuestionsAtTheEndOfInput) {
    const Outcome run = netsim({"lab", "sum.lua", "--quiz"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_TRUE(in_order(run.out, {"the sum is 4", "skipped. The run: even", "Score: 0 of 2"}));
}

TEST_F(LabCommand, JudgesAnAnswerByTheLabsOwnChecks) {
    write("right.lua", "-- Lab: mine\nnetsim.checks({sum = 1 + 3, word = 'sum'}, function() end)");
    const Outcome right = netsim({"lab", "check", "right.lua", "--lab", "sum.lua"});
    EXPECT_EQ(right.code, 0) << right.err;
    EXPECT_TRUE(in_order(right.out, {"Lab: Two and two", "passed  the sum is 4", "2 of 2"}));
    // Deleting or bending the expectations does not help.
    write("wrong.lua",
          "-- Lab: mine\nnetsim.checks({sum = 5, word = 'sum'}, function(r)\n"
          "netsim.expect_equal(r.sum, 5, 'the sum') end)");
    const Outcome wrong = netsim({"lab", "check", "wrong.lua", "--lab", "sum.lua"});
    EXPECT_EQ(wrong.code, 1) << wrong.err;
    EXPECT_TRUE(in_order(wrong.out, {"FAILED  the sum is 5, expected 4", "1 of 2 passed"}));
    write("less.lua", "netsim.checks({word = 1}, function(r) end)");
    const Outcome less = netsim({"lab", "check", "less.lua", "--lab", "sum.lua"});
    EXPECT_EQ(less.code, 1) << less.err;
    EXPECT_TRUE(
        in_order(less.out, {"no result \"sum\"", "\"word\" is a number, expected a string"}));
}

TEST_F(LabCommand, FindsTheLabThatAnAnswerNames) {
    const Outcome same = bash(
        "$NETSIM lab 8 --help >/dev/null && "
        "cp '" NETSIM_SOURCE_DIR
        "/lua/labs/08-connection-refused.lua' a.lua && "
        "$NETSIM lab check a.lua --delay 50ms");
    EXPECT_EQ(same.code, 0) << same.err;
    EXPECT_TRUE(has(same.out, "a.lua by the checks of Lab 8: Connection refused"));
    const Outcome broken = netsim({"lab", "check", "a.lua", "--without", "rst-to-closed-port"});
    EXPECT_EQ(broken.code, 1) << broken.err;
    EXPECT_EQ(netsim({"lab", "check", "sum.lua"}).code, 0);  // a lab of its own
}

TEST_F(LabCommand, WritesASkeletonThatIsALab) {
    const Outcome made = netsim({"lab", "new", "Nobody's port", "--chapter", "Mine"});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(listing(), "nobody-s-port.lua sum.lua");
    EXPECT_TRUE(has(read_whole(file("nobody-s-port.lua")), "-- Chapter: Mine\n"));
    EXPECT_EQ(netsim({"lab", "nobody-s-port.lua"}).code, 0);
    EXPECT_EQ(netsim({"lab", "check", "nobody-s-port.lua"}).code, 0);
    const Outcome tested = netsim({"lab", "test", "nobody-s-port.lua"});
    EXPECT_EQ(tested.code, 0) << tested.out;
    const Outcome again = netsim({"lab", "new", "Nobody's port"});
    EXPECT_EQ(again.code, 2);
    EXPECT_TRUE(has(again.err, "already")) << again.err;
    EXPECT_EQ(netsim({"lab", "new", "Other", "deep/folder.lua"}).code, 2);
}

struct Fault {
    const char* name;
    const char* from;
    const char* to;
    const char* says;
};

class FaultyLab : public CommandTest, public testing::WithParamInterface<Fault> {};

TEST_P(FaultyLab, IsTold) {
    std::string text = kLab;
    const std::size_t at = text.find(GetParam().from);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, std::string(GetParam().from).size(), GetParam().to);
    write("x.lua", text);
    const Outcome run = netsim({"lab", "test", "x.lua"});
    EXPECT_EQ(run.code, 1) << run.out << run.err;
    EXPECT_TRUE(has(run.out, GetParam().says)) << run.out;
}

INSTANTIATE_TEST_SUITE_P(
    Labs, FaultyLab,
    testing::Values(
        Fault{"NoTitle", "-- Lab: Two and two", "-- Two and two", "first line"},
        Fault{"UnknownField", "-- Watch:", "-- Wacth:", "did you mean \"Watch\""},
        Fault{"ShortBackground", "--   There is no limit.\n", "", "Background has 2 lines"},
        Fault{"OneTry", "-- Try: --b 3\n--   Predict first: the sum now?\n", "", "1 Try"},
        Fault{"NoPrediction", "Predict first: the sum?", "The sum?", "Predict first"},
        Fault{"TryOfNothing", "-- Try: --b 3", "-- Try: --c 3", "unknown option --c"},
        Fault{"TryThatChangesNothing", "-- Try: --b 3", "-- Try: --b 2", "changes nothing"},
        Fault{"TryThatPrintsTheSame", "print(\"the sum is \" .. sum)", "print(\"a sum\")",
              "changes nothing that is printed"},
        Fault{"NumberOfNoLab", "-- Lab: Two", "-- Lab 99: Two", "no lab 99 comes with netsim"},
        Fault{"BreaksNothing", "-- Broken by: --b 7", "-- Broken by: --b 2", "breaks nothing"},
        Fault{"BreaksByError", "local sum = p.a + p.b",
              "local sum = p.a + (p.b < 7 and p.b or nil)", "Broken by: --b 7: x.lua:16"},
        Fault{"ChecksSeeMore", "r.sum, 4", "sum, 4", "more than the results"},
        Fault{"NoQuizChoice", "\"odd\", \"even\" }", "\"odd\", \"both\" }", "none of the choices"},
        Fault{"FailsPlainly", "r.sum, 4", "r.sum, 5", "expectation failed: the sum is 4"},
        Fault{"TooWide", "print(\"the sum is \"", "print((\"-\"):rep(101)", "102 columns"},
        Fault{"ClaimsOutside", "print(", "netsim.expect(true, 'x') print(",
              "outside netsim.checks"}),
    [](const auto& one) { return one.param.name; });

TEST_F(LabCommand, TestsAWholeOne) {
    const Outcome run = netsim({"lab", "test", "sum.lua"});
    EXPECT_EQ(run.code, 0) << run.out;
    EXPECT_EQ(run.out, "ok      sum\n");
}

TEST_F(LabCommand, ListsRulesThatCanBeSwitchedOff) {
    const Outcome run = netsim({"lab", "rules"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_TRUE(in_order(run.out, {"syn-counts", "time-wait", "tcp_time_wait()"}));
}

struct BadLab {
    const char* name;
    std::vector<std::string> arguments;
    const char* says;
};

class BadLabInput : public CommandTest, public testing::WithParamInterface<BadLab> {};

TEST_P(BadLabInput, IsOneLine) {
    write("broken.lua", "-- Lab 8: mine\nif then\n");
    write("fails.lua", "-- Lab 8: mine\nlocal x = nil + 1\n");
    write("silent.lua", "-- Lab 8: mine\nprint(1)\n");
    write("nameless.lua", "print(1)\n");
    write("misspelt.lua", "-- Lab: mine\n-- Wacth: x\nprint(1)\n");
    write("typed.lua",
          "-- Lab 8: mine\nnetsim.checks({errno = 'ECONNREFUSED', took = 0.02, one_way = 0.01, "
          "syns = 1, resets = 1, retransmissions = 0}, function() end)\n");
    write("odd.lua", "-- Lab 5x: mine\nprint(1)\n");
    write("untitled.lua", "-- Lab:\nprint(1)\n");
    const Outcome run = netsim(GetParam().arguments);
    EXPECT_EQ(run.code, 2) << run.out << run.err;
    EXPECT_EQ(run.err_lines(), 1U) << run.err;
    EXPECT_TRUE(has(run.err, GetParam().says)) << run.err;
    EXPECT_EQ(run.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    Labs, BadLabInput,
    testing::Values(
        BadLab{"UnknownNumber", {"lab", "999"}, "netsim lab lists them"},
        BadLab{"UnknownName", {"lab", "conection-refused"}, "did you mean \"connection-refused\""},
        BadLab{"NoFile", {"lab", "nosuch.lua"}, "nosuch.lua: no such file"},
        BadLab{"NoAnswer", {"lab", "check", "silnt.lua"}, "did you mean \"silent.lua\""},
        BadLab{"AnswerThatDoesNotLoad", {"lab", "check", "broken.lua"}, "broken.lua:2:"},
        BadLab{"AnswerThatFails", {"lab", "check", "fails.lua"}, "fails.lua:2:"},
        BadLab{"AnswerWithoutResults", {"lab", "check", "silent.lua"}, "netsim.checks"},
        BadLab{"AnswerWithoutARun", {"lab", "check", "typed.lua"}, "nothing happened in its run"},
        BadLab{"AnswerToWhat", {"lab", "check", "nameless.lua"}, "--lab 13"},
        BadLab{"AnswerToNothing", {"lab", "check", "silent.lua", "--lab", "99"}, "no lab \"99\""},
        BadLab{"CheckWithoutFile", {"lab", "check"}, "usage"},
        BadLab{"CheckAsJson", {"lab", "check", "silent.lua", "--json"}, "--json"},
        BadLab{"NewWithoutTitle", {"lab", "new"}, "usage"},
        BadLab{"ListWithSeed", {"lab", "--seed", "3"}, "--seed means nothing here"},
        BadLab{"StrayOption", {"lab", "--backlog", "3"}, "--backlog"},
        BadLab{"UnknownRule",
               {"lab", "8", "--without", "rst-to-close-port"},
               "did you mean \"rst-to-closed-port\""},
        BadLab{"UnknownRuleOfRun", {"run", "handshake", "--without", "x"}, "time-wait"},
        BadLab{"FolderAsLab", {"lab", "/"}, "folder"},
        BadLab{"EmptyLab", {"lab", ""}, "the value is empty"},
        BadLab{"EmptyChapter", {"lab", "--chapter", ""}, "--chapter: the value is empty"},
        BadLab{"EmptyReport", {"lab", "8", "--report", ""}, "--report: the value is empty"},
        BadLab{"NewWithEmptyTitle", {"lab", "new", "", "e.lua"}, "an argument is empty"},
        BadLab{"NewWithEmptyFile", {"lab", "new", "x", ""}, "an argument is empty"},
        BadLab{"CheckOfNothing", {"lab", "check", ""}, "usage"},
        BadLab{"NoHeader", {"lab", "nameless.lua"}, "nameless.lua:1: the first line is not"},
        BadLab{"MisspeltField", {"lab", "misspelt.lua"}, "misspelt.lua:2: the header has no field"},
        BadLab{"NoNumber", {"lab", "odd.lua"}, "odd.lua:1: \"5x\" is no number"},
        BadLab{"CheckNoNumber", {"lab", "check", "odd.lua"}, "odd.lua:1: \"5x\" is no number"},
        BadLab{"NoTitle", {"lab", "untitled.lua"}, "untitled.lua:1: the lab has no title"},
        BadLab{
            "PortOutOfRange", {"lab", "1", "--port", "70000"}, "--port 70000: expected 1 to 65535"},
        BadLab{"NegativeTime", {"lab", "3", "--late", "-1ms"}, "--late -1ms: expected a duration"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace netsim::cli
