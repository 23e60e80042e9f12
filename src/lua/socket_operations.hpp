// The socket calls that may block, each with the state it keeps while its process is parked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lua/socket.hpp"

namespace netsim::lua {

/// An operation on one socket.
class SocketOperation : public Operation {
 public:
    SocketOperation(std::shared_ptr<SocketState> socket, unsigned events);

    void each_socket(
        const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>& visit) override {
        visit(socket_, events_);
    }

    int timed_out(lua_State* L) override;

 protected:
    SocketState& socket() { return *socket_; }

 private:
    std::shared_ptr<SocketState> socket_;
    unsigned events_;
};

class AcceptOperation final : public SocketOperation {
 public:
    explicit AcceptOperation(std::shared_ptr<SocketState> socket)
        : SocketOperation(std::move(socket), poll::kIn) {}

    std::optional<int> attempt(lua_State* L) override;
};

class ConnectOperation final : public SocketOperation {
 public:
    ConnectOperation(std::shared_ptr<SocketState> socket, Endpoint remote)
        : SocketOperation(std::move(socket), poll::kOut), remote_(remote) {}

    std::optional<int> attempt(lua_State* L) override;
    int timed_out(lua_State* L) override;

 private:
    Endpoint remote_;
    bool begun_ = false;
};

/// send(data, i, j), or a number of synthetic bytes.
class SendOperation final : public SocketOperation {
 public:
    SendOperation(std::shared_ptr<SocketState> socket, std::string data, std::uint64_t before)
        : SocketOperation(std::move(socket), poll::kOut),
          data_(std::move(data)),
          total_(data_.size()),
          before_(before) {}

    SendOperation(std::shared_ptr<SocketState> socket, std::uint64_t synthetic)
        : SocketOperation(std::move(socket), poll::kOut), total_(synthetic), synthetic_(true) {}

    /// fastopen(): the connect() comes with it.
    void open_towards(Endpoint remote) { remote_ = remote; }

    std::optional<int> attempt(lua_State* L) override;
    int timed_out(lua_State* L) override;

 private:
    int fail(lua_State* L, std::string_view text, std::string_view name) const;
    bool blocks();
    std::optional<Errno> open_outcome();

    std::optional<Endpoint> remote_;
    bool opening_ = false;  // the SYN has left: the call returns after the handshake
    std::string data_;
    std::uint64_t total_;
    std::uint64_t before_ = 0;  // index of the first byte, less one
    std::uint64_t sent_ = 0;
    bool synthetic_ = false;
};

/// receive("*l" | "*a" | n).
class ReceiveOperation final : public SocketOperation {
 public:
    enum class Pattern : std::uint8_t { kLine, kAll, kCount };

    ReceiveOperation(std::shared_ptr<SocketState> socket, Pattern pattern, std::uint64_t count,
                     std::string prefix)
        : SocketOperation(std::move(socket), poll::kIn | poll::kRdHup),
          pattern_(pattern),
          count_(count),
          prefix_(std::move(prefix)) {}

    std::optional<int> attempt(lua_State* L) override;
    int timed_out(lua_State* L) override;

 private:
    bool satisfied() const;
    int finish(lua_State* L);
    int fail(lua_State* L, std::string_view text, std::string_view name);

    Pattern pattern_;
    std::uint64_t count_;
    std::string prefix_;
    mutable std::size_t scanned_ = 0;  // no line end before this
};

/// Reads and throws away, checked but not looked at: at no cost per byte.
class DiscardOperation final : public SocketOperation {
 public:
    /// `count`: how many; 2^64-1: to the end of the stream.
    DiscardOperation(std::shared_ptr<SocketState> socket, std::uint64_t count)
        : SocketOperation(std::move(socket), poll::kIn | poll::kRdHup), count_(count) {}

    std::optional<int> attempt(lua_State* L) override;
    int timed_out(lua_State* L) override;

 private:
    std::uint64_t count_;
    std::uint64_t done_ = 0;
};

class SleepOperation final : public Operation {
 public:
    explicit SleepOperation(Time until) { deadline = until; }

    std::optional<int> attempt(lua_State* /*L*/) override { return std::nullopt; }

    int timed_out(lua_State* /*L*/) override { return 0; }

    void each_socket(const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>&
                     /*visit*/) override {}
};

/// Nothing but what the scheduler waits for before any call: that the time is paid for.
class ComputeOperation final : public Operation {
 public:
    std::optional<int> attempt(lua_State* /*L*/) override { return 0; }

    int timed_out(lua_State* /*L*/) override { return 0; }

    void each_socket(const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>&
                     /*visit*/) override {}
};

/// A call that never returns: its process will not live that long.
class EndlessOperation final : public Operation {
 public:
    std::optional<int> attempt(lua_State* /*L*/) override { return std::nullopt; }

    int timed_out(lua_State* /*L*/) override { return 0; }

    void each_socket(const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>&
                     /*visit*/) override {}
};

class SelectOperation final : public Operation {
 public:
    std::vector<std::shared_ptr<SocketState>> receivers;
    std::vector<std::shared_ptr<SocketState>> senders;
    // The Lua objects to hand back: the argument tables, kept at these registry places.
    int receivers_ref = LUA_NOREF;
    int senders_ref = LUA_NOREF;

    std::optional<int> attempt(lua_State* L) override;
    int timed_out(lua_State* L) override;
    void each_socket(
        const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>& visit) override;

 private:
    int push_ready(lua_State* L, bool timed_out);
};

}  // namespace netsim::lua
