// Calls that move data over sockets.
#include <fmt/format.h>

#include "packetdrill/calls.hpp"
#include "packetdrill/constants.hpp"

namespace netsim::packetdrill {
namespace {

constexpr std::int64_t kReceiveFlags =
    kMsgDontwait | kMsgNosignal | kMsgPeek | kMsgTrunc | kMsgWaitall | kMsgOob | kMsgErrqueue;
constexpr std::int64_t kSendFlags =
    kMsgDontwait | kMsgNosignal | kMsgMore | kMsgEor | kMsgOob | kMsgZerocopy | kMsgFastopen;

/// The sizes of `[{..., 1000}, {..., 500}]`.
std::vector<std::uint32_t> vector_sizes(const CallLine& line, const Value& vectors) {
    std::vector<std::uint32_t> sizes;
    if (vectors.kind != Value::Kind::kList) {
        throw Mismatch{line.name + ": expected a list of {..., SIZE}"};
    }
    for (const Value& v : vectors.items) {
        if (v.kind != Value::Kind::kStruct || v.items.size() != 2 || v.items[1].number < 0 ||
            v.items[1].number > 0x7fffffff) {
            throw Mismatch{line.name + ": expected a list of {..., SIZE}"};
        }
        sizes.push_back(static_cast<std::uint32_t>(v.items[1].number));
    }
    return sizes;
}

std::uint64_t sum(const std::vector<std::uint32_t>& sizes) {
    std::uint64_t total = 0;
    for (const std::uint32_t size : sizes) {
        total += size;
    }
    return total;
}

std::uint64_t size_argument(const CallLine& line, std::size_t index) {
    const std::int64_t n = number(line, index);
    if (n < 0) {
        throw Mismatch{line.name + ": the size must not be negative"};
    }
    return static_cast<std::uint64_t>(n);
}

bool is_null(const Value& v) {
    return v.kind == Value::Kind::kNumber && v.text == "NULL";
}

}  // namespace

/// Of recvmsg() and sendmsg(): {msg_name(...)=..., msg_iov(1)=[{..., SIZE}], ...}.
Calls::Transfer Calls::message(const CallLine& line) {
    need_arguments(line, 3, 3);
    const Value& message = argument(line, 1);
    const Value* vectors = member(message, "msg_iov");
    if (message.kind != Value::Kind::kStruct || vectors == nullptr) {
        throw Mismatch{line.name + ": expected {msg_name(...)=..., msg_iov(1)=[{..., SIZE}], ...}"};
    }
    Transfer what;
    what.fd = number(line, 0);
    what.flags = number(line, 2);
    what.fragments = vector_sizes(line, *vectors);
    what.size = sum(what.fragments);
    if (const Value* control = member(message, "msg_control")) {
        what.control = *control;
    }
    if (const Value* flags = member(message, "msg_flags")) {
        what.out_flags = *flags;
    }
    return what;
}

std::optional<Outcome> Calls::receive_bytes(const Descriptor& d, const Transfer& what,
                                            std::uint64_t& done) {
    tcp::Stack& stack = machine_.stack();
    const bool waits = !d.nonblocking && (what.flags & kMsgDontwait) == 0;
    if ((what.flags & kMsgOob) != 0) {
        return outcome(stack.receive_urgent(d.socket, (what.flags & kMsgPeek) != 0));
    }
    if (what.size == 0 && stack.local_endpoint(d.socket)) {
        return Outcome{};
    }
    std::vector<wire::PayloadRef> ranges;
    const bool looks = (what.flags & kMsgPeek) != 0 || what.bad_buffer;
    auto got =
        looks ? stack.peek(d.socket, what.size - done, ranges)
              : stack.receive(d.socket, what.size - done, machine_.now(), machine_.out(), ranges);
    machine_.drain();
    if (got && *got > 0 && what.bad_buffer) {
        return Outcome::failed(Errno::kEFAULT);
    }
    const bool end = got && *got == 0;
    done += got && !looks ? *got : 0;
    if (!got && got.error() == Errno::kEAGAIN) {
        return waits      ? std::nullopt
               : done > 0 ? std::optional<Outcome>(Outcome{static_cast<std::int64_t>(done)})
                          : Outcome::failed(Errno::kEAGAIN);
    }
    if (!got) {
        return done > 0 ? Outcome{static_cast<std::int64_t>(done)} : Outcome::failed(got.error());
    }
    const bool fills = (what.flags & kMsgWaitall) != 0 && waits && !end && !looks;
    if (fills && done < what.size) {
        return std::nullopt;
    }
    return Outcome{static_cast<std::int64_t>(looks ? *got : done)};
}

Running Calls::receive(const Transfer& what) {
    if ((what.flags & kMsgErrqueue) != 0) {
        return receive_error(what);
    }
    auto done = std::make_shared<std::uint64_t>(0);
    auto got = std::make_shared<Received>();
    Running call;
    call.step = [this, what, done, got]() -> std::optional<Outcome> {
        Descriptor* d = find(what.fd);
        if (d == nullptr || d->kind == Kind::kEpoll) {
            return Outcome::failed(d == nullptr ? Errno::kEBADF : Errno::kEINVAL);
        }
        if (d->kind == Kind::kUdp) {
            return udp_receive(*d->udp, what, !d->nonblocking && (what.flags & kMsgDontwait) == 0);
        }
        if (d->kind != Kind::kSocket) {
            return read_local(*d, what.size);
        }
        const auto result = receive_bytes(*d, what, *done);
        const auto inq = machine_.stack().get_option(d->socket, SocketOption::kTCP_INQ);
        if (inq && *inq != 0) {
            got->inq = machine_.stack().unread(d->socket);
        }
        got->flags = (what.flags & kMsgOob) != 0 ? kMsgOob : 0;
        return result;
    };
    call.finish = [this, what, got](std::int64_t) { check_message(what, *got); };
    return call;
}

Running Calls::receive_error(const Transfer& what) {
    auto got = std::make_shared<Received>();
    Running call = immediate([this, what, got] {
        const Descriptor* d = find(what.fd);
        if (d == nullptr || d->kind != Kind::kSocket) {
            return Outcome::failed(d == nullptr ? Errno::kEBADF : Errno::kEINVAL);
        }
        const auto message = machine_.stack().receive_error(d->socket);
        if (!message) {
            return Outcome::failed(message.error());
        }
        got->message = *message;
        got->flags = kMsgErrqueue | (message->length > what.size ? kMsgTrunc : 0);
        return Outcome{
            static_cast<std::int64_t>(std::min<std::uint64_t>(message->length, what.size))};
    });
    call.finish = [this, what, got](std::int64_t) { check_message(what, *got); };
    return call;
}

Running Calls::read_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    Transfer what;
    what.fd = number(line, 0);
    what.size = size_argument(line, 2);
    what.bad_buffer = is_null(argument(line, 1));
    return receive(what);
}

