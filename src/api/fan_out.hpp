// One tracer that tells several: publishers know only one pointer.
#pragma once

#include <vector>

#include "sim/trace.hpp"

namespace netsim {

class FanOut final : public sim::Tracer {
 public:
    void add(sim::Tracer& observer) { observers_.push_back(&observer); }

    void remove(const sim::Tracer& observer) { std::erase(observers_, &observer); }

    std::size_t size() const { return observers_.size(); }

    sim::Tracer* only() const { return observers_.size() == 1 ? observers_.front() : nullptr; }

    void on_packet(const sim::PacketRecord& record) override {
        for (sim::Tracer* observer : observers_) {
            observer->on_packet(record);
        }
    }

    void on_state(const sim::StateRecord& record) override {
        for (sim::Tracer* observer : observers_) {
            observer->on_state(record);
        }
    }

    void on_call(const sim::CallRecord& record) override {
        for (sim::Tracer* observer : observers_) {
            observer->on_call(record);
        }
    }

 private:
    std::vector<sim::Tracer*> observers_;
};

}  // namespace netsim
