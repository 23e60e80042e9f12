// What can be seen of a host, and what others have it do at a time.
#include <utility>

#include "host/host.hpp"
#include "host/host_state.hpp"
#include "tcp/stack.hpp"

namespace netsim::host {

void Host::for_each_socket(const std::function<void(const tcp::SocketInfo&)>& visit) const {
    stack_->for_each_socket(fabric().sim.now(), visit);
}

std::uint64_t Host::count_sockets(std::uint32_t states, std::uint16_t port) const {
    return stack_->count_sockets(states, port);
}

Result<tcp::SocketInfo> Host::info(SocketId s) const {
    return stack_->info(s, fabric().sim.now());
}

std::uint32_t Host::syn_queue_length(std::uint16_t port) const {
    return stack_->syn_queue_length(port);
}

std::uint32_t Host::accept_queue_length(std::uint16_t port) const {
    return stack_->accept_queue_length(port);
}

std::uint32_t Host::syn_queue_peak(std::uint16_t port) const {
    return stack_->syn_queue_peak(port);
}

std::uint32_t Host::accept_queue_peak(std::uint16_t port) const {
    return stack_->accept_queue_peak(port);
}

std::uint64_t Host::integrity_violations() const {
    return stack_->integrity_violations();
}

void Host::count(tcp::Mib counter) {
    stack_->mib().add(counter);
}

void Host::call_at(Time when, std::function<void()> f) {
    fabric().sim.schedule(when, id(), state_->calls, state_->calls.add(std::move(f)));
}

void Host::trace_call(Endpoint local, Endpoint remote, std::string_view text) {
    if (fabric().tracer != nullptr) {
        fabric().tracer->on_call({fabric().sim.now(), id(), name(), local, remote, text});
    }
}

}  // namespace netsim::host
