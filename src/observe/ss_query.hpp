// What an ss command line asks for.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "netsim/address.hpp"
#include "tcp/socket_info.hpp"

namespace netsim::observe {

struct SsQuery {
    bool tcp_only = false;     // -t: no Netid column
    bool numeric = false;      // -n
    bool timers = false;       // -o
    bool details = false;      // -e
    bool info = false;         // -i
    bool memory = false;       // -m
    bool header = true;        // not -H
    bool one_line = false;     // -O
    std::uint32_t states = 0;  // bit per tcp::State

    struct Condition {
        bool source = true;
        Prefix prefix{Ipv4{}, 0};
        bool has_port = false;
        std::uint16_t port = 0;
    };

    std::vector<Condition> conditions{};  // all must hold

    bool wants(const tcp::SocketInfo& socket) const;
};

/// A bit per tcp::State for a word such as "time-wait" or "connected". InputError: no such word.
std::uint32_t states_named(std::string_view word);

/// Throws InputError.
SsQuery parse_ss(std::string_view arguments);

}  // namespace netsim::observe
