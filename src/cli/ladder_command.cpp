// netsim ladder FILE: a capture's connections, drawn.
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

observe::CaptureLadder draw_capture(const Options& options) {
    observe::CaptureLadderOptions asked = options.ladder;
    asked.ladder.utf8 = utf8_on(STDOUT_FILENO);
    if (options.capture == "-") {
        return observe::capture_ladder(std::cin, "standard input", asked);
    }
    errno = 0;  // what came before (isatty) is not the file's
    std::ifstream file(options.capture, std::ios::binary);
    if (!file || file.peek() == std::ifstream::traits_type::eof()) {
        const int error = errno;
        file.clear();
        if (error != 0) {
            throw InputError("cannot read " + options.capture + ": " + std::strerror(error));
        }
    }
    return observe::capture_ladder(file, options.capture, asked);
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) {
        throw InputError("cannot write " + path + ": " + std::strerror(errno));
    }
}

}  // namespace

int ladder_command(const Options& options) {
    errno = 0;
    const observe::CaptureLadder ladder = draw_capture(options);
    if (options.svg.empty() || options.svg == "-") {
        std::cout << ladder.text;
    } else {
        write_file(options.svg, ladder.text);
    }
    const int printed = finish_stdout(kExitDone);
    if (!ladder.trouble.empty()) {
        throw InputError(ladder.trouble);
    }
    return printed;
}

}  // namespace netsim::cli
