// The exchanges whose parts are timed.
#pragma once

#include <cstddef>

#include "meter.hpp"

namespace netsim::kernel_bench {

/// Through the TUN device: segments in by write(2), which the kernel handles before it returns;
/// answers end in the device's queue. Throws std::runtime_error when the kernel does not answer as
/// expected: a number of something else would be worse than none.
void time_listener(Meter& meter, int tun, std::size_t count);
void time_cookies(Meter& meter, int tun, std::size_t count);
void time_stateless(Meter& meter, int tun, std::size_t count);
void time_connect(Meter& meter, int tun, std::size_t count);
/// A process that sleeps and is woken, by a pipe.
void time_wakeup(Meter& meter, std::size_t count);
/// connect(), accept(), close() on both sides over loopback, one after the other: "loopback" is the
/// CPU time, "loopback_wall" the wall clock's.
void time_loopback(Meter& meter, std::size_t count);

}  // namespace netsim::kernel_bench
