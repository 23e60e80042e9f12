// The transitions of Linux's tcp_conntracks[], and what else it makes of a segment:
// nf_conntrack_tcp_packet().
#include "net/conntrack_tcp.hpp"

#include <algorithm>

#include "net/conntrack_window.hpp"

namespace netsim::net {
namespace {

using TrackState = TcpTrackState;
using TrackSide = TcpTrack::Side;
using namespace track;

constexpr std::int64_t kNotLowered = 120;  // seconds: Linux nf_tcp_handle_invalid()

/// A cell is a state's number, or one of these.
constexpr std::uint8_t kCellIgnored = 0xfe;
constexpr std::uint8_t kCellRefused = 0xff;

constexpr std::uint8_t transition(char a, char b) {
    constexpr std::string_view kWords = "NOSSSRESFWCWLATWCLS2";
    for (std::size_t i = 0; i < kWords.size(); i += 2) {
        if (kWords[i] == a && kWords[i + 1] == b) {
            return static_cast<std::uint8_t>(i / 2);
        }
    }
    return a == 'I' && b == 'G' ? kCellIgnored : kCellRefused;
}

constexpr std::size_t kTrackStates = static_cast<std::size_t>(TrackState::kCount);
constexpr std::size_t kSeenKinds = 6;

/// Rows: what was seen (SYN, SYN-ACK, FIN, ACK, RST, none of these); columns: the state so far.
constexpr std::array<std::array<std::string_view, kSeenKinds>, 2> kTransitionWords{{
    // of who began
    //  NO SS SR ES FW CW LA TW CL S2
    {{"SS SS IG IG IG IG IG SS SS S2",  // a SYN of an old connection may be right: let it by
      "IV IV SR IV IV IV IV IV IV SR",  // simultaneous open
      "IV IV FW FW LA LA LA TW CL IV",  //
      "ES IV ES ES CW CW TW TW CL IV",  // NO -> ES: a connection is picked up
      "IV CL CL CL CL CL CL CL CL CL",  //
      "IV IV IV IV IV IV IV IV IV IV"}},
    // of who answers
    {{"IV S2 IV IV IV IV IV SS IV S2",  // simultaneous open; TW -> SS: the roles may have changed
      "IV SR IG IG IG IG IG IG IG SR",  //
      "IV IV FW FW LA LA LA TW CL IV",  //
      "IV IG SR ES CW CW TW TW CL IG",  // SS: a half-open connection's answer
      "IV CL CL CL CL CL CL CL CL CL",  //
      "IV IV IV IV IV IV IV IV IV IV"}},
}};

constexpr auto kTransitions = [] {
    std::array<std::array<std::array<std::uint8_t, kTrackStates>, kSeenKinds>, 2> table{};
    for (std::size_t direction = 0; direction < 2; ++direction) {
        for (std::size_t kind = 0; kind < kSeenKinds; ++kind) {
            const std::string_view row = kTransitionWords[direction][kind];
            for (std::size_t state = 0; state < kTrackStates; ++state) {
                table[direction][kind][state] = transition(row[3 * state], row[3 * state + 1]);
            }
        }
    }
    return table;
}();

Seen kind_of(const wire::TcpHeader& tcp) {
    if (tcp.rst()) {
        return kRstSeen;
    }
    if (tcp.syn()) {
        return tcp.ack_flag() ? kSynAckSeen : kSynSeen;
    }
    if (tcp.fin()) {
        return kFinSeen;
    }
    return tcp.ack_flag() ? kAckSeen : kNoneSeen;
}

/// Linux tcp_valid_flags[]
bool flags_make_sense(std::uint16_t flags) {
    using namespace wire::flag;
    const std::uint16_t bits = flags & (kFin | kSyn | kRst | kAck | kUrg);
    switch (bits) {
        case kSyn:
        case kSyn | kUrg:
        case kSyn | kAck:
        case kRst:
        case kRst | kAck:
        case kFin | kAck:
        case kFin | kAck | kUrg:
        case kAck:
        case kAck | kUrg:
            return true;
        default:
            return false;
    }
}

std::int64_t timeout_of(TrackState state, const ConntrackSettings& s) {
    switch (state) {
        case TrackState::kSynRecv:
            return s.tcp_timeout_syn_recv;
        case TrackState::kEstablished:
            return s.tcp_timeout_established;
        case TrackState::kFinWait:
            return s.tcp_timeout_fin_wait;
        case TrackState::kCloseWait:
            return s.tcp_timeout_close_wait;
        case TrackState::kLastAck:
            return s.tcp_timeout_last_ack;
        case TrackState::kTimeWait:
            return s.tcp_timeout_time_wait;
        case TrackState::kClose:
            return s.tcp_timeout_close;
        case TrackState::kNone:
        case TrackState::kSynSent:
        case TrackState::kSynSent2:
        case TrackState::kCount:
            break;
    }
    return s.tcp_timeout_syn_sent;
}

/// What a packet does to the track before its windows are looked at.
enum class TrackStep : std::uint8_t { kWindow, kInWindow, kPassed, kRefused, kRepeat };

/// Linux nf_conntrack_tcp_packet(), in its order.
class TrackedSegment {
 public:
    TrackedSegment(TcpTrack& track, unsigned direction, const wire::TcpHeader& tcp,
                   const TcpTrackContext& context, const ConntrackSettings& settings)
        : track_(track),
          direction_(direction),
          tcp_(tcp),
          context_(context),
          settings_(settings),
          kind_(kind_of(tcp)),
          old_(track.state) {}

