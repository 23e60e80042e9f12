// Processes: their descriptors, and what happens to them at the end.
#include <utility>

#include "host/host.hpp"
#include "host/host_state.hpp"
#include "tcp/stack.hpp"

namespace netsim::host {

std::uint32_t Host::start_process(const ProcessOptions& options, Program* program) {
    return state_->processes.start(options, program).pid;
}

bool Host::is_alive(std::uint32_t pid) const {
    return state_->processes.all().contains(pid);
}

void Host::limit_files(std::uint32_t pid, std::uint64_t nofile) {
    if (Process* process = state_->processes.find(pid)) {
        process->nofile = nofile;
    }
}

/// Linux exit_files(). A close() may run others' code, so nothing is held on to in between.
void Host::close_descriptors(std::uint32_t pid) {
    for (std::size_t i = 0;; ++i) {
        const Process* process = state_->processes.find(pid);
        if (process == nullptr || i >= process->descriptors.slots().size()) {
            return;
        }
        const DescriptorInfo descriptor = process->descriptors.slots()[i];
        if (descriptor.fd >= 0 && descriptor.udp) {
            static_cast<void>(state_->udp->close(descriptor.udp));
        } else if (descriptor.fd >= 0) {
            static_cast<void>(close(descriptor.tcp));
        }
    }
}

void Host::end_process(std::uint32_t pid) {
    close_descriptors(pid);
    state_->processes.erase(pid);
}

void Host::kill_process(std::uint32_t pid) {
    Process* process = state_->processes.find(pid);
    if (process == nullptr) {
        return;
    }
    if (fabric().tracer != nullptr) {
        for (const DescriptorInfo& descriptor : process->descriptors.slots()) {
            if (descriptor.tcp && stack_->remote_endpoint(descriptor.tcp)) {
                trace_call(*stack_->local_endpoint(descriptor.tcp),
                           *stack_->remote_endpoint(descriptor.tcp), "killed");
            }
        }
    }
    if (Program* program = std::exchange(process->program, nullptr)) {
        program->on_end();
    }
    end_process(pid);
}

void Host::forget_program(std::uint32_t pid) {
    Process* process = state_->processes.find(pid);
    if (process == nullptr) {
        return;
    }
    process->program = nullptr;
    for (const DescriptorInfo& descriptor : process->descriptors.slots()) {
        if (descriptor.fd >= 0) {
            return;
        }
    }
    state_->processes.erase(pid);
}

void Host::hold(SocketId s, Process* owner) {
    SocketSlot& slot = state_->slot(s);
    slot.held = true;
    slot.owner = owner;
    slot.fd = state_->processes.open(owner, {.tcp = s});
}

void Host::release(Process* owner, int fd) {
    state_->processes.close(owner, fd);
}

void Host::give_socket(SocketId s, std::uint32_t pid) {
    SocketSlot* slot = state_->find_slot(s);
    Process* to = state_->processes.find(pid);
    if (slot == nullptr || !slot->held || slot->owner == to) {
        return;
    }
    release(slot->owner, slot->fd);
    hold(s, to);
}

void Host::give_udp_socket(UdpId s, std::uint32_t pid) {
    const Result<UdpInfo> info = state_->udp->info(s);
    const std::optional<SocketOwner> owner = state_->udp->owner_of(s);
    Process* to = state_->processes.find(pid);
    if (!info || (owner ? owner->pid : 0) == pid) {
        return;
    }
    release(owner ? state_->processes.find(owner->pid) : nullptr, owner ? owner->fd : -1);
    state_->udp->set_owner(s, to, state_->processes.open(to, {.udp = s}));
}

Result<UdpId> Host::udp_socket(std::uint32_t pid) {
    Process* owner = state_->processes.find(pid);
    const Errno room = state_->processes.room(owner, stack_->sysctl().file_max);
    if (room != Errno::kOk) {
        return fail(room);
    }
    const UdpId made = state_->udp->open();
    state_->udp->set_owner(made, owner, state_->processes.open(owner, {.udp = made}));
    return made;
}

Ipv4 Host::nameserver() const {
    return state_->nameserver;
}

void Host::set_nameserver(Ipv4 server) {
    state_->nameserver = server;
}

Udp& Host::udp() {
    return *state_->udp;
}

const Udp& Host::udp() const {
    return *state_->udp;
}

void Host::for_each_process(const std::function<void(const ProcessInfo&)>& visit) const {
    for (const auto& [pid, process] : state_->processes.all()) {
        ProcessInfo info{pid, process.name, process.nofile, {}};
        for (const DescriptorInfo& descriptor : process.descriptors.slots()) {
            if (descriptor.fd >= 0) {
                info.descriptors.push_back(descriptor);
            }
        }
        visit(info);
    }
}

std::optional<SocketOwner> Host::owner_of(SocketId s) const {
    const SocketSlot* slot = state_->find_slot(s);
    if (slot == nullptr || slot->owner == nullptr) {
        return std::nullopt;
    }
    return SocketOwner{slot->owner->pid, slot->owner->name, slot->fd};
}

std::optional<SocketOwner> Host::owner_of(UdpId s) const {
    return state_->udp->owner_of(s);
}

}  // namespace netsim::host
