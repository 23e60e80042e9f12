// Signed segments.
#include "tcp/md5_signature.hpp"

#include "tcp/actions.hpp"
#include "tcp/listeners.hpp"
#include "tcp/sockets.hpp"
#include "tcp/stack.hpp"
#include "wire/md5.hpp"

namespace netsim::tcp {

const Md5Key* key_of(const StackState& s, const RequestSock& req) {
    return s.md5_needed ? s.listeners.at(req.listener).md5.find(req.tuple.remote) : nullptr;
}

const Md5Key* key_of(const StackState& s, const TimeWait& tw) {
    return tw.signs ? &s.time_wait_keys.at(find_record(s, tw.tuple)->index()) : nullptr;
}

void sign(const StackState& s, wire::Packet& p, const Md5Key* key) {
    if (key == nullptr) {
        return;
    }
    p.tcp.options |= wire::option::kMd5;
    p.tcp.digest.bytes = wire::tcp_md5_digest(p, s.bytes, key->secret);
}

bool judge_signature(Context& cx, const wire::Packet& packet, const Md5Key* key) {
    if (!packet.tcp.has_option(wire::option::kMd5)) {
        cx.s.mib.add(Mib::kTcpExtTCPMD5NotFound);
        drop(cx, Drop::kMd5NotFound);
        return true;
    }
    if (key == nullptr) {
        cx.s.mib.add(Mib::kTcpExtTCPMD5Unexpected);
        drop(cx, Drop::kMd5Unexpected);
        return true;
    }
    if (packet.tcp.digest.bytes != wire::tcp_md5_digest(packet, cx.s.bytes, key->secret)) {
        cx.s.mib.add(Mib::kTcpExtTCPMD5Failure);
        drop(cx, Drop::kMd5Failure);
        return true;
    }
    return false;
}

ResetKey key_of_reset(StackState& s, const wire::Packet& packet) {
    if (!s.md5_needed && !packet.tcp.has_option(wire::option::kMd5)) {
        return {};
    }
    const FourTuple tuple = tuple_of(packet);
    const auto record = find_record(s, tuple);
    if (record && record->kind() == RecordKind::kConnection) {
        return {key_of(s.connections.at(record->index()))};
    }
    if (record && record->kind() == RecordKind::kRequest) {
        return {key_of(s, s.requests.at(record->index()))};
    }
    if (const Listener* listener = record ? nullptr : find_listener(s, tuple)) {
        return {listener->md5.find(tuple.remote)};
    }
    if (!packet.tcp.has_option(wire::option::kMd5)) {
        return {};
    }
    // The connection is gone. Where both ends listen on one port, as BGP speakers do, the listener
    // on the peer's port may still know the key.
    FourTuple mirrored = tuple;
    mirrored.local_port = tuple.remote_port;
    const Listener* listener = find_listener(s, mirrored);
    const Md5Key* key = listener != nullptr ? listener->md5.find(tuple.remote) : nullptr;
    const bool good = key != nullptr &&
                      packet.tcp.digest.bytes == wire::tcp_md5_digest(packet, s.bytes, key->secret);
    return {key, !good};
}

void inherit_key(const Listener& listener, Connection& c) {
    if (const Md5Key* key = listener.md5.find(c.tuple.remote)) {
        c.edit_rare().md5 = std::make_unique<Md5Keys>();
        c.rare().md5->set({{c.tuple.remote, 32}, key->secret});
    }
}

void keep_key(StackState& s, const Connection& c, TimeWait& tw, std::uint32_t index) {
    if (const Md5Key* key = key_of(c)) {
        tw.signs = true;
        s.time_wait_keys[index] = *key;
    }
}

Result<void> Stack::set_md5_key(SocketId socket, Prefix peers, std::string_view key) {
    constexpr std::size_t kLongest = 80;  // TCP_MD5SIG_MAXKEYLEN
    StackState& s = *state_;
    Listener* listener = find_any_listener(s, socket);
    Connection* c = find_connection(s, socket);
    if (listener == nullptr && c == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (key.size() > kLongest || peers.length > 32) {
        return fail(Errno::kEINVAL);
    }
    peers.address.bits &= peers.mask();
    if (listener == nullptr && !c->rare().md5) {
        c->edit_rare().md5 = std::make_unique<Md5Keys>();
    }
    Md5Keys& keys = listener != nullptr ? listener->md5 : *c->rare().md5;
    if (key.empty()) {
        return keys.remove(peers) ? Result<void>{} : fail(Errno::kENOENT);
    }
    s.md5_needed = true;
    keys.set({peers, std::string(key)});
    return {};
}

void Stack::use_bytes(const wire::ByteStore& bytes) {
    state_->bytes = &bytes;
}

}  // namespace netsim::tcp
