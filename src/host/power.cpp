// Power: what a host loses when it goes, and what it has when it comes back.
#include <string>

#include "base/check.hpp"
#include "host/host.hpp"
#include "host/host_state.hpp"
#include "net/elements.hpp"
#include "tcp/stack.hpp"

namespace netsim::host {

/// What close() does for one socket's bytes, for all of them.
void Host::release_streams() {
    stack_->for_each_socket(fabric().sim.now(), [this](const tcp::SocketInfo& info) {
        if (!info.id) {
            return;
        }
        const tcp::Stack::SendCursor cursor = stack_->send_cursor(info.id);
        if ((cursor.stream & wire::kRealStream) != 0) {
            bytes_.close_writer(cursor.stream);
        }
    });
    for (const SocketSlot& slot : state_->slots) {
        if (slot.rx_stream != 0) {
            bytes_.close_reader(slot.rx_stream);
        }
    }
}

void Host::power_off() {
    State& state = *state_;
    if (!state.on) {
        return;
    }
    CHECK(!state.dispatching);
    state.on = false;
    state.special = true;
    state.handshakes_before_boot += stack_->mib().get(tcp::Mib::kTcpPassiveOpens);
    release_streams();
    stack_->restart(
        fabric().sim.rng("host/" + name() + "/secrets/boot " + std::to_string(state.boots)));
    state.slots.clear();
    state.taps.clear();
    state.pending.clear();
    state.path_mtu.clear();
    state.icmp_limit = {};
    state.next_ip_id = 0;
    state.udp->clear(
        fabric().sim.rng("host/" + name() + "/udp/boot " + std::to_string(state.boots)));
    state.stale_loopback = state.loopback.size();
    if (state.cpu != nullptr) {
        state.cpu->power_off();
    }
    if (net::Elements* const elements = elements_if_any(); elements != nullptr) {
        elements->power_off();
    }
    for (Program* program : state.processes.clear()) {
        program->on_end();
    }
}

void Host::boot() {
    State& state = *state_;
    if (state.on) {
        return;
    }
    state.on = true;
    state.special = state.cpu != nullptr;
    ++state.boots;
    // Linux's clocks of this kind count from the boot.
    stack_->set_clock_offset(state.clock - fabric().sim.now().time_since_epoch());
}

bool Host::is_on() const {
    return state_->on;
}

std::uint32_t Host::boots() const {
    return state_->boots;
}

std::uint64_t Host::handshakes_before_boot() const {
    return state_->handshakes_before_boot;
}

}  // namespace netsim::host
