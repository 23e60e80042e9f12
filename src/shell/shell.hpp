// Command lines as a user types them at a host's prompt: one table of tools (tools.cpp), started
// by name. No pipes and no redirections: those are the reader's own shell's.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/shell.hpp"

namespace netsim::host {
class Host;
}

namespace netsim::shell {

/// Names of nodes, as a resolver knows them.
class Directory {
 public:
    virtual ~Directory() = default;
    /// A node's, or that of "10.0.0.1" itself. InputError: unknown.
    virtual Ipv4 address_of(std::string_view name) const = 0;
    /// Empty: nobody's.
    virtual std::string_view name_of(Ipv4 address) const = 0;

 protected:
    Directory() = default;
    Directory(const Directory&) = default;
    Directory& operator=(const Directory&) = default;
    Directory(Directory&&) = default;
    Directory& operator=(Directory&&) = default;
};

/// What a tool is started with.
struct Invocation {
    host::Host& host;
    const Directory& directory;
    std::vector<std::string> words;  // its arguments, without its name
};

struct Tool {
    std::string_view name;
    std::string_view synopsis;  // "ss [-tanlpoiemsHO] [FILTER]"
    std::unique_ptr<Job> (*start)(const Invocation& invocation);
    bool takes_time = false;  // goes on in simulated time
};

/// All tools, by name.
std::span<const Tool> tools();
/// InputError naming those there are.
const Tool& tool_of(std::string_view line);

/// Starts a command line. Host and directory must outlive the job. InputError: an unknown tool, a
/// flag it has not, bad quoting, a host that is off; nothing has happened then.
std::unique_ptr<Job> start(host::Host& host, const Directory& directory, std::string_view line);

/// Words as a shell splits them: '...', "..." and \ quote. InputError for what only a real shell
/// does (pipes, redirections, variables).
std::vector<std::string> split_words(std::string_view line);

}  // namespace netsim::shell
