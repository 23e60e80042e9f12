// What Linux's own tools would print about a simulated host: ss, nstat (iproute2) and
// /proc/net/softnet_stat.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/cpu.hpp"
#include "observe/host_sockets.hpp"
#include "tcp/mib.hpp"

namespace netsim::observe {

/// `ss`. Flags -t -u -a -l -n -o -i -e -m -p -s -4 -H -O, together or apart, or their long forms;
/// then the filter: state NAME, exclude NAME (all, connected, synchronized, bucket, big, or a
/// state's name), sport = :80, dport ge :1024, src ADDRESS[:PORT], dst PREFIX, autobound; joined by
/// and (or nothing), or, not and parentheses.
/// Throws InputError for anything else. Columns are as wide as their longest entry.
/// How many sockets are in a state of ss's words; port 0: any local port. InputError: no such
/// state.
std::uint64_t count_sockets(const host::Host& host, std::string_view state, std::uint16_t port);
std::string ss_text(std::span<const SocketRow> sockets, std::string_view arguments);
std::string ss_text(const host::Host& host, std::string_view arguments);

/// `nstat`: counters that are not zero; -z: zeros too; -a: absolute values instead of what was
/// added since the last call; -s: this call is not remembered; -n: nothing is printed; -r: what is
/// remembered is forgotten first; -j: JSON; names as arguments choose (a * matches anything).
/// `history`: the text in which calls are remembered, as ~/.nstat.uN; null: absolute values only.
/// Throws InputError for an unknown flag or a name that matches nothing.
std::string nstat_text(const tcp::Mibs& mibs, std::string_view arguments,
                       std::string* history = nullptr);
std::string nstat_text(const host::Host& host, std::string_view arguments);

/// /proc/net/softnet_stat: a line of fifteen hexadecimal numbers per core. `readable`: a table of
/// those that mean something here, in decimal, with the cores' time. Empty without cores.
std::string softnet_stat_text(const CpuStats& cpu, bool readable);

}  // namespace netsim::observe
