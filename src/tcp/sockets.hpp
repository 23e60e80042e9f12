// From a descriptor to its record.
#pragma once

#include <utility>

#include "tcp/stack_state.hpp"

namespace netsim::tcp {

inline const SocketEntry* find_entry(const StackState& s, SocketId socket) {
    return s.sockets.find(Id<SocketEntry>{socket.index, socket.generation});
}

/// The connection behind the descriptor; null if it names none, or a listener.
inline Connection* find_connection(StackState& s, SocketId socket) {
    const SocketEntry* entry = find_entry(s, socket);
    return entry != nullptr && !entry->is_listener ? &s.connections.at(entry->index) : nullptr;
}

inline const Connection* find_connection(const StackState& s, SocketId socket) {
    const SocketEntry* entry = find_entry(s, socket);
    return entry != nullptr && !entry->is_listener ? &s.connections.at(entry->index) : nullptr;
}

/// The listener behind the descriptor; null if it names none, or a connection.
inline Listener* find_any_listener(StackState& s, SocketId socket) {
    const SocketEntry* entry = find_entry(s, socket);
    return entry != nullptr && entry->is_listener ? &s.listeners.at(entry->index) : nullptr;
}

inline const Listener* find_any_listener(const StackState& s, SocketId socket) {
    const SocketEntry* entry = find_entry(s, socket);
    return entry != nullptr && entry->is_listener ? &s.listeners.at(entry->index) : nullptr;
}

/// Takes and clears the pending error. Linux sock_error().
inline Errno take_error(Connection& c) {
    return std::exchange(c.error, Errno::kOk);
}

}  // namespace netsim::tcp
