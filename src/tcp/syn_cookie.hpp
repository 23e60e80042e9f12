// SYN cookies (RFC 4987 §3.6) as Linux makes them: net/ipv4/syncookies.c. The initial sequence
// number carries a keyed hash, a minute counter and an MSS index; the timestamp carries the other
// options.
#pragma once

#include <cstdint>
#include <optional>

#include "netsim/time.hpp"
#include "tcp/endpoint_key.hpp"
#include "tcp/request_sock.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// A listener believes cookies for this long after the last one it sent (two counter periods).
inline constexpr Duration kCookieValidity = std::chrono::seconds(120);

/// The cookie for a client, valid from now for one to two minutes. Sets `mss` to what it stands
/// for.
wire::SeqNum make_cookie(const StackState& s, const FourTuple& tuple, wire::SeqNum client_isn,
                         Time now, std::uint16_t& mss);

/// The MSS a returning cookie stands for; nullopt if it is forged or too old.
std::optional<std::uint16_t> check_cookie(const StackState& s, const FourTuple& tuple,
                                          wire::SeqNum client_isn, wire::SeqNum cookie, Time now);

/// The timestamp clock with its low six bits replaced by the options, never ahead of the clock.
std::uint32_t cookie_timestamp(const Negotiated& options, std::uint32_t clock);

/// The options out of an echoed timestamp (offset already taken off). False: they name something
/// this host has switched off, so the cookie is not believed.
bool options_from_timestamp(const Sysctl& sysctl, std::uint32_t echoed, Negotiated& options);

}  // namespace netsim::tcp
