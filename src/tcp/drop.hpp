// Why TCP drops a segment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace netsim::tcp {

enum class Drop : std::uint8_t {
#define DROP(name, text) k##name,
#include "tcp/drop.def"
#undef DROP
    kCount
};

inline constexpr std::size_t kDropCount = static_cast<std::size_t>(Drop::kCount);

std::string_view to_string(Drop reason);

}  // namespace netsim::tcp