Running Calls::readv_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    Transfer what;
    what.fd = number(line, 0);
    what.size = sum(vector_sizes(line, argument(line, 1)));
    return receive(what);
}

Running Calls::recv_call(const CallLine& line) {
    const bool from = line.name == "recvfrom";
    need_arguments(line, from ? 6 : 4, from ? 6 : 4);
    Transfer what;
    what.fd = number(line, 0);
    what.size = size_argument(line, 2);
    what.flags = number(line, 3);
    what.bad_buffer = is_null(argument(line, 1));
    refuse_flags(line, what.flags, kReceiveFlags, argument(line, 3));
    return receive(what);
}

Running Calls::recvmsg_call(const CallLine& line) {
    const Transfer what = message(line);
    refuse_flags(line, what.flags, kReceiveFlags, argument(line, 2));
    return receive(what);
}

/// One that does not block returns with what fits; a blocking write sleeps until the rest does.
std::optional<Outcome> Calls::send_some(SocketId s, bool waits, const Transfer& what,
                                        std::uint64_t& done) {
    tcp::Stack& stack = machine_.stack();
    const auto stopped = [&](Errno error) -> std::optional<Outcome> {
        if (error == Errno::kEAGAIN && waits) {
            return std::nullopt;
        }
        return done > 0 ? Outcome{static_cast<std::int64_t>(done)} : Outcome::failed(error);
    };
    const auto most = stack.send_room(s);
    if (!most) {
        return stopped(most.error());
    }
    if (what.bad_buffer && what.size > 0) {
        return Outcome::failed(Errno::kEFAULT);
    }
    tcp::Stack::SendCursor cursor = stack.send_cursor(s);
    if (cursor.stream == 0) {
        stack.set_send_stream(s, stack.new_synthetic_stream());
        cursor = stack.send_cursor(s);
    }
    const auto length = static_cast<std::uint32_t>(std::min(what.size - done, *most));
    tcp::SendFlags flags;
    flags.more = (what.flags & kMsgMore) != 0;
    flags.end_of_record = (what.flags & kMsgEor) != 0;
    flags.urgent = (what.flags & kMsgOob) != 0;
    flags.zerocopy = (what.flags & kMsgZerocopy) != 0;
    flags.pieces = what.fragments;
    const auto sent = stack.send(s, {cursor.offset, cursor.stream, length}, machine_.now(),
                                 machine_.out(), flags);
    machine_.drain();
    if (!sent) {
        return stopped(sent.error());
    }
    done += *sent;
    return done == what.size ? Outcome{static_cast<std::int64_t>(done)} : stopped(Errno::kEAGAIN);
}

