// From the model's words to the tracepoints'.
#include "replay/witness.hpp"

#include <algorithm>

#include "net/node.hpp"
#include "replay/relay.hpp"
#include "tcp/state.hpp"
#include "wire/packet.hpp"

namespace netsim::replay {

namespace {

/// inet_sock_set_state's names. A mini-socket is no socket there: TIME-WAIT is a close.
std::string kernel_name(std::string_view rfc) {
    if (rfc == "CLOSED" || rfc == "TIME-WAIT") {
        return "CLOSE";
    }
    if (rfc == "SYN-RECEIVED") {
        return "SYN_RECV";
    }
    if (rfc == "FIN-WAIT-1") {
        return "FIN_WAIT1";
    }
    if (rfc == "FIN-WAIT-2") {
        return "FIN_WAIT2";
    }
    std::string name(rfc);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

}  // namespace

Witness::Witness(const host::Host& client, const host::Host& server)
    : client_(client), server_(server) {}

void Witness::tell(Milliseconds at, const Key& key, const std::string& from,
                   const std::string& to) {
    last_[key] = to;
    transitions_.push_back(
        {at, key.first, to_string(key.second.first), to_string(key.second.second), from, to});
}

void Witness::on_state(const sim::StateRecord& record) {
    const Side side = record.node == client_.id() ? Side::kClient : Side::kServer;
    const Key key{side, {record.local, record.remote}};
    const std::string from = kernel_name(record.from);
    const std::string to = kernel_name(record.to);
    const Milliseconds at = to_recorded(record.at);
    const bool was_opening = last_[key] == "SYN_SENT" || last_[key] == "SYN_RECV";
    const bool fast_open = record.cause == tcp::to_string(tcp::Cause::kFastOpen);
    if (to == "SYN_RECV" && from == "LISTEN" && !fast_open) {
        return;  // a half-open request
    }
    if (from == "SYN_RECV" && !was_opening) {
        if (to == "CLOSE") {
            return;  // the request died
        }
        tell(at, key, "LISTEN", "SYN_RECV");  // its child
    }
    if (record.from == "TIME-WAIT" || (from == "FIN_WAIT2" && last_[key] == "CLOSE")) {
        return;  // of a mini-socket
    }
    tell(at, key, from, to);
    settle();
}

void Witness::note_no_port(const host::Host& host) {
    const Side side = &host == &client_ ? Side::kClient : Side::kServer;
    const Milliseconds at = to_recorded(host.fabric().sim.now());
    transitions_.push_back({at, side, "", "", "CLOSE", "SYN_SENT"});
    transitions_.push_back({at, side, "", "", "SYN_SENT", "CLOSE"});
}

void Witness::settle() {
    for (auto& [key, state] : last_) {
        if (state != "FIN_WAIT2") {
            continue;
        }
        const Endpoint local = key.second.first;
        const Endpoint remote = key.second.second;
        bool mini = false;
        host(key.first).for_each_socket([&](const tcp::SocketInfo& info) {
            mini = mini || (info.kind == tcp::EndpointKind::kTimeWait && info.local == local &&
                            info.remote == remote);
        });
        if (mini) {
            const Milliseconds at = to_recorded(host(key.first).fabric().sim.now());
            transitions_.push_back(
                {at, key.first, to_string(local), to_string(remote), "FIN_WAIT2", "CLOSE"});
            state = "CLOSE";
        }
    }
}

void Witness::on_packet(const sim::PacketRecord& record) {
    const bool at_client = record.node == client_.id();
    if ((!at_client && record.node != server_.id()) ||
        record.packet->protocol != wire::Protocol::kTcp) {
        return;
    }
    const Side side = at_client ? Side::kClient : Side::kServer;
    const wire::Packet& packet = *record.packet;
    const wire::TcpHeader& h = packet.tcp;
    const Milliseconds at = to_recorded(record.at);
    if (record.event == sim::PacketEvent::kSent && h.rst()) {
        resets_.push_back({at, side, "send_reset", {}});
    }
    if (record.event != sim::PacketEvent::kReceived) {
        return;
    }
    arrivals_[static_cast<std::size_t>(side)].push_back(at);
    const Endpoint local{packet.destination, h.destination_port};
    const Endpoint remote{packet.source, h.source_port};
    host(side).for_each_socket([&](const tcp::SocketInfo& info) {
        if (info.state == tcp::State::kEstablished && info.local == local &&
            info.remote == remote) {
            segments_.push_back({at, side, h.payload.length, info});
        }
    });
}

}  // namespace netsim::replay
