// What arrives at a host, seen before its TCP sees it.
#include "swarm/witness.hpp"

namespace netsim::swarm {

bool Witness::on_packet(const wire::Packet& packet) {
    if (packet.protocol != wire::Protocol::kTcp) {
        return false;
    }
    look_back();
    const wire::TcpHeader& h = packet.tcp;
    last_tuple_ = {{packet.destination, h.destination_port}, {packet.source, h.source_port}};
    last_seq_ = h.seq;
    if (h.fin()) {
        finished_.insert(last_tuple_);
    }
    if (h.syn() && !h.ack_flag()) {
        Opening& opening = openings_[last_tuple_];
        if (opening.isn != h.seq) {
            opening = {h.seq, false};
        }
        if (finished_.contains(last_tuple_)) {
            switch (state_of(last_tuple_)) {
                case tcp::State::kTimeWait:
                    opened_anew_.insert(last_tuple_);
                    break;
                case tcp::State::kSynReceived:  // the SYN again
                    break;
                default:
                    opened_anew_.erase(last_tuple_);
                    break;
            }
        }
    }
    return false;
}

const std::set<Tuple>& Witness::revived() {
    look_back();
    return revived_;
}

void Witness::look_back() {
    const tcp::Mibs& mib = host_.mibs();
    const std::uint64_t cookies = mib.get(tcp::Mib::kTcpExtSyncookiesRecv);
    const std::uint64_t opens = mib.get(tcp::Mib::kTcpPassiveOpens);
    if (cookies != cookies_ && opens != opens_) {
        Opening& opening = openings_[last_tuple_];
        if (opening.answered || last_seq_ != opening.isn + 1) {
            revived_.insert(last_tuple_);
        }
        opening.answered = true;
    }
    cookies_ = cookies;
    opens_ = opens;
}

tcp::State Witness::state_of(const Tuple& tuple) const {
    tcp::State state = tcp::State::kClosed;
    host_.for_each_socket([&](const tcp::SocketInfo& s) {
        if (s.local == tuple.first && s.remote == tuple.second) {
            state = s.state;
        }
    });
    return state;
}

}  // namespace netsim::swarm
