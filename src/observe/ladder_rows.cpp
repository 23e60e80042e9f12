// Rows stand in order of their first event. An arrow is whole when nothing in the other direction
// happened at either end while it flew and nothing overtook it; else it is drawn in two halves.
#include "observe/ladder_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

namespace netsim::observe {
namespace {

using Message = Ladder::Message;
using Note = Ladder::Note;

enum class Kind : std::uint8_t { kDeparture, kArrival, kNote };

struct Event {
    std::uint64_t order = 0;
    Time at{};
    Kind kind = Kind::kNote;
    std::size_t side = 0;   // where it happens: 0 left, 1 right
    std::size_t index = 0;  // of the message or note
};

std::string flag_words(const wire::TcpHeader& tcp) {
    constexpr std::array<std::pair<std::uint16_t, const char*>, 9> kWords{{
        {wire::flag::kSyn, "SYN"},
        {wire::flag::kFin, "FIN"},
        {wire::flag::kRst, "RST"},
        {wire::flag::kPsh, "PSH"},
        {wire::flag::kAck, "ACK"},
        {wire::flag::kUrg, "URG"},
        {wire::flag::kEce, "ECE"},
        {wire::flag::kCwr, "CWR"},
        {wire::flag::kAe, "AE"},
    }};
    std::string text;
    for (const auto& [bit, word] : kWords) {
        if (tcp.any(bit)) {
            text += text.empty() ? "" : ",";
            text += word;
        }
    }
    return text.empty() ? "none" : text;
}

/// Writes labels: knows where each direction's numbers began and how far they got.
class Labels {
 public:
    explicit Labels(bool absolute) : absolute_(absolute) {}

    /// Call once per message, in order of sending.
    std::string next(const wire::TcpHeader& tcp, std::size_t side) {
        Direction& own = directions_.at(side);
        Direction& other = directions_.at(1 - side);
        if (tcp.syn() && (!own.base || *own.base != tcp.seq)) {
            own = Direction{tcp.seq, tcp.seq};
        } else if (!own.base) {
            own = Direction{tcp.seq - 1, tcp.seq};
        }
        if (tcp.ack_flag() && !other.base) {
            other = Direction{tcp.ack - 1, tcp.ack};
        }
        const bool again = tcp.seg_len() > 0 && !wire::after(tcp.end_seq(), own.sent);
        own.sent = wire::later(own.sent, tcp.end_seq());
        return text(tcp, *own.base, other.base.value_or(wire::SeqNum())) +
               (again ? " (again)" : "");
    }

 private:
    struct Direction {
        std::optional<wire::SeqNum> base{};
        wire::SeqNum sent{};  // everything before it was sent
    };

    std::string text(const wire::TcpHeader& tcp, wire::SeqNum own, wire::SeqNum other) const {
        const std::uint32_t own_base = absolute_ ? 0 : own.raw();
        const std::uint32_t other_base = absolute_ ? 0 : other.raw();
        std::string out = fmt::format("{} seq={}", flag_words(tcp), tcp.seq.raw() - own_base);
        if (tcp.ack_flag()) {
            fmt::format_to(std::back_inserter(out), " ack={}", tcp.ack.raw() - other_base);
        }
        if (tcp.payload.length > 0) {
            fmt::format_to(std::back_inserter(out), " len={}", tcp.payload.length);
        }
        if (tcp.has_option(wire::option::kSack)) {
            for (std::size_t i = 0; i < tcp.sack_count; ++i) {
                fmt::format_to(std::back_inserter(out), "{}{}-{}", i == 0 ? " sack=" : ",",
                               tcp.sack.at(i).begin.raw() - other_base,
                               tcp.sack.at(i).end.raw() - other_base);
            }
        }
        return out;
    }

    bool absolute_;
    std::array<Direction, 2> directions_;
};

class Rows {
 public:
    Rows(const Ladder& ladder, const std::array<LadderEnd, 2>& hosts,
         const std::array<Endpoint, 2>& ends, bool absolute)
        : ladder_(ladder), hosts_(hosts), labels_(absolute) {
        result_.ends = ends;
    }

