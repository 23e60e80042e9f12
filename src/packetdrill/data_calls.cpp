// Calls that move data.
#include <fmt/format.h>

#include "packetdrill/calls.hpp"
#include "packetdrill/constants.hpp"

namespace netsim::packetdrill {
namespace {

/// The size of `[{..., 1000}, {..., 500}]`.
std::uint64_t vector_size(const CallLine& line, const Value& vectors) {
    std::uint64_t total = 0;
    if (vectors.kind != Value::Kind::kList) {
        throw Mismatch{line.name + ": expected a list of {..., SIZE}"};
    }
    for (const Value& v : vectors.items) {
        if (v.kind != Value::Kind::kStruct || v.items.size() != 2 || v.items[1].number < 0) {
            throw Mismatch{line.name + ": expected a list of {..., SIZE}"};
        }
        total += static_cast<std::uint64_t>(v.items[1].number);
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

std::uint64_t message_size(const CallLine& line, bool receives) {
    const Value& message = argument(line, 1);
    const Value* vectors = member(message, "msg_iov");
    if (message.kind != Value::Kind::kStruct || vectors == nullptr) {
        throw Mismatch{line.name + ": expected {msg_name(...)=..., msg_iov(1)=[{..., SIZE}], ...}"};
    }
    const Value* control = member(message, "msg_control");
    if (control != nullptr && !control->items.empty()) {
        throw Mismatch{line.name + ": control messages are not supported by the stack"};
    }
    const Value* flags = member(message, "msg_flags");
    if (receives && flags != nullptr && flags->number != 0) {
        throw Mismatch{line.name + ": msg_flags " + flags->text +
                       " are not supported by the stack"};
    }
    return vector_size(line, *vectors);
}

}  // namespace

Running Calls::receive(std::int64_t fd, std::uint64_t size, std::int64_t flags) {
    Running call;
    call.step = [this, fd, size, flags]() -> std::optional<Outcome> {
        const Descriptor* d = find(fd);
        if (d == nullptr || d->epoll) {
            return Outcome::failed(Errno::kEBADF);
        }
        if (size == 0) {
            return Outcome{};
        }
        std::vector<wire::PayloadRef> ranges;
        const auto got =
            machine_.stack().receive(d->socket, size, machine_.now(), machine_.out(), ranges);
        machine_.drain();
        const bool waits = !d->nonblocking && (flags & kMsgDontwait) == 0;
        if (!got && got.error() == Errno::kEAGAIN && waits) {
            return std::nullopt;
        }
        return outcome(got);
    };
    return call;
}

Running Calls::read_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    return receive(number(line, 0), size_argument(line, 2), 0);
}

Running Calls::readv_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    return receive(number(line, 0), vector_size(line, argument(line, 1)), 0);
}

Running Calls::recv_call(const CallLine& line) {
    const bool from = line.name == "recvfrom";
    need_arguments(line, from ? 6 : 4, from ? 6 : 4);
    const std::int64_t flags = number(line, 3);
    refuse_flags(line, flags, kMsgDontwait | kMsgNosignal, argument(line, 3));
    return receive(number(line, 0), size_argument(line, 2), flags);
}

Running Calls::recvmsg_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    const std::int64_t flags = number(line, 2);
    refuse_flags(line, flags, kMsgDontwait | kMsgNosignal, argument(line, 2));
    return receive(number(line, 0), message_size(line, true), flags);
}

/// A blocking write returns when all is in the buffer; one that does not block, with what fits.
std::optional<Outcome> Calls::send_some(SocketId s, bool waits, std::uint64_t size,
                                        std::uint64_t& done) {
    tcp::Stack& stack = machine_.stack();
    const auto partial = [&](Errno error) {
        return done > 0 ? Outcome{static_cast<std::int64_t>(done)} : Outcome::failed(error);
    };
    do {
        const auto room = stack.send_room(s);
        if (!room) {
            if (room.error() == Errno::kEAGAIN && waits) {
                return std::nullopt;
            }
            return partial(room.error());
        }
        tcp::Stack::SendCursor cursor = stack.send_cursor(s);
        if (cursor.stream == 0) {
            stack.set_send_stream(s, stack.new_synthetic_stream());
            cursor = stack.send_cursor(s);
        }
        const auto length = static_cast<std::uint32_t>(std::min(size - done, *room));
        const auto sent =
            stack.send(s, {cursor.offset, cursor.stream, length}, machine_.now(), machine_.out());
        if (!sent) {
            return partial(sent.error());
        }
        machine_.drain();
        done += *sent;
        if (*sent == 0) {
            break;
        }
    } while (done < size);
    return Outcome{static_cast<std::int64_t>(done)};
}

Running Calls::send(std::int64_t fd, std::uint64_t size, std::int64_t flags) {
    auto done = std::make_shared<std::uint64_t>(0);
    Running call;
    call.step = [this, fd, size, flags, done]() -> std::optional<Outcome> {
        const Descriptor* d = find(fd);
        if (d == nullptr || d->epoll) {
            return Outcome::failed(Errno::kEBADF);
        }
        const bool waits = !d->nonblocking && (flags & kMsgDontwait) == 0;
        auto result = send_some(d->socket, waits, size, *done);
        machine_.drain();
        return result;
    };
    return call;
}

Running Calls::write_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    return send(number(line, 0), size_argument(line, 2), 0);
}

Running Calls::writev_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    return send(number(line, 0), vector_size(line, argument(line, 1)), 0);
}

Running Calls::send_call(const CallLine& line) {
    const bool to = line.name == "sendto";
    need_arguments(line, to ? 6 : 4, to ? 6 : 4);
    const std::int64_t flags = number(line, 3);
    refuse_flags(line, flags, kMsgDontwait | kMsgNosignal, argument(line, 3));
    return send(number(line, 0), size_argument(line, 2), flags);
}

Running Calls::sendmsg_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    const std::int64_t flags = number(line, 2);
    refuse_flags(line, flags, kMsgDontwait | kMsgNosignal, argument(line, 2));
    return send(number(line, 0), message_size(line, false), flags);
}

}  // namespace netsim::packetdrill
