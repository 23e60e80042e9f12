// Building a network, and finding what is in it.
#include "api/network_impl.hpp"

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "base/text.hpp"
#include "net/elements.hpp"
#include "tcp/profile.hpp"
#include "tcp/stack.hpp"

namespace netsim {
namespace {

std::string quoted(std::string_view name) {
    return "'" + std::string(name) + "'";
}

/// First and last usable offset in a prefix: network and broadcast address are left out.
std::uint64_t first_offset(Prefix pool) {
    return pool.length >= 31 ? 0 : 1;
}

std::uint64_t end_offset(Prefix pool) {
    return pool.length >= 31 ? pool.size() : pool.size() - 1;
}

}  // namespace

NetworkImpl::NetworkImpl(const NetworkOptions& options)
    : sim_(options.seed),
      fabric_{sim_, packets_, nullptr, &bytes_},
      pool_(options.addresses),
      without_(options.without),
      next_address_(first_offset(options.addresses)) {}

NetworkImpl::~NetworkImpl() = default;

void NetworkImpl::check_new_name(std::string_view name) const {
    if (name.empty()) {
        throw InputError("a node needs a name");
    }
    for (const char c : name) {
        if (c == ':' || static_cast<unsigned char>(c) < 0x20) {
            throw InputError("bad node name " + quoted(name) +
                             ": a name has no ':' and no control characters");
        }
    }
    if (name.front() == ' ' || name.back() == ' ') {
        throw InputError("bad node name " + quoted(name) + ": a blank at its end");
    }
    if (by_name_.contains(name)) {
        throw InputError("there is a node named " + quoted(name) + " already");
    }
}

Ipv4 NetworkImpl::next_address() {
    for (; next_address_ < end_offset(pool_); ++next_address_) {
        const Ipv4 candidate{pool_.address.bits + static_cast<std::uint32_t>(next_address_)};
        if (!taken_.contains(candidate)) {
            return candidate;
        }
    }
    throw InputError("address space exhausted: " + to_string(pool_) + " has " +
                     std::to_string(end_offset(pool_) - first_offset(pool_)) +
                     " addresses for nodes, all given out");
}

void NetworkImpl::take_address(std::string_view name, Ipv4 address) {
    if (address.is_any() || address.is_multicast() || address.is_broadcast() ||
        address.is_loopback()) {
        throw InputError(quoted(name) + ": " + to_string(address) + " cannot be a node's address");
    }
    if (!taken_.insert(address).second) {
        const auto owner = std::find_if(nodes_.begin(), nodes_.end(),
                                        [&](const Node& n) { return n.address == address; });
        throw InputError(quoted(name) + ": " + to_string(address) + " is the address of " +
                         quoted(owner->owner->name()) + " already");
    }
}

void NetworkImpl::add_node(Node node, std::string_view name) {
    net::RouteTable& routes = node.host != nullptr ? node.host->routes() : node.router->routes();
    topology_.add_node(*node.owner, routes, node.address);
    by_name_.emplace(std::string(name), nodes_.size());
    by_node_.emplace(node.owner.get(), nodes_.size());
    nodes_.push_back(std::move(node));
    routes_stale_ = true;
    if (report_ != nullptr) {
        tell_report(nodes_.back());
    }
}

HostRef NetworkImpl::add_host(std::string_view name, const HostOptions& options) {
    check_new_name(name);
    host::HostConfig config;
    net::ConntrackSettings conntrack;
    config.name = std::string(name);
    config.timer_wheel.on = options.timer_wheel;
    try {
        config.sysctl = tcp::profile_settings(options.profile);
        for (const auto& [key, value] : options.sysctl) {
            if (!key.starts_with(net::kConntrackPrefix)) {
                tcp::set_sysctl(config.sysctl, key, value);
            } else {
                net::set_conntrack_sysctl(conntrack, key, value);
            }
        }
        config.sysctl.without = without_;
        config.sysctl.without.add(options.without);
        config.cpu = options.cpu;
        config.clock = options.clock;
        if (config.cpu) {
            check_cpu(*config.cpu);
        }
    } catch (const InputError& e) {
        throw InputError("host " + quoted(name) + ": " + e.what());
    }
    config.address = options.address ? *options.address : next_address();
    take_address(name, config.address);
    Node node;
    auto made = std::make_unique<host::Host>(fabric_, bytes_, config);
    if (conntrack != net::ConntrackSettings{}) {
        made->elements().conntrack_settings() = conntrack;
    }
    node.host = made.get();
    if (options.isn) {
        made->stack().set_next_isn(*options.isn);
    }
    node.owner = std::move(made);
    node.address = config.address;
    add_node(std::move(node), name);
    return host_ref(nodes_.back());
}

RouterRef NetworkImpl::add_router(std::string_view name, const RouterOptions& options) {
    check_new_name(name);
    Node node;
    node.address = next_address();
    take_address(name, node.address);
    auto made = std::make_unique<net::Router>(fabric_, std::string(name), node.address);
    made->say_icmp_errors(options.icmp_errors);
    node.router = made.get();
    node.owner = std::move(made);
    add_node(std::move(node), name);
    for (const Prefix& prefix : blackholes_) {
        add_blackhole(nodes_.back(), prefix);
    }
    return RouterRef(this, nodes_.back().owner.get());
}

LinkRef NetworkImpl::add_link(const NodeRef& a, const NodeRef& b, const LinkOptions& a_to_b,
                              const LinkOptions& b_to_a) {
    Node& left = node_of(a);
    Node& right = node_of(b);
    try {
        links_.push_back(std::make_unique<net::Link>(fabric_, *left.owner, left.address,
                                                     *right.owner, right.address, a_to_b, b_to_a));
    } catch (const InputError& e) {
        throw InputError("link " + left.owner->name() + "-" + right.owner->name() + ": " +
                         e.what());
    }
    topology_.add_link(*links_.back());
    routes_stale_ = true;
    if (report_ != nullptr) {
        report_->add_link(*links_.back());
    }
    if (eager_routes_) {
        topology_.compute_routes();
    }
    return LinkRef(this, links_.size() - 1);
}

std::vector<std::string_view> NetworkImpl::node_names() const {
    std::vector<std::string_view> names;
    for (const Node& node : nodes_) {
        names.push_back(node.owner->name());
    }
    return names;
}

const NetworkImpl::Node& NetworkImpl::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        throw InputError("there is no node " + quoted(name) + did_you_mean(name, node_names()));
    }
    return nodes_[found->second];
}

