// Names and meanings of the counters, from mib.def.
#include "tcp/mib.hpp"

namespace netsim::tcp {

namespace {

constexpr std::array<MibEntry, kMibCount> kEntries{{
#define MIB(group, name, meaning) {#group, #group #name, meaning},
#include "tcp/mib.def"
#undef MIB
}};

}  // namespace

const MibEntry& describe(Mib counter) {
    return kEntries[static_cast<std::size_t>(counter)];
}

std::optional<Mib> find_mib(std::string_view name) {
    std::optional<Mib> found;
    for (std::size_t i = 0; i < kMibCount; ++i) {
        const MibEntry& entry = kEntries[i];
        if (entry.name == name) {
            return static_cast<Mib>(i);
        }
        if (entry.name.substr(entry.group.size()) == name) {
            if (found) {
                return std::nullopt;  // two groups have it: the short form is ambiguous
            }
            found = static_cast<Mib>(i);
        }
    }
    return found;
}

}  // namespace netsim::tcp
