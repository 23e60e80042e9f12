// std::function where the layers below want an object: socket watchers.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "host/host.hpp"
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

}  // namespace netsim
