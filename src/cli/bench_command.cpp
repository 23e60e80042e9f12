// netsim bench: becomes the program that measures, which stands beside this one in a build made
// with the preset `bench`. Its options and their help are its own: bench/options.cpp.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/commands.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {

int bench_command(const Options& options) {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    const std::string program = self.parent_path().parent_path() / "bench" / "netsim_bench";
    if (error || !fs::exists(program, error)) {
        throw InputError(
            "bench: this netsim was built without the benchmarks; ./netsim bench in a clone of "
            "its sources builds and runs them");
    }
    std::vector<std::string> words{program};
    words.insert(words.end(), options.arguments.begin(), options.arguments.end());
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    execv(program.c_str(), arguments.data());
    throw InputError(program + ": " + std::strerror(errno));
}

}  // namespace netsim::cli