    TcpTrackResult result() {
        if (!flags_make_sense(tcp_.flags)) {
            return {TcpTrackResult::Kind::kInvalid};
        }
        switch (step()) {
            case TrackStep::kPassed:
                return {};
            case TrackStep::kRefused:
                return {TcpTrackResult::Kind::kInvalid};
            case TrackStep::kRepeat:
                return {TcpTrackResult::Kind::kRepeat};
            case TrackStep::kInWindow:
                return accept();
            case TrackStep::kWindow:
                break;
        }
        switch (tcp_track_window(track_, direction_, tcp_, kind_, settings_)) {
            case Fits::kPassed:
                return {};
            case Fits::kNo:
                return out_of_window();
            case Fits::kYes:
                break;
        }
        return accept();
    }

 private:
    TrackStep step() {
        const std::uint8_t to =
            kTransitions[direction_][kind_][static_cast<std::size_t>(track_.state)];
        if (to == kCellRefused) {
            return TrackStep::kRefused;
        }
        new_ = to == kCellIgnored ? old_ : static_cast<TrackState>(to);
        if (to == kCellIgnored || (new_ == TrackState::kSynSent && old_ >= TrackState::kTimeWait)) {
            return to == kCellIgnored ? ignored() : reopened();
        }
        switch (new_) {
            case TrackState::kTimeWait:
                return last_ack_step();
            case TrackState::kSynSent2:
                track_.last_flags |= kSimultaneous;
                break;
            case TrackState::kSynRecv:
                if (direction_ == 1 && kind_ == kAckSeen &&
                    (track_.last_flags & kSimultaneous) != 0) {
                    new_ = TrackState::kEstablished;
                }
                break;
            case TrackState::kClose:
                return kind_ == kRstSeen ? rst_step() : TrackStep::kWindow;
            default:
                break;
        }
        return TrackStep::kWindow;
    }

    /// A SYN for a connection that is over begins another; else it is taken as an ignored one.
    TrackStep reopened() {
        const bool closed = ((track_.side[0].flags | track_.side[1].flags) & kCloseBegan) != 0;
        const bool reset = track_.last_direction == direction_ && track_.last_kind == kRstSeen;
        return closed || reset ? TrackStep::kRepeat : ignored();
    }

