// A host's prompt: words, the table of tools, views, and a tool that takes time.
#include "shell/shell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "netsim/network.hpp"

namespace netsim::shell {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::string message_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const InputError& error) {
        return error.what();
    }
    return "no error";
}

TEST(Words, AreSplitAndQuotedAsAShellDoes) {
    EXPECT_THAT(split_words("  ss\t-tan  "), ElementsAre("ss", "-tan"));
    EXPECT_THAT(split_words("ss 'sport > :80' \"a \\\"b\\\" \\n\" ''"),
                ElementsAre("ss", "sport > :80", "a \"b\" \\n", ""));
    EXPECT_THAT(split_words(R"(ss \( sport = :80 \))"),
                ElementsAre("ss", "(", "sport", "=", ":80", ")"));
    EXPECT_THAT(split_words(""), ElementsAre());
}

TEST(Words, WhatOnlyARealShellDoesIsRefused) {
    EXPECT_THAT(message_of([] { split_words("ss | wc -l"); }), HasSubstr("no pipes"));
    EXPECT_THAT(message_of([] { split_words("ss > file"); }), HasSubstr("netsim exec"));
    EXPECT_THAT(message_of([] { split_words("ss 'a"); }),
                "sh: the quote ' at column 4 is not closed");
}

class Prompt : public testing::Test {
 protected:
    void SetUp() override {
        net_.link(client_, server_, {.delay = milliseconds(10)});
        server_.serve({.port = 80, .request = 5, .response = 6});
    }

    Network net_;
    HostRef client_ = net_.host("client");
    HostRef server_ = net_.host("server");
};

TEST_F(Prompt, AnUnknownToolNamesThoseThereAre) {
    EXPECT_THAT(message_of([&] { server_.sh("sss -tan"); }),
                testing::AllOf(HasSubstr("sh: no tool \"sss\", did you mean \"ss\"?"),
                               HasSubstr("nstat, ")));
    EXPECT_THAT(message_of([&] { server_.sh(""); }), HasSubstr("no tool \"\""));
}

TEST(ToolTable, IsInOrderAndHasSynopses) {
    std::string_view before;
    for (const Tool& tool : tools()) {
        EXPECT_LT(before, tool.name);
        EXPECT_TRUE(tool.synopsis.starts_with(tool.name)) << tool.name;
        before = tool.name;
    }
}

TEST_F(Prompt, AViewIsDoneAtOnce) {
    net_.run_until(Time(milliseconds(1)));
    const auto job = server_.sh("ss -ltnH");
    EXPECT_TRUE(job->done());
    EXPECT_EQ(job->exit_code(), 0);
    EXPECT_EQ(job->out(), server_.ss("-ltnH"));
    bool told = false;
    job->on_done([&] { told = true; });
    EXPECT_TRUE(told);
    EXPECT_EQ(server_.sh("nstat -az")->out(), server_.nstat("-az"));
}

TEST_F(Prompt, SarSamplesAsTimeGoesOn) {
    client_.load("server:80", {.rate = 1000,
                               .hold = seconds(60),
                               .request = 5,
                               .response = 6,
                               .start = Time(milliseconds(1600)),
                               .max_connections = 1});
    net_.run_until(Time(milliseconds(500)));
    const auto job = client_.sh("sar -n SOCK 1 3");
    Time done{};
    job->on_done([&] { done = net_.now(); });
    net_.run_until(Time(milliseconds(2000)));
    EXPECT_FALSE(job->done());
    net_.run_until(Time(seconds(10)));
    ASSERT_TRUE(job->done());
    EXPECT_EQ(done, Time(milliseconds(3500)));
    EXPECT_THAT(
        job->out(),
        HasSubstr("00:00:00       totsck    tcpsck    udpsck    rawsck   ip-frag    tcp-tw\n"
                  "00:00:01            0         0         0         0         0         0\n"
                  "00:00:02            1         1         0         0         0         0\n"
                  "00:00:03            1         1         0         0         0         0\n"
                  "Average:            1         1         0         0         0         0\n"));
}

TEST_F(Prompt, InterruptedSarPrintsItsAverage) {
    const auto job = server_.sh("sar -n SOCK 1");
    net_.run_until(Time(milliseconds(3500)));
    EXPECT_FALSE(job->done());
    job->interrupt();
    EXPECT_TRUE(job->done());
    EXPECT_THAT(job->out(), HasSubstr("00:00:03            1         1         0"));
    EXPECT_THAT(job->out(), testing::EndsWith("\n\nAverage:            1         1         0"
                                              "         0         0         0\n"));
    const std::string before = job->out();
    net_.run_until(Time(seconds(10)));
    EXPECT_EQ(job->out(), before);
}

TEST_F(Prompt, AJobThatIsGoneIsOver) {
    server_.sh("sar -n SOCK 1").reset();
    net_.run_until(Time(seconds(10)));  // its wake-up finds nobody
    EXPECT_EQ(net_.now(), Time(seconds(10)));
}

TEST_F(Prompt, AHostThatIsOffHasNone) {
    net_.run_until(Time(milliseconds(100)));
    const auto job = server_.sh("sar -n SOCK 1");
    server_.power_off();
    EXPECT_EQ(message_of([&] { server_.sh("ss -tan"); }),
              "sh on 'server': the host is off (boot() turns it on)");
    server_.boot();
    net_.run_until(Time(seconds(2)));
    EXPECT_TRUE(job->done());  // power took it, though the host is back
    EXPECT_EQ(job->exit_code(), 137);
    EXPECT_TRUE(server_.sh("ss -tan")->done());
}

TEST_F(Prompt, SarSaysWhatItTakes) {
    EXPECT_THAT(message_of([&] { server_.sh("sar -n SOCK"); }), HasSubstr("how often"));
    EXPECT_THAT(message_of([&] { server_.sh("sar -u 1"); }), HasSubstr("unknown flag \"-u\""));
    EXPECT_THAT(message_of([&] { server_.sh("sar -n SOCK 0"); }), HasSubstr("interval \"0\""));
    EXPECT_THAT(message_of([&] { server_.sh("sar -n SOCK 1 2 3"); }), HasSubstr("one too many"));
    EXPECT_THAT(message_of([&] { server_.sh("sar -n SOK 1"); }), HasSubstr("SOCK"));
}

}  // namespace
}  // namespace netsim::shell
