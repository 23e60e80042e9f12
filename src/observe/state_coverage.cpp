// Counting: a record's words are the table's own.
#include "observe/state_coverage.hpp"

#include <algorithm>

namespace netsim::observe {

StateCoverage::StateCoverage() {
    for (const tcp::Transition& transition : tcp::transitions()) {
        edges_.push_back({transition, 0});
    }
}

void StateCoverage::on_state(const sim::StateRecord& record) {
    add(record.from, record.to, record.cause, 1);
}

void StateCoverage::add(std::string_view from, std::string_view to, std::string_view cause,
                        std::uint64_t count) {
    const auto found = std::find_if(edges_.begin(), edges_.end(), [&](const StateEdge& edge) {
        return tcp::rfc_name(edge.transition.from) == from &&
               tcp::rfc_name(edge.transition.to) == to &&
               tcp::to_string(edge.transition.cause) == cause;
    });
    if (found != edges_.end()) {
        found->count += count;
    }
}

bool StateCoverage::visited(tcp::State state) const {
    return std::any_of(edges_.begin(), edges_.end(), [state](const StateEdge& edge) {
        return edge.count > 0 && (edge.transition.from == state || edge.transition.to == state);
    });
}

}  // namespace netsim::observe