    /// The entry may be out of step: what may be right is let by, and noted.
    TrackStep ignored() {
        if (kind_ == kSynAckSeen && track_.last_kind == kSynSeen &&
            track_.last_direction != direction_ && tcp_.ack.raw() == track_.last_end) {
            return in_step_again();
        }
        track_.last_kind = kind_;
        track_.last_direction = static_cast<std::uint8_t>(direction_);
        track_.last_seq = tcp_.seq.raw();
        track_.last_end = tcp_.end_seq().raw();
        track_.last_window = tcp_.window;
        if (kind_ == kSynSeen && direction_ == 0) {
            TrackSide seen;
            note_options(seen, tcp_);
            track_.last_flags = seen.flags;
            track_.last_scale = seen.scale;
            if (old_ == TrackState::kLastAck) {
                track_.last_flags |= kMayBeChallenged;
            }
        }
        if (old_ == TrackState::kSynSent && kind_ == kAckSeen && direction_ == 1) {
            track_.last_ack = tcp_.ack.raw();
        }
        return TrackStep::kPassed;
    }

    /// A SYN-ACK for a SYN that was ignored: both ends agree, so it begins anew from there.
    TrackStep in_step_again() {
        old_ = TrackState::kSynSent;
        new_ = TrackState::kSynRecv;
        TrackSide& other = track_.side.at(track_.last_direction);
        other.end = other.end_max = track_.last_end;
        other.window_max = at_least_one(track_.last_window);
        other.scale = track_.last_scale;
        track_.last_flags &= static_cast<std::uint8_t>(~kMayBeChallenged);
        other.flags = track_.last_flags;
        TrackSide& own = track_.side.at(direction_);
        own = TrackSide{0, 0, 0, 0, 0, static_cast<std::uint8_t>(own.flags & kLiberal)};
        return TrackStep::kWindow;
    }

    /// An ACK that answers a SYN in LAST_ACK is no ACK of the FIN.
    TrackStep last_ack_step() {
        if (old_ == TrackState::kLastAck && kind_ == kAckSeen &&
            track_.last_direction != direction_ && track_.last_kind == kSynSeen &&
            (track_.last_flags & kMayBeChallenged) != 0) {
            track_.last_flags &= static_cast<std::uint8_t>(~kMayBeChallenged);
            return TrackStep::kPassed;
        }
        return TrackStep::kWindow;
    }

    bool established() const { return old_ == TrackState::kEstablished && context_.assured; }

    TrackStep rst_step() {
        if (tcp_track_can_drop_early(track_)) {
            return TrackStep::kInWindow;
        }
        const std::uint32_t seq = tcp_.seq.raw();
        const TrackSide& other = track_.side.at(1 - direction_);
        if ((other.flags & kHasAckMax) != 0 && track_.last_kind != kSynSeen) {
            if (seq == 0 && !established()) {
                return TrackStep::kWindow;
            }
            if (seq_before(seq, other.ack_max) && settings_.tcp_ignore_invalid_rst == 0) {
                return TrackStep::kRefused;
            }
            const bool of_a_train = track_.last_kind == kAckSeen &&
                                    track_.last_direction == direction_ && seq == track_.last_end;
            if (!established() || seq == other.ack_max || of_a_train) {
                return TrackStep::kWindow;
            }
            new_ = old_;  // not exactly the next: it may be answered by a challenge ACK
        }
        // That the RST comes from the other side is what Linux 6.18 asks for, as recordings show.
        const bool answers_ignored = ((context_.seen_reply && track_.last_kind == kSynSeen) ||
                                      (!context_.assured && track_.last_kind == kAckSeen)) &&
                                     track_.last_direction != direction_ &&
                                     tcp_.ack.raw() == track_.last_end;
        const bool answers_challenge = old_ == TrackState::kSynSent &&
                                       track_.last_kind == kAckSeen && track_.last_direction == 1 &&
                                       seq == track_.last_ack;
        return answers_ignored || answers_challenge ? TrackStep::kInWindow : TrackStep::kWindow;
    }

    /// A FIN or RST that did not fit must not leave the entry established for days.
    TcpTrackResult out_of_window() {
        TcpTrackResult result{TcpTrackResult::Kind::kInvalid};
        if (!context_.assured || (kind_ != kRstSeen && kind_ != kFinSeen)) {
            return result;
        }
        if (track_.last_direction != direction_ &&
            (track_.last_kind == kFinSeen || track_.last_kind == kRstSeen)) {
            const std::int64_t lowered = settings_.tcp_timeout_unacknowledged;
            if (context_.seconds_left >= kNotLowered && context_.seconds_left > lowered) {
                result.timeout = lowered;
            }
        } else {
            track_.last_kind = kind_;
            track_.last_direction = static_cast<std::uint8_t>(direction_);
        }
        return result;
    }

