// The texts of ss's -i and -m.
#pragma once

#include <string>

#include "observe/ss_query.hpp"

namespace netsim::observe {

std::string ss_memory_text(const tcp::SocketInfo& socket);
/// In the order of ss's tcp_stats_print(); begins with a blank.
std::string ss_info_text(const tcp::SocketInfo& socket, const SsQuery& query);

}  // namespace netsim::observe
