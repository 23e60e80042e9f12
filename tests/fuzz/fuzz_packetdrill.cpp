// A .pkt script's text: a verdict whatever it says, with a place for what is wrong.
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "packetdrill/run.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const netsim::packetdrill::Verdict verdict =
        netsim::packetdrill::run_script("fuzz.pkt", text, {});
    CHECK(verdict.passed == verdict.message.empty());
    if (!verdict.passed) {
        CHECK(!netsim::packetdrill::failure_text(verdict).empty());
    }
    return 0;
}