    std::int64_t timeout() const {
        const std::int64_t usual = timeout_of(new_, settings_);
        const std::int64_t retransmitting = settings_.tcp_timeout_max_retrans;
        if (track_.retransmissions >= settings_.tcp_max_retrans && usual > retransmitting) {
            return retransmitting;
        }
        if (kind_ == kRstSeen) {
            return settings_.tcp_timeout_close;
        }
        if (((track_.side[0].flags | track_.side[1].flags) & kUnacknowledged) != 0 &&
            usual > settings_.tcp_timeout_unacknowledged) {
            return settings_.tcp_timeout_unacknowledged;
        }
        if (track_.last_window == 0 && usual > retransmitting) {
            return retransmitting;
        }
        return usual;
    }

    TcpTrackResult accept() {
        track_.last_kind = kind_;
        track_.last_direction = static_cast<std::uint8_t>(direction_);
        track_.state = new_;
        if (old_ != new_ && new_ == TrackState::kFinWait) {
            track_.side.at(direction_).flags |= kCloseBegan;
        }
        TcpTrackResult result;
        std::int64_t seconds = timeout();
        if (!context_.seen_reply) {
            if (tcp_.rst()) {
                result.kind = TcpTrackResult::Kind::kKill;
                return result;
            }
            if (kind_ == kSynSeen && old_ == TrackState::kSynSent) {
                return result;  // a SYN sent again renews nothing
            }
            if (new_ == TrackState::kEstablished) {
                seconds = std::min(seconds, settings_.tcp_timeout_unacknowledged);
            }
        } else {
            result.assured = new_ == TrackState::kEstablished &&
                             (old_ == TrackState::kSynRecv || old_ == TrackState::kEstablished);
        }
        result.timeout = seconds;
        return result;
    }

    TcpTrack& track_;
    unsigned direction_;
    const wire::TcpHeader& tcp_;
    const TcpTrackContext& context_;
    const ConntrackSettings& settings_;
    Seen kind_;
    TrackState old_;
    TrackState new_ = TrackState::kNone;
};

}  // namespace

std::string_view to_string(TcpTrackState state) {
    static constexpr std::array<std::string_view, kTrackStates> kNames{
        "NONE",       "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
        "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",       "SYN_SENT2"};
    return kNames.at(static_cast<std::size_t>(state));
}

bool tcp_track_begins(TcpTrack& track, const wire::TcpHeader& tcp,
                      const ConntrackSettings& settings) {
    if (!flags_make_sense(tcp.flags)) {
        return false;
    }
    const std::uint8_t to = kTransitions[0][kind_of(tcp)][0];
    if (to == kCellRefused || to == kCellIgnored) {
        return false;
    }
    TrackSide& own = track.side[0];
    own.end = tcp.end_seq().raw();
    own.window_max = at_least_one(tcp.window);
    own.end_max = own.end;
    if (static_cast<TrackState>(to) == TrackState::kSynSent) {
        note_options(own, tcp);
    } else {
        if (settings.tcp_loose == 0) {
            return false;
        }
        own.end_max += own.window_max;
        own.flags = track.side[1].flags = kHasSack | kLiberal;
    }
    track.last_kind = kNoneSeen;
    return true;
}

TcpTrackResult tcp_track(TcpTrack& track, unsigned direction, const wire::TcpHeader& tcp,
                         const TcpTrackContext& context, const ConntrackSettings& settings) {
    return TrackedSegment(track, direction, tcp, context, settings).result();
}

bool tcp_track_can_drop_early(const TcpTrack& track) {
    switch (track.state) {
        case TrackState::kFinWait:
        case TrackState::kCloseWait:
        case TrackState::kLastAck:
        case TrackState::kTimeWait:
        case TrackState::kClose:
            return true;
        default:
            return false;
    }
}

}  // namespace netsim::net
