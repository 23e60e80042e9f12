// --set and --sysctl-conf: what the command line says of hosts' sysctls.
#pragma once

#include <string>

namespace netsim::lua {

struct Setting {
    std::string host;  // empty: every host
    std::string name;
    std::string value;
};

/// InputError.
Setting parse_setting(const std::string& text);

}  // namespace netsim::lua
