// One tracer that tells several: publishers know only one pointer.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/trace.hpp"

namespace netsim::sim {

class FanOut final : public Tracer {
 public:
    void add(Tracer& observer) { observers_.push_back(&observer); }

    void remove(Tracer& observer) { std::erase(observers_, &observer); }

    /// Whom publishers should tell: nobody, the only one, or all through this.
    Tracer* target() {
        return observers_.empty() ? nullptr : observers_.size() == 1 ? observers_.front() : this;
    }

    void on_packet(const PacketRecord& record) override {
        for (Tracer* observer : observers_) {
            observer->on_packet(record);
        }
    }

    void on_state(const StateRecord& record) override {
        for (Tracer* observer : observers_) {
            observer->on_state(record);
        }
    }

    void on_call(const CallRecord& record) override {
        for (Tracer* observer : observers_) {
            observer->on_call(record);
        }
    }

 private:
    std::vector<Tracer*> observers_;
};

}  // namespace netsim::sim
