// Why a connection with data is not sending: how long the network, the peer's window and the send
// buffer each held it up (tcpi_busy_time, tcpi_rwnd_limited, tcpi_sndbuf_limited). Linux
// tcp_chrono_start(), tcp_chrono_stop().
#pragma once

#include <array>
#include <cstdint>

#include "netsim/time.hpp"

namespace netsim::tcp {

struct Connection;

/// In order of precedence: the later one counts when several hold.
enum class Chrono : std::uint8_t { kIdle, kBusy, kRwndLimited, kSndbufLimited };

struct ChronoStats {
    Chrono now = Chrono::kIdle;
    std::uint32_t since_ms = 0;
    std::array<std::uint32_t, 3> spent_ms{};  // busy, rwnd-limited, sndbuf-limited
};

/// What holds the connection up at this moment.
Chrono chrono_of(const Connection& c);
/// Something was written, sent or acknowledged: the clock of the new reason runs from now.
void update_chrono(Connection& c, Time now);

/// As TCP_INFO shows it: the reason under way is counted up to `now`, and all of them are busy
/// time.
struct ChronoTimes {
    Duration busy{0};
    Duration rwnd_limited{0};
    Duration sndbuf_limited{0};
};

ChronoTimes chrono_times(const Connection& c, Time now);

}  // namespace netsim::tcp
