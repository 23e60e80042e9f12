// A recording's JSON: read, or refused by an InputError that names the file; if it is short,
// played.
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "netsim/result.hpp"
#include "replay/replay.hpp"

namespace {

/// Small enough to be played within a moment.
bool short_enough(const netsim::replay::Recording& r) {
    return r.run <= 2000 && r.one_way_delay <= 1000 && r.calls.size() <= 40 &&
           r.packets.size() <= 100 && r.samples.size() <= 40;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const netsim::replay::Recording recording =
            netsim::replay::parse_recording(std::string(data, data + size), "fuzz.json");
        if (short_enough(recording)) {
            static_cast<void>(netsim::replay::replay(recording));
        }
    } catch (const netsim::InputError& error) {
        CHECK(!std::string(error.what()).empty());
    }
    return 0;
}
