// Calls that open, accept, connect and close; fcntl and ioctl.
#include "packetdrill/calls.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "packetdrill/constants.hpp"

namespace netsim::packetdrill {

const Value& argument(const CallLine& line, std::size_t index) {
    if (index >= line.arguments.size()) {
        throw Mismatch{fmt::format("{}: argument {} is missing", line.name, index + 1)};
    }
    return line.arguments[index];
}

std::int64_t number(const CallLine& line, std::size_t index) {
    const Value& v = argument(line, index);
    if (v.kind != Value::Kind::kNumber) {
        throw Mismatch{fmt::format("{}: argument {} must be a number", line.name, index + 1)};
    }
    return v.number;
}

std::int64_t number_or(const Value& value, std::int64_t if_ellipsis) {
    return value.kind == Value::Kind::kNumber ? value.number : if_ellipsis;
}

void need_arguments(const CallLine& line, std::size_t least, std::size_t most) {
    const std::size_t n = line.arguments.size();
    if (n < least || n > most) {
        throw Mismatch{fmt::format(
            "{} takes {} arguments, not {}", line.name,
            least == most ? std::to_string(most) : fmt::format("{} to {}", least, most), n)};
    }
}

const Value* member(const Value& of, std::string_view name) {
    for (std::size_t i = 0; i < of.items.size(); ++i) {
        if (of.names[i] == name) {
            return &of.items[i];
        }
    }
    return nullptr;
}

bool is_unspecified(const Value* address) {
    if (address == nullptr) {
        return false;
    }
    const Value* family = member(*address, "sa_family");
    const Value& v = family != nullptr ? *family : *address;
    return v.kind == Value::Kind::kNumber && v.text != "NULL" && v.number == kAfUnspec;
}

void refuse_flags(const CallLine& line, std::int64_t flags, std::int64_t allowed,
                  const Value& written) {
    if ((flags & ~allowed) != 0) {
        throw Mismatch{fmt::format("{}: {} is not supported by the stack", line.name,
                                   written.text.empty() ? std::to_string(flags) : written.text)};
    }
}

Running immediate(std::function<Outcome()> call) {
    return {[call = std::move(call)] { return std::optional<Outcome>(call()); }, {}, {}};
}

Calls::Calls(Machine& machine, const Settings& settings) : machine_(machine), settings_(settings) {}

const std::map<std::string, Calls::Starter, std::less<>>& Calls::starters() {
    static const std::map<std::string, Starter, std::less<>> kStarters{
        {"socket", &Calls::socket_call},
        {"bind", &Calls::bind_call},
        {"listen", &Calls::listen_call},
        {"accept", &Calls::accept_call},
        {"accept4", &Calls::accept_call},
        {"connect", &Calls::connect_call},
        {"shutdown", &Calls::shutdown_call},
        {"close", &Calls::close_call},
        {"fcntl", &Calls::fcntl_call},
        {"ioctl", &Calls::ioctl_call},
        {"read", &Calls::read_call},
        {"readv", &Calls::readv_call},
        {"recv", &Calls::recv_call},
        {"recvfrom", &Calls::recv_call},
        {"recvmsg", &Calls::recvmsg_call},
        {"write", &Calls::write_call},
        {"writev", &Calls::writev_call},
        {"send", &Calls::send_call},
        {"sendto", &Calls::send_call},
        {"sendmsg", &Calls::sendmsg_call},
        {"poll", &Calls::poll_call},
        {"epoll_create", &Calls::epoll_create_call},
        {"epoll_create1", &Calls::epoll_create_call},
        {"epoll_ctl", &Calls::epoll_ctl_call},
        {"epoll_wait", &Calls::epoll_wait_call},
        {"open", &Calls::open_call},
        {"pipe", &Calls::pipe_call},
        {"sendfile", &Calls::sendfile_call},
        {"splice", &Calls::splice_call},
        {"getsockopt", &Calls::getsockopt_call},
        {"setsockopt", &Calls::setsockopt_call},
    };
    return kStarters;
}

Running Calls::start(const CallLine& line) {
    const auto found = starters().find(line.name);
    if (found == starters().end()) {
        std::vector<std::string_view> known;
        for (const auto& [name, unused] : starters()) {
            known.push_back(name);
        }
        throw Mismatch{"the call " + line.name + "() is not supported" +
                       did_you_mean(line.name, known) + " (calls: " + join(known) + ")"};
    }
    return (this->*found->second)(line);
}

Calls::Descriptor* Calls::find(std::int64_t fd) {
    const auto found = descriptors_.find(fd);
    return found == descriptors_.end() ? nullptr : &found->second;
}

Calls::Descriptor& Calls::store(std::int64_t fd, SocketId socket, bool nonblocking) {
    if (descriptors_.contains(fd)) {
        throw Mismatch{fmt::format("descriptor {} is open already", fd)};
    }
    Descriptor& d = descriptors_[fd];
    d.socket = socket;
    d.nonblocking = nonblocking;
    return d;
}

Endpoint Calls::endpoint(const Value& address, Endpoint implied) const {
    if (address.kind == Value::Kind::kEllipsis) {
        return implied;
    }
    const Value* family = member(address, "sa_family");
    if (address.kind != Value::Kind::kStruct || family == nullptr) {
        throw Mismatch{
            "an address must be ... or {sa_family = AF_INET, sin_port = htons(PORT), "
            "sin_addr = inet_addr(\"a.b.c.d\")}"};
    }
    if (family->number != kAfInet) {
        throw Mismatch{"address family " + family->text + " is not supported by the stack"};
    }
    if (const Value* port = member(address, "sin_port")) {
        implied.port = static_cast<std::uint16_t>(number_or(*port, implied.port));
    }
    if (const Value* host = member(address, "sin_addr")) {
        implied.address.bits = static_cast<std::uint32_t>(number_or(*host, implied.address.bits));
    }
    return implied;
}

Running Calls::socket_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    const std::int64_t type = number(line, 1);
    const std::int64_t kind = type & ~(kSockNonblock | kSockCloexec);
    const std::int64_t protocol = number(line, 2);
    if (number_or(argument(line, 0), kAfInet) == kAfInet && kind == kSockDgram &&
        (protocol == 0 || protocol == 17)) {
        return udp_socket(type);
    }
    if (number_or(argument(line, 0), kAfInet) != kAfInet || kind != kSockStream ||
        (protocol != 0 && protocol != 6)) {
        throw Mismatch{
            "socket: only AF_INET with IPPROTO_TCP or IPPROTO_UDP is supported by the stack"};
    }
    const Result<SocketId> made = machine_.stack().socket();
    Running call = immediate([made] {
        Outcome o = made ? Outcome{} : Outcome::failed(made.error());
        o.descriptor = made.has_value();
        return o;
    });
    call.finish = [this, made, type](std::int64_t fd) {
        store(fd, *made, (type & kSockNonblock) != 0);
    };
    return call;
}

