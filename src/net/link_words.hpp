// Link options by name and text, as scripts and graph files give them: tc's and netem's words.
#pragma once

#include <span>
#include <string_view>

#include "netsim/link.hpp"

namespace netsim::net {

/// rate, delay, jitter, jitter_reorders, loss, gemodel, duplicate, corrupt, reorder, gap, limit,
/// mtu, cost.
std::span<const std::string_view> link_words();

/// Sets the option called `word`. "gemodel" takes netem's `p [r [1-h [1-k]]]`, "limit" packets
/// ("1000p") or octets ("64kb"). Throws InputError naming the word and what is allowed.
void set_link_option(LinkOptions& options, std::string_view word, std::string_view value);

}  // namespace netsim::net