/// Where MSG_FASTOPEN connects to.
std::optional<Endpoint> Calls::fast_open_target(const Transfer& what) const {
    if ((what.flags & kMsgFastopen) == 0) {
        return std::nullopt;
    }
    return what.to.value_or(Endpoint{settings_.remote, settings_.connect_port});
}

/// The SYN of a Fast Open, with what it takes of the data: `done`. What the call returns unless it
/// blocks.
Outcome Calls::send_syn_data(SocketId s, const Transfer& what, std::uint64_t& done) {
    tcp::Stack& stack = machine_.stack();
    if (stack.send_cursor(s).stream == 0) {
        stack.set_send_stream(s, stack.new_synthetic_stream());
    }
    const tcp::Stack::SendCursor cursor = stack.send_cursor(s);
    const bool unreadable = what.bad_buffer && what.size > 0;
    const std::uint64_t size = unreadable ? 0 : what.size;
    const auto length = static_cast<std::uint32_t>(std::min(size, stack.send_room(s).value_or(0)));
    tcp::SendFlags flags;
    flags.zerocopy = (what.flags & kMsgZerocopy) != 0;
    flags.unreadable = unreadable;
    const auto sent = stack.send(s, {cursor.offset, cursor.stream, length}, machine_.now(),
                                 machine_.out(), flags);
    note_connect(s);
    machine_.drain();
    done = sent.value_or(0);
    return outcome(sent);
}

