// What an ss command line asks for: flags, states, and an expression over addresses and ports.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "netsim/address.hpp"
#include "tcp/socket_info.hpp"

namespace netsim::observe {

enum class Compare : std::uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kMore, kMoreEqual };

/// An expression over a socket's ends, its nodes in one vector; the root is the last.
struct SsFilter {
    enum class Kind : std::uint8_t { kTrue, kAddress, kPort, kAutobound, kNot, kAnd, kOr };

    struct Node {
        Kind kind = Kind::kTrue;
        bool source = true;  // kAddress, kPort: the local end
        Prefix prefix{Ipv4{}, 0};
        bool has_port = false;  // kAddress
        Compare compare = Compare::kEqual;
        std::uint16_t port = 0;
        std::size_t left = 0;  // kNot, kAnd, kOr: which nodes
        std::size_t right = 0;
    };

    std::vector<Node> nodes;

    bool holds(const tcp::SocketInfo& socket) const {
        return nodes.empty() || holds(socket, nodes.size() - 1);
    }

 private:
    bool holds(const tcp::SocketInfo& socket, std::size_t at) const;
};

struct SsQuery {
    bool tcp = true;           // -t, or neither -t nor -u
    bool udp = true;           // -u, or neither
    bool numeric = false;      // -n
    bool timers = false;       // -o
    bool details = false;      // -e
    bool info = false;         // -i
    bool memory = false;       // -m
    bool processes = false;    // -p
    bool summary = false;      // -s
    bool sockets = true;       // not -s alone
    bool header = true;        // not -H
    bool one_line = false;     // -O
    std::uint32_t states = 0;  // bit per tcp::State
    SsFilter filter{};

    bool wants(const tcp::SocketInfo& socket) const;

    bool one_state() const { return (states & (states - 1)) == 0; }
};

/// Throws InputError.
SsQuery parse_ss(std::string_view arguments);
/// The same expression language; throws InputError. `query`: gets the states it names.
SsFilter parse_ss_filter(std::string_view text, std::uint32_t& named, std::uint32_t& excluded);

}  // namespace netsim::observe
