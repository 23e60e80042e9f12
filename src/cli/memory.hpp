// How much memory a run may take where nobody said.
#pragma once

#include <cstdint>

namespace netsim::cli {

/// What the machine has available, or the process's cgroup if that is less, short of a little that
/// grows between two looks; 0: the system does not tell.
std::uint64_t available_memory();

}  // namespace netsim::cli
