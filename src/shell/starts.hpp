// How each tool is started: what the table of tools.cpp names. A tool's file has the rest.
#pragma once

#include <memory>

#include "shell/shell.hpp"

namespace netsim::shell {

std::unique_ptr<Job> start_cat(const Invocation& invocation);
std::unique_ptr<Job> start_ip(const Invocation& invocation);
std::unique_ptr<Job> start_lsof(const Invocation& invocation);
std::unique_ptr<Job> start_mtr(const Invocation& invocation);
std::unique_ptr<Job> start_netstat(const Invocation& invocation);
std::unique_ptr<Job> start_nslookup(const Invocation& invocation);
std::unique_ptr<Job> start_ping(const Invocation& invocation);
std::unique_ptr<Job> start_sar(const Invocation& invocation);
std::unique_ptr<Job> start_sysctl(const Invocation& invocation);
std::unique_ptr<Job> start_tcpdump(const Invocation& invocation);
std::unique_ptr<Job> start_tracepath(const Invocation& invocation);
std::unique_ptr<Job> start_traceroute(const Invocation& invocation);

}  // namespace netsim::shell
