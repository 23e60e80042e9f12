// What holds a connection up, and for how long.
#include "tcp/chrono.hpp"

#include <algorithm>

#include "tcp/connection.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

Chrono chrono_of(const Connection& c) {
    const Sending& tx = c.sending();
    if (tx.unsent.empty() && tx.sent.empty()) {
        return Chrono::kIdle;
    }
    const bool open = c.state == State::kEstablished || c.state == State::kCloseWait;
    if (tx.unsent.empty()) {
        return open && c.out_event_wanted ? Chrono::kSndbufLimited : Chrono::kBusy;
    }
    const std::uint32_t head = std::min<std::uint32_t>(tx.unsent.front().payload.length, c.snd_mss);
    const bool fits = !after(c.snd_nxt + head, c.window_end());
    return !fits && c.packets_in_flight() < tx.cc.cwnd ? Chrono::kRwndLimited : Chrono::kBusy;
}

void update_chrono(Connection& c, Time now) {
    const Chrono next = chrono_of(c);
    if (next == c.sending().chrono.now) {  // as with all who have sent nothing: no record is made
        return;
    }
    ChronoStats& stats = c.edit_sending().chrono;
    const std::uint32_t ms = clock_ms(now);
    if (stats.now != Chrono::kIdle) {
        stats.spent_ms[static_cast<std::size_t>(stats.now) - 1] += ms - stats.since_ms;
    }
    stats.now = next;
    stats.since_ms = ms;
}

ChronoTimes chrono_times(const Connection& c, Time now) {
    const Sending& tx = c.sending();
    std::array<std::uint32_t, 3> spent = tx.chrono.spent_ms;
    if (tx.chrono.now != Chrono::kIdle) {
        spent[static_cast<std::size_t>(tx.chrono.now) - 1] += clock_ms(now) - tx.chrono.since_ms;
    }
    using std::chrono::milliseconds;
    return {milliseconds(spent[0] + spent[1] + spent[2]), milliseconds(spent[1]),
            milliseconds(spent[2])};
}

}  // namespace netsim::tcp