Running Calls::bind_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    const std::int64_t fd = number(line, 0);
    const Endpoint local = endpoint(argument(line, 1), {Ipv4{}, settings_.bind_port});
    return immediate([this, fd, local] {
        const Descriptor* d = find(fd);
        if (d != nullptr && d->kind == Kind::kUdp) {
            return udp_bind(*d->udp, local);
        }
        return d == nullptr ? Outcome::failed(Errno::kEBADF)
                            : outcome(machine_.stack().bind(d->socket, local));
    });
}

Running Calls::listen_call(const CallLine& line) {
    need_arguments(line, 2, 2);
    const std::int64_t fd = number(line, 0);
    const auto backlog = static_cast<int>(number(line, 1));
    return immediate([this, fd, backlog] {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        const auto result =
            machine_.stack().listen(d->socket, backlog, machine_.now(), machine_.out());
        machine_.drain();
        if (result) {
            listening_ = true;
            connecting_ = nullptr;
            listening_port_ = machine_.stack().local_endpoint(d->socket)->port;
        }
        return outcome(result);
    });
}

Running Calls::accept_call(const CallLine& line) {
    need_arguments(line, 3, line.name == "accept4" ? 4 : 3);
    const std::int64_t fd = number(line, 0);
    const std::int64_t flags = line.arguments.size() > 3 ? number(line, 3) : 0;
    if (flags != 0) {
        refuse_flags(line, flags, kSockNonblock | kSockCloexec, argument(line, 3));
    }
    auto accepted = std::make_shared<SocketId>();
    Running call;
    call.step = [this, fd, accepted]() -> std::optional<Outcome> {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        const auto result = machine_.stack().accept(d->socket);
        machine_.drain();
        if (result) {
            *accepted = *result;
            return Outcome{0, Errno::kOk, true};
        }
        if (result.error() == Errno::kEAGAIN && !d->nonblocking) {
            return std::nullopt;
        }
        return Outcome::failed(result.error());
    };
    call.finish = [this, accepted, flags](std::int64_t new_fd) {
        // A script that is done with a connection may give its name to the next one: the old one
        // stays open, out of reach.
        descriptors_.erase(new_fd);
        store(new_fd, *accepted, (flags & kSockNonblock) != 0);
    };
    return call;
}

