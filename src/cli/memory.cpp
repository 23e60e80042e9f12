// /proc/meminfo and cgroup v2 (Linux Documentation/admin-guide/cgroup-v2.rst).
#include "cli/memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "sim/simulation.hpp"

namespace netsim::cli {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

std::uint64_t machine_available() {
    std::ifstream file("/proc/meminfo");
    std::string name;
    std::uint64_t kib = 0;
    std::string unit;
    while (file >> name >> kib && std::getline(file, unit)) {
        if (name == "MemAvailable:") {
            return kib * 1024;
        }
    }
    return kNoLimit;
}

/// A file with one number; nothing if it is not there or says "max".
std::optional<std::uint64_t> number_in(const std::string& path) {
    std::ifstream file(path);
    std::uint64_t number = 0;
    if (file >> number) {
        return number;
    }
    return std::nullopt;
}

/// Of the process's cgroup and all above it.
std::uint64_t cgroup_available() {
    std::ifstream file("/proc/self/cgroup");
    std::string line;
    std::string group;
    while (std::getline(file, line)) {
        if (line.starts_with("0::")) {
            group = line.substr(3);
        }
    }
    std::uint64_t least = kNoLimit;
    while (true) {
        const std::string folder = "/sys/fs/cgroup" + group;
        const auto limit = number_in(folder + "/memory.max");
        const auto used = number_in(folder + "/memory.current");
        if (limit && used) {
            least = std::min(least, *limit - std::min(*limit, *used));
        }
        if (group.empty()) {
            return least;
        }
        group.erase(group.rfind('/'));
    }
}

}  // namespace

std::uint64_t available_memory() {
    const std::uint64_t free = std::min(machine_available(), cgroup_available());
    return free == kNoLimit ? 0 : sim::resident_bytes() + free / 20 * 19;
}

}  // namespace netsim::cli
