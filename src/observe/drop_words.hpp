// Why a packet was dropped, in words a person knows, beside the counter or the kernel's word.
#pragma once

#include <string>
#include <string_view>

namespace netsim::observe {

/// "accept queue full (ListenOverflows)" of "ListenOverflows"; a reason that is words already
/// ("queue full", "loss") stays as it is.
std::string drop_words(std::string_view reason);

/// Did a link lose it, on its way out of the node that the record names?
bool is_link_drop(std::string_view reason);

}  // namespace netsim::observe
