// Functions waiting for their event: std::function where the queue wants a target and a word.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "base/slab.hpp"
#include "sim/event.hpp"

namespace netsim::sim {

class TimedCalls final : public EventTarget {
 public:
    /// The argument of the event that will call it.
    std::uint64_t add(std::function<void()> function) {
        return calls_.emplace(std::move(function)).word();
    }

    void fire(std::uint64_t argument) override {
        const auto id = Id<std::function<void()>>::from_word(argument);
        const std::function<void()> function = std::move(calls_.at(id.index));
        calls_.erase(id);
        function();
    }

 private:
    Slab<std::function<void()>> calls_;
};

}  // namespace netsim::sim
