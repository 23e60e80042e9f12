// Longest prefix match: one hash table per prefix length in use, tried from the longest.
#include "net/routes.hpp"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <utility>

namespace netsim::net {

struct RouteTable::Level {
    std::uint8_t length = 0;
    std::uint32_t mask = 0;
    absl::flat_hash_map<std::uint32_t, Route> routes;
};

RouteTable::RouteTable() = default;
RouteTable::~RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;

void RouteTable::add(const Route& route) {
    ++version_;
    const std::uint8_t length = route.prefix.length;
    if (length == 0) {
        if (!default_ || default_->computed || !route.computed) {
            default_ = route;
        }
        return;
    }
    auto level = std::find_if(levels_.begin(), levels_.end(),
                              [&](const Level& l) { return l.length <= length; });
    if (level == levels_.end() || level->length != length) {
        level = levels_.insert(level, Level{length, route.prefix.mask(), {}});
    }
    const auto [place, added] = level->routes.try_emplace(route.prefix.address.bits, route);
    if (!added && (place->second.computed || !route.computed)) {
        place->second = route;
    }
}

bool RouteTable::remove(Prefix prefix) {
    ++version_;
    if (prefix.length == 0) {
        return std::exchange(default_, std::nullopt).has_value();
    }
    for (auto level = levels_.begin(); level != levels_.end(); ++level) {
        if (level->length == prefix.length) {
            const bool found = level->routes.erase(prefix.address.bits) != 0;
            if (level->routes.empty()) {
                levels_.erase(level);
            }
            return found;
        }
    }
    return false;
}

void RouteTable::remove_computed() {
    ++version_;
    if (default_ && default_->computed) {
        default_.reset();
    }
    for (Level& level : levels_) {
        absl::erase_if(level.routes, [](const auto& entry) { return entry.second.computed; });
    }
    std::erase_if(levels_, [](const Level& level) { return level.routes.empty(); });
}

const Route* RouteTable::find_and_remember(Ipv4 destination) const {
    if (!cache_) {
        cache_ = std::make_unique<std::array<Cached, kCached>>();
    }
    Cached& entry = (*cache_)[slot(destination)];
    entry = {destination, version_, search(destination), {}};
    if (resolver_ != nullptr && (entry.route == nullptr || entry.route->prefix.length < 32)) {
        if (const auto resolved = resolver_->resolve(node_, destination)) {
            entry.resolved = *resolved;
            entry.route = &entry.resolved;
        }
    }
    return entry.route;
}

const Route* RouteTable::search(Ipv4 destination) const {
    for (const Level& level : levels_) {
        const auto found = level.routes.find(destination.bits & level.mask);
        if (found != level.routes.end()) {
            return &found->second;
        }
    }
    return default_ ? &*default_ : nullptr;
}

std::size_t RouteTable::size() const {
    std::size_t size = default_ ? 1 : 0;
    for (const Level& level : levels_) {
        size += level.routes.size();
    }
    return size;
}

std::vector<Route> RouteTable::all() const {
    std::vector<Route> routes;
    routes.reserve(size());
    for (const Level& level : levels_) {
        for (const auto& [bits, route] : level.routes) {
            routes.push_back(route);
        }
    }
    if (default_) {
        routes.push_back(*default_);
    }
    std::sort(routes.begin(), routes.end(), [](const Route& a, const Route& b) {
        return a.prefix.length != b.prefix.length ? a.prefix.length > b.prefix.length
                                                  : a.prefix.address < b.prefix.address;
    });
    return routes;
}

}  // namespace netsim::net