/// The connection that connect() opens is the one under test from now on.
void Calls::note_connect(SocketId s) {
    const auto local = machine_.stack().local_endpoint(s);
    if (!local) {
        return;
    }
    Endpoint remote{settings_.remote, settings_.connect_port};
    machine_.stack().for_each_socket(machine_.now(), [&](const tcp::SocketInfo& info) {
        if (info.id == s) {
            remote = info.remote;
        }
    });
    Flow& flow = machine_.flow(*local, remote);
    flow.renumber = true;
    flow.remote_isn.reset();
    flow.opened_at.reset();
    connecting_ = &flow;
    listening_ = false;
}

/// connect() to AF_UNSPEC dissolves the association.
Running Calls::disconnect(std::int64_t fd) {
    return immediate([this, fd] {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        if (d->kind == Kind::kUdp) {
            d->udp->remote = {};
            return Outcome{};
        }
        const auto result = machine_.stack().disconnect(d->socket, machine_.now(), machine_.out());
        machine_.drain();
        return outcome(result);
    });
}

Running Calls::connect_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    const std::int64_t fd = number(line, 0);
    if (is_unspecified(&argument(line, 1))) {
        return disconnect(fd);
    }
    const Endpoint remote = endpoint(argument(line, 1), {settings_.remote, settings_.connect_port});
    auto begun = std::make_shared<bool>(false);
    Running call;
    call.step = [this, fd, remote, begun]() -> std::optional<Outcome> {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        if (d->kind == Kind::kUdp) {
            return udp_connect(*d->udp, remote);
        }
        const auto result =
            machine_.stack().connect(d->socket, remote, machine_.now(), machine_.out());
        const Errno error = result ? Errno::kOk : result.error();
        if (error == Errno::kEINPROGRESS) {
            note_connect(d->socket);
        }
        machine_.drain();
        const bool under_way =
            error == Errno::kEINPROGRESS || (*begun && error == Errno::kEALREADY);
        if (under_way && !d->nonblocking) {
            *begun = true;
            return std::nullopt;
        }
        return outcome(result);
    };
    return call;
}

Running Calls::shutdown_call(const CallLine& line) {
    need_arguments(line, 2, 2);
    const std::int64_t fd = number(line, 0);
    const std::int64_t how = number(line, 1);
    return immediate([this, fd, how] {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        if (how < 0 || how > 2) {
            return Outcome::failed(Errno::kEINVAL);
        }
        constexpr std::array<Shutdown, 3> kHow{Shutdown::kRead, Shutdown::kWrite, Shutdown::kBoth};
        const auto result = machine_.stack().shutdown(
            d->socket, kHow[static_cast<std::size_t>(how)], machine_.now(), machine_.out());
        machine_.drain();
        return outcome(result);
    });
}

