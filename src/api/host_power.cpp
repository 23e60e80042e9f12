// Hosts that lose power and come back.
#include <utility>

#include "api/network_impl.hpp"

namespace netsim {

void NetworkImpl::require_power(const Node& node, std::string_view call) {
    if (!node.host->is_on()) {
        throw InputError(std::string(call) + " on '" + node.owner->name() +
                         "': the host is off (boot() turns it on)");
    }
}

/// A host in the midst of a call must not vanish under it, so inside an event it is one of its own.
void NetworkImpl::set_power(Node& node, bool on) {
    if (in_event_) {
        at(node, sim_.now(), [&node, on] { switch_power(node, on); });
    } else {
        switch_power(node, on);
    }
}

void NetworkImpl::switch_power(Node& node, bool on) {
    if (on == node.host->is_on()) {
        return;
    }
    if (on) {
        node.host->boot();
    } else {
        node.host->power_off();
    }
    const auto calls = on ? node.on_boot : node.on_power_off;  // they may ask for more
    for (const std::function<void()>& call : calls) {
        call();
    }
}

void HostRef::power_off() {
    net_->set_power(net_->node_of(*this), false);
}

void HostRef::boot() {
    net_->set_power(net_->node_of(*this), true);
}

void HostRef::shutdown(Duration after) {
    if (after < Duration{0}) {
        throw InputError("shutdown on '" + name() + "': the time must not be negative");
    }
    if (!is_on()) {
        return;
    }
    for (const ProcessInfo& process : processes()) {
        kill(process.pid);
    }
    at(net_->sim().now() + after, [host = *this]() mutable { host.power_off(); });
}

bool HostRef::is_on() const {
    return net_->node_of(*this).host->is_on();
}

void HostRef::on_boot(std::function<void()> f) {
    net_->node_of(*this).on_boot.push_back(std::move(f));
}

void HostRef::on_power_off(std::function<void()> f) {
    net_->node_of(*this).on_power_off.push_back(std::move(f));
}

}  // namespace netsim
