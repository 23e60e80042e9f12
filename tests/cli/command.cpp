// Processes, pipes and folders for the tests of the command line.
#include "cli/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

namespace netsim::cli {
namespace {

struct Child {
    pid_t pid = -1;
    int out = -1;
    int err = -1;
};

Child start(std::vector<std::string> words, const std::filesystem::path& folder) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (pipe(out.data()) != 0 || pipe(err.data()) != 0) {
        return {};
    }
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    const pid_t pid = fork();
    if (pid == 0) {
        const int null = open("/dev/null", O_RDONLY);
        if (chdir(folder.c_str()) != 0 || dup2(null, 0) < 0 || dup2(out[1], 1) < 0 ||
            dup2(err[1], 2) < 0) {
            _exit(127);
        }
        for (const int descriptor : {out[0], out[1], err[0], err[1], null}) {
            close(descriptor);
        }
        execvp(arguments[0], arguments.data());
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    return {pid, out[0], err[0]};
}

std::vector<std::string> with_program(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{NETSIM_BINARY};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

// Reads what is there; false at the end of the stream.
bool read_some(int descriptor, std::string& into) {
    std::array<char, 4096> buffer{};
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count <= 0) {
        return false;
    }
    into.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

// Reads both streams to their ends; `on_err` sees standard error grow.
template <typename F>
Outcome finish(const Child& child, F on_err) {
    Outcome outcome;
    pollfd out{child.out, POLLIN, 0};
    pollfd err{child.err, POLLIN, 0};
    while (out.fd >= 0 || err.fd >= 0) {
        std::array<pollfd, 2> streams{out, err};
        if (poll(streams.data(), streams.size(), -1) <= 0) {
            break;
        }
        if (streams[0].revents != 0 && !read_some(out.fd, outcome.out)) {
            close(std::exchange(out.fd, -1));
        }
        if (streams[1].revents != 0) {
            if (!read_some(err.fd, outcome.err)) {
                close(std::exchange(err.fd, -1));
            }
            on_err(outcome.err);
        }
    }
    int status = 0;
    waitpid(child.pid, &status, 0);
    if (WIFEXITED(status)) {
        outcome.code = WEXITSTATUS(status);
    } else if (WIFSIGNALED(status)) {
        outcome.signal = WTERMSIG(status);
    }
    return outcome;
}

}  // namespace

std::size_t Outcome::err_lines() const {
    return static_cast<std::size_t>(std::count(err.begin(), err.end(), '\n'));
}

std::string read_whole(const std::filesystem::path& path) {
    std::ifstream input(path, std::ios::binary);
    std::ostringstream text;
    text << input.rdbuf();
    return text.str();
}

Background::Background(const std::vector<std::string>& words, const std::filesystem::path& folder) {
    const Child child = start(words, folder);
    pid_ = child.pid;
    out_ = child.out;
    err_ = child.err;
}

Background::~Background() {
    if (pid_ > 0) {
        static_cast<void>(end(SIGKILL));
    }
}

const std::string& Background::line_with(const std::string& sign) {
    while (true) {
        const std::size_t at = text_.find(sign);
        const bool whole = at != std::string::npos && text_.find('\n', at) != std::string::npos;
        if (whole || !read_some(out_, text_)) {
            return text_;
        }
    }
}

Outcome Background::end(int signal) {
    if (signal != 0) {
        kill(pid_, signal);
    }
    Outcome outcome = finish({std::exchange(pid_, -1), out_, err_}, [](const std::string&) {});
    outcome.out = text_ + outcome.out;
    return outcome;
}

void CommandTest::SetUp() {
    if (std::string(NETSIM_BINARY).empty()) {
        GTEST_SKIP() << "the program netsim is not part of this build";
    }
    std::string pattern = (std::filesystem::temp_directory_path() / "netsim-cli-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
}

void CommandTest::TearDown() {
    if (!folder_.empty()) {
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
        std::filesystem::remove_all(folder_);
    }
}

void CommandTest::write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
}

std::string CommandTest::listing() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : " ") + name;
    }
    return text;
}

Outcome CommandTest::netsim(const std::vector<std::string>& arguments) const {
    return finish(start(with_program(arguments), folder_), [](const std::string&) {});
}

std::unique_ptr<Background> CommandTest::beside(const std::vector<std::string>& arguments) const {
    return std::make_unique<Background>(with_program(arguments), folder_);
}

Outcome CommandTest::bash(const std::string& line) const {
    const std::string prefix = "NETSIM='" + std::string(NETSIM_BINARY) + "'; ";
    return finish(start({"bash", "-c", prefix + line}, folder_), [](const std::string&) {});
}

Outcome CommandTest::interrupt_after(const std::vector<std::string>& arguments,
                                     const std::string& sign) const {
    const Child child = start(with_program(arguments), folder_);
    bool sent = false;
    return finish(child, [&](const std::string& err) {
        if (!sent && err.find(sign) != std::string::npos) {
            sent = true;
            kill(child.pid, SIGINT);
        }
    });
}

}  // namespace netsim::cli