// SO_LINGER with a time: close() of a blocking socket waits until the FIN is acknowledged.
Running Calls::close_call(const CallLine& line) {
    need_arguments(line, 1, 1);
    const std::int64_t fd = number(line, 0);
    const Descriptor* found = find(fd);
    if (found == nullptr || found->kind != Kind::kSocket) {
        if (found != nullptr && found->pipe != nullptr) {
            (found->kind == Kind::kPipeIn ? found->pipe->writer : found->pipe->reader) = false;
        }
        const bool open = descriptors_.erase(fd) > 0;
        return immediate([open] { return open ? Outcome{} : Outcome::failed(Errno::kEBADF); });
    }
    const Descriptor d = *found;
    descriptors_.erase(fd);
    for (auto& [unused, other] : descriptors_) {
        other.watches.erase(fd);
    }
    const auto linger = machine_.stack().get_option(d.socket, SocketOption::kSO_LINGER);
    const auto local = machine_.stack().local_endpoint(d.socket);
    const auto remote = machine_.stack().remote_endpoint(d.socket);
    const auto result = machine_.stack().close(d.socket, machine_.now(), machine_.out());
    machine_.drain();
    if (d.nonblocking || !result || !linger || *linger <= 0 || !local || !remote) {
        return immediate([result] { return outcome(result); });
    }
    Running call;
    call.alarm = machine_.now() + std::chrono::seconds(*linger);
    const Time give_up = *call.alarm;
    call.step = [this, local = *local, remote = *remote, give_up]() -> std::optional<Outcome> {
        bool closing = false;
        machine_.stack().for_each_socket(machine_.now(), [&](const tcp::SocketInfo& info) {
            const bool waits = info.state == tcp::State::kFinWait1 ||
                               info.state == tcp::State::kClosing ||
                               info.state == tcp::State::kLastAck;
            closing = closing || (waits && info.local == local && info.remote == remote);
        });
        return closing && machine_.now() < give_up ? std::nullopt
                                                   : std::optional<Outcome>(Outcome{});
    };
    return call;
}

Running Calls::fcntl_call(const CallLine& line) {
    need_arguments(line, 2, 3);
    const std::int64_t fd = number(line, 0);
    const std::int64_t command = number(line, 1);
    if (command == 1 || command == 2) {  // close-on-exec: no script executes anything
        return immediate([this, fd] {
            return find(fd) == nullptr ? Outcome::failed(Errno::kEBADF) : Outcome{};
        });
    }
    if (command != kFGetfl && command != kFSetfl) {
        throw Mismatch{"fcntl: only F_GETFL, F_SETFL, F_GETFD and F_SETFD are supported"};
    }
    const std::int64_t flags = command == kFSetfl ? number(line, 2) : 0;
    if ((flags & ~(kORdwr | kONonblock)) != 0) {
        throw Mismatch{"fcntl: only O_RDWR and O_NONBLOCK are supported"};
    }
    return immediate([this, fd, command, flags] {
        Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        if (command == kFGetfl) {
            return Outcome{kORdwr | (d->nonblocking ? kONonblock : 0)};
        }
        d->nonblocking = (flags & kONonblock) != 0;
        return Outcome{};
    });
}

Running Calls::ioctl_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    const std::int64_t fd = number(line, 0);
    const std::int64_t request = number(line, 1);
    const Value& wanted = argument(line, 2);
    if (request != kSiocinq && request != kSiocoutq && request != kSiocoutqnsd) {
        throw Mismatch{"ioctl: only SIOCINQ, FIONREAD, SIOCOUTQ and SIOCOUTQNSD are supported"};
    }
    auto got = std::make_shared<std::int64_t>(0);
    Running call = immediate([this, fd, request, got] {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        if (d->kind == Kind::kUdp && request == kSiocinq) {
            *got = d->udp->received.empty() ? 0 : d->udp->received.front().length;
            return Outcome{};
        }
        const auto info = machine_.stack().info(d->socket, machine_.now());
        if (!info || info->state == tcp::State::kListen) {
            return Outcome::failed(info ? Errno::kEINVAL : info.error());
        }
        *got = static_cast<std::int64_t>(request == kSiocinq    ? info->recv_queue
                                         : request == kSiocoutq ? info->send_queue
                                                                : info->notsent);
        // An unread FIN counts in Recv-Q, not for SIOCINQ (Linux tcp_inq()).
        const bool fin = (machine_.stack().readiness(d->socket) & poll::kRdHup) != 0;
        *got -= request == kSiocinq && fin && *got > 0 ? 1 : 0;
        return Outcome{};
    });
    call.finish = [wanted, got](std::int64_t) {
        if (wanted.kind == Value::Kind::kList && wanted.items.size() == 1 &&
            wanted.items[0].number != *got) {
            throw Mismatch{
                fmt::format("ioctl: expected [{}], got [{}]", wanted.items[0].number, *got)};
        }
    };
    return call;
}

}  // namespace netsim::packetdrill
