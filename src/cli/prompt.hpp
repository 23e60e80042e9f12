// Where a shell's lines come from: a terminal, with editing, history and completion (libedit), or
// plain lines.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace netsim::cli {

class Prompt {
 public:
    /// What could stand in place of the last of these words (which may be empty).
    using Complete = std::function<std::vector<std::string>(const std::vector<std::string>& words)>;

    virtual ~Prompt() = default;
    Prompt(const Prompt&) = delete;
    Prompt& operator=(const Prompt&) = delete;
    Prompt(Prompt&&) = delete;
    Prompt& operator=(Prompt&&) = delete;

    /// A line without its end; none: there are no more. Ctrl-C gives an empty one.
    virtual std::optional<std::string> read(const std::string& prompt) = 0;

    /// Is a person at it?
    virtual bool interactive() const = 0;

 protected:
    Prompt() = default;
};

/// A terminal if standard input and output are one.
std::unique_ptr<Prompt> make_prompt(Prompt::Complete complete);

}  // namespace netsim::cli
