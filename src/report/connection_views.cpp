// A tracked connection as the report lists it.
#include <algorithm>

#include "net/node.hpp"
#include "observe/ladder_labels.hpp"
#include "observe/tcpdump.hpp"
#include "report/tracked.hpp"

namespace netsim::report {
namespace {

bool was(std::string_view cause, std::initializer_list<std::string_view> causes) {
    return std::find(causes.begin(), causes.end(), cause) != causes.end();
}

}  // namespace

SegmentView ConnectionLog::view(const Tracked& one, const Segment& segment) const {
    SegmentView out;
    out.end = segment.end;
    out.sent = segment.sent;
    out.seen = segment.seen;
    out.again = segment.again;
    if (segment.icmp == 0) {
        const wire::TcpHeader& tcp = segment.tcp;
        out.flags = observe::flag_letters(tcp.flags);
        out.seq = tcp.seq.raw();
        out.ack = tcp.ack_flag() ? tcp.ack.raw() : 0;
        out.length = tcp.payload.length;
        out.window = tcp.window;
        out.options = observe::options_text(tcp, 0);
        if (segment.end < 2) {
            const auto& own = one.ends.at(segment.end).base;
            const auto& other = one.ends.at(1U - segment.end).base;
            if (own) {
                out.rel_seq = tcp.seq.raw() - own->raw();
            }
            if (tcp.ack_flag() && other) {
                out.rel_ack = tcp.ack.raw() - other->raw();
            }
        }
    } else {
        out.note = words_[segment.icmp];
    }
    if (segment.dropped) {
        out.drop = SegmentDrop{words_[segment.reason], nodes_.find(segment.drop_node)};
    }
    if (segment.copied) {
        out.note += (out.note.empty() ? "" : "; ") + std::string("copied by a link");
    }
    const auto maker = nodes_.find(segment.maker);
    if (segment.end < 2 && maker && one.ends.at(segment.end).node != maker) {
        out.note +=
            (out.note.empty() ? "" : "; ") + std::string("made by ") + nodes_[*maker].node->name();
    }
    return out;
}

namespace {

std::string_view outcome_of(std::string_view state, std::string_view before,
                            std::string_view cause) {
    if (state == "SYN-SENT") {
        return "no answer";
    }
    if (state == "CLOSED" && before == "SYN-SENT") {
        return was(cause, {"rcv RST", "ICMP error"}) ? "refused" : "no answer";
    }
    if (state == "CLOSED" && was(cause, {"rcv RST", "abort"})) {
        return "reset";
    }
    if (state == "CLOSED" && was(cause, {"time-out", "ICMP error"})) {
        return "timed out";
    }
    return state == "CLOSED" || state == "TIME-WAIT" ? "closed" : "open";
}

}  // namespace

ConnectionView ConnectionLog::view(const Tracked& one) const {
    ConnectionView out;
    out.id = one.id;
    out.unusual = one.unusual;
    for (std::size_t i = 0; i < 2; ++i) {
        out.ends.at(i) = {one.ends.at(i).node, to_string(one.ends.at(i).local)};
    }
    // How it went for who opened; if that end knows nothing, or is content, for the other.
    const Tracked::End& a = one.ends[0];
    const Tracked::End& b = one.ends[1];
    out.outcome = a.state.empty() ? (b.state.empty() ? "no answer" : "open")
                                  : outcome_of(a.state, a.before, a.cause);
    const std::string_view other = outcome_of(b.state, b.before, b.cause);
    if (b.state == "CLOSED" &&
        (a.state.empty() || out.outcome == "closed" || out.outcome == "open") &&
        other != "no answer") {
        out.outcome =
            other == "closed" && out.outcome == "open" && !a.state.empty() ? "open" : other;
    }
    if (a.state == "SYN-SENT" && one.total == 1) {
        out.outcome = "open";  // its first SYN may still be answered
    }
    out.states = one.states;
    out.segments_total = one.total;
    out.segments_first =
        one.total > one.segments.size() ? limits_.segments_first : one.segments.size();
    std::vector<const Segment*> order;
    for (const Segment& segment : one.segments) {
        order.push_back(&segment);
    }
    std::sort(order.begin(), order.end(),
              [](const Segment* x, const Segment* y) { return x->number < y->number; });
    observe::LadderLabels labels{LadderOptions{}};
    for (const Segment* segment : order) {
        out.segments.push_back(view(one, *segment));
        const bool from_start = segment->number < limits_.segments_first;
        if (from_start && segment->icmp == 0 && segment->end < 2 &&
            out.segments.back().note.empty()) {
            out.segments.back().note = labels.next(segment->tcp, segment->end).remark;
        }
    }
    return out;
}

}  // namespace netsim::report
