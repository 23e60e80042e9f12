// UDP sockets.
#include "host/udp.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "host/host.hpp"
#include "tcp/stack.hpp"
#include "wire/packet.hpp"

namespace netsim::host {

using tcp::Mib;

namespace {

constexpr std::uint32_t kUdpHeader = 8;
constexpr std::uint32_t kUdpMost = 65507;               // 65535 less the headers
constexpr Duration kUdpKept = std::chrono::minutes(2);  // RFC 793's MSL: no packet lives longer

/// What a datagram costs the receiver: the buffer its sender took from kmalloc's sizes, and the
/// sk_buff (sock_alloc_send_skb(), SKB_TRUESIZE()).
std::uint32_t udp_memory(std::uint32_t length) {
    constexpr std::uint32_t kSkBuff = 256;
    constexpr std::uint32_t kSkbSharedInfo = 320;
    constexpr std::uint32_t kLinkHeader = 16 + 15;
    constexpr std::uint32_t kLine = 64;
    const std::uint32_t size = wire::kIpHeaderLength + kUdpHeader + kLinkHeader + length;
    const std::uint32_t aligned = (size + kLine - 1) / kLine * kLine;
    return kSkBuff + std::bit_ceil(aligned + kSkbSharedInfo);
}

/// Does Linux tell a connected socket of it (icmp_err_convert[].fatal)?
bool is_fatal(const wire::IcmpHeader& icmp) {
    if (icmp.type == wire::icmp::kParameterProblem) {
        return true;
    }
    if (icmp.type != wire::icmp::kDestinationUnreachable) {
        return false;
    }
    constexpr std::uint32_t kPassing = 1U << 0U | 1U << 1U | 1U << 5U | 1U << 11U | 1U << 12U;
    return icmp.code < 16 && (kPassing >> icmp.code & 1U) == 0;
}

bool meets(Ipv4 a, Ipv4 b) {
    return a.is_any() || b.is_any() || a == b;
}

}  // namespace

UdpId Udp::open() {
    const Slot slot = sockets_.emplace();
    sockets_.at(slot.index).receive_buffer =
        static_cast<std::uint32_t>(host_.sysctl().rmem_default);
    return id_of(slot);
}

void Udp::set_owner(UdpId s, Process* owner, int fd) {
    if (Socket* socket = find(s)) {
        socket->owner = owner;
        socket->fd = fd;
    }
}

std::optional<SocketOwner> Udp::owner_of(UdpId s) const {
    const Socket* socket = find(s);
    if (socket == nullptr || socket->owner == nullptr) {
        return std::nullopt;
    }
    return SocketOwner{socket->owner->pid, socket->owner->name, socket->fd};
}

// --- ports

bool Udp::taken(Endpoint local) const {
    const auto found = by_port_.find(local.port);
    return found != by_port_.end() &&
           std::any_of(found->second.begin(), found->second.end(), [&](UdpId other) {
               return meets(sockets_.at(other.index).local.address, local.address);
           });
}

/// Linux udp_lib_get_port(): from a random port on, the next that is free.
std::optional<std::uint16_t> Udp::choose_port(Ipv4 address) {
    const tcp::Sysctl& sysctl = host_.sysctl();
    const auto low = static_cast<std::uint32_t>(sysctl.ip_local_port_range[0]);
    const auto high = static_cast<std::uint32_t>(sysctl.ip_local_port_range[1]);
    const std::uint32_t count = high - low + 1;
    const auto start = static_cast<std::uint32_t>(rng_.below(count));
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto port = static_cast<std::uint16_t>(low + (start + i) % count);
        if (!sysctl.ip_local_reserved_ports.contains(port) && !taken({address, port})) {
            return port;
        }
    }
    return std::nullopt;
}

void Udp::hold_port(UdpId s, std::uint16_t port) {
    by_port_[port].push_back(s);
}

