// Below a host's TCP, looking on: which arriving segments make Linux do what a plain oracle would
// call wrong. Two cases, each told from the packets alone.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "host/host.hpp"

namespace netsim::swarm {

/// Local and remote end, as the witness's host sees them.
using Tuple = std::pair<Endpoint, Endpoint>;

class Witness final : public host::PacketTap {
 public:
    explicit Witness(host::Host& host) : host_(host) { host.add_tap(*this); }

    bool on_packet(const wire::Packet& packet) override;

    /// Half-open: its SYN met a TIME-WAIT record and so passed the full SYN queue (facts §8).
    bool opened_anew(const Tuple& tuple) const { return opened_anew_.contains(tuple); }

    /// A SYN cookie is checked by ACK - SEQ: a late segment of a connection that came by a cookie,
    /// has sent as much as it received, and was closed, passes for the handshake's last ACK, and
    /// what follows is another stream to both ends. Linux's check is the same
    /// (__cookie_v4_check()); tests/packetdrill/cookies/late_segment_revives.pkt shows it.
    const std::set<Tuple>& revived();

 private:
    struct Opening {
        wire::SeqNum isn;
        bool answered = false;  // a cookie ACK has made this SYN's connection
    };

    /// What the segment seen last has done.
    void look_back();
    tcp::State state_of(const Tuple& tuple) const;

    host::Host& host_;
    std::map<Tuple, Opening> openings_;  // the latest SYN
    std::set<Tuple> finished_;           // a FIN has come: only then can there be a TIME-WAIT
    std::set<Tuple> opened_anew_;
    std::set<Tuple> revived_;
    Tuple last_tuple_;
    wire::SeqNum last_seq_;
    std::uint64_t cookies_ = 0;
    std::uint64_t opens_ = 0;
};

}  // namespace netsim::swarm
