// A Lua script under limits: it ends, in one of the ways a run can end.
#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>

#include "lua/run.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::ostringstream out;
    std::ostringstream err;
    netsim::lua::RunOptions options;
    options.script = "fuzz.lua";
    options.text.assign(data, data + size);
    options.library_dir = NETSIM_SOURCE_DIR "/lua";
    options.topology_dir = NETSIM_SOURCE_DIR "/topologies";
    options.until = std::chrono::seconds(5);
    options.run_limits.events_max = 20'000;
    options.limits.instructions_run = 200'000;
    options.limits.instructions_call = 100'000;
    options.limits.memory_bytes = std::uint64_t{32} << 20U;
    options.out = &out;
    options.err = &err;
    static_cast<void>(netsim::lua::run_script(options));
    return 0;
}
