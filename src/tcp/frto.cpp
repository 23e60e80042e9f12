// F-RTO and the rest of Loss.
#include "tcp/frto.hpp"

#include "tcp/scoreboard.hpp"
#include "tcp/undo.hpp"

namespace netsim::tcp {

namespace {

/// Is there new data that the window takes?
bool has_new_data(const Connection& c) {
    const bool queued = !c.sending().unsent.empty() || (c.fin_queued && !c.fin_sent);
    return queued && after(c.window_end(), c.snd_nxt);
}

enum class Frto : std::uint8_t { kUndecided, kSpurious, kSendNew };

/// RFC 5682 §3.1, steps 2 and 3.
Frto test_timeout(Connection& c, const AckOutcome& outcome, bool recovered) {
    Sending& tx = c.edit_sending();
    if (outcome.original_arrived) {
        return Frto::kSpurious;  // step 3.b: the originals were not all lost
    }
    if (after(c.snd_nxt, tx.high_seq)) {
        if (outcome.data_sacked || outcome.duplicates > 0) {
            tx.frto = false;  // step 3.a: the loss was real
        }
        return Frto::kUndecided;
    }
    if (outcome.advanced && !recovered) {  // step 2.b
        tx.high_seq = c.snd_nxt;
        if (has_new_data(c)) {
            return Frto::kSendNew;
        }
        tx.frto = false;
    }
    return Frto::kUndecided;
}

}  // namespace

Resend digest_in_loss(Context& cx, Connection& c, AckOutcome& outcome) {
    const bool recovered = !before(c.snd_una, c.sending().high_seq);
    if (outcome.advanced && try_undo_loss(cx, c, false, outcome)) {
        return Resend::kNothing;
    }
    if (c.sending().frto) {
        const Frto verdict = test_timeout(c, outcome, recovered);
        if (verdict == Frto::kSpurious && try_undo_loss(cx, c, true, outcome)) {
            return Resend::kNothing;
        }
        if (verdict == Frto::kSendNew) {
            return Resend::kNew;
        }
    }
    if (recovered) {
        try_undo_recovery(cx, c, outcome);
        return Resend::kNothing;
    }
    if (!c.options.sack_ok) {
        // A duplicate ACK means that step 2.b's new data arrived: it clocks out retransmissions.
        if (after(c.snd_nxt, c.sending().high_seq) && outcome.duplicates > 0) {
            add_reno_duplicates(cx, c, outcome.duplicates);
        } else if (outcome.advanced) {
            c.edit_sending().sacked_out = 0;
        }
    }
    return Resend::kLost;
}

}  // namespace netsim::tcp
