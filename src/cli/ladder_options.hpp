// The options of ladders: --ladder A[:PORT],B, --ladder-format, --ladder-show.
#pragma once

#include <string>

#include "lua/run.hpp"

namespace netsim::cli {

/// InputError naming what is allowed. Empty texts: not given.
lua::LadderRequest parse_ladder_request(const std::string& hosts, const std::string& format,
                                        const std::string& show);

}  // namespace netsim::cli
