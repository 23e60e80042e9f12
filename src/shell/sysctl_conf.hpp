// sysctl.conf(5): reading it, applying it to a host, writing one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tcp/sysctl.hpp"

namespace netsim::shell {

struct SysctlSetting {
    std::size_t line = 0;
    std::string name;            // with dots
    std::string value;           // without blanks at its ends
    bool ignore_errors = false;  // "-name = value"
};

/// Comments begin with # or ;. `file` is named in messages, "web.conf:7: ...". InputError: a line
/// that is no setting.
std::vector<SysctlSetting> parse_sysctl_conf(std::string_view text, std::string_view file);
/// Sets all or nothing. InputError: "file:line: " and what set_sysctl() says. How many were set is
/// the size of what it returns: those that were, in order.
std::vector<SysctlSetting> apply_sysctl_conf(tcp::Sysctl& sysctl, std::string_view text,
                                             std::string_view file);
/// "net/ipv4/tcp_rmem" is "net.ipv4.tcp_rmem".
std::string dotted_name(std::string_view name);
/// As /proc/sys writes it: numbers of one setting are apart by tabs.
std::string sysctl_text(const tcp::Sysctl& sysctl, std::string_view name);

}  // namespace netsim::shell
