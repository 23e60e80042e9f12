// Handles of hosts: sockets, applications, state.
#include <utility>

#include "api/network_impl.hpp"
#include "app/bulk.hpp"
#include "app/dns.hpp"
#include "app/load.hpp"
#include "app/ping.hpp"
#include "app/server.hpp"
#include "app/sink.hpp"
#include "app/synflood.hpp"
#include "base/text.hpp"
#include "host/cpu.hpp"
#include "net/conntrack_settings.hpp"
#include "observe/views.hpp"
#include "shell/sysctl_conf.hpp"
#include "tcp/mib.hpp"
#include "tcp/stack.hpp"
#include "tcp/sysctl.hpp"

namespace netsim {
namespace {

host::Host& as_host(void* node) {
    return static_cast<host::Host&>(*static_cast<net::Node*>(node));
}

}  // namespace

Result<Socket> HostRef::tcp() {
    NetworkImpl::require_power(net_->node_of(*this), "tcp()");
    net_->keep_routes_current();
    host::Host& host = as_host(node_);
    const Result<SocketId> socket = host.socket();
    if (!socket) {
        return fail(socket.error());
    }
    return Socket(&host, *socket);
}

void HostRef::watch(const Socket& socket, std::function<void(unsigned events)> callback) {
    if (socket.host() != &as_host(node_)) {
        throw InputError("watch on '" + name() + "': the socket is not this host's");
    }
    SocketCallbacks& callbacks = net_->node_of(*this).callbacks;
    if (callback) {
        callbacks.set(socket.id(), std::move(callback));
        as_host(node_).watch(socket.id(), &callbacks);
    } else {
        callbacks.clear(socket.id());
        as_host(node_).watch(socket.id(), nullptr);
    }
}

StatsRef<ServerStats> HostRef::serve(const ServerOptions& options) {
    return &net_->add_application<app::Server>(net_->node_of(*this), "serve", options).stats();
}

StatsRef<LoadStats> HostRef::load(std::string_view target, const LoadOptions& options) {
    const Endpoint to = net_->resolve(target);
    return &net_->add_application<app::Load>(net_->node_of(*this), "load", to, options).stats();
}

StatsRef<ServerStats> HostRef::sink(std::uint16_t port) {
    return &net_->add_application<app::Sink>(net_->node_of(*this), "sink", port).stats();
}

StatsRef<BulkStats> HostRef::bulk(std::string_view target, const BulkOptions& options) {
    const Endpoint to = net_->resolve(target);
    return &net_->add_application<app::Bulk>(net_->node_of(*this), "bulk", to, options).stats();
}

StatsRef<SynFloodStats> HostRef::synflood(std::string_view target, const SynFloodOptions& options) {
    const Endpoint to = net_->resolve(target);
    const auto& flood =
        net_->add_application<app::SynFlood>(net_->node_of(*this), "synflood", to, options);
    if (options.spoof) {
        net_->blackhole_everywhere(*options.spoof);
    }
    return &flood.stats();
}

StatsRef<DnsStats> HostRef::dns(const DnsOptions& options) {
    DnsOptions full = options;
    if (full.zone.empty()) {
        full.zone = net_->zone_of_nodes(options.domain);
    }
    return &net_->add_application<app::DnsServer>(net_->node_of(*this), "dns", full).stats();
}

void HostRef::set_nameserver(Ipv4 server) {
    as_host(node_).set_nameserver(server);
}

Ipv4 HostRef::nameserver() const {
    return as_host(node_).nameserver();
}

StatsRef<PingStats> HostRef::ping(std::string_view target, const PingOptions& options) {
    const Ipv4 to = net_->resolve_address(target);
    return &net_->add_application<app::Ping>(net_->node_of(*this), "ping", to, options).stats();
}

std::string HostRef::sysctl(std::string_view name) const {
    if (name.starts_with(net::kConntrackPrefix)) {
        return netfilter_sysctl(name);
    }
    if (!tcp::is_sysctl(name)) {
        std::vector<std::string_view> known;
        for (const tcp::SysctlEntry& entry : tcp::sysctl_table()) {
            known.push_back(entry.name);
        }
        throw InputError("unknown sysctl '" + std::string(name) + "'" + did_you_mean(name, known));
    }
    return tcp::get_sysctl(as_host(node_).sysctl(), name);
}

void HostRef::set_sysctl(std::string_view name, std::string_view value) {
    if (name.starts_with(net::kConntrackPrefix)) {
        return set_netfilter_sysctl(name, value);
    }
    tcp::set_sysctl(as_host(node_).sysctl(), name, value);
}

void HostRef::set_next_isn(std::uint32_t isn) {
    as_host(node_).stack().set_next_isn(isn);
}

std::uint64_t HostRef::counter(std::string_view nstat_name) const {
    const std::optional<tcp::Mib> mib = tcp::find_mib(nstat_name);
    if (!mib) {
        std::vector<std::string_view> known;
        for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
            known.push_back(tcp::describe(static_cast<tcp::Mib>(i)).name);
        }
        throw InputError("unknown counter '" + std::string(nstat_name) + "'" +
                         did_you_mean(nstat_name, known));
    }
    return as_host(node_).mibs().get(*mib);
}

std::vector<std::pair<std::string, std::uint64_t>> HostRef::counters() const {
    std::vector<std::pair<std::string, std::uint64_t>> out;
    const tcp::Mibs& mibs = as_host(node_).mibs();
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        const auto mib = static_cast<tcp::Mib>(i);
        out.emplace_back(std::string(tcp::describe(mib).name), mibs.get(mib));
    }
    return out;
}