    LadderConnection build() {
        collect();
        std::sort(events_.begin(), events_.end(),
                  [](const Event& a, const Event& b) { return a.order < b.order; });
        label_all();
        find_arrivals();
        for (std::size_t i = 0; i < events_.size(); ++i) {
            const Event& event = events_[i];
            if (event.kind == Kind::kNote) {
                place_note(event);
            } else if (event.kind == Kind::kDeparture) {
                departure(i);
            } else if (!whole_.at(event.index)) {
                arrow_row(event, Arrow::kArrives);
            }
        }
        result_.flight = median_flight();
        return std::move(result_);
    }

 private:
    /// 0 or 1 for the end that sends this message on this connection; nullopt: another connection.
    std::optional<std::size_t> sender(const wire::Packet& packet) const {
        if (packet.protocol != wire::Protocol::kTcp) {
            return std::nullopt;
        }
        const Endpoint source{packet.source, packet.tcp.source_port};
        const Endpoint destination{packet.destination, packet.tcp.destination_port};
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            if (source == result_.ends.at(side) && destination == result_.ends.at(1 - side)) {
                return side;
            }
        }
        return std::nullopt;
    }

    bool belongs(const Note& note, std::size_t side) const {
        const Endpoint& own = result_.ends.at(side);
        const Endpoint& peer = result_.ends.at(1 - side);
        // A listener that closes changes nothing for the connection it made.
        const bool listener_closes =
            note.is_state && note.from == "LISTEN" && note.remote == Endpoint{};
        return !listener_closes && ladder_.is_node(note.node, hosts_.at(side).name) &&
               (note.local.port == 0 || note.local.port == own.port) &&
               (note.local.address.is_any() || note.local.address == own.address) &&
               (note.remote == Endpoint{} || note.remote == peer);
    }

    bool reached(const Message& message, std::size_t sender_side) const {
        return message.seen_order != 0 &&
               ladder_.is_node(message.seen_node, hosts_.at(1 - sender_side).name);
    }