Running Calls::send(const Transfer& what) {
    struct Progress {
        std::uint64_t done = 0;
        bool sleeps = false;
        bool begun = false;    // a Fast Open's connect()
        bool opening = false;  // its SYN has left: the call waits for the handshake
    };

    const std::optional<Endpoint> fast_open = fast_open_target(what);
    auto progress = std::make_shared<Progress>();
    Running call;
    call.step = [this, what, fast_open, progress]() -> std::optional<Outcome> {
        Descriptor* d = find(what.fd);
        if (d == nullptr || d->kind == Kind::kEpoll) {
            return Outcome::failed(d == nullptr ? Errno::kEBADF : Errno::kEINVAL);
        }
        if (d->kind == Kind::kUdp) {
            return udp_send(*d->udp, what.size, what.to);
        }
        if (d->kind != Kind::kSocket) {
            return Outcome::failed(Errno::kEBADF);
        }
        tcp::Stack& stack = machine_.stack();
        const SocketId socket = d->socket;
        const bool waits = !d->nonblocking && (what.flags & kMsgDontwait) == 0;
        if (fast_open && !progress->begun) {
            if (what.to_unspecified) {
                return Outcome::failed(Errno::kEOPNOTSUPP);
            }
            const auto begun = stack.fast_open(socket, *fast_open, machine_.now(), machine_.out());
            machine_.drain();
            if (!begun) {
                return Outcome::failed(begun.error());
            }
            progress->begun = true;
        }
        if (progress->opening) {
            if (stack.opening(socket)) {
                return std::nullopt;
            }
            progress->opening = false;
            const auto error = stack.get_option(socket, SocketOption::kSO_ERROR).value_or(0);
            if (error != 0) {
                return Outcome::failed(static_cast<Errno>(error));
            }
        } else if (stack.opening(socket) && stack.send_room(socket)) {
            const Outcome first = send_syn_data(socket, what, progress->done);
            if (!waits) {
                return first;
            }
            if (progress->done < what.size) {
                stack.await_handshake(socket);
            }
            progress->opening = true;
            return std::nullopt;
        }
        if (progress->done > 0 && progress->done == what.size) {
            return Outcome{static_cast<std::int64_t>(what.size)};
        }
        // A writer that sleeps is woken when the socket is writable, not at the first free byte
        // (sk_stream_write_space()).
        constexpr unsigned kWakes = poll::kOut | poll::kErr | poll::kHup;
        if (progress->sleeps && (stack.readiness(socket) & kWakes) == 0) {
            return std::nullopt;
        }
        auto result = send_some(socket, waits, what, progress->done);
        if (!result) {
            stack.await_handshake(socket);
        }
        machine_.drain();
        progress->sleeps = !result;
        return result;
    };
    return call;
}

Running Calls::write_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    Transfer what;
    what.fd = number(line, 0);
    what.size = size_argument(line, 2);
    what.bad_buffer = is_null(argument(line, 1));
    return send(what);
}

Running Calls::writev_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    Transfer what;
    what.fd = number(line, 0);
    what.fragments = vector_sizes(line, argument(line, 1));
    what.size = sum(what.fragments);
    return send(what);
}

Running Calls::send_call(const CallLine& line) {
    const bool to = line.name == "sendto";
    need_arguments(line, to ? 6 : 4, to ? 6 : 4);
    Transfer what;
    what.fd = number(line, 0);
    what.size = size_argument(line, 2);
    what.flags = number(line, 3);
    what.bad_buffer = is_null(argument(line, 1));
    what.fragments = {static_cast<std::uint32_t>(std::min<std::uint64_t>(what.size, 0x7fffffff))};
    refuse_flags(line, what.flags, kSendFlags, argument(line, 3));
    what.to_unspecified = to && is_unspecified(&argument(line, 4));
    if (to && !is_null(argument(line, 4)) && !what.to_unspecified) {
        what.to = endpoint(argument(line, 4), {settings_.remote, settings_.connect_port});
    }
    return send(what);
}

Running Calls::sendmsg_call(const CallLine& line) {
    Transfer what = message(line);
    const Value* name = member(argument(line, 1), "msg_name");
    what.to_unspecified = is_unspecified(name);
    if (name != nullptr && name->kind == Value::Kind::kStruct && !what.to_unspecified) {
        what.to = endpoint(*name, {settings_.remote, settings_.connect_port});
    }
    refuse_flags(line, what.flags, kSendFlags, argument(line, 2));
    if (what.control && !what.control->items.empty()) {
        throw Mismatch{"sendmsg: control messages are not supported by the stack"};
    }
    return send(what);
}

}  // namespace netsim::packetdrill
