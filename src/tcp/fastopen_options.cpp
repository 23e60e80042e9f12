// TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_NO_COOKIE, TCP_FASTOPEN_KEY. Linux
// do_tcp_setsockopt(), do_tcp_getsockopt().
#include "tcp/fastopen_options.hpp"

#include "tcp/sockets.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {

Errno refuse_fast_open_option(const StackState& s, const Connection* c, SocketOption option) {
    const bool fresh = c != nullptr && c->state == State::kClosed;
    switch (option) {
        case SocketOption::kTCP_FASTOPEN:
        case SocketOption::kTCP_FASTOPEN_NO_COOKIE:
            return c == nullptr || fresh ? Errno::kOk : Errno::kEINVAL;
        case SocketOption::kTCP_FASTOPEN_CONNECT:
            if ((s.sysctl.tcp_fastopen & fastopen_bit::kClient) == 0) {
                return Errno::kEOPNOTSUPP;
            }
            return fresh ? Errno::kOk : Errno::kEINVAL;
        default:
            return Errno::kOk;
    }
}

Result<void> Stack::set_fastopen_key(SocketId socket, std::span<const std::uint8_t> octets) {
    Listener* listener = find_any_listener(*state_, socket);
    Connection* c = find_connection(*state_, socket);
    if (listener == nullptr && c == nullptr) {
        return fail(Errno::kEBADF);
    }
    const auto keys = fastopen_keys_from(octets);
    if (!keys) {
        return fail(Errno::kEINVAL);
    }
    if (listener != nullptr) {
        listener->fast_open.keys = *keys;
        return {};
    }
    if (!c->rare().fast_open) {
        c->edit_rare().fast_open = std::make_unique<FastOpenState>();
    }
    c->rare().fast_open->keys = *keys;
    return {};
}

Result<std::vector<std::uint8_t>> Stack::fastopen_key(SocketId socket) const {
    const StackState& s = *state_;
    if (const Listener* listener = find_any_listener(s, socket)) {
        return octets_of(listener->fast_open.keys);
    }
    const Connection* c = find_connection(s, socket);
    if (c == nullptr) {
        return fail(Errno::kEBADF);
    }
    return octets_of(c->rare().fast_open ? c->rare().fast_open->keys : FastOpenKeys{});
}

}  // namespace netsim::tcp
