// Observers: captures, traces, the ladder; and what takes the memory.
#include <algorithm>

#include "api/network_impl.hpp"
#include "tcp/stack.hpp"

namespace netsim {

void NetworkImpl::observe(sim::Tracer& observer) {
    fabric_.watch(observer);
}

void NetworkImpl::capture(const std::string& path) {
    captures_.push_back(std::make_unique<observe::PcapngWriter>(path, &bytes_));
    observe(*captures_.back());
}

void NetworkImpl::capture(const std::string& directory, CapturePer per) {
    capture_files_.push_back(std::make_unique<observe::PcapngFiles>(directory, per, &bytes_));
    observe(*capture_files_.back());
}

void NetworkImpl::finish_captures() {
    for (const auto& files : capture_files_) {
        files->finish();
    }
    for (const auto& capture : captures_) {
        capture->finish();
    }
}

observe::KnownNames NetworkImpl::known_names() const {
    observe::KnownNames names;
    for (const Node& node : nodes_) {
        names.emplace_back(node.owner->name(), node.address);
    }
    return names;
}

std::size_t NetworkImpl::trace(std::ostream& out, std::string_view filter) {
    traces_.push_back(std::make_unique<observe::TraceText>(
        out, observe::PacketFilter(filter, known_names(), &bytes_)));
    observe(*traces_.back());
    return traces_.size() - 1;
}

void NetworkImpl::untrace(std::size_t trace) {
    if (trace < traces_.size() && traces_[trace] != nullptr) {
        fabric_.unwatch(*traces_[trace]);
        traces_[trace].reset();
    }
}

void NetworkImpl::watch_ladder() {
    if (ladder_ == nullptr) {
        ladder_ = std::make_unique<observe::Ladder>();
        observe(*ladder_);
    }
}

std::string NetworkImpl::ladder(std::string_view left, std::string_view right,
                                const LadderOptions& options) const {
    if (ladder_ == nullptr) {
        throw InputError("no ladder: call watch_ladder() before the run");
    }
    return ladder_->draw({std::string(left), find(left).address},
                         {std::string(right), find(right).address}, options);
}

std::vector<LadderPair> NetworkImpl::ladder_pairs() const {
    if (ladder_ == nullptr) {
        throw InputError("no ladder: call watch_ladder() before the run");
    }
    std::vector<observe::LadderEnd> ends;
    for (const Node& node : nodes_) {
        if (node.host != nullptr) {
            ends.push_back({node.owner->name(), node.address});
        }
    }
    return ladder_->pairs(ends);
}

void NetworkImpl::tell_report(const Node& node) const {
    report::KnownNode known;
    known.node = node.owner.get();
    known.host = node.host;
    known.address = node.address;
    known.attacks = node.applications.contains("synflood");
    report_->add_node(known);
}

/// What there is already it is told now.
void NetworkImpl::watch_report(double share) {
    if (report_ != nullptr) {
        return;
    }
    report_ = std::make_unique<report::Recorder>(share);
    for (const Node& node : nodes_) {
        tell_report(node);
    }
    for (const std::unique_ptr<net::Link>& link : links_) {
        report_->add_link(*link);
    }
    for (const Prefix& pool : announced_) {
        report_->add_pool(pool);
    }
    observe(*report_);
}

std::shared_ptr<const report::Case> NetworkImpl::report() const {
    if (report_ == nullptr) {
        throw InputError("no report: call watch_report() before the run");
    }
    return std::make_shared<const report::Case>(report_->view(sim_.now(), series()));
}

std::vector<MemoryUse> NetworkImpl::memory_use() {
    tcp::Stack::Holdings held;
    for (Node& node : nodes_) {
        if (node.host != nullptr) {
            const tcp::Stack::Holdings one = node.host->stack().holdings();
            held.requests += one.requests;
            held.connections += one.connections;
            held.time_waits += one.time_waits;
            held.side_records += one.side_records;
            held.side_bytes += one.side_bytes;
        }
    }
    std::uint64_t samples = 0;
    for (const Recorder& recorder : recorders_) {
        samples += recorder.series.values.size();
    }
    const tcp::Stack::Footprint bytes = tcp::Stack::footprint();
    const std::size_t packets = packets_.in_use();
    const std::size_t events = sim_.events_pending();
    std::vector<MemoryUse> uses{
        {"connections", held.connections, held.connections * bytes.connection},
        {"half-open requests", held.requests, held.requests * bytes.request},
        {"TIME-WAIT records", held.time_waits, held.time_waits * bytes.time_wait},
        {"connections' side records", held.side_records, held.side_bytes},
        {"packets", packets, packets * sizeof(wire::Packet)},
        {"events", events, events * sizeof(sim::Event)},
        {"samples", samples, samples * sizeof(double)}};
    std::stable_sort(uses.begin(), uses.end(),
                     [](const MemoryUse& a, const MemoryUse& b) { return a.bytes > b.bytes; });
    std::erase_if(uses, [](const MemoryUse& use) { return use.count == 0; });
    return uses;
}

}  // namespace netsim
