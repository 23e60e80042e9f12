// Observers: captures, traces, the ladder.
#include "api/network_impl.hpp"

namespace netsim {

void NetworkImpl::observe(sim::Tracer& observer) {
    fan_out_.add(observer);
    sim::Tracer* only = fan_out_.only();
    fabric_.tracer = only != nullptr ? only : &fan_out_;
}

void NetworkImpl::capture(const std::string& path) {
    captures_.push_back(std::make_unique<observe::PcapngWriter>(path, &bytes_));
    observe(*captures_.back());
}

void NetworkImpl::finish_captures() {
    for (const auto& capture : captures_) {
        capture->finish();
    }
}

void NetworkImpl::trace(std::ostream& out, std::string_view filter) {
    observe::KnownNames names;
    for (const Node& node : nodes_) {
        names.emplace_back(node.owner->name(), node.address);
    }
    traces_.push_back(
        std::make_unique<observe::TraceText>(out, observe::PacketFilter(filter, names)));
    observe(*traces_.back());
}

void NetworkImpl::watch_ladder() {
    if (ladder_ == nullptr) {
        ladder_ = std::make_unique<observe::Ladder>();
        observe(*ladder_);
    }
}

std::string NetworkImpl::ladder(std::string_view left, std::string_view right) const {
    if (ladder_ == nullptr) {
        throw InputError("no ladder: call watch_ladder() before the run");
    }
    return ladder_->draw({std::string(left), find(left).address},
                         {std::string(right), find(right).address});
}

}  // namespace netsim
