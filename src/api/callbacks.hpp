// std::function where the layers below want an object: socket watchers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "host/host.hpp"
#include "host/processes.hpp"
#include "host/udp.hpp"
#include "netsim/socket.hpp"

namespace netsim {

/// One per host: calls the function that watches a socket.
class SocketCallbacks final : public host::SocketWatcher {
 public:
    using Function = std::function<void(unsigned)>;

    void set(SocketId socket, Function function) {
        if (socket.index >= entries_.size()) {
            entries_.resize(std::size_t{socket.index} + 1);
        }
        entries_[socket.index] = {socket, std::make_shared<Function>(std::move(function))};
    }

    void clear(SocketId socket) {
        if (socket.index < entries_.size() && entries_[socket.index].socket == socket) {
            entries_[socket.index] = {};
        }
    }

    void on_socket(SocketId socket, unsigned events) override {
        if (socket.index < entries_.size() && entries_[socket.index].socket == socket) {
            // A copy of the pointer: the function may replace or clear itself.
            const std::shared_ptr<Function> function = entries_[socket.index].function;
            (*function)(events);
        }
    }

 private:
    struct Entry {
        SocketId socket;
        std::shared_ptr<Function> function;
    };

    std::vector<Entry> entries_;  // by socket index
};

/// The same for UDP sockets.
class UdpCallbacks final : public host::UdpWatcher {
 public:
    using Function = std::function<void(unsigned)>;

    void set(UdpId socket, Function function) {
        functions_[{socket.index, socket.generation}] =
            std::make_shared<Function>(std::move(function));
    }

    void clear(UdpId socket) { functions_.erase({socket.index, socket.generation}); }

    void on_udp(UdpId socket, unsigned events) override {
        const auto found = functions_.find({socket.index, socket.generation});
        if (found != functions_.end()) {
            const std::shared_ptr<Function> function = found->second;
            (*function)(events);
        }
    }

 private:
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::shared_ptr<Function>> functions_;
};

/// What a process of the API's user wants to know of its end.
class CallbackProgram final : public host::Program {
 public:
    explicit CallbackProgram(std::function<void()> function) : function_(std::move(function)) {}

    void on_end() override {
        running_ = true;
        if (function_) {
            function_();
        }
        running_ = false;
    }

    bool running() const { return running_; }

 private:
    std::function<void()> function_;
    bool running_ = false;
};

}  // namespace netsim
