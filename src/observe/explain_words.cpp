// How an endpoint came to be, what it waits for, which timers run.
#include "observe/explain_words.hpp"

#include <fmt/format.h>

#include "netsim/result.hpp"

namespace netsim::observe {
namespace {

using tcp::EndpointKind;
using tcp::SocketHistory;
using tcp::SocketInfo;
using tcp::State;

std::string octets(std::uint64_t count) {
    return fmt::format("{} byte{}", count, count == 1 ? "" : "s");
}

/// The data that waits to be acknowledged, or what else it waits for once open.
std::string open_wait(const Explained& e) {
    const SocketInfo& s = e.socket;
    if (s.unacked > 0) {
        return fmt::format("It waits for {} to acknowledge {}.", e.there,
                           octets(s.send_queue - s.notsent));
    }
    if (s.notsent > 0) {
        return fmt::format("{} written by the application wait to be sent.", octets(s.notsent));
    }
    if (s.recv_queue > 0 && !s.history.fin_received) {
        return fmt::format("It waits for the application on {} to read {}.", e.here,
                           octets(s.recv_queue));
    }
    return "Nothing is on its way: it waits for either side to send or to close.";
}

void fin_wait_2(const Explained& e, Sentences& out) {
    out.push_back(fmt::format("Its FIN is acknowledged: it waits for {} to close, too.", e.there));
    if (!e.socket.orphan) {
        out.push_back(fmt::format(
            "The application on {} still holds the socket (half-close), so it may wait for ever: "
            "tcp_fin_timeout counts for orphans only.",
            e.here));
    }
}

void syn_received(const Explained& e, Sentences& out) {
    const SocketHistory& h = e.socket.history;
    if (e.socket.kind != EndpointKind::kRequest) {
        out.push_back(
            h.passive
                ? fmt::format("A Fast Open: it waits for {}'s ACK of the SYN-ACK.", e.there)
                : fmt::format("Both SYNs crossed: it waits for {}'s ACK of its SYN.", e.there));
        return;
    }
    out.push_back(fmt::format(
        "A half-open request: it waits in the SYN queue for the handshake's last ACK from {}.",
        e.there));
}

/// The record knows to the millisecond when it began.
Duration tenths(Duration duration) {
    constexpr Duration kTenth = std::chrono::milliseconds(100);
    return (duration + kTenth / 2) / kTenth * kTenth;
}

/// "retransmits 1 segment", for the timer the kernel calls write timer.
std::string_view write_timer_words(const Explained& e) {
    const std::string_view timer = e.socket.history.write_timer;
    if (timer == "window probe") {
        return "sends the next probe of the closed window";
    }
    if (timer == "reordering") {
        return "takes what was overtaken for lost";
    }
    if (timer == "loss probe") {
        return "sends a tail loss probe";
    }
    if (e.socket.kind == EndpointKind::kRequest) {
        return e.socket.history.deferred ? "looks at the deferred request again"
                                         : "repeats the SYN-ACK";
    }
    return e.socket.state == State::kSynSent ? "repeats the SYN"
                                             : "retransmits what is not acknowledged";
}

void give_up_sentence(const Explained& e, Sentences& out) {
    const SocketHistory& h = e.socket.history;
    if (h.gives_up_at == kNever) {
        return;
    }
    const std::string when =
        fmt::format("{} (in {})", at_text(h.gives_up_at), span_text(h.gives_up_at - e.now));
    if (e.socket.kind == EndpointKind::kRequest) {
        out.push_back("If the ACK does not come, the request is dropped " + when + ".");
        return;
    }
    const Errno error = h.soft_error != Errno::kOk ? h.soft_error : Errno::kETIMEDOUT;
    out.push_back(
        fmt::format("If {} stays silent, {} gives up {}{}.", e.there, e.here, when,
                    e.socket.orphan ? std::string() : fmt::format(" with {}", errno_name(error))));
}

}  // namespace

std::string span_text(Duration duration) {
    if (duration > Duration{0} && duration < std::chrono::milliseconds(1)) {
        return fmt::format("{} us", (duration.count() + 500) / 1000);
    }
    std::string digits = fmt::format("{:.3f}", to_seconds(duration));
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') {
        digits.pop_back();
    }
    return digits + " s";
}

std::string at_text(Time at) {
    return "at " + span_text(at - Time{});
}

void say_who_opened(const Explained& e, Sentences& out) {
    const SocketInfo& s = e.socket;
    const SocketHistory& h = s.history;
    if (s.state == State::kClosed) {
        return;
    }
    if (!h.passive && e.peer != nullptr && !e.peer->history.passive) {
        out.push_back(
            fmt::format("Opened by both at once: the SYNs of {} and {} crossed.", e.here, e.there));
    } else if (h.passive) {
        out.push_back(fmt::format("Opened by {}; {} is the listening side.", e.there, e.here));
    } else {
        out.push_back(fmt::format("Opened by {}.", e.here));
    }
    if (h.syn_retransmits > 0 && s.state != State::kSynReceived && s.state != State::kSynSent) {
        out.push_back(fmt::format("Its {} was repeated {} time{} on the way.",
                                  h.passive ? "SYN-ACK" : "SYN", h.syn_retransmits,
                                  h.syn_retransmits == 1 ? "" : "s"));
    }
}

void say_since(const Explained& e, Sentences& out) {
    const SocketHistory& h = e.socket.history;
    if (h.since != kNever) {
        out.push_back(fmt::format("In {} since {}, for {}.", tcp::rfc_name(e.socket.state),
                                  span_text(h.since - Time{}), span_text(e.now - h.since)));
    }
}

