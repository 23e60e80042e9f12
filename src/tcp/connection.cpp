// What a connection's records begin with.
#include "tcp/connection.hpp"

#include "tcp/input.hpp"

namespace netsim::tcp {

void Connection::begin_sending() {
    Sending& tx = sending_.edit();
    tx.snd_sml = tx.pushed_seq = tx.high_seq = tx.rtt_seq = iss + 1;
    tx.last_sent_at = opened_at;
    tx.rack.rtt = Duration(handshake_rtt_ns);
    if (was_open) {
        begin_round_trips(*this);
    }
}

void Connection::begin_receiving() {
    Receiving& rx = receiving_.edit();
    rx.tuning.seq = copied_seq;
    rx.tuning.since = opened_at;
}

void begin_round_trips(Connection& c) {
    Sending& tx = c.edit_sending();
    tx.last_sent_at = tx.cc.full_at = c.opened_at;
    tx.cc.usage_seq = tx.retransmit_hint = tx.highest_sacked = c.snd_una;
}

}  // namespace netsim::tcp
