// `commands`: the few that scripts use to set up a host, carried out on the stack. Nothing is ever
// run on the machine.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "packetdrill/machine.hpp"

namespace netsim::packetdrill {

/// Fails a script for a command that is none of those.
[[noreturn]] void refuse_command(const std::vector<std::string>& words);
/// With a space between each two.
std::string joined_words(const std::vector<std::string>& words);

class Shell {
 public:
    explicit Shell(Machine& machine) : machine_(machine) {}

    /// Mismatch if a command fails or is not known.
    void run(const std::string& text);

 private:
    using Words = std::vector<std::string>;

    void command(const std::vector<Words>& pipeline);
    void defaults(const std::string& path);
    void echo(const std::string& value, const std::string& path);
    void sysctl(const Words& words);
    void set(const std::string& assignment, bool only_if_known = false);
    // shell_ip.cpp
    void ip(const Words& words);
    void ip_link(const Words& words);
    void ip_route(const Words& words);
    void tc(const Words& words);
    std::string nstat(const Words& words);
    // shell_files.cpp
    void dd(const Words& words);
    void remove(const Words& words);
    /// What a pipeline's first grep reads: /proc/net/tcp, or nothing for a file that is not there.
    std::string read_files(const std::vector<std::string>& paths);
    std::string proc_net_tcp();

    Machine& machine_;
    std::map<std::string, std::uint64_t> counted_;  // nstat's history
};

}  // namespace netsim::packetdrill
