// Named hosts: which kernel a host answers as. A profile is a table of sysctl defaults and of
// rules; docs/profiles.md says where each comes from.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tcp/sysctl.hpp"

namespace netsim::tcp {

struct SysctlDefault {
    std::string_view name;
    std::string_view value;
};

struct Profile {
    std::string_view name;                   // "linux-6.1"
    std::string_view meaning;                // one line
    std::span<const SysctlDefault> sysctls;  // where they differ from linux-6.18's
    Rules rules;
};

inline constexpr std::string_view kDefaultProfile = "linux-6.18";

/// All of them, the default one first.
std::span<const Profile> profiles();
/// The settings a host of this profile starts with. Throws InputError naming the nearest profile
/// when there is none of that name.
Sysctl profile_settings(std::string_view name);
/// The sysctl table with this profile's defaults.
std::vector<SysctlEntry> profile_table(std::string_view name);

}  // namespace netsim::tcp