void say_who_closed(const Explained& e, Sentences& out) {
    const SocketInfo& s = e.socket;
    switch (s.state) {
        case State::kFinWait1:
        case State::kFinWait2:
            out.push_back(fmt::format("{} closed first; {} has not closed yet, as far as {} knows.",
                                      e.here, e.there, e.here));
            return;
        case State::kClosing:
            out.push_back(fmt::format("{} and {} closed at the same time: their FINs crossed.",
                                      e.here, e.there));
            return;
        case State::kTimeWait:
            if (e.peer != nullptr &&
                (e.peer->state == State::kTimeWait || e.peer->state == State::kClosing)) {
                out.push_back(fmt::format("{} and {} closed at the same time.", e.here, e.there));
            } else {
                out.push_back(fmt::format("{} closed first, {} too.", e.here, e.there));
            }
            return;
        case State::kCloseWait:
            out.push_back(
                fmt::format("{} closed first: its FIN is received and acknowledged.", e.there));
            return;
        case State::kLastAck:
            out.push_back(fmt::format("{} closed first, {} now too.", e.there, e.here));
            return;
        default:
            return;
    }
}

void say_what_it_waits_for(const Explained& e, Sentences& out) {
    const SocketInfo& s = e.socket;
    const SocketHistory& h = s.history;
    switch (s.state) {
        case State::kSynSent:
            out.push_back(fmt::format("It waits for {}'s SYN-ACK; {} SYN{} so far.", e.there,
                                      h.syn_retransmits + 1,
                                      h.syn_retransmits == 0 ? " was sent" : "s were sent"));
            return;
        case State::kSynReceived:
            return syn_received(e, out);
        case State::kEstablished:
            if (h.in_accept_queue) {
                out.push_back("It waits in the accept queue for the application to call accept().");
            }
            out.push_back(open_wait(e));
            return;
        case State::kFinWait1:
            out.push_back(h.fin_sent
                              ? fmt::format("It waits for {} to acknowledge its FIN.", e.there)
                              : fmt::format("Its FIN waits behind {} that {} must take first.",
                                            octets(s.notsent), e.there));
            return;
        case State::kFinWait2:
            return fin_wait_2(e, out);
        case State::kCloseWait:
            out.push_back(
                fmt::format("It waits for the application on {} to call close(); no timer "
                            "ends this state.",
                            e.here));
            return;
        case State::kClosing:
        case State::kLastAck:
            out.push_back(fmt::format("It waits for {} to acknowledge its FIN.", e.there));
            return;
        case State::kTimeWait:
            out.push_back(fmt::format(
                "It waits so that a FIN sent again by {} is answered and old duplicates die before "
                "these ports connect anew.",
                e.there));
            return;
        case State::kClosed:
            out.push_back(
                fmt::format("The connection is over; the application on {} still holds "
                            "the socket.",
                            e.here));
            return;
        case State::kListen:
            return;
    }
}

void say_timers(const Explained& e, Sentences& out) {
    const SocketInfo& s = e.socket;
    const SocketHistory& h = s.history;
    const auto timer = [&](Time at, std::string_view name, std::string_view what) {
        if (at != kNever) {
            out.push_back(fmt::format("The {} timer {} {} (in {}).", name, what, at_text(at),
                                      span_text(std::max(at - e.now, Duration{0}))));
        }
    };
    timer(h.write_at, h.write_timer == "window probe" ? "persist" : h.write_timer,
          write_timer_words(e));
    timer(h.delack_at, "delayed-ACK", "sends the ACK that is owed");
    if (s.state == State::kFinWait2 && s.orphan && s.kind == EndpointKind::kConnection) {
        timer(h.keepalive_at, "FIN-WAIT-2", "(tcp_fin_timeout) takes its next step");
    } else if (s.state != State::kSynSent) {
        timer(
            h.keepalive_at, "keepalive",
            h.keepalive_probes > 0 ? "sends the next probe" : "probes if nothing comes until then");
    }
    if (h.record_at != kNever) {
        out.push_back(fmt::format(
            "The record goes {} (in {}): {}.", at_text(h.record_at), span_text(h.record_at - e.now),
            s.state == State::kTimeWait
                ? fmt::format("TIME-WAIT lasts {}", span_text(tenths(h.record_at - h.since)))
                : std::string("tcp_fin_timeout of an orphan")));
    }
    give_up_sentence(e, out);
    const bool none = h.write_at == kNever && h.delack_at == kNever && h.keepalive_at == kNever &&
                      h.record_at == kNever;
    if (none && s.state == State::kEstablished) {
        out.push_back("No timer runs: it can stay like this for ever.");
    }
}

void say_the_other_end(const Explained& e, Sentences& out) {
    if (!e.peer_known || e.socket.state == State::kClosed) {
        return;
    }
    if (e.peer != nullptr) {
        out.push_back(
            fmt::format("At the other end {} is in {}.", e.there, tcp::rfc_name(e.peer->state)));
    } else if (e.socket.state != State::kTimeWait && e.socket.state != State::kSynSent &&
               e.socket.kind == EndpointKind::kConnection) {
        out.push_back(fmt::format(
            "At the other end {} has no connection with these addresses and ports: it is gone "
            "there, or a NAT stands between.",
            e.there));
    }
}

}  // namespace netsim::observe
