// The socket calls: each is one input of the stack, whose outputs are drained before it returns.
#include <algorithm>

#include "host/host.hpp"
#include "host/host_state.hpp"
#include "tcp/stack.hpp"

namespace netsim::host {

Result<SocketId> Host::socket(std::uint32_t pid) {
    Process* owner = state_->processes.find(pid);
    const Errno room = state_->processes.room(owner, stack_->sysctl().file_max);
    if (room != Errno::kOk) {
        return fail(room);
    }
    const Result<SocketId> made = stack_->socket();
    if (made) {
        hold(*made, owner);
    }
    return made;
}

Result<void> Host::bind(SocketId s, Endpoint local) {
    return stack_->bind(s, local);
}

Result<void> Host::listen(SocketId s, int backlog) {
    state_->out.observed = fabric().tracer != nullptr;
    const auto result = stack_->listen(s, backlog, fabric().sim.now(), state_->out);
    drain(nullptr, 0);
    return result;
}

Result<void> Host::connect(SocketId s, Endpoint remote) {
    Cpu::CallScope call(state_->cpu.get());
    call.charge(&CpuCosts::connect);
    state_->out.observed = fabric().tracer != nullptr;
    const auto result = stack_->connect(s, remote, fabric().sim.now(), state_->out);
    drain(nullptr, 0);
    return result;
}

Result<SocketId> Host::accept(SocketId s) {
    Cpu::CallScope call(state_->cpu.get());
    const SocketSlot* listener = state_->find_slot(s);
    Process* owner = listener != nullptr ? listener->owner : nullptr;
    // Linux __sys_accept4_file(): the descriptor first, then the queue.
    const Errno room = state_->processes.room(owner, stack_->sysctl().file_max);
    if (room != Errno::kOk) {
        return fail(room);
    }
    const auto accepted = stack_->accept(s);
    if (accepted) {
        hold(*accepted, owner);
        call.charge(&CpuCosts::accept);
    }
    return accepted;
}

Result<std::uint64_t> Host::send(SocketId s, std::string_view bytes) {
    Cpu::CallScope call(state_->cpu.get());
    const auto room = stack_->send_room(s);
    if (!room) {
        return fail(room.error());
    }
    constexpr std::uint64_t kMost = std::uint64_t{64} << 20U;  // more than any send buffer takes
    const std::string_view taken = bytes.substr(0, std::min(*room, kMost));
    tcp::Stack::SendCursor cursor = stack_->send_cursor(s);
    if ((cursor.stream & wire::kRealStream) == 0) {
        cursor = {bytes_.open(), 0, 0};
        stack_->set_send_stream(s, cursor.stream);
    }
    bytes_.release_writer(cursor.stream,
                          cursor.offset > cursor.unacked ? cursor.offset - cursor.unacked : 0);
    const wire::PayloadRef payload{cursor.offset, cursor.stream,
                                   static_cast<std::uint32_t>(taken.size())};
    state_->out.observed = fabric().tracer != nullptr;
    // Kept before they are sent: a signature (RFC 2385) is over them.
    bytes_.append(cursor.stream, taken);
    const auto result = stack_->send(s, payload, fabric().sim.now(), state_->out);
    bytes_.take_back(cursor.stream, taken.size() - result.value_or(0));
    if (result) {
        call.charge(&CpuCosts::write, *result);
    }
    drain(nullptr, 0);
    return result;
}

Result<void> Host::fast_open(SocketId s, Endpoint remote) {
    Cpu::CallScope call(state_->cpu.get());
    call.charge(&CpuCosts::connect);
    state_->out.observed = fabric().tracer != nullptr;
    const auto result = stack_->fast_open(s, remote, fabric().sim.now(), state_->out);
    drain(nullptr, 0);
    return result;
}

void Host::await_handshake(SocketId s) {
    stack_->await_handshake(s);
}

bool Host::opening(SocketId s) const {
    return stack_->opening(s);
}

Result<void> Host::set_md5_key(SocketId s, Prefix peers, std::string_view key) {
    return stack_->set_md5_key(s, peers, key);
}

Result<void> Host::set_fastopen_key(SocketId s, std::span<const std::uint8_t> octets) {
    return stack_->set_fastopen_key(s, octets);
}

Result<std::uint64_t> Host::send_synthetic(SocketId s, std::uint64_t count) {
    return send_synthetic(s, count, {});
}

Result<std::uint64_t> Host::send_synthetic(SocketId s, std::uint64_t count,
                                           const tcp::SendFlags& flags) {
    Cpu::CallScope call(state_->cpu.get());
    const auto room = stack_->send_room(s);
    if (!room) {
        return fail(room.error());
    }
    tcp::Stack::SendCursor cursor = stack_->send_cursor(s);
    if (cursor.stream == 0 || (cursor.stream & wire::kRealStream) != 0) {
        if (cursor.stream != 0) {
            bytes_.close_writer(cursor.stream);
        }
        cursor = {stack_->new_synthetic_stream(), 0, 0};
        stack_->set_send_stream(s, cursor.stream);
    }
    const wire::PayloadRef payload{cursor.offset, cursor.stream,
                                   static_cast<std::uint32_t>(std::min(*room, count))};
    state_->out.observed = fabric().tracer != nullptr;
    const auto result = stack_->send(s, payload, fabric().sim.now(), state_->out, flags);
    if (result) {
        call.charge(&CpuCosts::write, *result);
    }
    drain(nullptr, 0);
    return result;
}

Result<std::string> Host::receive(SocketId s, std::uint64_t max) {
    Cpu::CallScope call(state_->cpu.get());
    std::vector<wire::PayloadRef>& ranges = state_->ranges;
    ranges.clear();
    state_->out.observed = fabric().tracer != nullptr;
    const auto got = stack_->receive(s, max, fabric().sim.now(), state_->out, ranges);
    if (!got) {
        return fail(got.error());
    }
    call.charge(&CpuCosts::read, *got);
    std::string bytes;
    SocketSlot& slot = state_->slot(s);
    for (const wire::PayloadRef& range : ranges) {
        bytes_.read(range, bytes);
        if (range.is_real() && !bytes_.is_kept(range.stream)) {
            if (slot.rx_stream != 0 && slot.rx_stream != range.stream) {
                bytes_.close_reader(slot.rx_stream);
            }
            slot.rx_stream = range.stream;
            bytes_.release_reader(range.stream, range.offset + range.length);
        }
    }
    drain(nullptr, 0);
    return bytes;
}

Result<std::uint64_t> Host::receive_discard(SocketId s, std::uint64_t max) {
    Cpu::CallScope call(state_->cpu.get());
    std::vector<wire::PayloadRef>& ranges = state_->ranges;
    ranges.clear();
    state_->out.observed = fabric().tracer != nullptr;
    const auto got = stack_->receive(s, max, fabric().sim.now(), state_->out, ranges);
    if (got) {
        call.charge(&CpuCosts::read, *got);
        for (const wire::PayloadRef& range : ranges) {
            if (range.is_real()) {
                state_->slot(s).rx_stream = range.stream;
                bytes_.release_reader(range.stream, range.offset + range.length);
            }
        }
    }
    drain(nullptr, 0);
    return got;
}

void Host::lock(SocketId s) {
    stack_->lock(s);
}

bool Host::has_backlog(SocketId s) const {
    return stack_->has_backlog(s);
}

void Host::process_backlog(SocketId s) {
    state_->out.observed = fabric().tracer != nullptr;
    stack_->process_backlog(s, fabric().sim.now(), state_->out);
    drain(nullptr, 0);
}

void Host::flush_backlog(SocketId s) {
    state_->out.observed = fabric().tracer != nullptr;
    stack_->flush_backlog(s, fabric().sim.now(), state_->out);
    drain(nullptr, 0);
}

void Host::unlock(SocketId s) {
    state_->out.observed = fabric().tracer != nullptr;
    stack_->unlock(s, fabric().sim.now(), state_->out);
    drain(nullptr, 0);
}

Result<void> Host::shutdown(SocketId s, Shutdown how) {
    Cpu::CallScope call(state_->cpu.get());
    call.charge(&CpuCosts::close);
    state_->out.observed = fabric().tracer != nullptr;
    const auto result = stack_->shutdown(s, how, fabric().sim.now(), state_->out);
    drain(nullptr, 0);
    return result;
}

Result<void> Host::close(SocketId s) {
    Cpu::CallScope call(state_->cpu.get());
    call.charge(&CpuCosts::close);
    const tcp::Stack::SendCursor cursor = stack_->send_cursor(s);
    SocketSlot* slot = state_->find_slot(s);
    if ((cursor.stream & wire::kRealStream) != 0) {
        bytes_.close_writer(cursor.stream);
    }
    if (slot != nullptr && slot->rx_stream != 0) {
        bytes_.close_reader(slot->rx_stream);
        slot->rx_stream = 0;
    }
    if (slot != nullptr && slot->held) {
        slot->held = false;
        release(slot->owner, slot->fd);
        slot->owner = nullptr;
    }
    state_->out.observed = fabric().tracer != nullptr;
    const auto result = stack_->close(s, fabric().sim.now(), state_->out);
    watch(s, nullptr);
    drain(nullptr, 0);
    return result;
}

Result<void> Host::set_option(SocketId s, SocketOption option, std::int64_t value) {
    state_->out.observed = fabric().tracer != nullptr;
    const auto result = stack_->set_option(s, option, value, fabric().sim.now(), state_->out);
    drain(nullptr, 0);
    return result;
}

Result<std::int64_t> Host::get_option(SocketId s, SocketOption option) {
    return stack_->get_option(s, option);
}

Result<void> Host::set_congestion_control(SocketId s, std::string_view name) {
    return stack_->set_congestion_control(s, name, fabric().sim.now());
}

Result<std::string_view> Host::congestion_control(SocketId s) const {
    return stack_->get_congestion_control(s);
}

unsigned Host::poll(SocketId s) const {
    return stack_->poll(s);
}

Result<Endpoint> Host::local_endpoint(SocketId s) const {
    return stack_->local_endpoint(s);
}

Result<Endpoint> Host::remote_endpoint(SocketId s) const {
    return stack_->remote_endpoint(s);
}

void Host::watch(SocketId s, SocketWatcher* watcher) {
    if (watcher != nullptr) {
        state_->slot(s).watcher = watcher;
    } else if (SocketSlot* slot = state_->find_slot(s)) {
        slot->watcher = nullptr;
    }
}

std::uint32_t Host::syn_retransmits(SocketId s) const {
    return stack_->syn_retransmits(s);
}

std::uint64_t Host::bytes_acked(SocketId s) const {
    return stack_->bytes_acked(s);
}

}  // namespace netsim::host
