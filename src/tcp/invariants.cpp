// What must hold between two inputs, whatever happened. Run after every event in dev builds.
#include "tcp/actions.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {

namespace {

/// The out-of-order queue is in order; its memory is counted in rmem_alloc.
void check_reassembly(const Reassembly& r) {
    CHECK(r.sack_count <= r.sacks.size());
    for (std::uint32_t i = 0; i < r.queue.size(); ++i) {
        CHECK(i == 0 || !after(r.queue[i - 1].seq, r.queue[i].seq));
    }
}

void check_connection(const StackState& s, const Connection& c) {
    const Sending& tx = c.sending();
    if (c.state == State::kClosed) {
        CHECK(!c.in_table);
        CHECK(c.deadlines.earliest() == kNever);
        CHECK(tx.sent.empty() && tx.unsent.empty());
        return;
    }
    CHECK(find_record(s, c.tuple) == RecordRef(RecordKind::kConnection, c.index));
    CHECK(!after(c.snd_una, c.snd_nxt));
    CHECK(!after(c.snd_nxt, c.write_seq));
    std::uint32_t sent_bytes = 0;
    std::uint32_t sacked = 0;
    std::uint32_t lost = 0;
    std::uint32_t retransmitted = 0;
    std::uint32_t skbs = 0;
    // Before its SYN is acknowledged, data of a Fast Open begins one later.
    const bool opening = c.state == State::kSynSent || c.state == State::kSynReceived;
    wire::SeqNum at = opening && c.snd_una == c.iss ? c.iss + 1 : c.snd_una;
    for (std::uint32_t i = 0; i < tx.sent.size(); ++i) {
        const SentSegment& segment = tx.sent[i];
        CHECK(segment.seq == at);
        at = segment.end;
        sent_bytes += segment.payload.length;
        sacked += segment.sacked ? 1U : 0U;
        lost += segment.lost ? 1U : 0U;
        retransmitted += segment.retransmitted ? 1U : 0U;
        skbs += i == 0 || !segment.joined ? 1U : 0U;
        CHECK(!(segment.sacked && segment.lost));
    }
    CHECK(tx.sent.empty() || at == c.snd_nxt);
    CHECK(sent_bytes == tx.sent_bytes && skbs == tx.sent_skbs);
    CHECK(lost == tx.lost_out && retransmitted == tx.retrans_out);
    CHECK(!c.options.sack_ok || sacked == tx.sacked_out);
    CHECK(tx.sacked_out + tx.lost_out <= c.packets_out());
    if (c.rare().reassembly) {
        check_reassembly(*c.rare().reassembly);
    }
    const bool in_flight =
        !tx.sent.empty() || (c.state == State::kSynSent && !c.connect_deferred());
    CHECK(!in_flight || c.deadlines.armed(Timer::kRetransmit) || c.owned);
    CHECK(c.deadlines.earliest() >= c.looks.next || s.timers.noted(c));
}

void check_listener(const StackState& s, const Listener& listener) {
    std::uint32_t requests = 0;
    std::uint32_t young = 0;
    for (std::uint32_t i = 0; i < s.requests.end_index(); ++i) {
        if (s.requests.live(i) && s.requests.at(i).listener == listener.index) {
            ++requests;
            young += s.requests.at(i).num_timeout == 0 ? 1U : 0U;
        }
    }
    CHECK(listener.syn_queue_len == requests);
    CHECK(listener.syn_queue_young == young);
    std::uint32_t fast_open = 0;
    for (std::uint32_t i = 0; i < s.connections.end_index(); ++i) {
        const bool live = s.connections.live(i) && s.connections.at(i).awaits_handshake_ack();
        fast_open += live && s.connections.at(i).rare().fast_open->listener ==
                                 s.listeners.id_at(listener.index)
                         ? 1U
                         : 0U;
    }
    CHECK(listener.closed ||
          listener.fast_open.pending == fast_open + listener.fast_open.kept.size());
    for (const std::uint32_t index : listener.accept_queue) {
        CHECK(s.connections.live(index));
        CHECK(s.connections.at(index).parent == listener.index);
    }
}

}  // namespace

void Stack::check_invariants() const {
    const StackState& s = *state_;
    std::size_t in_table = s.requests.size() + s.time_waits.size();
    for (std::uint32_t i = 0; i < s.connections.end_index(); ++i) {
        if (s.connections.live(i)) {
            check_connection(s, s.connections.at(i));
            in_table += s.connections.at(i).in_table ? 1U : 0U;
        }
    }
    CHECK(s.table.size() == in_table);
    for (std::uint32_t i = 0; i < s.listeners.end_index(); ++i) {
        if (s.listeners.live(i)) {
            check_listener(s, s.listeners.at(i));
        }
    }
}

}  // namespace netsim::tcp
