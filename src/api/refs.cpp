// Handles of nodes and links.
#include <utility>

#include "api/network_impl.hpp"

namespace netsim {
namespace {

net::Node& as_node(void* node) {
    return *static_cast<net::Node*>(node);
}

unsigned checked(int direction) {
    if (direction != 0 && direction != 1) {
        throw InputError("a link's direction is 0 (a to b) or 1 (b to a)");
    }
    return static_cast<unsigned>(direction);
}

}  // namespace

const std::string& NodeRef::name() const {
    return as_node(node_).name();
}

Ipv4 NodeRef::address() const {
    return net_->node_of(*this).address;
}

std::uint32_t NodeRef::id() const {
    return as_node(node_).id();
}

bool NodeRef::is_host() const {
    return !as_node(node_).forwards();
}

void NodeRef::route(Prefix prefix, const NodeRef& next) {
    net_->add_route(net_->node_of(*this), prefix, next);
}

void NodeRef::blackhole(Prefix prefix) {
    net_->add_blackhole(net_->node_of(*this), prefix);
}

const std::string& LinkRef::name() const {
    return net_->link(index_).name();
}

NodeRef LinkRef::a() const {
    return net_->node_named(net_->link(index_).a().name());
}

NodeRef LinkRef::b() const {
    return net_->node_named(net_->link(index_).b().name());
}

void LinkRef::set_up(bool up) {
    net_->set_link_up(index_, up);
}

void LinkRef::set_up(int direction, bool up) {
    net_->set_link_up(index_, checked(direction), up);
}

void LinkRef::set_up_at(Time when, bool up) {
    net_->set_link_up_at(index_, when, up);
}

bool LinkRef::up() const {
    return net_->link(index_).up();
}

void LinkRef::set_options(int direction, const LinkOptions& options) {
    net_->set_link_options(index_, checked(direction), options);
}

const LinkOptions& LinkRef::options(int direction) const {
    return net_->link(index_).direction(checked(direction)).options();
}

const LinkStats& LinkRef::stats(int direction) const {
    return net_->link(index_).direction(checked(direction)).stats();
}

std::uint32_t LinkRef::queue_packets(int direction) const {
    return net_->link(index_).direction(checked(direction)).queue_packets();
}

LinkRuleRef LinkRef::add_rule(const LinkRule& rule) {
    try {
        return {net_, index_, net_->link(index_).add_rule(rule)};
    } catch (const InputError& error) {
        throw InputError("link " + name() + ": " + error.what());
    }
}

std::uint64_t LinkRuleRef::matched() const {
    return state_->matched();
}

std::uint64_t LinkRuleRef::hits() const {
    return state_->hits();
}

void LinkRuleRef::remove() {
    net_->link(link_).remove_rule(*state_);
}

}  // namespace netsim