void Udp::release_port(UdpId s, std::uint16_t port) {
    const auto found = by_port_.find(port);
    if (found == by_port_.end()) {
        return;
    }
    std::erase(found->second, s);
    if (found->second.empty()) {
        by_port_.erase(found);
    }
}

Result<void> Udp::bind(UdpId s, Endpoint local) {
    Socket* socket = find(s);
    if (socket == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (socket->local.port != 0) {
        return fail(Errno::kEINVAL);
    }
    if (!local.address.is_any() && !paths_.is_local(local.address)) {
        return fail(Errno::kEADDRNOTAVAIL);
    }
    if (local.port == 0) {
        const auto port = choose_port(local.address);
        if (!port) {
            return fail(Errno::kEADDRINUSE);
        }
        local.port = *port;
    } else if (taken(local)) {
        return fail(Errno::kEADDRINUSE);
    }
    socket->local = local;
    socket->address_bound = !local.address.is_any();
    hold_port(s, local.port);
    return {};
}

/// Linux inet_autobind()
Result<void> Udp::bind_some_port(Socket& socket, UdpId s) {
    if (socket.local.port != 0) {
        return {};
    }
    const auto port = choose_port(socket.local.address);
    if (!port) {
        return fail(Errno::kEAGAIN);
    }
    socket.local.port = *port;
    hold_port(s, *port);
    return {};
}

/// Linux __ip4_datagram_connect()
Result<void> Udp::connect(UdpId s, Endpoint remote) {
    Socket* socket = find(s);
    if (socket == nullptr) {
        return fail(Errno::kEBADF);
    }
    const tcp::PathInfo path = paths_.path(remote.address);
    if (path.error != Errno::kOk) {
        return fail(path.error);
    }
    const auto bound = bind_some_port(*socket, s);
    if (!bound) {
        return bound;
    }
    if (!socket->address_bound) {
        socket->local.address = path.source;
    }
    socket->remote = remote;
    socket->next_ip_id = static_cast<std::uint16_t>(rng_.u32());
    return {};
}

Result<void> Udp::disconnect(UdpId s) {
    Socket* socket = find(s);
    if (socket == nullptr) {
        return fail(Errno::kEBADF);
    }
    socket->remote = {};
    if (!socket->address_bound) {
        socket->local.address = {};
    }
    return {};
}

// --- data

/// Keeps the bytes for whoever will read the packet.
wire::PayloadRef Udp::keep(Socket& socket, std::string_view bytes) {
    wire::ByteStore& store = host_.bytes();
    const Time now = host_.fabric().sim.now();
    drop_old_streams();
    if (socket.stream == 0) {
        socket.stream = store.open();
    }
    while (!socket.sent.empty() && socket.sent.front().until <= now) {
        store.release_writer(socket.stream, socket.sent.front().end);
        store.release_reader(socket.stream, socket.sent.front().end);
        socket.sent.pop_front();
    }
    const std::uint64_t offset = store.append(socket.stream, bytes);
    socket.sent.push_back({now + kUdpKept, offset + bytes.size()});
    return {offset, socket.stream, static_cast<std::uint32_t>(bytes.size())};
}

void Udp::drop_old_streams() {
    const Time now = host_.fabric().sim.now();
    while (!lingering_.empty() && lingering_.front().until <= now) {
        host_.bytes().close_writer(lingering_.front().stream);
        host_.bytes().close_reader(lingering_.front().stream);
        lingering_.pop_front();
    }
}

Result<std::uint64_t> Udp::send(UdpId s, std::string_view bytes, std::optional<Endpoint> to) {
    Socket* socket = find(s);
    if (socket == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (bytes.size() > kUdpMost) {
        return fail(Errno::kEMSGSIZE);
    }
    const Endpoint remote = to.value_or(socket->remote);
    if (remote.port == 0) {
        return fail(to ? Errno::kEINVAL : Errno::kEDESTADDRREQ);
    }
    const auto bound = bind_some_port(*socket, s);
    if (!bound) {
        return fail(bound.error());
    }
    const tcp::PathInfo path = paths_.path(remote.address);
    if (path.error != Errno::kOk) {
        return fail(path.error);
    }
    if (socket->error != Errno::kOk) {
        return fail(std::exchange(socket->error, Errno::kOk));
    }
    if (wire::kIpHeaderLength + kUdpHeader + bytes.size() > path.mtu) {
        return fail(Errno::kEMSGSIZE);
    }
    wire::Packet packet{};
    packet.source = socket->local.address.is_any() ? path.source : socket->local.address;
    packet.destination = remote.address;
    packet.protocol = wire::Protocol::kUdp;
    packet.ttl = 0;  // the host's
    // Linux ip_select_ident_segs(): what may not be fragmented and has no peer needs no id.
    packet.id = socket->remote.port != 0 ? socket->next_ip_id++ : std::uint16_t{0};
    packet.udp = wire::UdpHeader{};
    packet.udp.source_port = socket->local.port;
    packet.udp.destination_port = remote.port;
    packet.udp.payload = keep(*socket, bytes);
    // Linux udp_send_skb(): what the host's own firewall keeps back is no datagram sent.
    const Errno error = host_.send_packet(packet);
    if (error == Errno::kEPERM) {
        return fail(error);
    }
    host_.stack().mib().add(Mib::kUdpOutDatagrams);
    return bytes.size();
}

Result<Datagram> Udp::receive(UdpId s) {
    Socket* socket = find(s);
    if (socket == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (socket->error != Errno::kOk) {
        return fail(std::exchange(socket->error, Errno::kOk));
    }
    if (socket->received.empty()) {
        return fail(Errno::kEAGAIN);
    }
    Received got = std::move(socket->received.front());
    socket->received.pop_front();
    socket->memory -= got.memory;
    host_.stack().mib().add(Mib::kUdpInDatagrams);
    return std::move(got.datagram);
}

Result<void> Udp::close(UdpId s) {
    Socket* socket = find(s);
    if (socket == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (socket->local.port != 0) {
        release_port(s, socket->local.port);
    }
    if (socket->stream != 0) {
        lingering_.push_back({socket->stream, host_.fabric().sim.now() + kUdpKept});
    }
    host_.release(socket->owner, socket->fd);
    sockets_.erase(slot_of(s));
    drop_old_streams();
    return {};
}

Result<void> Udp::set_receive_buffer(UdpId s, std::int64_t octets) {
    Socket* socket = find(s);
    if (socket == nullptr) {
        return fail(Errno::kEBADF);
    }
    constexpr std::int64_t kLeast = 2304;  // SOCK_MIN_RCVBUF
    const std::int64_t most = host_.sysctl().rmem_max;
    socket->receive_buffer =
        static_cast<std::uint32_t>(std::max(kLeast, 2 * std::clamp<std::int64_t>(octets, 0, most)));
    return {};
}

unsigned Udp::poll(UdpId s) const {
    const Socket* socket = find(s);
    if (socket == nullptr) {
        return netsim::poll::kErr | netsim::poll::kHup;
    }
    const bool failed = socket->error != Errno::kOk;
    return netsim::poll::kOut | (failed ? netsim::poll::kErr | netsim::poll::kIn : 0U) |
           (socket->received.empty() ? 0U : netsim::poll::kIn);
}

void Udp::watch(UdpId s, UdpWatcher* watcher) {
    if (Socket* socket = find(s)) {
        socket->watcher = watcher;
    }
}

// --- packets

/// Linux udp4_lib_lookup2(): the more of a socket's addresses are named, the better it matches.
UdpId Udp::lookup(Endpoint local, Endpoint remote) const {
    const auto found = by_port_.find(local.port);
    if (found == by_port_.end()) {
        return {};
    }
    UdpId best;
    int best_score = -1;
    for (const UdpId id : found->second) {
        const Socket& socket = sockets_.at(id.index);
        const bool connected = socket.remote.port != 0;
        if (!meets(socket.local.address, local.address) || (connected && socket.remote != remote)) {
            continue;
        }
        const int score = (socket.local.address.is_any() ? 0 : 1) + (connected ? 2 : 0);
        if (score > best_score) {
            best = id;
            best_score = score;
        }
    }
    return best;
}

bool Udp::arrives(const wire::Packet& packet, std::uint32_t interface) {
    const Endpoint from{packet.source, packet.udp.source_port};
    const UdpId id = lookup({packet.destination, packet.udp.destination_port}, from);
    Socket* socket = find(id);
    if (socket == nullptr) {
        return false;
    }
    const std::uint32_t memory = udp_memory(packet.udp.payload.length);
    if (socket->memory != 0 && socket->memory + memory > socket->receive_buffer) {
        ++socket->drops;
        host_.stack().mib().add(Mib::kUdpRcvbufErrors);
        host_.stack().mib().add(Mib::kUdpInErrors);
        host_.drop_at_ip(packet, interface, DropReason::kSocketBuffer);
        return true;
    }
    Received got{{from, {}}, memory};
    const wire::PayloadRef& payload = packet.udp.payload;
    if (payload.is_real()) {
        host_.bytes().read(payload, got.datagram.bytes);
    } else {
        for (std::uint32_t i = 0; i < payload.length; ++i) {
            got.datagram.bytes.push_back(
                static_cast<char>(wire::synthetic_byte(payload.stream, payload.offset + i)));
        }
    }
    socket->memory += memory;
    socket->received.push_back(std::move(got));
    if (socket->watcher != nullptr) {
        socket->watcher->on_udp(id, netsim::poll::kIn);
    }
    return true;
}

bool Udp::error_arrives(const wire::IcmpHeader& icmp) {
    const Endpoint remote{icmp.quoted.destination, icmp.quoted.destination_port};
    const UdpId id = lookup({icmp.quoted.source, icmp.quoted.source_port}, remote);
    Socket* socket = find(id);
    if (socket == nullptr) {
        return false;
    }
    if (socket->remote.port != 0 && is_fatal(icmp)) {
        const bool too_big = icmp.type == wire::icmp::kDestinationUnreachable &&
                             icmp.code == wire::icmp::kFragmentationNeeded;
        socket->error = too_big ? Errno::kEMSGSIZE : tcp::icmp_errno(icmp.type, icmp.code);
        if (socket->watcher != nullptr) {
            socket->watcher->on_udp(id, netsim::poll::kIn | netsim::poll::kErr);
        }
    }
    return true;
}

// --- the host

void Udp::clear(Rng rng) {
    for (std::uint32_t i = 0; i < sockets_.end_index(); ++i) {
        if (sockets_.live(i) && sockets_.at(i).stream != 0) {
            lingering_.push_back({sockets_.at(i).stream, host_.fabric().sim.now() + kUdpKept});
        }
    }
    sockets_.clear();
    by_port_.clear();
    rng_ = rng;
}

UdpInfo Udp::describe(UdpId s, const Socket& socket) const {
    return {.id = s,
            .local = socket.local,
            .remote = socket.remote,
            .recv_queue = socket.memory,
            .receive_buffer = socket.receive_buffer,
            .drops = socket.drops};
}

Result<UdpInfo> Udp::info(UdpId s) const {
    const Socket* socket = find(s);
    if (socket == nullptr) {
        return fail(Errno::kEBADF);
    }
    return describe(s, *socket);
}

void Udp::for_each(const std::function<void(const UdpInfo&)>& visit) const {
    for (std::uint32_t i = 0; i < sockets_.end_index(); ++i) {
        if (sockets_.live(i)) {
            visit(describe(id_of(sockets_.id_at(i)), sockets_.at(i)));
        }
    }
}

}  // namespace netsim::host
