// Finding the endpoints of a query, and their paragraphs.
#include "observe/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "observe/explain_words.hpp"

namespace netsim::observe {
namespace {

using tcp::EndpointKind;
using tcp::SocketInfo;
using tcp::State;

std::string name_or_address(const ExplainWorld& world, Ipv4 address) {
    const std::string_view name = world.name_of(address);
    return name.empty() ? to_string(address) : std::string(name);
}

bool asked_for(const SocketInfo& socket, const ExplainQuery& query) {
    if (socket.local.port != query.port) {
        return false;
    }
    return !query.remote ||
           (socket.kind != EndpointKind::kListener && socket.remote == *query.remote);
}

std::vector<SocketInfo> sockets_of(const host::Host& host, const ExplainQuery& query) {
    std::vector<SocketInfo> found;
    host.for_each_socket([&](const SocketInfo& socket) {
        if (asked_for(socket, query)) {
            found.push_back(socket);
        }
    });
    // An application may hold what is left of a connection whose record is in TIME-WAIT.
    std::erase_if(found, [&](const SocketInfo& one) {
        return one.state == State::kClosed &&
               std::any_of(found.begin(), found.end(), [&](const SocketInfo& other) {
                   return other.state != State::kClosed && other.local == one.local &&
                          other.remote == one.remote;
               });
    });
    return found;
}

std::string nothing_there(const host::Host& host, const ExplainQuery& query,
                          const ExplainWorld& world) {
    std::set<std::uint16_t> ports;
    host.for_each_socket([&](const SocketInfo& socket) {
        if (socket.local.port != 0 && socket.state != State::kClosed) {
            ports.insert(socket.local.port);
        }
    });
    std::string text = fmt::format("{}:{}", host.name(), query.port);
    if (query.remote) {
        text += fmt::format(" - {}:{}", name_or_address(world, query.remote->address),
                            query.remote->port);
    }
    text += fmt::format(
        ": CLOSED\n  {} has no such {}: what arrives for it is answered by a RST.\n", host.name(),
        query.remote ? "connection" : "listener and no connection on that port");
    constexpr std::size_t kPortsMost = 12;
    std::string list;
    std::size_t count = 0;
    for (const std::uint16_t port : ports) {
        if (++count > kPortsMost) {
            list += ", ...";
            break;
        }
        list += (list.empty() ? "" : ", ") + std::to_string(port);
    }
    return text + "  Its TCP ports in use: " + (list.empty() ? "none" : list) + ".\n";
}

std::string head(const Explained& e) {
    const SocketInfo& s = e.socket;
    if (s.kind == EndpointKind::kListener) {
        return fmt::format("{}:{}: LISTEN\n", e.here, s.local.port);
    }
    return fmt::format("{}:{} - {}:{}: {}\n", e.here, s.local.port, e.there, s.remote.port,
                       tcp::rfc_name(s.state));
}

std::string paragraph(const SocketInfo& socket, host::Host& host, const ExplainWorld& world) {
    Explained e{socket, host, world, host.fabric().sim.now()};
    e.here = host.name();
    std::optional<SocketInfo> peer;
    if (socket.kind != EndpointKind::kListener) {
        e.there = name_or_address(world, socket.remote.address);
        if (host::Host* other = world.host_of(socket.remote.address)) {
            e.peer_known = true;
            const auto found = sockets_of(*other, {socket.remote.port, socket.local});
            for (const SocketInfo& one : found) {
                if (one.state != State::kClosed) {
                    peer = one;
                }
            }
        }
    }
    e.peer = peer ? &*peer : nullptr;
    Sentences sentences;
    if (socket.kind == EndpointKind::kListener) {
        say_listener(e, sentences);
    } else {
        say_who_opened(e, sentences);
        say_since(e, sentences);
        say_who_closed(e, sentences);
        say_what_it_waits_for(e, sentences);
        say_timers(e, sentences);
        say_what_is_unusual(e, sentences);
        say_the_other_end(e, sentences);
    }
    std::string text = head(e);
    for (const std::string& sentence : sentences) {
        text += "  " + sentence + "\n";
    }
    return text;
}

std::string counted_rest(const std::vector<SocketInfo>& sockets, const host::Host& host) {
    std::array<std::size_t, 16> by_state{};
    for (std::size_t i = kExplainedMost; i < sockets.size(); ++i) {
        ++by_state.at(static_cast<std::size_t>(sockets[i].state));
    }
    std::string text = fmt::format("... and {} more:", sockets.size() - kExplainedMost);
    const char* separator = " ";
    for (std::size_t i = 0; i < by_state.size(); ++i) {
        if (by_state.at(i) > 0) {
            fmt::format_to(std::back_inserter(text), "{}{} {}", separator, by_state.at(i),
                           tcp::rfc_name(static_cast<State>(i)));
            separator = ", ";
        }
    }
    return fmt::format("{}; one of them: {}:{}-{}\n", text, host.name(), sockets.back().local.port,
                       to_string(sockets.back().remote));
}

}  // namespace

std::string explain_text(host::Host& host, const ExplainQuery& query, const ExplainWorld& world) {
    const std::vector<SocketInfo> sockets = sockets_of(host, query);
    if (sockets.empty()) {
        return nothing_there(host, query, world);
    }
    std::string text;
    for (std::size_t i = 0; i < sockets.size() && i < kExplainedMost; ++i) {
        text += (i > 0 ? "\n" : "") + paragraph(sockets[i], host, world);
    }
    if (sockets.size() > kExplainedMost) {
        text += "\n" + counted_rest(sockets, host);
    }
    return text;
}

}  // namespace netsim::observe
