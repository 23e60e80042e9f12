// Each side reads downwards in order of time. An arrow is whole when nothing in the other direction
// was under way at either end while it flew and nothing overtook it; else it is drawn in halves.
#include "observe/ladder_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "observe/ladder_labels.hpp"

namespace netsim::observe {
namespace {

constexpr Duration kSilenceMin = std::chrono::milliseconds(100);
constexpr int kSilenceFlights = 10;

enum class Kind : std::uint8_t { kDeparture, kArrival, kNote };

struct Event {
    std::uint64_t order = 0;
    Time at{};
    Kind kind = Kind::kNote;
    std::size_t side = 0;   // where it happens: 0 left, 1 right
    std::size_t index = 0;  // of the message or note
    bool middle = false;    // of a message neither end made
};

class Rows {
 public:
    Rows(const LadderRecords& records, const LadderChoice& choice, const LadderOptions& options)
        : records_(records), choice_(choice), labels_(options) {
        result_.hosts = choice.hosts;
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            const LadderEnd& host = choice.hosts.at(side);
            const std::string local = to_string(choice.views.at(side).local);
            const bool named = host.name != to_string(host.address);
            result_.title.at(side) = named ? host.name + ' ' + local : local;
        }
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
                place_note(event, departs_next(i));
            } else if (event.middle) {
                middle_row(event);
            } else if (event.kind == Kind::kDeparture) {
                departure(i);
            } else if (!whole_.at(event.index)) {
                arrow_row(event, Arrow::kArrives);  // its departure's row is above
            }
        }
        result_.flight = median_flight();
        finish();
        return std::move(result_);
    }

 private:
    bool belongs(const LadderNote& note, std::size_t side) const {
        const LadderView& view = choice_.views.at(side);
        // A listener that closes changes nothing for the connection it made.
        const bool listener_closes =
            note.is_state && note.from == "LISTEN" && note.remote == Endpoint{};
        return !listener_closes && records_.is_node(note.node, choice_.hosts.at(side).name) &&
               (note.local.port == 0 || note.local.port == view.local.port) &&
               (note.local.address.is_any() || note.local.address == view.local.address) &&
               (note.remote == Endpoint{} || note.remote == view.remote);
    }

    /// connect() is called before its socket has a port: what it opens is what the host tells next.
    bool opens_another(std::size_t i, std::size_t side) const {
        const auto& notes = records_.notes;
        if (notes[i].is_state || notes[i].local.port != 0) {
            return false;
        }
        std::size_t next = i + 1;
        while (next < notes.size() && notes[next].node != notes[i].node) {
            ++next;
        }
        const LadderView& view = choice_.views.at(side);
        return next < notes.size() && notes[next].is_state && notes[next].text == "SYN-SENT" &&
               !(notes[next].local == view.local && notes[next].remote == view.remote);
    }

    bool reached(const LadderMessage& message, std::size_t sender_side) const {
        return message.seen_order != 0 &&
               records_.is_node(message.seen_node, choice_.hosts.at(1 - sender_side).name);
    }

    void collect_message(std::size_t i) {
        const LadderMessage& message = records_.messages[i];
        const std::optional<LadderWay> way = ladder_way(records_, message, choice_);
        if (!way) {
            return;
        }
        const bool arrives = reached(message, way->from);
        // What was made between the two has no place to leave from: it is drawn where it arrives.
        if (!message.copy && !(way->middle && arrives)) {
            events_.push_back(
                {message.sent_order, message.sent, Kind::kDeparture, way->from, i, way->middle});
        }
        if (arrives) {
            events_.push_back(
                {message.seen_order, message.seen, Kind::kArrival, 1 - way->from, i, way->middle});
        }
    }

    void collect() {
        whole_.resize(records_.messages.size());
        label_.resize(records_.messages.size());
        for (std::size_t i = 0; i < records_.messages.size(); ++i) {
            collect_message(i);
        }
        const auto& notes = records_.notes;
        for (std::size_t i = 0; i < notes.size(); ++i) {
            for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
                if (belongs(notes[i], side) && !opens_another(i, side)) {
                    events_.push_back({notes[i].order, notes[i].at, Kind::kNote, side, i});
                    break;
                }
            }
        }
    }

    void find_arrivals() {
        arrival_.resize(records_.messages.size());
        for (std::size_t i = 0; i < events_.size(); ++i) {
            if (events_[i].kind == Kind::kArrival) {
                arrival_[events_[i].index] = i;
            }
        }
    }

    void label_all() {
        std::unordered_map<std::uint64_t, LadderLabel> by_uid;
        for (const Event& event : events_) {
            if (event.kind == Kind::kNote) {
                continue;
            }
            const LadderMessage& message = records_.messages[event.index];
            const wire::Packet& packet = message.packet;
            LadderLabel& label = label_[event.index];
            if (message.copy) {
                label = by_uid[packet.uid];
                label.text += " (copy)";
            } else if (packet.protocol == wire::Protocol::kIcmp) {
                label.text = icmp_label(packet.icmp);
            } else if (event.middle) {
                const bool departs = event.kind == Kind::kDeparture;
                label.text = labels_.stranger(packet.tcp, departs ? event.side : 1 - event.side);
            } else if (event.kind == Kind::kDeparture) {
                label = labels_.next(packet.tcp, event.side, message.options_cut);
                by_uid[packet.uid] = label;
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
                                   records_.messages[event.index].sent_order > own.order;
            if (overtakes || (event.kind == Kind::kArrival && event.side == own.side)) {
                return true;
            }
        }
        return false;
    }

    void departure(std::size_t i) {
        const Event& event = events_[i];
        const LadderMessage& message = records_.messages[event.index];
        const std::size_t arrival = arrival_[event.index];
        if (message.once && !message.dropped) {
            arrow_row(event, Arrow::kWhole);
            result_.rows.back().once = true;
            result_.rows.back().side_at = {event.at, event.at};
            result_.rows.back().side_order = {event.order, event.order};
            return;
        }
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
        result_.rows.back().side_order.at(1 - event.side) = message.seen_order;
        flights_.push_back(message.seen - message.sent);
    }

    void middle_row(const Event& event) {
        const LadderMessage& message = records_.messages[event.index];
        const bool arrives = event.kind == Kind::kArrival;
        LadderRow& row = arrow_row(event, arrives           ? Arrow::kWhole
                                          : message.dropped ? Arrow::kLost
                                                            : Arrow::kInFlight);
        if (!arrives) {
            row.side_at = {kNever, kNever};  // it left from neither side
            row.side_order = {};
        }
        const auto name = records_.names.find(message.maker);
        row.origin = name == records_.names.end() ? "?" : name->second;
    }

    static bool refused(const LadderMessage& message) {
        return message.dropped && message.drop_node == message.seen_node;
    }

    /// "queue full at r": a router's or firewall's drop says where.
    std::string reason_of(const LadderMessage& message) const {
        const auto name = records_.names.find(message.drop_node);
        const bool between = message.dropped && name != records_.names.end() &&
                             name->second != choice_.hosts[0].name &&
                             name->second != choice_.hosts[1].name;
        return between ? message.reason + " at " + name->second : message.reason;
    }

    /// A row for what happens at one side only: above what comes later there, such as the arrival
    /// of a whole arrow that left before.
    LadderRow& new_row(const Event& event) {
        constexpr std::size_t kLookBack = 256;
        std::size_t place = result_.rows.size();
        for (std::size_t back = 1; back <= std::min(result_.rows.size(), kLookBack); ++back) {
            const std::size_t i = result_.rows.size() - back;
            const std::uint64_t order = result_.rows[i].side_order.at(event.side);
            if (order > event.order) {
                place = i;
            } else if (order != 0) {
                break;
            }
        }
        const auto where = result_.rows.begin() + static_cast<std::ptrdiff_t>(place);
        LadderRow& row = *result_.rows.insert(where, LadderRow{});
        row.at = event.at;
        row.side_at.at(event.side) = event.at;
        row.side_order.at(event.side) = event.order;
        return row;
    }

    /// The row of a departure is always the last, and the one that tells its cause if that is it.
    LadderRow& arrow_row(const Event& event, Arrow arrow) {
        const LadderMessage& message = records_.messages[event.index];
        const bool reuse = !result_.rows.empty() && event.kind == Kind::kDeparture &&
                           !event.middle && result_.rows.back().arrow == Arrow::kNone &&
                           result_.rows.back().side_at.at(event.side) == event.at &&
                           result_.rows.back().side_at.at(1 - event.side) == kNever;
        LadderRow& row = reuse ? result_.rows.back() : new_row(event);
        row.at = event.at;
        row.arrow = arrow;
        row.refused = (arrow == Arrow::kWhole || arrow == Arrow::kArrives) && refused(message);
        row.leftwards = (event.kind == Kind::kDeparture) == (event.side == 1);
        row.again = label_[event.index].again;
        row.key = event.index + 1;
        row.label = label_[event.index].text;
        row.reason = reason_of(message);
        return row;
    }

    /// Is what this side does next, at the same moment, to send? Then the note at i is its cause.
    bool departs_next(std::size_t i) const {
        for (std::size_t next = i + 1; next < events_.size() && events_[next].at == events_[i].at;
             ++next) {
            const Event& event = events_[next];
            if (event.side != events_[i].side || event.middle) {
                continue;
            }
            if (event.kind != Kind::kNote || !records_.notes[event.index].is_state) {
                return event.kind == Kind::kDeparture;
            }
        }
        return false;
    }

    /// Beside what happened at that moment; a cause beside its effect, for which it has a row
    /// ready.
    void place_note(const Event& event, bool is_cause) {
        const LadderNote& note = records_.notes[event.index];
        if (note.is_state && result_.first_state.at(event.side).empty()) {
            result_.first_state.at(event.side) = note.from;
        }
        constexpr std::size_t kLookBack = 256;
        const std::size_t rows = result_.rows.size();
        for (std::size_t back = 1; back <= std::min(rows, kLookBack); ++back) {
            LadderRow& row = result_.rows[rows - back];
            const std::uint64_t order = row.side_order.at(event.side);
            if (order == 0 || order > event.order) {
                continue;
            }
            std::string& slot = slot_of(row, note, event.side);
            const bool departure = row.arrow != Arrow::kNone && row.leftwards == (event.side == 1);
            const bool apart =
                is_cause && row.arrow != Arrow::kNone && (departure || !note.is_state);
            if (row.side_at.at(event.side) != event.at || !slot.empty() || apart) {
                break;
            }
            slot = note.text;
            return;
        }
        slot_of(new_row(event), note, event.side) = note.text;
    }

    static std::string& slot_of(LadderRow& row, const LadderNote& note, std::size_t side) {
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

    void finish() {
        Time before = kNever;
        bool whole_ms = true;
        for (LadderRow& row : result_.rows) {
            if (before != kNever && row.at - before >= kSilenceMin &&
                row.at - before >= kSilenceFlights * result_.flight) {
                row.silence = row.at - before;
            }
            before = row.at;
            for (const Time at : row.side_at) {
                whole_ms = whole_ms && (at == kNever || to_ns(at) % 1'000'000 == 0);
            }
        }
        result_.digits = whole_ms ? 3 : 6;
    }

    const LadderRecords& records_;
    const LadderChoice& choice_;
    LadderLabels labels_;
    LadderConnection result_;
    std::vector<Event> events_;
    std::vector<std::size_t> arrival_;  // per message: its arrival's event; 0: none
    std::vector<bool> whole_;           // per message: drawn on one row
    std::vector<LadderLabel> label_;    // per message
    std::vector<Duration> flights_;
};

}  // namespace

LadderConnection ladder_rows(const LadderRecords& records, const LadderChoice& choice,
                             const LadderOptions& options) {
    LadderConnection connection = Rows(records, choice, options).build();
    if (options.rows_max > 0 && connection.rows.size() > options.rows_max) {
        connection.rows_left_out = connection.rows.size() - options.rows_max;
        connection.rows.resize(options.rows_max);
    }
    return connection;
}

/// Milliseconds where that says it all, else microseconds.
std::string ladder_time(Time at, int digits) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    if (at == kNever) {
        return {};
    }
    const std::int64_t ns = to_ns(at);
    return digits == 3 ? fmt::format("{}.{:03}", ns / kSecond, ns % kSecond / 1'000'000)
                       : fmt::format("{}.{:06}", ns / kSecond, ns % kSecond / 1000);
}

}  // namespace netsim::observe
