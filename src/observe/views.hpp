// What Linux's own tools would print about a simulated host: ss, nstat (iproute2) and
// /proc/net/softnet_stat.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/cpu.hpp"
#include "tcp/mib.hpp"
#include "tcp/socket_info.hpp"

namespace netsim::host {
class Host;
}

namespace netsim::observe {

/// `ss` of TCP sockets. Flags -t -a -l -n -o -i -e -m -4 -H -O, together or apart; then filter
/// words:
///   state NAME, exclude NAME (all, connected, synchronized, bucket, big, or a state's name),
///   sport = :80, dport = :80, src ADDRESS[:PORT], dst ADDRESS[:PORT]; all of them must hold.
/// Throws InputError for anything else. Columns are as wide as their longest entry.
std::string ss_text(std::span<const tcp::SocketInfo> sockets, std::string_view arguments);
/// How many sockets are in a state of ss's words; port 0: any local port. InputError: no such
/// state.
std::uint64_t count_sockets(const host::Host& host, std::string_view state, std::uint16_t port);
std::string ss_text(const host::Host& host, std::string_view arguments);

/// `nstat` as in a fresh namespace with no history: counters that are not zero; -z: zeros too; -a:
/// absolute values (what is printed in any case); names as arguments choose (a * matches anything).
/// Throws InputError for an unknown flag or a name that matches nothing.
std::string nstat_text(const tcp::Mibs& mibs, std::string_view arguments);
std::string nstat_text(const host::Host& host, std::string_view arguments);

/// /proc/net/softnet_stat: a line of fifteen hexadecimal numbers per core. `readable`: a table of
/// those that mean something here, in decimal, with the cores' time. Empty without cores.
std::string softnet_stat_text(const CpuStats& cpu, bool readable);

}  // namespace netsim::observe
