// Simulation under faults: one test per seed. NETSIM_SWARM=SEED or FIRST-LAST chooses seeds;
// NETSIM_SWARM_TRACE=FILE writes every packet of a run there.
#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "swarm/world.hpp"

namespace netsim::swarm {
namespace {

constexpr std::size_t kLastLines = 50;

#ifdef NETSIM_INVARIANTS
constexpr std::uint64_t kSeedsByDefault = 60;  // every invariant after every event takes its time
#else
constexpr std::uint64_t kSeedsByDefault = 3000;
#endif

/// An ostream's end that keeps the last lines only.
class LastLines final : public std::streambuf {
 public:
    std::string text() const {
        std::string all;
        for (const std::string& line : lines_) {
            all += "  " + line + "\n";
        }
        return all;
    }

 protected:
    int_type overflow(int_type c) override {
        if (c == '\n') {
            lines_.push_back(std::move(line_));
            line_.clear();
            if (lines_.size() > kLastLines) {
                lines_.pop_front();
            }
        } else if (c != traits_type::eof()) {
            line_ += static_cast<char>(c);
        }
        return c;
    }

 private:
    std::deque<std::string> lines_;
    std::string line_;
};

/// A number, or what is not one.
std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw InputError("NETSIM_SWARM is SEED or FIRST-LAST, not \"" + std::string(text) + "\"");
    }
    return value;
}

/// First and last, both included.
std::pair<std::uint64_t, std::uint64_t> wanted_seeds() {
    const char* given = std::getenv("NETSIM_SWARM");
    if (given == nullptr || *given == '\0') {
        return {1, kSeedsByDefault};
    }
    const std::string_view text(given);
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) {
        return {number(text), number(text)};
    }
    return {number(text.substr(0, dash)), number(text.substr(dash + 1))};
}

std::string replay(std::uint64_t seed) {
    return "replay: NETSIM_SWARM=" + std::to_string(seed) + " " + "netsim_test_swarm\n";
}

/// The end of the trace of a run that went wrong.
std::string last_lines(std::uint64_t seed) {
    LastLines lines;
    std::ostream out(&lines);
    World world(seed, &out);
    static_cast<void>(world.run());
    return lines.text();
}

class Swarm : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Swarm, HoldsUnderFaults) {
    const std::uint64_t seed = GetParam();
    const char* trace = std::getenv("NETSIM_SWARM_TRACE");
    std::ofstream file;
    if (trace != nullptr) {
        file.open(trace);
    }
    World world(seed, trace != nullptr ? &file : nullptr);
    const std::vector<std::string> problems = world.run();
    World again(seed);
    static_cast<void>(again.run());
    const bool same = again.digest() == world.digest() && again.events() == world.events();
    if (!same) {
        ADD_FAILURE() << "the same seed gave two digests: " << world.digest() << ", "
                      << again.digest() << "\n"
                      << replay(seed);
    }
    if (!problems.empty()) {
        std::string all;
        for (const std::string& problem : problems) {
            all += problem + "\n";
        }
        ADD_FAILURE() << all << replay(seed) << "the last lines of the trace:\n"
                      << last_lines(seed);
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Swarm,
                         testing::Range(wanted_seeds().first, wanted_seeds().second + 1),
                         [](const auto& test) { return std::to_string(test.param); });

}  // namespace
}  // namespace netsim::swarm
