// A segment as a test writes it: numbers relative to each side's initial sequence number, as in
// packetdrill. Built for recv() it is what the peer sends; for sends() only what was named counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netsim/address.hpp"
#include "wire/packet.hpp"

namespace netsim::tcp {

struct RelativeRange {
    std::int64_t begin = 0;
    std::int64_t end = 0;

    friend bool operator==(const RelativeRange&, const RelativeRange&) = default;
};

struct Seg {
    std::optional<std::uint16_t> flags_named;
    std::optional<std::int64_t> seq_named;
    std::optional<std::int64_t> ack_named;
    std::optional<std::uint32_t> length_named;
    std::optional<std::uint16_t> window_named;
    std::optional<std::uint16_t> mss_named;
    std::optional<std::uint8_t> scale_named;
    std::optional<bool> sack_ok_named;
    std::optional<bool> ts_named;
    std::optional<std::uint32_t> tsval_named;
    std::optional<std::uint32_t> tsecr_named;
    std::optional<std::vector<RelativeRange>> sacks_named;
    std::optional<std::uint8_t> options_named;  // exactly these; received: these as well
    std::optional<Endpoint> peer_named;
    std::optional<Ipv4> local_named;

    Seg& flags(std::uint16_t bits) { return set(flags_named, bits); }

    Seg& seq(std::int64_t n) { return set(seq_named, n); }

    Seg& ack(std::int64_t n) { return set(ack_named, n); }

    Seg& len(std::uint32_t n) { return set(length_named, n); }

    Seg& win(std::uint32_t field) { return set(window_named, static_cast<std::uint16_t>(field)); }

    Seg& mss(std::uint32_t n) { return set(mss_named, static_cast<std::uint16_t>(n)); }

    Seg& wscale(unsigned n) { return set(scale_named, static_cast<std::uint8_t>(n)); }

    Seg& sack_ok(bool on = true) { return set(sack_ok_named, on); }

    /// Received: the echo is the last timestamp the stack sent. Sent: has, or has no, timestamps.
    Seg& ts(bool on = true) { return set(ts_named, on); }

    Seg& tsval(std::uint32_t n) {
        ts();
        return set(tsval_named, n);
    }

    Seg& tsecr(std::uint32_t n) {
        ts();
        return set(tsecr_named, n);
    }

    Seg& sack(std::vector<RelativeRange> blocks) { return set(sacks_named, std::move(blocks)); }

    Seg& options(std::uint8_t bits) { return set(options_named, bits); }

    /// The other end, where it is not the bench's usual peer.
    Seg& peer(Endpoint who) { return set(peer_named, who); }

    Seg& local(Ipv4 address) { return set(local_named, address); }

 private:
    template <typename T, typename V>
    Seg& set(std::optional<T>& field, V&& value) {
        field = std::forward<V>(value);
        return *this;
    }
};

inline Seg segment(std::uint16_t flags) {
    Seg s;
    s.flags(flags);
    return s;
}

inline Seg syn() {
    return segment(wire::flag::kSyn).seq(0);
}

inline Seg syn_ack() {
    return segment(wire::flag::kSyn | wire::flag::kAck).seq(0);
}

inline Seg ack(std::int64_t n) {
    return segment(wire::flag::kAck).ack(n);
}

inline Seg data(std::int64_t seq, std::uint32_t length) {
    return segment(wire::flag::kAck).seq(seq).len(length);
}

inline Seg fin(std::int64_t seq) {
    return segment(wire::flag::kFin | wire::flag::kAck).seq(seq);
}

inline Seg rst(std::int64_t seq) {
    return segment(wire::flag::kRst).seq(seq);
}

inline Seg rst_ack() {
    return segment(wire::flag::kRst | wire::flag::kAck);
}

}  // namespace netsim::tcp
