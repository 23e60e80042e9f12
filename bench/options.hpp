// `netsim bench`'s command line as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace netsim::bench {

struct Options {
    bool done = false;  // --help: answered already
    std::vector<std::string> only{};
    bool list = false;
    bool quick = false;
    bool peers = false;
    bool instructions = false;
    bool no_times = false;
    bool check = false;
    std::optional<std::string> update_baseline{};  // why
    std::uint64_t repeats = 5;
    std::optional<std::string> json{};  // empty: standard output
    std::optional<std::string> child{};
    std::uint64_t amount = 0;  // of --child
};

/// InputError on bad usage. Prints --help itself.
Options parse_options(int argc, char** argv);

}  // namespace netsim::bench
