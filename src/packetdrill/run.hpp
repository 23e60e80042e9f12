// A script from its text to its verdict.
#pragma once

#include <map>
#include <string>

#include "packetdrill/script.hpp"

namespace netsim::packetdrill {

struct RunOptions {
    std::map<std::string, std::string> defines;  // -D NAME=VALUE
    std::string profile;  // of scripts that name none; empty: the default one
};

struct Verdict {
    std::string name;
    bool passed = false;
    Place place;           // of the line that failed
    std::string message;   // what was expected and what happened; empty if it passed
    std::string line;      // the line that failed
    std::string exchange;  // all that happened
    std::string printed;   // by print in code blocks
};

/// Never throws for a bad script: that is a verdict too.
Verdict run_script(const std::string& name, const std::string& text, const RunOptions& options);

/// The verdict of a failed script as text, ending with a newline.
std::string failure_text(const Verdict& verdict);

}  // namespace netsim::packetdrill
