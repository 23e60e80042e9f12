// A segment in the middle of a connection proves that it is established; a FIN counts when all
// before it has come.
#include "observe/inferred_states.hpp"

namespace netsim::observe {

std::optional<InferredChange> InferredStates::enter(Side& side, std::string_view state,
                                                    std::string_view before) {
    const InferredChange change{side.state.empty() ? before : side.state, state};
    side.state = state;
    return change;
}

std::optional<InferredChange> InferredStates::peer_closed(Side& side) {
    side.peer_fin.reset();
    if (side.state == "ESTABLISHED" || side.state == "SYN-RECEIVED") {
        return enter(side, "CLOSE-WAIT");
    }
    if (side.state == "FIN-WAIT-1") {
        return enter(side, "CLOSING");
    }
    return side.state == "FIN-WAIT-2" ? enter(side, "TIME-WAIT") : std::nullopt;
}

std::optional<InferredChange> InferredStates::sends(std::size_t side, const wire::TcpHeader& tcp) {
    Side& own = sides_.at(side);
    if (tcp.rst()) {
        return own.state.empty() || own.state == "CLOSED" ? std::nullopt : enter(own, "CLOSED");
    }
    const bool idle = own.state.empty() || own.state == "CLOSED" || own.state == "TIME-WAIT";
    if (tcp.syn()) {
        own.syn_end = tcp.seq + 1;
        if (!tcp.ack_flag()) {
            own.fin_end.reset();
            return idle ? enter(own, "SYN-SENT", "CLOSED") : std::nullopt;
        }
        return idle || own.state == "SYN-SENT" ? enter(own, "SYN-RECEIVED", "LISTEN")
                                               : std::nullopt;
    }
    if (own.state.empty()) {
        static_cast<void>(enter(own, "ESTABLISHED"));
        if (!tcp.fin()) {
            return InferredChange{"", "ESTABLISHED"};
        }
    }
    if (tcp.fin() && !own.fin_end) {
        own.fin_end = tcp.end_seq();
        if (own.state == "ESTABLISHED" || own.state == "SYN-RECEIVED") {
            return enter(own, "FIN-WAIT-1");
        }
        if (own.state == "CLOSE-WAIT") {
            return enter(own, "LAST-ACK");
        }
    }
    // What it acknowledges, it has got.
    return own.peer_fin && tcp.ack_flag() && !wire::before(tcp.ack, *own.peer_fin)
               ? peer_closed(own)
               : std::nullopt;
}

std::optional<InferredChange> InferredStates::gets(std::size_t side, const wire::TcpHeader& tcp) {
    Side& own = sides_.at(side);
    if (tcp.rst()) {
        return own.state.empty() || own.state == "CLOSED" ? std::nullopt : enter(own, "CLOSED");
    }
    if (!own.peer_known || tcp.syn()) {
        own.peer_known = true;
        own.expected = tcp.seq;
    }
    if (!wire::after(tcp.seq, own.expected)) {
        own.expected = wire::later(own.expected, tcp.end_seq());
    }
    if (tcp.syn()) {
        const bool answer = tcp.ack_flag() && tcp.ack == own.syn_end &&
                            (own.state == "SYN-SENT" || own.state == "SYN-RECEIVED");
        return answer ? enter(own, "ESTABLISHED") : std::nullopt;
    }
    if (own.state.empty()) {
        static_cast<void>(enter(own, "ESTABLISHED"));
        if (!tcp.fin()) {
            return InferredChange{"", "ESTABLISHED"};
        }
    }
    if (tcp.fin()) {
        own.peer_fin = tcp.end_seq();
    }
    const std::string_view before = own.state;
    if (tcp.ack_flag() && own.state == "SYN-RECEIVED" && !wire::before(tcp.ack, own.syn_end)) {
        static_cast<void>(enter(own, "ESTABLISHED"));
    }
    if (tcp.ack_flag() && own.fin_end && !wire::before(tcp.ack, *own.fin_end)) {
        if (own.state == "FIN-WAIT-1") {
            static_cast<void>(enter(own, "FIN-WAIT-2"));
        } else if (own.state == "CLOSING") {
            static_cast<void>(enter(own, "TIME-WAIT"));
        } else if (own.state == "LAST-ACK") {
            static_cast<void>(enter(own, "CLOSED"));
        }
    }
    if (own.peer_fin && !wire::before(own.expected, *own.peer_fin - 1)) {
        static_cast<void>(peer_closed(own));
    }
    return own.state == before ? std::nullopt : std::optional(InferredChange{before, own.state});
}

}  // namespace netsim::observe
