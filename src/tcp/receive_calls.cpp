// The receiving calls: read, peek, urgent data, splice, the error queue. RFC 9293 §3.10.3; Linux
// tcp_recvmsg_locked().
#include <algorithm>
#include <utility>

#include "tcp/delayed_ack.hpp"
#include "tcp/input.hpp"
#include "tcp/receive_buffer.hpp"
#include "tcp/sockets.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {

namespace {

/// Takes the first bytes off the receive queue.
void drop_received(Context& cx, Connection& c, std::uint32_t count) {
    wire::PayloadRef& head = c.edit_receiving().received.front().payload;
    c.edit_receiving().received_bytes -= count;
    c.copied_seq += count;
    tune_receive_buffer(cx, c);
    if (count == head.length) {
        release_received(c);
    } else {
        head = head.slice(count, head.length - count);
    }
}

}  // namespace

Result<std::uint64_t> Stack::receive(SocketId socket, std::uint64_t max, Time now, Outbox& out,
                                     std::vector<wire::PayloadRef>& ranges) {
    Connection* c = find_connection(*state_, socket);
    if (c == nullptr) {
        return fail(find_any_listener(*state_, socket) != nullptr ? Errno::kENOTCONN
                                                                  : Errno::kEBADF);
    }
    if (c->receiving().received.empty()) {
        if (c->fin_received) {
            c->copied_seq = c->rcv_nxt;  // the FIN has been read too
            return 0;
        }
        if (c->error != Errno::kOk) {
            return fail(take_error(*c));
        }
        if (c->receive_shutdown) {
            return 0;
        }
        return fail(c->state == State::kClosed ? Errno::kENOTCONN : Errno::kEAGAIN);
    }
    Context cx{*state_, now, out};
    std::uint64_t total = 0;
    while (total < max && !c->receiving().received.empty()) {
        const bool at_urgent = c->rare().urgent &&
                               c->rare().urgent->receive != Urgent::Receive::kNone &&
                               c->rare().urgent->urg_seq == c->copied_seq;
        if (at_urgent && total > 0) {
            break;  // a read ends at the urgent byte (tcp_recvmsg_locked())
        }
        const std::uint32_t held = c->receiving().received.front().payload.length;
        const auto wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(held, max - total));
        const UrgentLimit limit = limit_at_urgent(*c, c->copied_seq, wanted);
        if (limit.skip) {
            drop_received(cx, *c, 1);
            forget_read_urgent(*c);
            continue;
        }
        ranges.push_back(c->receiving().received.front().payload.slice(0, limit.bytes));
        drop_received(cx, *c, limit.bytes);
        total += limit.bytes;
        forget_read_urgent(*c);
    }
    if (c->owned) {  // seen to when the process lets go
        owner_of(*state_, *c).copied += static_cast<std::uint32_t>(total);
    } else {
        after_read(cx, *c, static_cast<std::uint32_t>(total));
    }
    if (total == 0) {  // only the urgent byte was there
        return c->fin_received ? Result<std::uint64_t>(0) : fail(Errno::kEAGAIN);
    }
    return total;
}

void Stack::lock(SocketId socket) {
    Connection* c = find_connection(*state_, socket);
    if (c != nullptr) {
        own(*state_, *c);
    }
}

bool Stack::has_backlog(SocketId socket) const {
    const Connection* c = find_connection(*state_, socket);
    return c != nullptr && c->owned && !owner_of(*state_, *c).backlog.empty();
}

void Stack::process_backlog(SocketId socket, Time now, Outbox& out) {
    Connection* c = find_connection(*state_, socket);
    if (c != nullptr && c->owned) {
        Context cx{*state_, now, out};
        tcp::process_backlog(cx, *c);
    }
}

void Stack::flush_backlog(SocketId socket, Time now, Outbox& out) {
    Connection* c = find_connection(*state_, socket);
    if (c != nullptr && c->owned) {
        Context cx{*state_, now, out};
        tcp::flush_backlog(cx, *c);
    }
}

void Stack::unlock(SocketId socket, Time now, Outbox& out) {
    Connection* c = find_connection(*state_, socket);
    if (c != nullptr && c->owned) {
        Context cx{*state_, now, out};
        release(cx, *c);
    }
}

Result<std::uint64_t> Stack::splice(SocketId socket, std::uint64_t max, Time now, Outbox& out) {
    const Connection* c = find_connection(*state_, socket);
    if (c != nullptr && !c->receiving().received.empty()) {
        const auto most = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(max, c->receiving().received.front().payload.length));
        const UrgentLimit limit = limit_at_urgent(*c, c->copied_seq, most);
        if (limit.skip) {
            return 0;
        }
    }
    std::vector<wire::PayloadRef> ranges;
    return receive(socket, max, now, out, ranges);
}

Result<std::uint64_t> Stack::peek(SocketId socket, std::uint64_t max,
                                  std::vector<wire::PayloadRef>& ranges) const {
    const Connection* c = find_connection(*state_, socket);
    if (c == nullptr) {
        return fail(find_any_listener(*state_, socket) != nullptr ? Errno::kENOTCONN
                                                                  : Errno::kEBADF);
    }
    std::uint64_t total = 0;
    wire::SeqNum at = c->copied_seq;
    for (std::uint32_t i = 0; i < c->receiving().received.size() && total < max; ++i) {
        wire::PayloadRef range = c->receiving().received[i].payload;
        UrgentLimit limit = limit_at_urgent(*c, at, range.length);
        if (limit.skip && total == 0) {
            range = range.slice(1, range.length - 1);
            at += 1;
            limit = {range.length, false};
        }
        const auto take = limit.skip ? 0U
                                     : static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                           std::min(limit.bytes, range.length), max - total));
        if (take > 0) {
            ranges.push_back(range.slice(0, take));
        }
        total += take;
        at += take;
        if (take < range.length) {
            break;
        }
    }
    if (total > 0 || c->fin_received) {
        return total;
    }
    if (c->error != Errno::kOk) {
        return fail(c->error);
    }
    if (c->receive_shutdown) {
        return 0;
    }
    return fail(c->state == State::kClosed ? Errno::kENOTCONN : Errno::kEAGAIN);
}

Result<std::uint64_t> Stack::receive_urgent(SocketId socket, bool peek) {
    Connection* c = find_connection(*state_, socket);
    if (c == nullptr) {
        return fail(find_any_listener(*state_, socket) != nullptr ? Errno::kENOTCONN
                                                                  : Errno::kEBADF);
    }
    return tcp::receive_urgent(*c, peek);
}

Result<ErrorMessage> Stack::receive_error(SocketId socket) {
    Connection* c = find_connection(*state_, socket);
    if (c == nullptr && find_any_listener(*state_, socket) == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (c == nullptr || !c->rare().errors || c->rare().errors->messages.empty()) {
        return fail(Errno::kEAGAIN);
    }
    const ErrorMessage message = c->rare().errors->messages.front();
    c->rare().errors->messages.pop_front();
    return message;
}

std::uint32_t Stack::unread(SocketId socket) const {
    const Connection* c = find_connection(*state_, socket);
    if (c == nullptr) {
        return 0;
    }
    const std::uint32_t bytes = c->rcv_nxt.raw() - c->copied_seq.raw();
    return bytes == 0 && c->fin_received ? 1 : bytes;
}

}  // namespace netsim::tcp