std::uint32_t HostRef::syn_queue(std::uint16_t port) const {
    return as_host(node_).syn_queue_length(port);
}

std::uint32_t HostRef::accept_queue(std::uint16_t port) const {
    return as_host(node_).accept_queue_length(port);
}

std::uint64_t HostRef::dropped(DropReason reason) const {
    return as_host(node_).dropped(reason);
}

std::uint32_t HostRef::syn_queue_peak(std::uint16_t port) const {
    return as_host(node_).syn_queue_peak(port);
}

std::uint32_t HostRef::accept_queue_peak(std::uint16_t port) const {
    return as_host(node_).accept_queue_peak(port);
}

std::uint64_t HostRef::integrity_violations() const {
    return as_host(node_).integrity_violations();
}

std::string HostRef::ss(std::string_view flags) const {
    return observe::ss_text(as_host(node_), flags);
}

std::string HostRef::nstat(std::string_view flags) const {
    return observe::nstat_text(as_host(node_), flags);
}

std::unique_ptr<shell::Job> HostRef::sh(std::string_view line) {
    NetworkImpl::require_power(net_->node_of(*this), "sh");
    return net_->sh(net_->node_of(*this), line);
}

std::uint64_t HostRef::sockets(std::string_view state, std::uint16_t port) const {
    return observe::count_sockets(as_host(node_), state, port);
}

std::string HostRef::explain(std::string_view endpoint) const {
    if (!endpoint.starts_with(":")) {
        throw InputError("explain on '" + name() + "': write \":80\" or \":80-user:40000\"");
    }
    return net_->explain(name() + std::string(endpoint));
}

std::optional<std::string> HostRef::file(std::string_view path) const {
    const auto& files = as_host(node_).files();
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
}

void HostRef::set_file(std::string_view path, std::string_view text) {
    if (!path.starts_with('/')) {
        throw InputError("file \"" + std::string(path) + "\": its path must begin with /");
    }
    as_host(node_).files()[std::string(path)] = text;
}

void HostRef::load_sysctl_conf(std::string_view text, std::string_view file) {
    shell::apply_sysctl_conf(as_host(node_).sysctl(), text, file);
}

bool HostRef::has_cpu() const {
    return as_host(node_).cpu() != nullptr;
}

CpuStats HostRef::cpu() const {
    const host::Cpu* cpu = as_host(node_).cpu();
    return cpu != nullptr ? cpu->stats() : CpuStats{};
}

CpuCosts HostRef::cpu_costs() const {
    const host::Cpu* cpu = as_host(node_).cpu();
    return cpu != nullptr ? cpu->costs() : CpuCosts{};
}

std::string HostRef::softnet_stat(bool readable) const {
    return observe::softnet_stat_text(cpu(), readable);
}

HostRef::CpuSeries HostRef::record_cpu(Duration interval) {
    CpuSeries made;
    const host::Cpu* cpu = as_host(node_).cpu();
    const std::size_t cores = cpu != nullptr ? cpu->stats().cores.size() : 0;
    for (std::size_t i = 0; i < cores; ++i) {
        const std::string core = name() + " cpu" + std::to_string(i);
        const auto share = [cpu, i, net = net_](bool softirq_only) {
            // Of the time since the last sample, however long the interval has become.
            return [cpu, i, net, softirq_only, before = cpu->stats().cores[i],
                    then = net->sim().now()]() mutable {
                const CoreStats now = cpu->stats().cores[i];
                const Time at = net->sim().now();
                const Duration spent = now.softirq - before.softirq +
                                       (softirq_only ? Duration{0} : now.process - before.process);
                const Duration passed = at - then;
                before = now;
                then = at;
                return passed > Duration{0} ? to_seconds(spent) / to_seconds(passed) : 0.0;
            };
        };
        made.utilisation.push_back(net_->record(core, interval, share(false)));
        made.softirq.push_back(net_->record(core + " soft", interval, share(true)));
        made.backlog.push_back(net_->record(core + " backlog", interval, [cpu, i] {
            const CoreStats now = cpu->stats().cores[i];
            return static_cast<double>(now.input_queue) + static_cast<double>(now.process_queue);
        }));
    }
    return made;
}

void HostRef::compute(Duration time) {
    if (host::Cpu* cpu = as_host(node_).cpu()) {
        cpu->compute(time);
    }
}

void HostRef::forget_cpu_work() {
    if (host::Cpu* cpu = as_host(node_).cpu()) {
        cpu->forget_last_work();
    }
}

std::uint64_t HostRef::cpu_work() const {
    const host::Cpu* cpu = as_host(node_).cpu();
    return cpu != nullptr ? cpu->last_work() : 0;
}

bool HostRef::after_cpu_work(std::uint64_t work, std::function<void()> then) {
    host::Cpu* cpu = as_host(node_).cpu();
    return cpu != nullptr && cpu->after(work, std::move(then));
}

void HostRef::at(Time when, std::function<void()> f) {
    net_->at(net_->node_of(*this), when, std::move(f));
}

Rng HostRef::rng(std::string_view name) const {
    return net_->sim().rng("host/" + this->name() + "/" + std::string(name));
}

void HostRef::note(const Socket& socket, std::string_view text) {
    note(socket, text, socket.remote().value_or(Endpoint{}));
}

void HostRef::note(const Socket& socket, std::string_view text, Endpoint remote) {
    as_host(node_).trace_call(socket.local().value_or(Endpoint{}), remote, text);
}

}  // namespace netsim
