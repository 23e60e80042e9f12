// How packets are spread over capture files.
#pragma once

#include <cstdint>

namespace netsim {

enum class CapturePer : std::uint8_t { kHost, kInterface };

}  // namespace netsim
