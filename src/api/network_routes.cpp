// Routes: by hand, computed, and recomputed when links go up or down.
#include <algorithm>

#include "api/network_impl.hpp"

namespace netsim {
namespace {

net::RouteTable& routes_of(NetworkImpl::Node& node) {
    return node.host != nullptr ? node.host->routes() : node.router->routes();
}

}  // namespace

void NetworkImpl::add_route(Node& node, Prefix prefix, const NodeRef& next) {
    const net::Node* neighbour = node_of(next).owner.get();
    const std::vector<net::Interface>& interfaces = node.owner->interfaces();
    for (std::uint32_t i = 0; i < interfaces.size(); ++i) {
        if (interfaces[i].out != nullptr && &interfaces[i].out->to() == neighbour) {
            routes_of(node).add({.prefix = prefix, .interface = i});
            return;
        }
    }
    throw InputError("route on '" + node.owner->name() + "': there is no link to '" +
                     neighbour->name() + "'");
}

void NetworkImpl::add_blackhole(Node& node, Prefix prefix) {
    routes_of(node).add({.prefix = prefix, .kind = net::Route::Kind::kBlackhole});
}

void NetworkImpl::announce(Node& node, Prefix prefix) {
    topology_.announce(*node.owner, prefix);
    announced_.push_back(prefix);
    if (report_ != nullptr) {
        report_->add_pool(prefix);
    }
    if (std::erase(blackholes_, prefix) > 0) {
        for (Node& one : nodes_) {
            if (one.router != nullptr) {
                one.router->routes().remove(prefix);
            }
        }
    }
    if (!routes_stale_ || eager_routes_) {
        topology_.compute_routes();
    }
}

void NetworkImpl::blackhole_everywhere(Prefix prefix) {
    const bool of_a_node = prefix.length == 32 && taken_.count(prefix.address) != 0;
    if (of_a_node || std::find(announced_.begin(), announced_.end(), prefix) != announced_.end()) {
        return;  // somebody is there: larger prefixes lose against the node's own route
    }
    blackholes_.push_back(prefix);
    for (Node& node : nodes_) {
        if (node.router != nullptr) {
            add_blackhole(node, prefix);
        }
    }
}

void NetworkImpl::set_link_up(std::size_t index, bool up) {
    links_[index]->set_up(up);
    if (!routes_stale_) {
        topology_.compute_routes();
    }
}

void NetworkImpl::set_link_up(std::size_t index, unsigned direction, bool up) {
    links_[index]->direction(direction).set_up(up);
    if (!routes_stale_) {
        topology_.compute_routes();
    }
}

void NetworkImpl::set_link_options(std::size_t index, unsigned direction,
                                   const LinkOptions& options) {
    links_[index]->set_options(direction, options);
    if (!routes_stale_) {
        topology_.compute_routes();  // the cost may have changed
    }
}

void NetworkImpl::set_link_up_at(std::size_t index, Time when, bool up) {
    if (when < sim_.now()) {
        throw InputError("link " + links_[index]->name() + ": the time is past");
    }
    const std::uint64_t call = timed_calls_.add([this, index, up] { set_link_up(index, up); });
    sim_.schedule(when, links_[index]->a().id(), timed_calls_, call);
}

void NetworkImpl::keep_routes_current() {
    if (!eager_routes_) {
        eager_routes_ = true;
        topology_.compute_routes();
    }
}

void NetworkImpl::update_routes() {
    if (routes_stale_) {
        topology_.require_connected();
        topology_.compute_routes();
        routes_stale_ = false;
    }
}

}  // namespace netsim
