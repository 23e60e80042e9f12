// netsim exec, explain, shell, run --states: looking into a run that is run again.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

#include "cli/command.hpp"

namespace netsim::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A server that accepts nothing of its ten clients, in two networks; two runs each.
constexpr const char* kQueue = R"(
local p = netsim.params { clients = { 10, "how many" }, slow = { false, "no accept" } }
print("never seen")
local function scenario(net, backlog)
    local web, user = net:host("web"), net:host("user")
    net:link(web, user, { delay = "5ms" })
    web:spawn(function(host)
        local l = assert(host:tcp()); l:bind("*", 80); l:listen(backlog)
        while p.slow do host:sleep("1s") end
        while true do local c = l:accept(); c:receive("*a"); c:close() end
    end)
    user:load("web:80", { rate = "10/s", spacing = "fixed", request = 10, response = 1, start = "1s",
                          hold = "10s", max = p.clients })
    net:run("5s")
    netsim.expect(false, "not seen either")
    net:run("5s")
end
netsim.compare { { "small", scenario, 3 }, { "large", scenario, 100 } }
)";

/// With one blank where there are several, and none at the ends of lines.
std::string squeezed(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n' && !out.empty() && out.back() == ' ') {
            out.pop_back();
        }
        if (c != ' ' || (!out.empty() && out.back() != ' ' && out.back() != '\n')) {
            out += c;
        }
    }
    return out;
}

class Look : public CommandTest {
 protected:
    void SetUp() override {
        CommandTest::SetUp();
        write("q.lua", kQueue);
    }

    Outcome shell(const std::string& lines, const std::string& options = "--slow=true") const {
        return bash("printf '" + lines + "' | $NETSIM shell q.lua " + options);
    }
};

class Exec : public Look {};

class ExplainCommand : public Look {};

class ShellCommandLine : public Look {};

class States : public Look {};

TEST_F(Exec, PrintsWhatTheToolPrintsAndNothingElse) {
    const Outcome run = netsim(
        {"exec", "q.lua", "--slow", "true", "--at", "3s", "--case", "small", "web", "ss -ltnH"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(squeezed(run.out), "LISTEN 4 3 0.0.0.0:80 0.0.0.0:*\n");
    EXPECT_EQ(run.err, "");
}

TEST_F(Exec, TheFirstCaseIsTakenAndTheOthersAreNamed) {
    const Outcome run =
        netsim({"exec", "q.lua", "--slow=true", "--at", "3s", "web", "ss", "-ltnH"});
    EXPECT_THAT(squeezed(run.out), HasSubstr("LISTEN 4 3 "));
    EXPECT_EQ(run.err, "netsim: case \"small\" (--case chooses among: small, large)\n");
    const Outcome large = netsim(
        {"exec", "q.lua", "--slow=true", "--case", "large", "--at", "3s", "web", "ss", "-ltnH"});
    EXPECT_THAT(squeezed(large.out), HasSubstr("LISTEN 10 100 "));
}

TEST_F(Exec, TheTimeTheSeedTheSettingsAndTheParametersCount) {
    const auto ss = [&](const std::vector<std::string>& more) {
        std::vector<std::string> words{"exec", "q.lua", "--slow=true"};
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), {"web", "ss", "-ltnH"});
        return squeezed(netsim(words).out);
    };
    EXPECT_THAT(ss({"--at", "1.15s"}), HasSubstr("LISTEN 2 3 "));
    EXPECT_THAT(ss({"--at", "3s", "--clients", "1"}), HasSubstr("LISTEN 1 3 "));
    EXPECT_THAT(ss({"--at", "3s", "--set", "net.core.somaxconn=1"}), HasSubstr("LISTEN 2 1 "));
    EXPECT_THAT(ss({"--at", "7s"}), HasSubstr("LISTEN 4 3 "));  // in the second net:run()
    EXPECT_THAT(ss({}), HasSubstr("LISTEN 4 3 "));              // at the end
}

