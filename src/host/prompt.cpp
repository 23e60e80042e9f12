// What a host gives to the tools at its prompt beyond its sockets.
#include "host/host.hpp"
#include "host/host_state.hpp"
#include "tcp/stack.hpp"

namespace netsim::host {

std::optional<Host::LearntMtu> Host::learnt_mtu(Ipv4 destination) const {
    const auto known = state_->path_mtu.find(destination.bits);
    if (known == state_->path_mtu.end() || known->second.until <= fabric().sim.now()) {
        return std::nullopt;
    }
    return LearntMtu{known->second.mtu, known->second.until};
}

std::map<std::string, std::string, std::less<>>& Host::files() {
    return state_->files;
}

const std::map<std::string, std::string, std::less<>>& Host::files() const {
    return state_->files;
}

const net::RouteTable& Host::routes() const {
    return state_->routes;
}

const tcp::Sysctl& Host::sysctl() const {
    return stack_->sysctl();
}

}  // namespace netsim::host
