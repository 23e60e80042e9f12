// What an experienced eye would stop at: each is a condition on the endpoint's own state.
#include <fmt/format.h>

#include <algorithm>

#include "netsim/result.hpp"
#include "observe/explain_words.hpp"

namespace netsim::observe {
namespace {

using tcp::EndpointKind;
using tcp::SocketHistory;
using tcp::SocketInfo;
using tcp::State;

constexpr auto kLongClosed = std::chrono::seconds(1);  // for an application to notice end of file

std::string count_of(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string times(std::uint64_t count) {
    return count == 1 ? "once" : fmt::format("{} times", count);
}

void unusual(Sentences& out, const std::string& text) {
    out.push_back("Unusual: " + text);
}

void half_open(const Explained& e, Sentences& out) {
    const SocketHistory& h = e.socket.history;
    if (h.deferred) {
        unusual(out, "the last ACK came without data, and TCP_DEFER_ACCEPT waits for data.");
    } else if (h.last_ack_refused) {
        unusual(out, fmt::format("{}'s last ACK came and was thrown away, for the accept queue was "
                                 "full: {} believes the connection is open.",
                                 e.there, e.there));
    }
    if (h.syn_retransmits > 0 && !h.last_ack_refused) {
        unusual(out, fmt::format("the SYN-ACK has been repeated {}: no ACK comes from {} (lost, "
                                 "filtered, or its address was forged).",
                                 times(h.syn_retransmits), e.there));
    }
}

void retransmitting(const Explained& e, Sentences& out) {
    const SocketInfo& s = e.socket;
    const SocketHistory& h = s.history;
    if (s.state == State::kSynSent) {
        if (h.syn_retransmits > 0) {
            unusual(out, fmt::format("no answer to {}; the next one is {} after the last.",
                                     count_of(h.syn_retransmits + 1, "SYN"), span_text(s.rto)));
        }
        return;
    }
    if (h.retransmits > 0 && s.state != State::kSynReceived) {
        unusual(out, fmt::format("the retransmission timer has expired {} in a row{}: the RTO has "
                                 "backed off to {}.",
                                 times(h.retransmits),
                                 h.retransmitting_since == kNever
                                     ? std::string()
                                     : " since " + span_text(h.retransmitting_since - Time{}),
                                 span_text(s.rto)));
    } else if (s.retrans > 0 || s.lost > 0) {
        unusual(out, fmt::format("{} are taken for lost, {} sent again are on their way ({}).",
                                 count_of(s.lost, "segment"), s.retrans, s.ca_state));
    }
}

void windows(const Explained& e, Sentences& out) {
    const SocketInfo& s = e.socket;
    const SocketHistory& h = s.history;
    if (s.snd_wnd == 0 && s.send_queue > 0 && s.state != State::kSynSent &&
        s.state != State::kSynReceived) {
        unusual(out, fmt::format(
                         "{} has closed its window: {} wait, {} unanswered. Its application "
                         "does not read.",
                         e.there, count_of(s.notsent, "byte"), count_of(h.window_probes, "probe")));
    }
    if (s.rcv_wnd == 0 && s.recv_queue > 0) {
        unusual(out, fmt::format("{} has closed its own window: {} received are not read by its "
                                 "application.",
                                 e.here, count_of(s.recv_queue, "byte")));
    }
}

void closing(const Explained& e, Sentences& out) {
    const SocketInfo& s = e.socket;
    const SocketHistory& h = s.history;
    const bool long_ago = h.since != kNever && e.now - h.since >= kLongClosed;
    if (s.state == State::kCloseWait && long_ago) {
        unusual(out, fmt::format("the application on {} has not called close() in {}: a leaked "
                                 "descriptor looks like this.",
                                 e.here, span_text(e.now - h.since)));
    }
    if (s.state == State::kFinWait2 && !s.orphan && long_ago) {
        unusual(out, fmt::format("{} has sent no FIN for {}: its application still has the socket "
                                 "open, or the host is gone.",
                                 e.there, span_text(e.now - h.since)));
    }
    if (s.orphan && s.kind == EndpointKind::kConnection) {
        unusual(out, fmt::format("an orphan: the application on {} has let it go, no process owns "
                                 "it (tcp_max_orphans, tcp_orphan_retries).",
                                 e.here));
    }
}

void accepting(const Explained& e, Sentences& out) {
    const SocketHistory& h = e.socket.history;
    if (h.in_accept_queue && h.since != kNever && e.now - h.since >= kLongClosed) {
        unusual(out, fmt::format("for {} the application on {} has not called accept().",
                                 span_text(e.now - h.since), e.here));
    }
}

}  // namespace

void say_what_is_unusual(const Explained& e, Sentences& out) {
    const SocketInfo& s = e.socket;
    const SocketHistory& h = s.history;
    if (s.kind == EndpointKind::kRequest) {
        return half_open(e, out);
    }
    if (s.kind == EndpointKind::kTimeWait) {
        return;
    }
    if (h.error != Errno::kOk) {
        unusual(out, fmt::format("the next call on the socket reports {} ({}).",
                                 errno_name(h.error), errno_text(h.error)));
    }
    if (s.state == State::kClosed) {
        return;
    }
    if (h.soft_error != Errno::kOk) {
        unusual(out, fmt::format("an ICMP error came: {} ({}) will be reported if retries run out.",
                                 errno_name(h.soft_error), errno_text(h.soft_error)));
    }
    retransmitting(e, out);
    windows(e, out);
    if (h.keepalive_probes > 0) {
        unusual(out, fmt::format("{} unanswered: {} is silent.",
                                 count_of(h.keepalive_probes, "keepalive probe"), e.there));
    }
    accepting(e, out);
    closing(e, out);
}

void say_listener(const Explained& e, Sentences& out) {
    const SocketInfo& s = e.socket;
    out.push_back(fmt::format("Accept queue: {} of at most {} wait for accept() (backlog {}).",
                              s.recv_queue, s.send_queue + 1, s.send_queue));
    out.push_back(
        fmt::format("SYN queue: {} half-open of at most {}, {} of them young (their "
                    "SYN-ACK was not yet repeated).",
                    s.syn_queue, s.history.syn_queue_limit, s.syn_queue_young));
    if (s.recv_queue > s.send_queue) {
        const bool aborts = e.host.sysctl().tcp_abort_on_overflow != 0;
        unusual(out, std::string("the accept queue is full: SYNs are dropped, and the last ACKs of "
                                 "handshakes are ") +
                         (aborts ? "answered by a RST (tcp_abort_on_overflow 1)."
                                 : "dropped (tcp_abort_on_overflow 0): those clients believe they "
                                   "are connected."));
    }
    if (s.syn_queue >= s.history.syn_queue_limit) {
        const bool cookies = e.host.sysctl().tcp_syncookies != 0;
        unusual(out, std::string("the SYN queue is full: SYNs are ") +
                         (cookies ? "answered with SYN cookies." : "dropped (tcp_syncookies 0)."));
    }
    if (s.history.last_cookie_at != kNever) {
        out.push_back(fmt::format("It last answered a SYN with a cookie {}.",
                                  at_text(s.history.last_cookie_at)));
    }
}

}  // namespace netsim::observe
