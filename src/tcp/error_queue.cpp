// The error queue: zero-copy completions, send timestamps, ICMP errors. Linux skbuff.c.
#include "tcp/error_queue.hpp"

#include "tcp/actions.hpp"
#include "tcp/connection.hpp"

namespace netsim::tcp {

using wire::SeqNum;

namespace {

constexpr std::size_t kMessagesMax = 1024;  // Linux: by sk_rcvbuf; what comes later is lost
constexpr std::uint32_t kEnomsg = 42;
constexpr std::uint8_t kZerocopyCopied = 1;  // SO_EE_CODE_ZEROCOPY_COPIED

/// SCM_TSTAMP_*
enum class Stage : std::uint8_t { kSent = 0, kScheduled = 1, kAcked = 2 };

ErrorQueue& errors_of(Connection& c) {
    if (!c.rare().errors) {
        c.edit_rare().errors = std::make_unique<ErrorQueue>();
    }
    return *c.rare().errors;
}

void enqueue(Context& cx, Connection& c, const ErrorMessage& message) {
    if (c.rare().errors->messages.size() < kMessagesMax) {
        c.rare().errors->messages.push_back(message);
        notify(cx, c, poll::kErr);
    }
}

void stamp(Context& cx, Connection& c, const ErrorQueue::Mark& mark, Stage stage) {
    ErrorMessage m;
    m.error = kEnomsg;
    m.origin = ErrorMessage::Origin::kTimestamping;
    m.info = static_cast<std::uint32_t>(stage);
    m.data = (mark.flags & timestamping::kOptId) != 0
                 ? mark.end.raw() - 1U - c.rare().errors->key_base.raw()
                 : 0;
    m.length = (mark.flags & timestamping::kOptTsonly) != 0 ? 0 : 1;
    m.stamp = cx.now;
    enqueue(cx, c, m);
}

/// Consecutive completions are one message: info to data. Linux __msg_zerocopy_callback().
void complete(Context& cx, Connection& c, std::uint32_t id) {
    auto& messages = c.rare().errors->messages;
    if (!messages.empty() && messages.back().origin == ErrorMessage::Origin::kZerocopy &&
        messages.back().data + 1U == id) {
        messages.back().data = id;
        return notify(cx, c, poll::kErr);
    }
    ErrorMessage m;
    m.code = kZerocopyCopied;  // a device without scatter-gather to the wire copies: tun, veth
    m.info = id;
    m.data = id;
    enqueue(cx, c, m);
}

}  // namespace

Result<void> set_timestamping(Connection& c, std::uint32_t flags) {
    if ((flags & ~timestamping::kSupported) != 0 ||
        ((flags & timestamping::kOptIdTcp) != 0 && (flags & timestamping::kOptId) == 0)) {
        return fail(Errno::kEINVAL);
    }
    const bool begins =
        (flags & timestamping::kOptId) != 0 && (c.opt->timestamping & timestamping::kOptId) == 0;
    if (begins) {
        if (c.state == State::kClosed) {
            return fail(Errno::kEINVAL);
        }
        errors_of(c).key_base = (flags & timestamping::kOptIdTcp) != 0 ? c.write_seq : c.snd_una;
    }
    c.opt.edit().timestamping = flags;
    return {};
}

void mark_zerocopy(Connection& c, SeqNum end) {
    ErrorQueue& q = errors_of(c);
    q.zerocopies.push_back({end, q.next_zerocopy++});
}

void mark_send(Connection& c, bool zerocopy) {
    constexpr std::uint32_t kRecord =
        timestamping::kTxSoftware | timestamping::kTxSched | timestamping::kTxAck;
    if (zerocopy) {
        mark_zerocopy(c, c.write_seq);
    }
    if ((c.opt->timestamping & kRecord) == 0) {
        return;
    }
    ErrorQueue& q = errors_of(c);
    // Linux keeps one key per skb: a later send() that grows the same skb takes it over.
    if (!q.marks.empty() && !q.marks.back().sent && !c.sending().unsent.empty()) {
        const SeqNum tail = c.write_seq - c.sending().unsent.back().payload.length;
        if (after(q.marks.back().end, tail)) {
            q.marks.pop_back();
        }
    }
    // A write that was cut short has sent its last skb already: its ACK alone is still to come.
    q.marks.push_back({c.write_seq, c.opt->timestamping, c.sending().unsent.empty()});
}

void stamp_transmit(Context& cx, Connection& c, SeqNum seq, std::uint32_t length) {
    for (ErrorQueue::Mark& mark : c.rare().errors->marks) {
        if (!after(mark.end, seq) || after(mark.end, seq + length)) {
            continue;
        }
        if ((mark.flags & timestamping::kTxSched) != 0) {
            stamp(cx, c, mark, Stage::kScheduled);
        }
        if ((mark.flags & timestamping::kTxSoftware) != 0) {
            stamp(cx, c, mark, Stage::kSent);
        }
        mark.sent = true;
    }
}

void complete_acked(Context& cx, Connection& c) {
    auto& marks = c.rare().errors->marks;
    while (!marks.empty() && marks.front().sent && !after(marks.front().end, c.snd_una)) {
        if ((marks.front().flags & timestamping::kTxAck) != 0) {
            stamp(cx, c, marks.front(), Stage::kAcked);
        }
        marks.pop_front();
    }
    auto& pending = c.rare().errors->zerocopies;
    while (!pending.empty() && !after(pending.front().end, c.snd_una)) {
        complete(cx, c, pending.front().id);
        pending.pop_front();
    }
}

void complete_all(Context& cx, Connection& c) {
    c.rare().errors->marks.clear();
    for (const ErrorQueue::Zerocopy& pending : c.rare().errors->zerocopies) {
        complete(cx, c, pending.id);
    }
    c.rare().errors->zerocopies.clear();
}

void queue_icmp_error(Context& cx, Connection& c, Errno error, std::uint8_t type, std::uint8_t code,
                      std::uint32_t info) {
    errors_of(c);
    ErrorMessage m;
    m.error = static_cast<std::uint32_t>(error);
    m.origin = ErrorMessage::Origin::kIcmp;
    m.type = type;
    m.code = code;
    m.info = info;
    enqueue(cx, c, m);
}

}  // namespace netsim::tcp
