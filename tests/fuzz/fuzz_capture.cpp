// A capture file: read, made into ladders in each format. It may be refused; what is drawn is drawn
// whole.
#include <cstdint>
#include <sstream>
#include <string>

#include "base/check.hpp"
#include "netsim/result.hpp"
#include "observe/capture_ladder.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using netsim::LadderFormat;
    const std::string text(data, data + size);
    for (const LadderFormat format :
         {LadderFormat::kText, LadderFormat::kMermaid, LadderFormat::kSvg}) {
        netsim::observe::CaptureLadderOptions options;
        options.ladder.format = format;
        options.ladder.options = true;
        options.ladder.windows = true;
        std::istringstream in(text);
        try {
            const auto ladder = netsim::observe::capture_ladder(in, "input", options);
            CHECK(!ladder.text.empty());
        } catch (const netsim::InputError& error) {
            CHECK(std::string(error.what()).starts_with("input"));
        }
    }
    return 0;
}
