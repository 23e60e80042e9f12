// Which of the transition table's edges a run took, and how often.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sim/trace.hpp"
#include "tcp/state.hpp"

namespace netsim::observe {

/// A row of tcp::transitions() and how often it was taken.
struct StateEdge {
    tcp::Transition transition;
    std::uint64_t count = 0;
};

class StateCoverage final : public sim::Tracer {
 public:
    StateCoverage();

    void on_packet(const sim::PacketRecord& record) override { static_cast<void>(record); }

    void on_state(const sim::StateRecord& record) override;

    /// Which row of the table a change is; nothing: none. Its words must be the table's own, which
    /// stay where they are: their places are remembered.
    std::optional<std::size_t> row_of(const sim::StateRecord& record);

    /// So many more changes, in rfc_name()'s and to_string()'s words; nothing if it is no edge.
    void add(std::string_view from, std::string_view to, std::string_view cause,
             std::uint64_t count);

    /// All of the table, in its order.
    std::span<const StateEdge> edges() const { return edges_; }

    /// Is it an end of an edge that was taken?
    bool visited(tcp::State state) const;

 private:
    using Words = std::array<const char*, 3>;  // where the words of a change lie

    std::optional<std::size_t> search(std::string_view from, std::string_view to,
                                      std::string_view cause) const;

    std::vector<StateEdge> edges_;
    absl::flat_hash_map<Words, std::size_t> rows_;  // looked up, never walked
};

}  // namespace netsim::observe
