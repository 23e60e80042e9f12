// Ladders of a capture, netsim's own or a real one: both ends' states are inferred from the
// segments. A packet that was captured at several interfaces is one segment with several times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "netsim/ladder.hpp"

namespace netsim::observe {

struct CaptureLadderOptions {
    LadderOptions ladder;
    std::string host;                     // only connections of this address or name; empty: all
    std::optional<std::uint64_t> stream;  // only this one, counted from 0 as Wireshark's tcp.stream
};

struct CaptureLadder {
    std::string text;     // as options.ladder.format says
    std::string trouble;  // the file ended in the middle, or is damaged: what was whole is drawn
};

/// Segments kept of one capture; later ones are counted.
inline constexpr std::size_t kCaptureSegmentsMax = 200'000;

/// `name` begins messages. InputError: not a capture, no link type that is known, nothing to draw,
/// an unknown host, a stream or port there is not.
CaptureLadder capture_ladder(std::istream& in, const std::string& name,
                             const CaptureLadderOptions& options);

}  // namespace netsim::observe
