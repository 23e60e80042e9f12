// How each tool is started: what the table of tools.cpp names. A tool's file has the rest.
#pragma once

#include <memory>

#include "shell/shell.hpp"

namespace netsim::shell {

std::unique_ptr<Job> start_sar(const Invocation& invocation);
std::unique_ptr<Job> start_tcpdump(const Invocation& invocation);

}  // namespace netsim::shell