/// The case before runs long enough to report its progress.
TEST_F(Exec, ACaseAfterALongOne) {
    const Outcome run =
        netsim({"exec", "synflood.lua", "--case", "no defence", "--at", "6s", "web", "ss -ltnH"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(squeezed(run.out), "LISTEN 0 128 0.0.0.0:80 0.0.0.0:*\n");
}

TEST_F(Exec, AParameterWhoseNameIsTakenCanBeSet) {
    write("at.lua",
          "local p = netsim.params { at = { '1s', 'when' } } local net = netsim.network{}\n"
          "local a, b = net:host('a'), net:host('b') net:link(a, b, { delay = '1ms' })\n"
          "net:at(p.at, function() a:serve { port = 80, request = 1, response = 1 } end) "
          "net:run('9s')");
    const Outcome late =
        netsim({"exec", "at.lua", "--at", "3s", "--param", "at=5s", "a", "ss -ltnH"});
    EXPECT_EQ(late.out + late.err, "");
    EXPECT_THAT(netsim({"exec", "at.lua", "--at", "3s", "a", "ss -ltnH"}).out, HasSubstr("LISTEN"));
}

/// A firewall between two hosts.
constexpr const char* kFirewall = R"(
netsim.run(function(net)
    local a, fw, b = net:host("a"), net:router("fw"), net:host("b")
    net:link(a, fw) net:link(fw, b)
    fw:firewall { policy = "drop", { proto = "tcp", dport = 80, accept = true } }
    net:run("1s")
end)
)";

TEST_F(Exec, ARouterHasTheToolsOfAFirewall) {
    write("fw.lua", kFirewall);
    const Outcome run = netsim({"exec", "fw.lua", "fw", "iptables", "-L", "-n"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("policy DROP"));
    EXPECT_THAT(run.out, HasSubstr("dpt:80"));
    const Outcome other = netsim({"exec", "fw.lua", "fw", "ss", "-tan"});
    EXPECT_EQ(other.code, 2);
    EXPECT_THAT(other.err, HasSubstr("a router has no tool \"ss\""));
    EXPECT_EQ(
        netsim({"exec", "fw.lua", "fww", "dmesg"}).err,
        "netsim: there is no host \"fww\", did you mean \"fw\"? (hosts: a, b; routers: fw)\n");
    const Outcome prompt = bash(
        "printf 'host\\nhost fw\\niptables -L -n\\nhost a\\nss -tanH\\n' | $NETSIM shell fw.lua");
    EXPECT_EQ(prompt.code, 0) << prompt.err;
    EXPECT_THAT(prompt.out, HasSubstr("fw (a router)\n"));
    EXPECT_THAT(prompt.out, HasSubstr("policy DROP"));
}

/// Its process fails at 2 s.
constexpr const char* kFails = R"(
netsim.run(function(net)
    local a, b = net:host("a"), net:host("b")
    net:link(a, b, { delay = "10ms" })
    a:spawn(function(host) host:sleep(2) error("boom") end)
    net:run("10s")
end)
)";

TEST_F(Exec, AScriptThatFailsUnderATimedToolIsAnError) {
    write("fails.lua", kFails);
    const Outcome run = netsim({"exec", "fails.lua", "--at", "1s", "a", "ping", "-c", "3", "b"});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.out, HasSubstr("icmp_seq=1"));
    EXPECT_EQ(run.err, "fails.lua:5: boom\n");
    const Outcome before = netsim({"exec", "fails.lua", "--at", "1s", "a", "ping", "-c", "1", "b"});
    EXPECT_EQ(before.code, 0) << before.err;
}

TEST_F(ShellCommandLine, AScriptThatFailsLeavesThePromptWhereItStood) {
    write("fails.lua", kFails);
    const Outcome run = bash(
        "printf 'at 1s\\nrun until 5s\\nping -c 1 b\\nping -c 3 b\\nback 1s\\nss -s\\nexit\\n' | "
        "$NETSIM shell fails.lua");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.err, "fails.lua:5: boom\nfails.lua:5: boom\n");
    EXPECT_THAT(run.out, HasSubstr("1 packets transmitted, 1 received"));
    EXPECT_THAT(run.out, HasSubstr("Total: 0"));
    write("early.lua", "netsim.run(function(net) net:host('a') error('soon') end)");
    const Outcome early = bash("echo ss | $NETSIM shell early.lua");
    EXPECT_EQ(early.code, 2);
    EXPECT_THAT(early.err, HasSubstr("early.lua:1: soon"));
}

TEST_F(Exec, OptionsStandBeforeTheHostAndOnce) {
    const auto error_of = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"exec", "q.lua"});
        const Outcome run = netsim(words);
        EXPECT_EQ(run.code, 2);
        return run.err;
    };
    EXPECT_THAT(error_of({"--at", "1s", "--at", "2s", "web", "ss"}),
                HasSubstr("--at: may be given only once"));
    EXPECT_THAT(error_of({"web", "ss -tan", "--at", "1h"}), HasSubstr("options go before HOST"));
    EXPECT_THAT(error_of({"--until", "5s", "web", "ss"}), HasSubstr("an option of netsim run"));
}

