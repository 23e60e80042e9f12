// How a ladder (a sequence diagram of one connection or several) is drawn.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netsim {

enum class LadderFormat : std::uint8_t {
    kText,
    kMermaid,  // a sequenceDiagram: Markdown pages of many forges draw it
    kSvg,      // one image, no script in it, for light and dark pages
};

/// "text", "mermaid" or "svg"; InputError otherwise.
LadderFormat parse_ladder_format(std::string_view text);

struct LadderOptions {
    static constexpr std::size_t kWidthMin = 80;
    static constexpr std::size_t kWidthMax = 120;

    LadderFormat format = LadderFormat::kText;
    std::size_t width = 100;  // columns of text; brought into 80..120
    bool absolute = false;    // sequence numbers as sent; else each side's SYN has number 0
    /// The numbers of the left and the right host's SYN, instead of 0.
    std::optional<std::array<std::uint32_t, 2>> start{};
    bool options = false;             // of SYNs: mss, sackOK, TS, wscale, tfo
    bool windows = false;             // octets, scaled once both SYNs said how
    bool utf8 = false;                // of text: arrows in more than ASCII
    std::uint16_t port = 0;           // only connections with this port at one end; 0: all
    std::size_t connection = 0;       // only this one, counted from 1; 0: all
    std::size_t connections_max = 4;  // drawn; the others are counted
    std::size_t rows_max = 0;         // drawn of each; the others are counted; 0: all
};

/// Two hosts of which at least one segment of a TCP connection was seen.
struct LadderPair {
    std::string left;   // who sent the first segment
    std::string right;  // its destination
    std::size_t connections = 0;
    std::size_t segments = 0;
};

}  // namespace netsim
