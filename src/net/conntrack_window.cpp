// Bounds of sequence and acknowledgement numbers.
#include "net/conntrack_window.hpp"

#include <algorithm>

namespace netsim::net {
namespace {

using namespace track;

constexpr std::uint32_t kAckWindowLeast = 66000;  // Linux MAXACKWINCONST

/// One segment against what both sides have said: Linux tcp_in_window().
class TrackedWindow {
 public:
    TrackedWindow(TcpTrack& track, unsigned direction, const wire::TcpHeader& tcp, track::Seen kind,
                  const ConntrackSettings& settings)
        : track_(track),
          direction_(direction),
          sender_(track.side.at(direction)),
          receiver_(track.side.at(1 - direction)),
          tcp_(tcp),
          kind_(kind),
          liberal_(settings.tcp_be_liberal != 0 || (sender_.flags & kLiberal) != 0),
          seq_(tcp.seq.raw()),
          end_(tcp.end_seq().raw()),
          ack_(tcp.ack.raw()),
          sack_(ack_),
          window_(tcp.window) {}

    Fits check() {
        note_sack();
        if (begins_side()) {
            return Fits::kYes;
        }
        if (!tcp_.ack_flag() || (tcp_.rst() && ack_ == 0)) {
            ack_ = sack_ = receiver_.end;
        }
        if (tcp_.rst() && seq_ == 0 && track_.state == TcpTrackState::kSynSent) {
            seq_ = end_ = sender_.end;  // a RST that answers the SYN
        }
        const Fits fits = within();
        if (fits == Fits::kYes) {
            learn();
        }
        return fits;
    }

 private:
    void note_sack() {
        if ((receiver_.flags & kHasSack) == 0 || !tcp_.has_option(wire::option::kSack)) {
            return;
        }
        for (std::size_t i = 0; i < tcp_.sack_count; ++i) {
            const std::uint32_t end = tcp_.sack.at(i).end.raw();
            sack_ = seq_after(end, sack_) ? end : sack_;
        }
    }

    /// True: that is all there is to this segment.
    bool begins_side() {
        if (sender_.window_max == 0 && !tcp_.syn()) {
            return begins_in_the_middle();
        }
        const bool again =
            sender_.window_max != 0 && tcp_.syn() && seq_after(end_, sender_.end) &&
            (track_.state == TcpTrackState::kSynSent || track_.state == TcpTrackState::kSynRecv);
        if (sender_.window_max != 0 && !again) {
            return false;
        }
        const bool first = !again;
        sender_.end = sender_.end_max = end_;
        sender_.window_max = at_least_one(window_);
        note_options(sender_, tcp_);
        const bool both = (sender_.flags & receiver_.flags & kHasScale) != 0;
        if (direction_ == 1 && !both) {
            sender_.scale = receiver_.scale = 0;
        }
        return !tcp_.ack_flag() && (first || direction_ == 1);
    }

    bool begins_in_the_middle() {
        sender_.end = end_;
        sender_.window_max = at_least_one(window_ << sender_.scale);
        sender_.end_max = end_ + sender_.window_max;
        if (receiver_.window_max == 0) {
            receiver_.end = receiver_.end_max = sack_;
        } else if (sack_ == receiver_.end + 1) {
            ++receiver_.end;  // a keepalive's answer
        }
        return false;
    }

    std::uint32_t ack_window() const { return std::max(sender_.window_max, kAckWindowLeast); }

    Fits unless_liberal(Fits fits) const { return liberal_ ? Fits::kYes : fits; }