TEST_F(Exec, WorksInAPipe) {
    const Outcome run = bash(
        "$NETSIM exec q.lua --slow=true --case small --at 3s web 'ss -tanH' | awk '{print $1}' | "
        "sort | "
        "uniq -c");
    EXPECT_THAT(run.out, HasSubstr("4 ESTAB"));
    EXPECT_THAT(run.out, HasSubstr("1 LISTEN"));
}

TEST_F(Exec, ATimedToolGoesOnPastTheEndOfTheScript) {
    const Outcome run =
        netsim({"exec", "q.lua", "--case", "small", "--at", "9s", "web", "sar -n SOCK 1 3"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("Average:"));
}

TEST_F(Exec, PastTheEndItSaysWhenItEnded) {
    const Outcome run = netsim({"exec", "q.lua", "--at", "12s", "--case", "small", "web", "ss"});
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(run.err, "netsim: --at 12s is past the end of the run: it ended at 10s\n");
    write("idle.lua",
          "local net = netsim.network{} local a, b = net:host('a'), net:host('b')\n"
          "net:link(a, b, {delay = '5ms'}) a:spawn(function(h) h:sleep('2s') end) net:run()");
    EXPECT_EQ(netsim({"exec", "idle.lua", "--at", "3s", "a", "ss"}).err,
              "netsim: --at 3s is past the end of the run: it ended at 2s\n");
    EXPECT_EQ(netsim({"exec", "idle.lua", "--at", "2s", "a", "ss"}).code, 0);
}

TEST_F(Exec, BadInputIsOneLineAndExitCode2) {
    const auto refused = [&](std::vector<std::string> words, const std::string& text) {
        words.insert(words.begin(), "exec");
        const Outcome run = netsim(words);
        EXPECT_EQ(run.code, 2) << run.err;
        EXPECT_EQ(run.out, "");
        EXPECT_EQ(run.err_lines(), 1U) << run.err;
        EXPECT_THAT(run.err, HasSubstr(text));
    };
    refused({"q.lua", "--at", "3s", "wbe", "ss"},
            "there is no host \"wbe\", did you mean \"web\"? (hosts: web, user)");
    refused({"q.lua", "--at", "3s", "web", "netstta"}, "netstta");
    refused({"q.lua", "--at", "3s", "--case", "smal", "web", "ss"}, "did you mean \"small\"?");
    refused({"q.lua", "--at", "soon", "web", "ss"}, "--at");
    refused({"q.lua", "--at", "3s", "web"}, "command for web is missing");
    refused({"q.lua", "--at", "3s"}, "HOST is missing");
    refused({"q.lua", "--at", "3s", "--clinets", "3", "web", "ss"}, "unknown option --clinets");
    refused({"none.lua", "--at", "3s", "web", "ss"}, "none.lua");
    write("broken.lua", "local x = nil + 1");
    refused({"broken.lua", "--at", "3s", "web", "ss"}, "broken.lua:1");
    write("empty.lua", "local x = 1");
    refused({"empty.lua", "--at", "3s", "web", "ss"}, "runs no network");
}

TEST_F(ExplainCommand, SaysWhatAListenerAndItsConnectionsDo) {
    const Outcome run =
        netsim({"explain", "q.lua", "--slow=true", "--case", "small", "--at", "3s", "web:80"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("web:80: LISTEN"));
    EXPECT_THAT(run.out, HasSubstr("Unusual: the accept queue is full"));
    EXPECT_THAT(run.out, HasSubstr(": ESTABLISHED"));
    const Outcome earlier = netsim({"explain", "q.lua", "--slow=true", "--case", "small", "web:80",
                                    "user:32768", "--at", "1.02s"});
    EXPECT_THAT(earlier.out, Not(HasSubstr("the accept queue is full")));
}

TEST_F(ExplainCommand, RefusesWhatIsNotThere) {
    EXPECT_EQ(netsim({"explain", "q.lua", "--at", "3s"}).code, 2);
    const Outcome run = netsim({"explain", "q.lua", "--at", "3s", "wob:80"});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr("wob"));
}

TEST_F(ShellCommandLine, RunsUntilAConditionAndLooks) {
    const Outcome run =
        shell("run until web:80 accept-queue > 2\\nss -ltnH\\nhost user\\nss -tnH\\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("web:80 accept-queue is 3 at 1.2"));
    EXPECT_THAT(squeezed(run.out), HasSubstr("LISTEN 3 3 0.0.0.0:80"));
    EXPECT_THAT(squeezed(run.out), HasSubstr("ESTAB 0 "));
    EXPECT_EQ(run.out.find("never seen"), std::string::npos);
}

TEST_F(ShellCommandLine, GoesBackByRunningAgain) {
    const Outcome run =
        shell("at 3s\\nss -ltnH\\nback 1.85s\\nss -ltnH\\nat 3s\\nss -ltnH\\nat 0s\\nss -ltnH\\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(squeezed(run.out),
              "LISTEN 4 3 0.0.0.0:80 0.0.0.0:*\nLISTEN 2 3 0.0.0.0:80 0.0.0.0:*\n"
              "LISTEN 4 3 0.0.0.0:80 0.0.0.0:*\nLISTEN 0 3 0.0.0.0:80 0.0.0.0:*\n");
}

TEST_F(ShellCommandLine, StepsAndPackets) {
    const Outcome run = shell("next packet syn and host web\\nnext packet ack\\nstep\\nstep 5\\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("1.000000000 user.eth0 Out IP "));
    EXPECT_THAT(run.out, HasSubstr("Flags [S]"));
    EXPECT_THAT(run.out, HasSubstr("1.005000000 web.eth0 Out IP "));
}

TEST_F(ShellCommandLine, AtTheEndOfTheScriptItGoesOnAnswering) {
    const Outcome run = shell(
        "run until web:80 accept-queue > 50\\nss -ltnH\\nrun until 70s\\nwhy web:80\\nback "
        "69s\\nss -ltnH\\n");
    EXPECT_THAT(run.out, HasSubstr("the script ended at 10s"));
    EXPECT_THAT(squeezed(run.out), HasSubstr("LISTEN 4 3 "));
    EXPECT_THAT(run.out, HasSubstr("web:80: LISTEN"));
    EXPECT_THAT(squeezed(run.out), HasSubstr("LISTEN 0 3 "));  // at 1 s
    EXPECT_EQ(run.code, 0) << run.err;
}

TEST_F(ShellCommandLine, WhatIsNotReachedLeavesNothingBehind) {
    const Outcome run = shell("next packet rst\\nstep\\nstep 20\\nat 1s\\nnext packet\\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("the script ended at 10s\n11s no packet\n"));
    EXPECT_THAT(run.out, HasSubstr("\n1.005"));
}

TEST_F(ShellCommandLine, TimedToolsTakeSimulatedTime) {
    const Outcome run = shell("at 2s\\nsar -n SOCK 1 2\\nrun until 3s\\n", "");
    EXPECT_THAT(run.out, HasSubstr("Average:"));
    EXPECT_THAT(run.err, HasSubstr("it is 4s already"));
    EXPECT_EQ(run.code, 2);  // of the last command
}

TEST_F(ShellCommandLine, PlotsAndTraces) {
    const Outcome run =
        shell("at 4s\\nplot web:80 accept-queue\\nplot web TcpPassiveOpens\\nss -ltnH\\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("web:80 accept-queue"));
    EXPECT_THAT(run.out, HasSubstr("web TcpPassiveOpens"));
    EXPECT_THAT(squeezed(run.out), HasSubstr("LISTEN 4 3 "));  // the run stands where it stood
    const Outcome traced = shell("trace on syn\\nat 1.15s\\ntrace off\\nat 1.5s\\n");
    EXPECT_THAT(traced.out, HasSubstr("1.100000000"));
    EXPECT_THAT(traced.out, Not(HasSubstr("1.200000000")));
}

TEST_F(ShellCommandLine, UnknownWordsNameWhatExists) {
    for (const char* line :
         {"setp", "run until web:80 syn-rcv > 1", "host wbe", "plot TcpPasiveOpens", "next pakcet",
          "why", "run until web:80 syn-recv %% 1", "step 0", "back"}) {
        const Outcome run = shell(std::string(line) + "\\n");
        EXPECT_EQ(run.code, 2) << line;
        EXPECT_EQ(run.err_lines(), 1U) << run.err;
        EXPECT_EQ(run.out, "") << line;
    }
    EXPECT_THAT(shell("setp\\n").err,
                HasSubstr("did you mean \"step\"? (commands and tools: step, next, "));
    EXPECT_THAT(shell("help\\n").out, HasSubstr("back TIME"));
}

/// A terminal of which the program gets the other end.
class Terminal {
 public:
    Terminal(const std::filesystem::path& folder, const std::vector<std::string>& arguments) {
        pid_ = forkpty(&fd_, nullptr, nullptr, nullptr);
        if (pid_ == 0) {
            std::vector<std::string> words{NETSIM_BINARY};
            words.insert(words.end(), arguments.begin(), arguments.end());
            std::vector<char*> argv;
            for (std::string& word : words) {
                argv.push_back(word.data());
            }
            argv.push_back(nullptr);
            // Under ASan: libedit never frees what it copied of its editor's keys.
            if (chdir(folder.c_str()) != 0 || setenv("TERM", "xterm", 1) != 0 ||
                setenv("ASAN_OPTIONS", "detect_leaks=0", 1) != 0) {
                _exit(127);
            }
            execvp(argv[0], argv.data());
            _exit(127);
        }
    }

    void type(const std::string& text) const {
        ASSERT_EQ(write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    /// Reads until it has shown `text`: all up to there since the last such call.
    std::string until(const std::string& text) {
        std::array<char, 4096> buffer{};
        std::size_t at = 0;
        while ((at = unread_.find(text)) == std::string::npos) {
            pollfd ready{fd_, POLLIN, 0};
            constexpr int kPatienceMs = 60'000;
            const bool more = ::poll(&ready, 1, kPatienceMs) > 0;
            const ssize_t count = more ? read(fd_, buffer.data(), buffer.size()) : -1;
            if (count <= 0) {
                EXPECT_EQ(text, kEnd) << "not shown, but: " << unread_;
                return std::exchange(unread_, {});
            }
            unread_.append(buffer.data(), static_cast<std::size_t>(count));
        }
        const std::string shown = unread_.substr(0, at + text.size());
        unread_.erase(0, at + text.size());
        return shown;
    }

    static constexpr const char* kEnd = "(the end)";

    int wait() const {
        int status = 0;
        waitpid(pid_, &status, 0);
        close(fd_);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

 private:
    int fd_ = -1;
    pid_t pid_ = -1;
    std::string unread_;
};

TEST_F(ShellCommandLine, ATerminalHasAPromptCompletionHistoryAndCtrlC) {
    write("endless.lua",
          "local net = netsim.network{} local a, b = net:host('a'), net:host('b')\n"
          "net:link(a, b, {delay = '1ms'}) b:serve { port = 80, request = 10, response = 10 }\n"
          "a:load('b:80', { rate = '1000/s', request = 10, response = 10 }) net:run()");
    Terminal terminal(file("."), {"shell", "endless.lua"});
    EXPECT_THAT(terminal.until("a> "), HasSubstr("stands at its start"));
    terminal.type("hos\t b\n");  // host
    EXPECT_THAT(terminal.until("0s b> "), Not(HasSubstr("unknown")));
    terminal.type("at 1s\n");
    terminal.until("1s b> ");
    terminal.type("rubbish\t");
    terminal.until("\a");   // nothing completes it: the editor has the terminal
    terminal.type("\x03");  // Ctrl-C abandons the line
    terminal.until("^C");
    terminal.until("1s b> ");
    terminal.type("trace on\n");
    terminal.until("1s b> ");
    terminal.type("run\n");
    terminal.until("Flags [S]");  // it runs
    terminal.type("\x03");        // ... and the run
    EXPECT_THAT(terminal.until("s b> "), HasSubstr("interrupted at "));
    terminal.type("at 1s\n");
    terminal.until("1s b> ");
    terminal.type("\x1b[A\n");  // the last line again: nothing happens
    EXPECT_THAT(terminal.until("1s b> "), HasSubstr("at 1s"));
    terminal.type("quit\n");
    terminal.until(Terminal::kEnd);
    EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(States, TheDiagramFollowsWhatTheScriptPrints) {
    const Outcome run = netsim({"run", "q.lua", "--states"});
    EXPECT_EQ(run.code, 1);  // the script's own check
    EXPECT_THAT(run.out, HasSubstr("never seen"));
    EXPECT_THAT(run.out, HasSubstr("connect 20"));  // ten of each case
    EXPECT_THAT(run.out, HasSubstr("states visited"));
    const Outcome one = netsim({"run", "q.lua", "--states", "s.svg", "--quiet"});
    EXPECT_EQ(one.out, "");
    EXPECT_THAT(read_whole(file("s.svg")), HasSubstr("</svg>"));
}

TEST_F(States, WhatWasAskedForIsPrintedQuietlyToo) {
    const Outcome run = netsim({"run", "q.lua", "--quiet", "--states"});
    EXPECT_THAT(run.out, HasSubstr("ESTABLISHED"));
    EXPECT_EQ(run.out.find("never seen"), std::string::npos);
}

TEST_F(ShellCommandLine, NothingIsBeforeTheStart) {
    const Outcome run = shell("at 2s\\nback 5s\\n");
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr("back 5s: it is only 2s"));
}

TEST_F(States, BadFilesAreRefused) {
    EXPECT_EQ(netsim({"run", "q.lua", "--states", "s.png"}).code, 2);
    const Outcome run = netsim({"run", "q.lua", "--quiet", "--states", "none/s.svg"});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr("none/s.svg"));
}

}  // namespace
}  // namespace netsim::cli
