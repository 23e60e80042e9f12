// The relations of a filter: "tcp[tcpflags] & tcp-syn != 0", "len > 100".
#pragma once

#include <vector>

#include "observe/filter_words.hpp"
#include "observe/packet_filter.hpp"

namespace netsim::observe {

/// Appends a relation's steps if one stands here; else takes nothing, unless what began as one
/// breaks off, which is an error.
bool parse_relation(FilterWords& words, std::vector<PacketFilter::Step>& steps);

/// Numbers that a relation may hold at once: more is an error.
inline constexpr std::size_t kFilterNumbersMax = 32;

/// "80", "0x50".
bool parse_filter_number(std::string_view text, std::uint32_t& value);

}  // namespace netsim::observe
