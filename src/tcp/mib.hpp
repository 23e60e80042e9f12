// A host's counters: what nstat prints, with Linux's names (design §3.4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace netsim::tcp {

enum class Mib : std::uint8_t {
#define MIB(group, name, meaning) k##group##name,
#include "tcp/mib.def"
#undef MIB
    kCount
};

inline constexpr std::size_t kMibCount = static_cast<std::size_t>(Mib::kCount);

struct MibEntry {
    std::string_view group;  // "TcpExt"
    std::string_view name;   // "TcpExtListenOverflows", as nstat prints it
    std::string_view meaning;
};

const MibEntry& describe(Mib counter);
/// By nstat's name, "TcpExtListenOverflows"; also "ListenOverflows" where no other group has the
/// name.
std::optional<Mib> find_mib(std::string_view name);

class Mibs {
 public:
    void add(Mib counter, std::uint64_t n = 1) { values_[static_cast<std::size_t>(counter)] += n; }

    /// Gauges only (CurrEstab).
    void sub(Mib counter) { --values_[static_cast<std::size_t>(counter)]; }

    std::uint64_t get(Mib counter) const { return values_[static_cast<std::size_t>(counter)]; }

 private:
    std::array<std::uint64_t, kMibCount> values_{};
};

}  // namespace netsim::tcp
