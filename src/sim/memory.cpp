// How much memory this process holds, as Linux's /proc tells it.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "sim/simulation.hpp"

namespace netsim::sim {
namespace {

struct Close {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};

using File = std::unique_ptr<std::FILE, Close>;

}  // namespace

std::uint64_t resident_bytes() {
    const File file(std::fopen("/proc/self/statm", "r"));
    unsigned long long total = 0;
    unsigned long long resident = 0;
    if (!file || std::fscanf(file.get(), "%llu %llu", &total, &resident) != 2) {
        return 0;
    }
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t peak_resident_bytes() {
    const File file(std::fopen("/proc/self/status", "r"));
    char line[256];  // NOLINT(cppcoreguidelines-avoid-c-arrays): fgets
    while (file && std::fgets(line, sizeof line, file.get()) != nullptr) {
        unsigned long long kib = 0;
        if (std::sscanf(line, "VmHWM: %llu kB", &kib) == 1) {
            return kib * 1024;
        }
    }
    return 0;
}

}  // namespace netsim::sim
