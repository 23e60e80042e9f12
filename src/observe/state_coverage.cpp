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
    if (const std::optional<std::size_t> row = row_of(record)) {
        ++edges_[*row].count;
    }
}

std::optional<std::size_t> StateCoverage::row_of(const sim::StateRecord& record) {
    const Words words{record.from.data(), record.to.data(), record.cause.data()};
    const auto known = rows_.find(words);
    if (known != rows_.end()) {
        return known->second;
    }
    const std::optional<std::size_t> row = search(record.from, record.to, record.cause);
    if (row) {
        rows_.emplace(words, *row);
    }
    return row;
}

std::optional<std::size_t> StateCoverage::search(std::string_view from, std::string_view to,
                                                 std::string_view cause) const {
    const auto found = std::find_if(edges_.begin(), edges_.end(), [&](const StateEdge& edge) {
        return tcp::rfc_name(edge.transition.from) == from &&
               tcp::rfc_name(edge.transition.to) == to &&
               tcp::to_string(edge.transition.cause) == cause;
    });
    if (found == edges_.end()) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - edges_.begin());
}

void StateCoverage::add(std::string_view from, std::string_view to, std::string_view cause,
                        std::uint64_t count) {
    if (const std::optional<std::size_t> row = search(from, to, cause)) {
        edges_[*row].count += count;
    }
}

bool StateCoverage::visited(tcp::State state) const {
    return std::any_of(edges_.begin(), edges_.end(), [state](const StateEdge& edge) {
        return edge.count > 0 && (edge.transition.from == state || edge.transition.to == state);
    });
}

}  // namespace netsim::observe
