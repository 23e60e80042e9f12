// From connect() to ESTABLISHED, or to its failure.
#include "report/connects.hpp"

namespace netsim::report {

Connects::Key Connects::key_of(const sim::StateRecord& record) {
    return {(std::uint64_t{record.local.address.bits} << 16U) | record.local.port,
            (std::uint64_t{record.remote.address.bits} << 16U) | record.remote.port};
}

void Connects::begin(const sim::StateRecord& record) {
    if (waiting_.size() >= kWaitingMax) {
        ++uncounted_;
    } else {
        waiting_.insert_or_assign(key_of(record), record.at);
    }
}

void Connects::state(const sim::StateRecord& record, const tcp::Transition& change) {
    if (change.to == tcp::State::kSynSent) {
        return begin(record);
    }
    const bool active = change.from == tcp::State::kSynSent ||
                        (change.from == tcp::State::kSynReceived && simultaneous_ > 0);
    const auto found = active ? waiting_.find(key_of(record)) : waiting_.end();
    if (found == waiting_.end()) {
        return;
    }
    if (change.to == tcp::State::kSynReceived) {
        ++simultaneous_;
        return;
    }
    if (change.from == tcp::State::kSynReceived) {
        --simultaneous_;
    }
    if (change.to == tcp::State::kEstablished) {
        std::size_t bin = 0;
        while (bin + 1 < ConnectTimes::kBins &&
               record.at - found->second >= ConnectTimes::bound(bin)) {
            ++bin;
        }
        ++times_.counts.at(bin);
    } else {
        ++times_.failed;
    }
    waiting_.erase(found);
}

void Connects::put(Case& into) const {
    into.connects = times_;
    into.connects.waiting = waiting_.size();
    if (uncounted_ > 0) {
        into.thinned.push_back(std::to_string(uncounted_) + " connects are not in the latencies");
    }
}

}  // namespace netsim::report
