// The words for DropReason, as traces and tables print them.
#include <array>

#include "netsim/link.hpp"

namespace netsim {

std::string_view to_string(DropReason reason) {
    static constexpr std::array<std::string_view, static_cast<std::size_t>(DropReason::kCount)>
        kNames{
            "queue full",       "loss",        "link down",
            "TTL exceeded",     "no route",    "blackhole",
            "MTU exceeded",     "not for me",  "corrupted",
            "CPU backlog full", "host is off", "socket buffer full",
            "drop rule",        "firewall",    "nf_conntrack",
            "middlebox",        "NAT",         "no socket",
        };
    const auto index = static_cast<std::size_t>(reason);
    return index < kNames.size() ? kNames[index] : "?";
}

}  // namespace netsim
