// Firewalls and connection tracking of nodes.
#include <utility>

#include "api/network_impl.hpp"
#include "base/text.hpp"
#include "net/elements.hpp"
#include "observe/netfilter_views.hpp"
#include "shell/shell.hpp"

namespace netsim {
namespace {

net::Node& element_node(void* node) {
    return *static_cast<net::Node*>(node);
}

net::Firewall& firewall_of(void* node) {
    net::Elements* elements = element_node(node).elements_if_any();
    if (elements == nullptr || elements->firewall() == nullptr) {
        throw InputError(element_node(node).name() + " has no firewall: make one first");
    }
    return *elements->firewall();
}

/// InputErrors with the node's name.
template <typename F>
void for_node(void* node, F f) {
    try {
        f();
    } catch (const InputError& error) {
        throw InputError("firewall of " + element_node(node).name() + ": " + error.what());
    }
}

}  // namespace

void FirewallRef::insert(std::size_t n, const FirewallRule& rule) {
    for_node(node_, [&] { firewall_of(node_).insert(n, rule); });
    element_node(node_).elements().track_if_needed();
}

void FirewallRef::append(const FirewallRule& rule) {
    for_node(node_, [&] { firewall_of(node_).append(rule); });
    element_node(node_).elements().track_if_needed();
}

void FirewallRef::remove(Chain chain, std::size_t n) {
    for_node(node_, [&] { firewall_of(node_).remove(chain, n); });
}

void FirewallRef::flush(Chain chain) {
    for_node(node_, [&] { firewall_of(node_).flush(chain); });
}

void FirewallRef::set_policy(Chain chain, Target target) {
    for_node(node_, [&] { firewall_of(node_).set_policy(chain, target); });
}

void FirewallRef::zero() {
    firewall_of(node_).zero();
}

std::vector<FirewallEntry> FirewallRef::rules(Chain chain) const {
    return firewall_of(node_).rules(chain);
}

Chain FirewallRef::default_chain() const {
    return firewall_of(node_).default_chain();
}

FirewallRef NodeRef::firewall(const FirewallOptions& options) {
    for_node(node_, [&] { element_node(node_).elements().set_firewall(options); });
    return FirewallRef(node_);
}

bool NodeRef::has_firewall() const {
    net::Elements* elements = element_node(node_).elements_if_any();
    return elements != nullptr && elements->firewall() != nullptr;
}

FirewallRef NodeRef::firewall() const {
    static_cast<void>(firewall_of(node_));
    return FirewallRef(node_);
}

std::vector<std::string> NodeRef::interfaces_to(const NodeRef& neighbour) const {
    std::vector<std::string> names;
    for (const net::Interface& interface : element_node(node_).interfaces()) {
        if (interface.out != nullptr && &interface.out->to() == neighbour.node_) {
            names.push_back(interface.name);
        }
    }
    return names;
}

ConntrackStats NodeRef::conntrack() const {
    net::Node& node = element_node(node_);
    net::Elements* elements = node.elements_if_any();
    if (elements == nullptr || elements->conntrack() == nullptr) {
        return {};
    }
    return elements->conntrack()->stats(node.fabric().sim.now());
}

std::string NodeRef::netfilter_sysctl(std::string_view name) const {
    if (name == "net.netfilter.nf_conntrack_count") {
        return std::to_string(conntrack().count);
    }
    net::Elements* elements = element_node(node_).elements_if_any();
    const net::ConntrackSettings defaults;
    return net::get_conntrack_sysctl(
        elements != nullptr ? elements->conntrack_settings() : defaults, name);
}

void NodeRef::set_netfilter_sysctl(std::string_view name, std::string_view value) {
    net::set_conntrack_sysctl(element_node(node_).elements().conntrack_settings(), name, value);
}

std::string NodeRef::netfilter_tool(std::string_view line) const {
    std::vector<std::string> words = shell::split_words(line);
    const std::string tool = words.empty() ? std::string() : words.front();
    net::Node& node = element_node(node_);
    const std::span<const std::string> arguments(words.begin() + (words.empty() ? 0 : 1),
                                                 words.end());
    if (tool == "iptables") {
        return observe::iptables_tool(node, arguments);
    }
    if (tool == "conntrack") {
        return observe::conntrack_tool(node, arguments);
    }
    if (tool == "dmesg") {
        return observe::dmesg_tool(node, arguments);
    }
    constexpr std::array<std::string_view, 3> kKnown{"conntrack", "dmesg", "iptables"};
    throw InputError("a router has no tool \"" + tool + "\"" + did_you_mean(tool, kKnown) +
                     "; there are " + join(kKnown));
}

std::uint64_t RouterRef::dropped(DropReason reason) const {
    return static_cast<const net::Router&>(element_node(node_)).dropped(reason);
}

void RouterRef::nat(const NatOptions& options) {
    auto& router = static_cast<net::Router&>(element_node(node_));
    try {
        router.elements().set_nat(options, router.address());
        if (options.outside) {
            net_->announce(net_->node_of(*this), *options.outside);
        }
    } catch (const InputError& error) {
        throw InputError("nat of " + name() + ": " + error.what());
    }
}

NatStats RouterRef::nat_stats() const {
    net::Elements* elements = element_node(node_).elements_if_any();
    return elements != nullptr && elements->nat() != nullptr ? elements->nat()->stats()
                                                             : NatStats{};
}

MiddleboxRef RouterRef::middlebox(const MiddleboxOptions& options) {
    try {
        return {node_, element_node(node_).elements().add_middlebox(options)};
    } catch (const InputError& error) {
        throw InputError("middlebox of " + name() + ": " + error.what());
    }
}

MiddleboxStats MiddleboxRef::stats() const {
    return box_->stats();
}

void MiddleboxRef::remove() {
    element_node(node_).elements().remove_middlebox(*box_);
}

}  // namespace netsim
