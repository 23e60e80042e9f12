// The shell's own commands.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <iostream>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/quantity.hpp"
#include "cli/shell.hpp"
#include "observe/text_plot.hpp"
#include "shell/shell.hpp"

namespace netsim::cli {
namespace {

using Words = Shell::Words;

std::string joined(const Words& words, std::size_t from) {
    std::string text;
    for (std::size_t i = from; i < words.size(); ++i) {
        text += (text.empty() ? "" : " ") + words[i];
    }
    return text;
}

void expect_words(const Words& words, std::size_t least, std::size_t most, const char* usage) {
    if (words.size() < least || words.size() > most) {
        throw InputError(std::string("usage: ") + usage);
    }
}

Duration to_time(const std::string& text) {
    const Duration time = parse_duration(text);
    if (time < Duration{0}) {
        throw InputError(text + ": must not be negative");
    }
    return time;
}

void step(Shell& shell, const Words& words) {
    expect_words(words, 0, 1, "step [N]");
    std::uint64_t left = 1;
    if (!words.empty()) {
        const char* const end = words[0].data() + words[0].size();
        const auto [stop, error] = std::from_chars(words[0].data(), end, left);
        if (error != std::errc() || stop != end || left == 0) {
            throw InputError("step " + words[0] + ": expected how many events, 1 or more");
        }
    }
    shell.watch("");
    const auto tell = [&shell] {
        const std::string packets = shell.unwatch();
        std::cout << (packets.empty() ? time_text(shell.network().now()) + " no packet\n"
                                      : packets);
    };
    Goal goal;
    goal.pause = [left]() mutable { return --left == 0; };
    goal.reached = goal.missed = tell;
    shell.go(std::move(goal));
}

void next(Shell& shell, const Words& words) {
    if (words.empty() || words[0] != "packet") {
        throw InputError("usage: next packet [FILTER]");
    }
    shell.watch(joined(words, 1));
    Goal goal;
    goal.pause = [&shell] { return shell.seen(); };
    goal.reached = goal.missed = [&shell] { std::cout << shell.unwatch(); };
    shell.go(std::move(goal));
}

void run_until_condition(Shell& shell, const Words& words) {
    const Condition condition = parse_condition(words, shell.host());
    const auto read = condition.quantity.in(shell.network());
    const auto tell = [&shell, read, label = condition.quantity.label()] {
        std::cout << label << " is " << format_number(read()) << " at "
                  << time_text(shell.network().now()) << '\n';
    };
    Goal goal;
    goal.pause = condition.in(shell.network());
    goal.reached = tell;
    if (goal.pause()) {
        return tell();
    }
    shell.go(std::move(goal));
}

void run(Shell& shell, const Words& words) {
    if (words.empty()) {  // to the end of the script
        return shell.go({});
    }
    if (words[0] != "until" || words.size() < 2) {
        throw InputError("usage: run [until TIME | until [HOST[:PORT]] WORD OP N]");
    }
    if (words.size() > 2) {
        return run_until_condition(shell, Words(words.begin() + 1, words.end()));
    }
    const bool number = std::isdigit(static_cast<unsigned char>(words[1].front())) != 0;
    if (!number) {
        return run_until_condition(shell, {words[1]});
    }
    const Time at(to_time(words[1]));
    if (at < shell.network().now()) {
        throw InputError("run until " + words[1] + ": it is " + time_text(shell.network().now()) +
                         " already; at " + words[1] + " runs again from the start");
    }
    shell.go_to(at);
}

void at(Shell& shell, const Words& words) {
    expect_words(words, 1, 1, "at TIME");
    shell.go_to(Time(to_time(words[0])));
}

void back(Shell& shell, const Words& words) {
    expect_words(words, 1, 1, "back TIME");
    const Time now = shell.network().now();
    if (Time{} + to_time(words[0]) > now) {
        throw InputError("back " + words[0] + ": it is only " + time_text(now) +
                         "; at 0s is the start");
    }
    shell.go_to(now - to_time(words[0]));
}

void host(Shell& shell, const Words& words) {
    expect_words(words, 0, 1, "host [NAME]");
    if (!words.empty()) {
        return shell.choose_host(words[0]);
    }
    for (const HostRef& one : shell.network().hosts()) {
        std::cout << one.name() << ' ' << to_string(one.address()) << '\n';
    }
    for (const RouterRef& one : shell.network().routers()) {
        std::cout << one.name() << " (a router)\n";
    }
}

void why(Shell& shell, const Words& words) {
    if (words.empty()) {
        throw InputError("usage: why HOST:PORT[-HOST:PORT]..., e.g. why web:80-user:40000");
    }
    const char* between = "";
    for (const std::string& word : words) {
        std::cout << between
                  << explain(shell.network(), word.front() == ':' ? shell.host() + word : word);
        between = "\n";
    }
}

void plot(Shell& shell, const Words& words) {
    std::cout << shell.plot(words);
}

void trace(Shell& shell, const Words& words) {
    if (words.empty() || (words[0] != "on" && words[0] != "off") ||
        (words[0] == "off" && words.size() > 1)) {
        throw InputError("usage: trace on [FILTER] | trace off");
    }
    shell.trace(words[0] == "on" ? std::optional<std::string>(joined(words, 1)) : std::nullopt);
}

void quit(Shell& shell, const Words& words) {
    expect_words(words, 0, 0, "quit, or exit");
    shell.quit();
}

void help(Shell& shell, const Words& words) {
    expect_words(words, 0, 0, "help");
    observe::TextTable table({"command", "what it does"});
    for (const ShellCommand& command : shell_commands()) {
        table.add({std::string(command.synopsis), std::string(command.help)});
    }
    std::cout << table.text() << "\nTools of the host (" << shell.host() << "):\n";
    for (const shell::Tool& tool : shell::tools()) {
        std::cout << "  " << tool.synopsis << '\n';
    }
}

constexpr auto kCommands = std::to_array<ShellCommand>({
    {"step", "step [N]", "fires one event, or N", step},
    {"next", "next packet [FILTER]", "to the next packet that matches (--trace's filters)", next},
    {"run", "run [until TIME|CONDITION]", "on; CONDITION: web:80 syn-recv > 100", run},
    {"at", "at TIME", "to that time; if it is past, by running again", at},
    {"back", "back TIME", "so much earlier, by running again", back},
    {"host", "host [NAME]", "whose prompt this is; the hosts there are", host},
    {"why", "why HOST:PORT[-HOST:PORT]", "connections in words", why},
    {"plot", "plot [HOST[:PORT]] WORD", "a counter or a number of sockets so far", plot},
    {"trace", "trace on [FILTER] | off", "prints packets as they happen", trace},
    {"help", "help", "this", help},
    {"quit", "quit", "ends", quit},
    {"exit", "exit", "ends, too", quit},
});

}  // namespace

std::span<const ShellCommand> shell_commands() {
    return kCommands;
}

}  // namespace netsim::cli
