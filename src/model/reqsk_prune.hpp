// The kernel's rule for when a half-open request expires (inet_connection_sock.c
// reqsk_timer_handler), and its continuous form for the mean field.
#pragma once

#include <algorithm>
#include <cstdint>

namespace netsim::model {

/// Below this many requests (times two) there is no pressure.
constexpr std::uint64_t pressure_floor(std::uint64_t backlog) {
    return std::max<std::uint64_t>(8, backlog);
}

/// Does a request with `timeouts` expired timers die now, when `length` are half-open and `young`
/// of them have not yet seen a timer?
constexpr bool expires(int timeouts, std::uint64_t length, std::uint64_t young,
                       std::uint64_t backlog, int retries) {
    if (2 * length > pressure_floor(backlog)) {
        for (std::uint64_t twice = 2 * young; retries > 2 && length >= twice; twice *= 2) {
            --retries;
        }
    }
    return timeouts >= retries;
}

/// The queue length down to which a mass of such requests expires one after the other.
constexpr double expiry_floor(int timeouts, double young, std::uint64_t backlog, int retries) {
    if (timeouts >= retries) {
        return 0;
    }
    if (timeouts < 2) {
        return 1e300;
    }
    // The threshold comes down to `timeouts` in (retries - timeouts) doublings of `young`.
    const double doublings = static_cast<double>(std::uint64_t{1} << (retries - timeouts));
    return std::max(static_cast<double>(pressure_floor(backlog) / 2), doublings * young - 1);
}

}  // namespace netsim::model
