// Processes: the child's side, the parent's side, callgrind.
#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "netsim/result.hpp"

extern char** environ;  // NOLINT: unistd.h's

namespace netsim::bench {
namespace {

using Pipe = std::array<int, 2>;

std::string own_path() {
    return std::filesystem::read_symlink("/proc/self/exe").string();
}

void read_all(int out, int err, Outcome& outcome) {
    std::array<pollfd, 2> fds{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
    const std::array<std::string*, 2> into{&outcome.out, &outcome.err};
    std::array<char, 4096> buffer{};
    std::size_t open = fds.size();
    while (open > 0 && ::poll(fds.data(), fds.size(), -1) >= 0) {
        for (std::size_t i = 0; i < fds.size(); ++i) {
            if (fds.at(i).fd < 0 || fds.at(i).revents == 0) {
                continue;
            }
            const ssize_t got = read(fds.at(i).fd, buffer.data(), buffer.size());
            if (got > 0) {
                into.at(i)->append(buffer.data(), static_cast<std::size_t>(got));
            } else {
                close(fds.at(i).fd);
                fds.at(i).fd = -1;
                --open;
            }
        }
    }
}

}  // namespace

int run_row(const Row& row, std::uint64_t amount) {
    try {
        const Work work = row.run(amount);
        std::cout << nlohmann::json{{"units", work.units},
                                    {"seconds", work.seconds},
                                    {"bytes", work.bytes},
                                    {"packets", work.packets}}
                  << '\n';
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}

Outcome run_command(const std::vector<std::string>& words) {
    Pipe out{};
    Pipe err{};
    if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) {
        throw InputError(std::string("pipe: ") + std::strerror(errno));
    }
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    std::vector<std::string> copies = words;
    std::vector<char*> arguments;
    for (std::string& word : copies) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    pid_t pid = 0;
    const int failed =
        posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    Outcome outcome;
    read_all(out[0], err[0], outcome);
    if (failed != 0) {
        throw InputError(words[0] + ": " + std::strerror(failed));
    }
    int status = 0;
    waitpid(pid, &status, 0);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
}

Work read_work(const std::string& who, const Outcome& outcome) {
    const auto json = nlohmann::json::parse(outcome.out, nullptr, false);
    if (outcome.code != 0 || !json.is_object()) {
        std::string why = outcome.err.substr(0, outcome.err.find('\n'));
        if (why.empty()) {
            why = "it ended with exit code " + std::to_string(outcome.code);
        }
        throw InputError(who + ": " + why);
    }
    return {.units = json.at("units"),
            .seconds = json.at("seconds"),
            .bytes = json.at("bytes"),
            .packets = json.at("packets")};
}

Work run_in_child(const Row& row, std::uint64_t amount) {
    return read_work(row.name,
                     run_command({own_path(), "--child", row.name, std::to_string(amount)}));
}

double count_instructions(const Row& row) {
    const Outcome outcome =
        run_command({"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                     "--toggle-collect=netsim_bench_measured", own_path(), "--child", row.name,
                     std::to_string(row.counted)});
    const Work work = read_work(row.name, outcome);
    constexpr std::string_view kLabel = "Collected :";
    const std::size_t at = outcome.err.find(kLabel);
    if (at == std::string::npos) {
        throw InputError(row.name + ": callgrind did not say how much it collected");
    }
    return std::stod(outcome.err.substr(at + kLabel.size())) / work.units;
}

bool can_count_instructions() {
    try {
        return run_command({"valgrind", "--version"}).code == 0;
    } catch (const InputError&) {
        return false;
    }
}

}  // namespace netsim::bench
