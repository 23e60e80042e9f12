// Other simulators doing the same work: programs of bench/peers/, which print what a row's child
// prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rows.hpp"

namespace netsim::bench {

/// How ns-3 is set: without queue discs and with a short MSL; or as it comes.
enum class PeerSetting : std::uint8_t { kBest, kDefault };

class Ns3 {
 public:
    /// Nothing if it was not built, because ns-3 was not there.
    static std::optional<Ns3> find();

    /// "3.37, Debian's build: ..."
    const std::string& build() const { return build_; }

    Work run(const Row& row, std::uint64_t amount, PeerSetting setting) const;
    /// Packets that all links deliver per unit of work, in a run of its own that is not timed.
    double packets_per_unit(const Row& row) const;

 private:
    std::string program_;
    std::string build_;
};

}  // namespace netsim::bench
