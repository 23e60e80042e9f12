// Standard output and error.
#include "cli/terminal.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string_view>

#include "cli/options.hpp"
#include "lua/runtime.hpp"

namespace netsim::cli {

void ignore_broken_pipes() {
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
}

bool colors_on(int descriptor) {
    const char* no_color = std::getenv("NO_COLOR");
    return isatty(descriptor) == 1 && (no_color == nullptr || *no_color == '\0');
}

bool utf8_on(int descriptor) {
    if (isatty(descriptor) != 1) {
        return false;
    }
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') {
            const std::string_view locale = value;
            return locale.find("UTF-8") != std::string_view::npos ||
                   locale.find("utf8") != std::string_view::npos;
        }
    }
    return false;
}

void print_error(const std::string& message) {
    std::cout.flush();
    const bool color = colors_on(STDERR_FILENO);
    const std::string prefix = lua::begins_with_place(message) ? "" : "netsim: ";
    std::cerr << (color ? "\033[1;31m" : "") << prefix << message << (color ? "\033[0m" : "")
              << '\n';
}

void die_of_broken_pipe() {
    static_cast<void>(std::signal(SIGPIPE, SIG_DFL));
    static_cast<void>(std::raise(SIGPIPE));
    std::_Exit(kExitUsage);
}

std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

int finish_stdout(int exit_code) {
    errno = 0;
    if (std::cout.flush()) {
        return exit_code;
    }
    if (errno == 0) {  // it failed before: one more octet tells why
        std::cout.clear();
        std::cout.put('\n').flush();
    }
    if (errno == EPIPE || errno == 0) {
        die_of_broken_pipe();
    }
    print_error(std::string("cannot write to standard output: ") + std::strerror(errno));
    return kExitUsage;
}

}  // namespace netsim::cli
