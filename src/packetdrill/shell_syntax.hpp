// How a shell reads the commands of a script: words and quotes, pipes, ; && and ||, redirections,
// $((...)).
#pragma once

#include <string>
#include <vector>

#include "packetdrill/machine.hpp"

namespace netsim::packetdrill {

struct ShellCommand {
    enum class Runs : std::uint8_t { kAlways, kAfterSuccess, kAfterFailure };

    Runs runs = Runs::kAlways;
    std::vector<std::vector<std::string>> pipeline;  // words of each part, redirections taken off
};

/// A command ran and failed, which another one behind || may make good. One that is not supported
/// is a plain Mismatch.
struct CommandFailed : Mismatch {};

std::vector<ShellCommand> shell_commands(const std::string& text);

/// Does a command behind || wait for the failure of command i?
bool rescued(const std::vector<ShellCommand>& commands, std::size_t i);

}  // namespace netsim::packetdrill