    Fits within() {
        const bool ack_recent = seq_after(sack_, receiver_.end - ack_window() - 1);
        const bool ack_seen = seq_before(sack_, receiver_.end + 1);
        const bool end_recent = seq_after(end_, sender_.end - receiver_.window_max - 1);
        if (!seq_before(seq_, sender_.end_max + 1)) {
            const std::uint32_t overshot = end_ - sender_.end_max + 1;
            if (receiver_.window_max != 0 && end_recent && ack_recent && ack_seen &&
                overshot <= receiver_.window_max) {
                // More than the window allowed, but it will be acknowledged.
                sender_.end = end_;
                sender_.flags |= kUnacknowledged;
                return passed();
            }
            return refused();
        }
        if (!ack_seen) {
            return refused();
        }
        if (receiver_.window_max != 0 && !end_recent) {
            return passed();  // acknowledged data, sent again
        }
        return ack_recent ? Fits::kYes : passed();
    }

    // Liberal: accepted as it is, nothing learnt from it.
    Fits passed() {
        accepted_unlearnt_ = liberal_;
        return unless_liberal(Fits::kPassed);
    }

    Fits refused() {
        accepted_unlearnt_ = liberal_;
        return unless_liberal(Fits::kNo);
    }

    void learn() {
        if (accepted_unlearnt_) {
            return;
        }
        const std::uint32_t window = tcp_.syn() ? window_ : window_ << sender_.scale;
        sender_.window_max = std::max(sender_.window_max, window + (sack_ - ack_));
        if (seq_after(end_, sender_.end)) {
            sender_.end = end_;
            sender_.flags |= kUnacknowledged;
        }
        if (tcp_.ack_flag() &&
            ((sender_.flags & kHasAckMax) == 0 || seq_after(ack_, sender_.ack_max))) {
            sender_.ack_max = ack_;
            sender_.flags |= kHasAckMax;
        }
        if (receiver_.window_max != 0 && seq_after(end_, sender_.end_max)) {
            receiver_.window_max += end_ - sender_.end_max;
        }
        if (seq_after(sack_ + window, receiver_.end_max - 1)) {
            receiver_.end_max = sack_ + window + (window == 0 ? 1 : 0);
        }
        if (ack_ == receiver_.end) {
            receiver_.flags &= static_cast<std::uint8_t>(~kUnacknowledged);
        }
        if (kind_ == kAckSeen) {
            count_retransmission();
        }
    }

    void count_retransmission() {
        const bool same = track_.last_direction == direction_ && track_.last_seq == seq_ &&
                          track_.last_ack == ack_ && track_.last_end == end_ &&
                          track_.last_window == tcp_.window;
        if (same) {
            track_.retransmissions =
                static_cast<std::uint8_t>(std::min(track_.retransmissions + 1, 255));
            return;
        }
        track_.last_direction = static_cast<std::uint8_t>(direction_);
        track_.last_seq = seq_;
        track_.last_ack = ack_;
        track_.last_end = end_;
        track_.last_window = tcp_.window;
        track_.retransmissions = 0;
    }

    TcpTrack& track_;
    unsigned direction_;
    TcpTrack::Side& sender_;
    TcpTrack::Side& receiver_;
    const wire::TcpHeader& tcp_;
    track::Seen kind_;
    bool liberal_;
    bool accepted_unlearnt_ = false;
    std::uint32_t seq_;
    std::uint32_t end_;
    std::uint32_t ack_;
    std::uint32_t sack_;
    std::uint32_t window_;
};

}  // namespace

void note_options(TcpTrack::Side& side, const wire::TcpHeader& tcp) {
    if (tcp.options == 0) {
        return;
    }
    constexpr std::uint8_t kScaleMax = 14;
    side.scale = 0;
    side.flags &= kLiberal;
    if (tcp.has_option(wire::option::kSackPermitted)) {
        side.flags |= kHasSack;
    }
    if (tcp.has_option(wire::option::kWindowScale)) {
        side.scale = std::min(tcp.window_scale, kScaleMax);
        side.flags |= kHasScale;
    }
}

Fits tcp_track_window(TcpTrack& track, unsigned direction, const wire::TcpHeader& tcp,
                      track::Seen kind, const ConntrackSettings& settings) {
    return TrackedWindow(track, direction, tcp, kind, settings).check();
}

}  // namespace netsim::net
