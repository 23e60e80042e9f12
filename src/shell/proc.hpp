// Files of /proc/net, as the kernel writes them.
#pragma once

#include <string>

namespace netsim::host {
class Host;
}

namespace netsim::shell {

/// Up to the inode, whose place the socket's number on its host takes; uid is 0.
std::string proc_net_tcp(const host::Host& host);
std::string proc_net_udp(const host::Host& host);
/// Ip, Icmp, Tcp, Udp; only what the model counts.
std::string proc_net_snmp(const host::Host& host);
/// TcpExt, IpExt.
std::string proc_net_netstat(const host::Host& host);
std::string proc_net_route(const host::Host& host);
std::string proc_net_dev(const host::Host& host);

}  // namespace netsim::shell
