// A topology file's text, GraphML or DOT by its first byte: a graph, or an InputError that names
// the file.
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "net/graph_file.hpp"
#include "netsim/result.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const bool xml = size > 0 && data[0] == '<';
    try {
        static_cast<void>(xml ? netsim::net::parse_graphml(text, "fuzz.graphml")
                              : netsim::net::parse_dot(text, "fuzz.dot"));
    } catch (const netsim::InputError& error) {
        CHECK(std::string(error.what()).rfind("fuzz.", 0) == 0);
    }
    return 0;
}
