// A socket's options, shared with its listener and its kin until one of them is changed: most
// connections of a run have the same ones, and 64 octets of each would be a copy.
#pragma once

#include <cstdint>
#include <utility>

#include "tcp/socket_options.hpp"

namespace netsim::tcp {

class SharedOptions {
 public:
    SharedOptions() = default;

    SharedOptions(const SharedOptions& other) : set_(other.set_) {
        if (set_ != nullptr) {
            ++set_->holders;
        }
    }

    SharedOptions(SharedOptions&& other) noexcept : set_(std::exchange(other.set_, nullptr)) {}

    SharedOptions& operator=(SharedOptions other) noexcept {
        std::swap(set_, other.set_);
        return *this;
    }

    ~SharedOptions() {
        if (set_ != nullptr && --set_->holders == 0) {
            delete set_;  // NOLINT(cppcoreguidelines-owning-memory)
        }
    }

    const SocketOptions& operator*() const { return set_ != nullptr ? set_->options : kDefault; }

    const SocketOptions* operator->() const { return &**this; }

    /// This socket's own from now on.
    SocketOptions& edit() {
        if (set_ == nullptr || set_->holders > 1) {
            *this = SharedOptions(**this);
        }
        return set_->options;
    }

 private:
    struct Set {
        SocketOptions options;
        std::uint32_t holders = 1;
    };

    static constexpr SocketOptions kDefault{};

    explicit SharedOptions(const SocketOptions& options)
        : set_(new Set{options, 1}) {}  // NOLINT(cppcoreguidelines-owning-memory)

    Set* set_ = nullptr;  // none: nothing has been set
};

}  // namespace netsim::tcp
