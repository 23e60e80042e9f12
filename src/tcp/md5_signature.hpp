// TCP_MD5SIG (RFC 2385): which key a segment is signed with, and whether one that arrives is signed
// as it must be. The BGP sessions of the world run over it.
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

inline constexpr std::uint32_t kMd5OptionLength = 20;  // with the padding

/// The key for the connection's peer; null: segments are not signed.
inline const Md5Key* key_of(const Connection& c) {
    return c.rare().md5 ? c.rare().md5->find(c.tuple.remote) : nullptr;
}

/// A half-open request's is its listener's.
const Md5Key* key_of(const StackState& s, const RequestSock& req);
const Md5Key* key_of(const StackState& s, const TimeWait& tw);

/// What the option takes of each segment.
inline std::uint32_t signature_length(const Connection& c) {
    return key_of(c) != nullptr ? kMd5OptionLength : 0;
}

/// What of it snd_mss does not allow for: an active open forgets it when the SYN-ACK has come
/// (tcp_rcv_synsent_state_process() sets tcp_header_len anew).
inline std::uint32_t unexpected_signature_length(const Connection& c) {
    return c.passive ? 0 : signature_length(c);
}

/// Announces a signature, so that the other options know what room is left.
inline void reserve_signature(wire::TcpHeader& h, const Md5Key* key) {
    if (key != nullptr) {
        h.options |= wire::option::kMd5;
    }
}

/// Signs. Nothing may be changed afterwards. No key: does nothing.
void sign(const StackState& s, wire::Packet& p, const Md5Key* key);

/// Drops, counting why, a segment that is signed without a key, not signed although there is one,
/// or signed by another (RFC 2385 §3). Linux tcp_inbound_hash().
bool judge_signature(Context& cx, const wire::Packet& packet, const Md5Key* key);

inline bool refuse_signature(Context& cx, const wire::Packet& packet, const Md5Key* key) {
    const bool unsigned_as_expected = key == nullptr && !packet.tcp.has_option(wire::option::kMd5);
    return !unsigned_as_expected && judge_signature(cx, packet, key);
}

/// The key of a RST that answers `packet`.
struct ResetKey {
    const Md5Key* key = nullptr;
    bool silent = false;  // a signed segment that nobody here can check: no RST
};

/// Linux tcp_v4_send_reset()
ResetKey key_of_reset(StackState& s, const wire::Packet& packet);

/// A child signs with its listener's key for this peer, and no other. Linux tcp_v4_syn_recv_sock().
void inherit_key(const Listener& listener, Connection& c);
/// The record goes on signing. Linux tcp_time_wait_init().
void keep_key(StackState& s, const Connection& c, TimeWait& tw, std::uint32_t index);

}  // namespace netsim::tcp
