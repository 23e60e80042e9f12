// Hints that memory will be read soon. They change nothing but time: what waits for memory at 1e5
// live connections is most of an event.
#pragma once

#include <cstddef>

namespace netsim {

inline constexpr std::size_t kCacheLine = 64;

/// The cache line at `address`; any address may be given, a null pointer too.
inline void prefetch(const void* address) {
    __builtin_prefetch(address);
}

/// All lines of an object.
template <typename T>
void prefetch_object(const T* object) {
    const auto* first = reinterpret_cast<const std::byte*>(object);  // NOLINT: addresses only
    for (std::size_t at = 0; at < sizeof(T); at += kCacheLine) {
        __builtin_prefetch(first + at);
    }
    if (alignof(T) < kCacheLine) {  // it may reach into one line more
        __builtin_prefetch(first + sizeof(T) - 1);
    }
}

}  // namespace netsim
