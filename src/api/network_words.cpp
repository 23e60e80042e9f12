// The state diagram of a run, and connections in words.
#include <optional>

#include "api/network_impl.hpp"
#include "observe/explain.hpp"
#include "observe/state_diagram.hpp"

namespace netsim {
namespace {

/// Where "web:80-user:40000" parts: host names may hold a '-', so after a port.
std::size_t end_of_first(std::string_view text) {
    for (std::size_t dash = text.find('-'); dash != std::string_view::npos;
         dash = text.find('-', dash + 1)) {
        const std::string_view before = text.substr(0, dash);
        const std::size_t colon = before.rfind(':');
        if (colon != std::string_view::npos && colon + 1 < dash &&
            before.find_first_not_of("0123456789", colon + 1) == std::string_view::npos) {
            return dash;
        }
    }
    return text.size();
}

}  // namespace

void NetworkImpl::watch_states() {
    if (states_ == nullptr) {
        states_ = std::make_unique<observe::StateCoverage>();
        observe(*states_);
    }
}

const observe::StateCoverage& NetworkImpl::states() const {
    if (states_ == nullptr) {
        throw InputError("no states: call watch_states() before the run");
    }
    return *states_;
}

std::string NetworkImpl::explain(std::string_view endpoint) {
    const std::size_t end = end_of_first(endpoint);
    const Endpoint local = resolve(endpoint.substr(0, end));
    observe::ExplainQuery query{local.port, std::nullopt};
    if (end < endpoint.size()) {
        query.remote = resolve(endpoint.substr(end + 1));
    }
    observe::ExplainWorld world;
    world.host_of = [this](Ipv4 address) -> host::Host* {
        for (const Node& node : nodes_) {
            if (node.host != nullptr && node.host->is_local(address)) {
                return node.host;
            }
        }
        return nullptr;
    };
    world.name_of = [this](Ipv4 address) -> std::string_view {
        for (const Node& node : nodes_) {
            if (node.address == address) {
                return node.owner->name();
            }
        }
        return {};
    };
    host::Host* const host = world.host_of(local.address);
    if (host == nullptr) {
        throw InputError("explain '" + std::string(endpoint) + "': " + to_string(local.address) +
                         " is no host of this network");
    }
    return observe::explain_text(*host, query, world);
}

void Network::watch_states() {
    impl_->watch_states();
}

std::string Network::states() const {
    return observe::state_diagram_text(impl_->states());
}

std::string Network::states_svg() const {
    return observe::state_diagram_svg(impl_->states());
}

std::vector<StateEdgeCount> Network::state_edges() const {
    std::vector<StateEdgeCount> out;
    for (const observe::StateEdge& edge : impl_->states().edges()) {
        out.push_back({tcp::rfc_name(edge.transition.from), tcp::rfc_name(edge.transition.to),
                       tcp::to_string(edge.transition.cause), edge.count});
    }
    return out;
}

std::string Network::explain(std::string_view endpoint) const {
    return impl_->explain(endpoint);
}

}  // namespace netsim
