// Starting the program: CPU time of a child, from exec to its end or to its first packet.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "netsim/result.hpp"
#include "rows.hpp"

extern char** environ;  // NOLINT: unistd.h's

namespace netsim::bench {
namespace {

double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

/// Runs netsim until it ends or, `first_output`, until it has written something; its CPU seconds.
double start(std::vector<std::string> words, bool first_output) {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    std::string program = (self.parent_path().parent_path() / "bin" / "netsim").string();
    std::vector<char*> arguments{program.data()};
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    std::array<int, 2> out{};
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    if (pipe2(out.data(), O_CLOEXEC) != 0) {
        throw InputError("no pipe");
    }
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    pid_t pid = 0;
    const int failed =
        posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    char byte = 0;
    const bool wrote = failed == 0 && read(out[0], &byte, 1) == 1;
    if (first_output && wrote) {
        kill(pid, SIGKILL);
    }
    rusage usage{};
    int status = 0;
    if (failed == 0) {
        wait4(pid, &status, 0, &usage);
    }
    close(out[0]);
    if (!wrote) {
        throw InputError(program + " did not start");
    }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Work starts(std::uint64_t count, const std::vector<std::string>& words, bool first_output) {
    Work work{.units = static_cast<double>(count)};
    for (std::uint64_t i = 0; i < count; ++i) {
        work.seconds += start(words, first_output);
    }
    return work;
}

}  // namespace

void add_startup_rows(std::vector<Row>& rows) {
    rows.push_back({.name = "start_ms",
                    .what = "netsim --version, start to end",
                    .unit = Unit::kMilliseconds,
                    .amount = 20,
                    .run = [](std::uint64_t n) { return starts(n, {"--version"}, false); }});
    rows.push_back({.name = "first_event_ms",
                    .what = "synflood.lua, start to first packets traced",
                    .unit = Unit::kMilliseconds,
                    .amount = 20,
                    .run = [](std::uint64_t n) {
                        return starts(n, {"run", "synflood.lua", "--trace"}, true);
                    }});
}

}  // namespace netsim::bench