    void collect() {
        const auto& messages = ladder_.messages();
        whole_.resize(messages.size());
        text_.resize(messages.size());
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const Message& message = messages[i];
            const std::optional<std::size_t> side = sender(message.packet);
            if (!side) {
                continue;
            }
            if (!message.copy) {
                events_.push_back({message.sent_order, message.sent, Kind::kDeparture, *side, i});
            }
            if (reached(message, *side)) {
                events_.push_back({message.seen_order, message.seen, Kind::kArrival, 1 - *side, i});
            }
        }
        const auto& notes = ladder_.notes();
        for (std::size_t i = 0; i < notes.size(); ++i) {
            for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
                if (belongs(notes[i], side)) {
                    events_.push_back({notes[i].order, notes[i].at, Kind::kNote, side, i});
                    break;
                }
            }
        }
    }

    void find_arrivals() {
        arrival_.resize(ladder_.messages().size());
        for (std::size_t i = 0; i < events_.size(); ++i) {
            if (events_[i].kind == Kind::kArrival) {
                arrival_[events_[i].index] = i;
            }
        }
    }

    void label_all() {
        std::unordered_map<std::uint64_t, std::string> by_uid;
        for (const Event& event : events_) {
            if (event.kind == Kind::kNote) {
                continue;
            }
            const Message& message = ladder_.messages()[event.index];
            if (event.kind == Kind::kDeparture) {
                text_[event.index] = labels_.next(message.packet.tcp, event.side);
                by_uid[message.packet.uid] = text_[event.index];
            } else if (message.copy) {
                text_[event.index] = by_uid[message.packet.uid] + " (copy)";
            }
        }
    }

    bool crossed(std::size_t departure, std::size_t arrival) const {
        const Event& own = events_[departure];
        for (std::size_t i = departure + 1; i < arrival; ++i) {
            const Event& event = events_[i];
            if (event.kind == Kind::kDeparture && event.side != own.side) {
                return true;
            }
            const bool overtakes = event.order > own.order && event.kind == Kind::kArrival &&
                                   event.side != own.side &&
                                   ladder_.messages()[event.index].sent_order > own.order;
            if (overtakes || (event.kind == Kind::kArrival && event.side == own.side)) {
                return true;
            }
        }
        return false;
    }

    void departure(std::size_t i) {
        const Event& event = events_[i];
        const Message& message = ladder_.messages()[event.index];
        const std::size_t arrival = arrival_[event.index];
        if (arrival == 0) {
            arrow_row(event, message.dropped ? Arrow::kLost : Arrow::kInFlight);
            return;
        }
        whole_[event.index] = !crossed(i, arrival);
        if (!whole_[event.index]) {
            arrow_row(event, Arrow::kDeparts);
            return;
        }
        arrow_row(event, Arrow::kWhole);
        result_.rows.back().side_at.at(1 - event.side) = message.seen;
        flights_.push_back(message.seen - message.sent);
    }

    static bool refused(const Message& message) {
        return message.dropped && message.drop_node == message.seen_node;
    }

    void arrow_row(const Event& event, Arrow arrow) {
        const Message& message = ladder_.messages()[event.index];
        const bool reuse = !result_.rows.empty() && event.kind == Kind::kDeparture &&
                           result_.rows.back().arrow == Arrow::kNone &&
                           result_.rows.back().side_at.at(event.side) == event.at &&
                           result_.rows.back().side_at.at(1 - event.side) == kNever;
        if (!reuse) {
            result_.rows.emplace_back();
        }
        LadderRow& row = result_.rows.back();
        row.at = event.at;
        row.arrow = arrow;
        row.refused = arrow != Arrow::kDeparts && refused(message);
        row.leftwards = (event.kind == Kind::kDeparture) == (event.side == 1);
        row.label = text_[event.index];
        row.reason = message.reason;
        row.side_at.at(event.side) = event.at;
    }

    void place_note(const Event& event) {
        const Note& note = ladder_.notes()[event.index];
        if (note.is_state && result_.first_state.at(event.side).empty()) {
            result_.first_state.at(event.side) = note.from;
        }
        constexpr std::size_t kLookBack = 64;
        const std::size_t rows = result_.rows.size();
        for (std::size_t back = 1; back <= std::min(rows, kLookBack); ++back) {
            LadderRow& row = result_.rows[rows - back];
            if (row.side_at.at(event.side) == kNever) {
                continue;
            }
            std::string& slot = slot_of(row, note, event.side);
            if (row.side_at.at(event.side) != event.at || !slot.empty()) {
                break;
            }
            slot = note.text;
            return;
        }
        LadderRow& row = result_.rows.emplace_back();
        row.at = event.at;
        row.side_at.at(event.side) = event.at;
        slot_of(row, note, event.side) = note.text;
    }

    static std::string& slot_of(LadderRow& row, const Note& note, std::size_t side) {
        return note.is_state ? row.state.at(side) : row.call.at(side);
    }

    Duration median_flight() {
        if (flights_.empty()) {
            return Duration{0};
        }
        const auto middle = flights_.begin() + static_cast<std::ptrdiff_t>(flights_.size() / 2);
        std::nth_element(flights_.begin(), middle, flights_.end());
        return *middle;
    }

    const Ladder& ladder_;
    const std::array<LadderEnd, 2>& hosts_;
    Labels labels_;
    LadderConnection result_;
    std::vector<Event> events_;
    std::vector<std::size_t> arrival_;  // per message: its arrival's event; 0: none
    std::vector<bool> whole_;           // per message: drawn on one row
    std::vector<std::string> text_;     // per message: its label
    std::vector<Duration> flights_;
};

}  // namespace

std::vector<std::array<Endpoint, 2>> ladder_connections(const Ladder& ladder, const LadderEnd& left,
                                                        const LadderEnd& right) {
    std::vector<std::array<Endpoint, 2>> found;
    std::set<std::array<Endpoint, 2>> known;
    for (const Message& message : ladder.messages()) {
        const wire::Packet& packet = message.packet;
        const Endpoint source{packet.source, packet.tcp.source_port};
        const Endpoint destination{packet.destination, packet.tcp.destination_port};
        std::array<Endpoint, 2> ends{source, destination};
        if (source.address == right.address && destination.address == left.address) {
            std::swap(ends[0], ends[1]);
        } else if (source.address != left.address || destination.address != right.address) {
            continue;
        }
        if (known.insert(ends).second) {
            found.push_back(ends);
        }
    }
    return found;
}

LadderConnection ladder_rows(const Ladder& ladder, const std::array<LadderEnd, 2>& hosts,
                             const std::array<Endpoint, 2>& ends, bool absolute) {
    return Rows(ladder, hosts, ends, absolute).build();
}

}  // namespace netsim::observe
