// Urgent data, both ways.
#include "tcp/urgent.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/connection.hpp"

namespace netsim::tcp {

using wire::SeqNum;

namespace {

Urgent& urgent_of(Connection& c) {
    if (!c.rare().urgent) {
        c.edit_rare().urgent = std::make_unique<Urgent>();
    }
    return *c.rare().urgent;
}

/// A new pointer, unless it points at what is read or older than the one there is. Linux
/// tcp_check_urg(), with tcp_stdurg 0: the pointer names the byte after the urgent one.
void note_pointer(Context& cx, Connection& c, const wire::TcpHeader& h) {
    const SeqNum at = h.seq + std::uint32_t{h.urgent} - (h.urgent != 0 ? 1U : 0U);
    if (after(c.copied_seq, at) || before(at, c.rcv_nxt)) {
        return;
    }
    Urgent& u = urgent_of(c);
    if (u.receive != Urgent::Receive::kNone && !after(at, u.urg_seq)) {
        return;
    }
    u.receive = Urgent::Receive::kNotYet;
    u.urg_seq = at;
    c.predicted = false;
    notify(cx, c, poll::kPri);
}

}  // namespace

void mark_urgent(Connection& c) {
    Urgent& u = urgent_of(c);
    u.sending = true;
    u.snd_up = c.write_seq;
}

void set_urgent(const Connection& c, wire::TcpHeader& h) {
    const Urgent& u = *c.rare().urgent;
    if (!u.sending || !before(h.seq, u.snd_up)) {
        return;
    }
    constexpr std::uint32_t kFar = 0xffff;
    if (before(u.snd_up, h.seq + kFar + 1U)) {
        h.urgent = static_cast<std::uint16_t>(u.snd_up.raw() - h.seq.raw());
        h.flags |= wire::flag::kUrg;
    } else if (after(h.seq + kFar, c.snd_nxt)) {
        h.urgent = static_cast<std::uint16_t>(kFar);
        h.flags |= wire::flag::kUrg;
    }
}

void urgent_acked(Connection& c) {
    c.rare().urgent->sending =
        c.rare().urgent->sending && after(c.rare().urgent->snd_up, c.snd_una);
}

void take_urgent(Context& cx, Connection& c, const wire::TcpHeader& h) {
    if (h.any(wire::flag::kUrg)) {
        note_pointer(cx, c, h);
    }
    if (!c.rare().urgent || c.rare().urgent->receive != Urgent::Receive::kNotYet) {
        return;
    }
    const std::uint32_t within = c.rare().urgent->urg_seq.raw() - h.seq.raw() - (h.syn() ? 1U : 0U);
    if (within < h.payload.length) {
        c.rare().urgent->receive = Urgent::Receive::kValid;
        notify(cx, c, poll::kPri);
    }
}

UrgentLimit limit_at_urgent(const Connection& c, SeqNum at, std::uint32_t most) {
    if (!c.rare().urgent || c.rare().urgent->receive == Urgent::Receive::kNone) {
        return {most, false};
    }
    const std::uint32_t offset = c.rare().urgent->urg_seq.raw() - at.raw();
    if (offset >= most) {
        return {most, false};
    }
    if (offset > 0) {
        return {offset, false};
    }
    return {most, !c.opt->oob_inline};
}

void forget_read_urgent(Connection& c) {
    if (c.rare().urgent && after(c.copied_seq, c.rare().urgent->urg_seq)) {
        c.rare().urgent->receive = Urgent::Receive::kNone;
    }
}

Result<std::uint64_t> receive_urgent(Connection& c, bool peek) {
    if (c.opt->oob_inline || !c.rare().urgent ||
        c.rare().urgent->receive == Urgent::Receive::kNone ||
        c.rare().urgent->receive == Urgent::Receive::kRead) {
        return fail(Errno::kEINVAL);
    }
    if (c.rare().urgent->receive == Urgent::Receive::kValid) {
        if (!peek) {
            c.rare().urgent->receive = Urgent::Receive::kRead;
        }
        return 1;
    }
    if (c.state == State::kClosed || c.receive_shutdown) {
        return 0;
    }
    return fail(Errno::kEAGAIN);
}

}  // namespace netsim::tcp
