// What a netstat command line asks for, and its views besides the table of connections.
#pragma once

#include <string>

#include "shell/shell.hpp"

namespace netsim::shell {

struct NetstatQuery {
    bool tcp = false;  // neither: both
    bool udp = false;
    bool all = false;
    bool listening = false;
    bool numeric = false;
    bool programs = false;
    bool timers = false;
    bool statistics = false;
    bool interfaces = false;
    bool routes = false;
    bool inet = false;  // all there is
};

/// -s: net-tools' sentences for those counters the model has.
std::string netstat_statistics(const host::Host& host, const NetstatQuery& query);
std::string netstat_interfaces(const host::Host& host);
std::string netstat_routes(const Invocation& invocation, const NetstatQuery& query);

}  // namespace netsim::shell
