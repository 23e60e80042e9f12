// A link between two nodes: its two directions and the interfaces they leave from.
#include <memory>
#include <string>

#include "net/link.hpp"
#include "net/node.hpp"
#include "netsim/result.hpp"

namespace netsim::net {

std::string Link::default_name(const Node& from, const Node& to) {
    std::size_t earlier = 0;
    for (const Interface& interface : from.interfaces()) {
        if (interface.out != nullptr && &interface.out->to() == &to) {
            ++earlier;
        }
    }
    const std::string name = from.name() + "-" + to.name();
    return earlier == 0 ? name : name + "#" + std::to_string(earlier + 1);
}

Link::Link(Fabric& fabric, Node& a, Ipv4 address_a, Node& b, Ipv4 address_b,
           const LinkOptions& a_to_b, const LinkOptions& b_to_a) {
    if (&a == &b) {
        throw InputError("a link connects \"" + a.name() + "\" with itself");
    }
    check(a_to_b);
    check(b_to_a);
    const std::string name = default_name(a, b);
    const std::uint32_t if_a = a.add_interface(address_a, 32, a_to_b.mtu);
    const std::uint32_t if_b = b.add_interface(address_b, 32, b_to_a.mtu);
    directions_[0] =
        std::make_unique<LinkDirection>(fabric, a, if_a, b, if_b, a_to_b, LinkLabel{name, 0});
    directions_[1] =
        std::make_unique<LinkDirection>(fabric, b, if_b, a, if_a, b_to_a, LinkLabel{name, 1});
    a.interfaces()[if_a].out = directions_[0].get();
    b.interfaces()[if_b].out = directions_[1].get();
}

void Link::set_up(bool up) {
    for (const auto& direction : directions_) {
        direction->set_up(up);
    }
}

std::shared_ptr<LinkRuleState> Link::add_rule(const LinkRule& rule) {
    check(rule);
    auto state = std::make_shared<LinkRuleState>(
        rule, "link/" + name() + "/rule/" + std::to_string(rules_made_ + 1));
    ++rules_made_;
    for (unsigned i = 0; i < directions_.size(); ++i) {
        if (!rule.direction || *rule.direction == i) {
            directions_.at(i)->add_rule(state);
        }
    }
    return state;
}

void Link::remove_rule(const LinkRuleState& rule) {
    for (const auto& direction : directions_) {
        direction->remove_rule(rule);
    }
}

void Link::set_options(unsigned direction, const LinkOptions& options) {
    LinkDirection& changed = *directions_.at(direction);
    changed.set_options(options);
    changed.from().interfaces()[changed.from_interface()].mtu = options.mtu;
}

}  // namespace netsim::net
