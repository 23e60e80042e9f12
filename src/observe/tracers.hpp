// Several observers where a simulation takes one.
#pragma once

#include <vector>

#include "sim/trace.hpp"

namespace netsim::observe {

/// Passes every record on, in order of adding. Does not own them.
class Tracers final : public sim::Tracer {
 public:
    void add(sim::Tracer& tracer) { all_.push_back(&tracer); }

    bool empty() const { return all_.empty(); }

    void on_packet(const sim::PacketRecord& record) override {
        for (sim::Tracer* tracer : all_) {
            tracer->on_packet(record);
        }
    }

    void on_state(const sim::StateRecord& record) override {
        for (sim::Tracer* tracer : all_) {
            tracer->on_state(record);
        }
    }

    void on_call(const sim::CallRecord& record) override {
        for (sim::Tracer* tracer : all_) {
            tracer->on_call(record);
        }
    }

 private:
    std::vector<sim::Tracer*> all_;
};

}  // namespace netsim::observe
