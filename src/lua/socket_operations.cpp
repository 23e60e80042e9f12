// Attempts of the blocking socket calls. Outcomes are LuaSocket's: nil, what, and what was done so
// far.
#include "lua/socket_operations.hpp"

#include <algorithm>
#include <limits>

#include "host/host.hpp"
#include "lua/args.hpp"
#include "lua/bind.hpp"

namespace netsim::lua {
namespace {

constexpr std::uint64_t kReadChunk = 65536;
constexpr std::uint64_t kLineChunk = 8192;  // LuaSocket's buffer

bool would_block(Errno error) {
    return error == Errno::kEAGAIN;
}

}  // namespace

SocketOperation::SocketOperation(std::shared_ptr<SocketState> socket, unsigned events)
    : socket_(std::move(socket)), events_(events) {
    if (socket_->timeout) {
        deadline = later(socket_->box->net().now(), *socket_->timeout);
    }
}

int SocketOperation::timed_out(lua_State* L) {
    return push_failure(L, "timeout", "EAGAIN");
}

std::optional<int> AcceptOperation::attempt(lua_State* L) {
    if (!socket().open) {
        return push_failure(L, "closed", "EBADF");
    }
    const Result<Socket> accepted = socket().socket.accept();
    if (accepted) {
        socket().host.note(*accepted, "accept()");
        push_socket(L, socket().box, socket().host, *accepted);
        return 1;
    }
    if (would_block(accepted.error())) {
        return std::nullopt;
    }
    return push_errno(L, accepted.error());
}

std::optional<int> ConnectOperation::attempt(lua_State* L) {
    if (!socket().open) {
        return push_failure(L, "closed", "EBADF");
    }
    if (!begun_) {
        begun_ = true;
        const Result<void> begun = socket().socket.connect(remote_);
        if (begun) {
            lua_pushinteger(L, 1);
            return 1;
        }
        if (begun.error() != Errno::kEINPROGRESS) {
            return push_errno(L, begun.error());
        }
    }
    const unsigned events = socket().socket.poll();
    if ((events & (poll::kOut | poll::kErr | poll::kHup)) == 0) {
        return std::nullopt;
    }
    const Result<std::int64_t> error = socket().socket.get_option(SocketOption::kSO_ERROR);
    if (error && *error != 0) {
        const auto why = static_cast<Errno>(*error);
        socket().note("connect() fails: " + std::string(errno_name(why)), remote_);
        return push_errno(L, why);
    }
    socket().note("connect() returns");
    lua_pushinteger(L, 1);
    return 1;
}

/// As Linux's connect() with O_NONBLOCK or after SO_SNDTIMEO: the handshake goes on.
int ConnectOperation::timed_out(lua_State* L) {
    return push_failure(L, "timeout", "EINPROGRESS");
}

bool SendOperation::blocks() {
    return !socket().timeout || *socket().timeout > Duration(0);
}

/// How the handshake of a Fast Open ended; nothing: it has not.
std::optional<Errno> SendOperation::open_outcome() {
    if (socket().socket.host()->opening(socket().socket.id())) {
        return std::nullopt;
    }
    opening_ = false;
    const Result<std::int64_t> error = socket().socket.get_option(SocketOption::kSO_ERROR);
    return error ? static_cast<Errno>(*error) : error.error();
}

std::optional<int> SendOperation::attempt(lua_State* L) {
    if (!socket().open) {
        return fail(L, "closed", "EBADF");
    }
    host::Host& host = *socket().socket.host();
    const SocketId id = socket().socket.id();
    if (remote_) {
        const Result<void> begun = host.fast_open(id, *remote_);
        remote_.reset();
        if (!begun) {
            return fail(L, outcome_text(begun.error()), errno_name(begun.error()));
        }
        if (total_ == 0) {
            static_cast<void>(socket().socket.send(""));  // the SYN, without data
            opening_ = blocks();
        }
    }
    if (opening_) {
        const std::optional<Errno> outcome = open_outcome();
        if (!outcome) {
            return std::nullopt;
        }
        if (*outcome != Errno::kOk) {
            return fail(L, outcome_text(*outcome), errno_name(*outcome));
        }
    }
    while (sent_ < total_) {
        if (!socket().open) {
            return fail(L, "closed", "EBADF");
        }
        const Result<std::uint64_t> taken =
            synthetic_ ? socket().socket.send_synthetic(total_ - sent_)
                       : socket().socket.send(std::string_view(data_).substr(sent_));
        if (!taken) {
            if (would_block(taken.error()) || taken.error() == Errno::kEINPROGRESS) {
                if (blocks()) {
                    host.await_handshake(id);
                }
                return std::nullopt;
            }
            return fail(L, outcome_text(taken.error()), errno_name(taken.error()));
        }
        sent_ += *taken;
        socket().sent += *taken;
        if (sent_ < total_ && !host.opening(id)) {  // what did not fit waits for room
            return std::nullopt;
        }
        if (blocks() && host.opening(id)) {  // a SYN has taken it
            opening_ = true;
            if (sent_ < total_) {
                host.await_handshake(id);
            }
            return std::nullopt;
        }
    }
    lua_pushinteger(L, static_cast<lua_Integer>(before_ + sent_));
    return 1;
}

int SendOperation::timed_out(lua_State* L) {
    return fail(L, "timeout", "EAGAIN");
}

int SendOperation::fail(lua_State* L, std::string_view text, std::string_view name) const {
    lua_pushnil(L);
    push_string(L, text);
    lua_pushinteger(L, static_cast<lua_Integer>(before_ + sent_));
    push_string(L, name);
    return 4;
}

bool ReceiveOperation::satisfied() const {
    const std::string& buffer = const_cast<ReceiveOperation*>(this)->socket().buffer;  // NOLINT
    switch (pattern_) {
        case Pattern::kLine: {
            const std::size_t end = buffer.find('\n', scanned_);
            scanned_ = end != std::string::npos ? end : buffer.size();
            return end != std::string::npos;
        }
        case Pattern::kCount:
            return prefix_.size() + buffer.size() >= count_;
        case Pattern::kAll:
            break;
    }
    return false;  // only the end of the stream satisfies "*a"
}

std::optional<int> ReceiveOperation::attempt(lua_State* L) {
    while (!satisfied()) {
        if (!socket().open) {
            return fail(L, "closed", "EBADF");
        }
        std::uint64_t want = pattern_ == Pattern::kLine ? kLineChunk : kReadChunk;
        if (pattern_ == Pattern::kCount) {
            want = std::min(want, count_ - prefix_.size() - socket().buffer.size());
        }
        const Result<std::string> bytes = socket().socket.receive(want);
        if (!bytes) {
            if (would_block(bytes.error())) {
                return std::nullopt;
            }
            return fail(L, outcome_text(bytes.error()), errno_name(bytes.error()));
        }
        if (bytes->empty()) {
            if (pattern_ == Pattern::kAll) {
                return finish(L);
            }
            return fail(L, "closed", "EOF");
        }
        socket().buffer += *bytes;
        socket().received += bytes->size();
    }
    return finish(L);
}

int ReceiveOperation::finish(lua_State* L) {
    std::string& buffer = socket().buffer;
    std::string result = std::move(prefix_);
    if (pattern_ == Pattern::kLine) {
        for (const char c : std::string_view(buffer).substr(0, scanned_)) {
            if (c != '\r') {  // as LuaSocket: a CR is never part of a line
                result += c;
            }
        }
        buffer.erase(0, scanned_ + 1);
    } else {
        const std::size_t take =
            pattern_ == Pattern::kAll
                ? buffer.size()
                : std::min<std::size_t>(buffer.size(),
                                        count_ - std::min<std::uint64_t>(count_, result.size()));
        result.append(buffer, 0, take);
        buffer.erase(0, take);
    }
    push_string(L, result);
    return 1;
}

int ReceiveOperation::fail(lua_State* L, std::string_view text, std::string_view name) {
    lua_pushnil(L);
    push_string(L, text);
    push_string(L, prefix_ + socket().buffer);  // partial: handed out, so no longer kept
    socket().buffer.clear();
    push_string(L, name);
    return 4;
}

int ReceiveOperation::timed_out(lua_State* L) {
    return fail(L, "timeout", "EAGAIN");
}

std::optional<int> DiscardOperation::attempt(lua_State* L) {
    const std::uint64_t buffered = std::min<std::uint64_t>(count_ - done_, socket().buffer.size());
    socket().buffer.erase(0, buffered);
    done_ += buffered;
    while (done_ < count_) {
        if (!socket().open) {
            return push_failure(L, "closed", "EBADF");
        }
        const Result<std::uint64_t> taken = socket().socket.receive_discard(count_ - done_);
        if (!taken) {
            if (would_block(taken.error())) {
                return std::nullopt;
            }
            lua_pushnil(L);
            push_string(L, outcome_text(taken.error()));
            lua_pushinteger(L, static_cast<lua_Integer>(done_));
            return 3;
        }
        if (*taken == 0) {
            break;  // the end of the stream
        }
        done_ += *taken;
        socket().received += *taken;
    }
    lua_pushinteger(L, static_cast<lua_Integer>(done_));
    return 1;
}

int DiscardOperation::timed_out(lua_State* L) {
    lua_pushnil(L);
    push_string(L, "timeout");
    lua_pushinteger(L, static_cast<lua_Integer>(done_));
    return 3;
}

void SelectOperation::each_socket(
    const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>& visit) {
    for (const auto& socket : receivers) {
        visit(socket, poll::kIn | poll::kRdHup);
    }
    for (const auto& socket : senders) {
        visit(socket, poll::kOut);
    }
}

std::optional<int> SelectOperation::attempt(lua_State* L) {
    const auto ready = [](const std::shared_ptr<SocketState>& socket, unsigned events) {
        return !socket->open || !socket->buffer.empty() ||
               (socket->socket.poll() & (events | poll::kErr | poll::kHup)) != 0;
    };
    const bool any =
        std::any_of(receivers.begin(), receivers.end(),
                    [&](const auto& s) { return ready(s, poll::kIn | poll::kRdHup); }) ||
        std::any_of(senders.begin(), senders.end(), [&](const auto& s) {
            return !s->open || (s->socket.poll() & (poll::kOut | poll::kErr | poll::kHup)) != 0;
        });
    return any ? std::optional<int>(push_ready(L, false)) : std::nullopt;
}

int SelectOperation::timed_out(lua_State* L) {
    return push_ready(L, true);
}

// The ready sockets as arrays that also answer `set[socket]`, as LuaSocket's do.
int SelectOperation::push_ready(lua_State* L, bool timed_out) {
    const auto push = [&](const std::vector<std::shared_ptr<SocketState>>& sockets, int ref,
                          unsigned events) {
        lua_newtable(L);
        const int result = lua_gettop(L);
        lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
        lua_Integer count = 0;
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            const SocketState& socket = *sockets[i];
            const bool buffered = (events & poll::kIn) != 0 && !socket.buffer.empty();
            const bool is_ready = !socket.open || buffered ||
                                  (socket.socket.poll() & (events | poll::kErr | poll::kHup)) != 0;
            if (!is_ready) {
                continue;
            }
            lua_rawgeti(L, -1, static_cast<lua_Integer>(i) + 1);
            lua_pushvalue(L, -1);
            lua_rawseti(L, result, ++count);
            lua_pushinteger(L, count);
            lua_rawset(L, result);
        }
        lua_pop(L, 1);
        luaL_unref(L, LUA_REGISTRYINDEX, ref);
    };
    push(receivers, receivers_ref, poll::kIn | poll::kRdHup);
    push(senders, senders_ref, poll::kOut);
    if (!timed_out) {
        return 2;
    }
    push_string(L, "timeout");
    return 3;
}

}  // namespace netsim::lua