NetworkImpl::Node& NetworkImpl::node_of(const NodeRef& ref) {
    if (ref.net_ != this) {
        throw InputError("node " + quoted(ref.name()) + " belongs to another network");
    }
    return nodes_[by_node_.at(static_cast<const net::Node*>(ref.node_))];
}

NodeRef NetworkImpl::node_named(std::string_view name) {
    return {this, find(name).owner.get()};
}

HostRef NetworkImpl::host_named(std::string_view name) {
    const Node& node = find(name);
    if (node.host == nullptr) {
        throw InputError(quoted(name) + " is a router, not a host");
    }
    return {this, node.owner.get()};
}

std::vector<HostRef> NetworkImpl::hosts() {
    std::vector<HostRef> out;
    for (Node& node : nodes_) {
        if (node.host != nullptr) {
            out.push_back(host_ref(node));
        }
    }
    return out;
}

std::vector<RouterRef> NetworkImpl::routers() {
    std::vector<RouterRef> out;
    for (Node& node : nodes_) {
        if (node.router != nullptr) {
            out.push_back(RouterRef(this, node.owner.get()));
        }
    }
    return out;
}

std::vector<LinkRef> NetworkImpl::links() {
    std::vector<LinkRef> out;
    for (std::size_t i = 0; i < links_.size(); ++i) {
        out.push_back(LinkRef(this, i));
    }
    return out;
}

Ipv4 NetworkImpl::resolve_address(std::string_view name) const {
    if (const std::optional<Ipv4> address = parse_ipv4(name)) {
        return *address;
    }
    return find(name).address;
}

std::string_view NetworkImpl::name_of(Ipv4 address) const {
    for (const auto& [name, index] : by_name_) {
        if (nodes_[index].address == address) {
            return name;
        }
    }
    return {};
}

std::unique_ptr<shell::Job> NetworkImpl::sh(Node& node, std::string_view line) {
    keep_routes_current();
    return shell::start(*node.host, *this, line);
}

Endpoint NetworkImpl::resolve(std::string_view target) const {
    const std::size_t colon = target.rfind(':');
    if (colon == std::string_view::npos) {
        throw InputError("target " + quoted(target) + " has no port: write " + std::string(target) +
                         ":80");
    }
    const std::string_view digits = target.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) {
        throw InputError("target " + quoted(target) + ": the port must be 1 to 65535");
    }
    return {resolve_address(target.substr(0, colon)), port};
}

}  // namespace netsim
