// netsim::Network: hands every call on to NetworkImpl.
#include "netsim/network.hpp"

#include <utility>

#include "api/network_impl.hpp"

namespace netsim {

Network::Network(const NetworkOptions& options) : impl_(std::make_unique<NetworkImpl>(options)) {}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

HostRef Network::host(std::string_view name, const HostOptions& options) {
    return impl_->add_host(name, options);
}

RouterRef Network::router(std::string_view name, const RouterOptions& options) {
    return impl_->add_router(name, options);
}

LinkRef Network::link(const NodeRef& a, const NodeRef& b, const LinkOptions& options) {
    return impl_->add_link(a, b, options, options);
}

LinkRef Network::link(const NodeRef& a, const NodeRef& b, const LinkOptions& a_to_b,
                      const LinkOptions& b_to_a) {
    return impl_->add_link(a, b, a_to_b, b_to_a);
}

TopologyResult Network::load_topology(const std::string& path, const TopologyOptions& options) {
    return impl_->load_topology(path, options);
}

TopologyResult Network::generate(std::string_view kind, const TopologyOptions& options) {
    return impl_->generate(kind, options);
}

NodeRef Network::node(std::string_view name) const {
    return impl_->node_named(name);
}

HostRef Network::host_named(std::string_view name) const {
    return impl_->host_named(name);
}

std::vector<HostRef> Network::hosts() const {
    return impl_->hosts();
}

std::vector<RouterRef> Network::routers() const {
    return impl_->routers();
}

std::vector<LinkRef> Network::links() const {
    return impl_->links();
}

Ipv4 Network::resolve_address(std::string_view name) const {
    return impl_->resolve_address(name);
}

Endpoint Network::resolve(std::string_view target) const {
    return impl_->resolve(target);
}

Time Network::now() const {
    return impl_->sim().now();
}

std::uint64_t Network::seed() const {
    return impl_->sim().seed();
}

RunResult Network::run_until(Time until, const RunLimits& limits) {
    return impl_->run(until, limits);
}

RunResult Network::run(const RunLimits& limits) {
    return impl_->run(kNever, limits);
}

bool Network::step() {
    return impl_->step();
}

void Network::stop() {
    impl_->sim().stop();
}

void Network::interrupt() {
    impl_->sim().interrupt();
}

void Network::clear_interrupt() {
    impl_->sim().clear_interrupt();
}

void Network::on_progress(std::function<void(Time)> callback) {
    impl_->sim().on_progress = std::move(callback);
}

std::uint64_t Network::events() const {
    return impl_->sim().events_fired();
}

std::uint64_t Network::digest() const {
    return impl_->digest();
}

std::uint64_t Network::handshakes() const {
    return impl_->handshakes();
}

Rng Network::rng(std::string_view name) const {
    return impl_->sim().rng(name);
}

void Network::watch_report(double share) {
    impl_->watch_report(share);
}

std::shared_ptr<const report::Case> Network::report() const {
    return impl_->report();
}

const Series* Network::record(std::string name, Duration interval, std::function<double()> read) {
    return impl_->record(std::move(name), interval, std::move(read));
}

std::vector<const Series*> Network::series() const {
    return impl_->series();
}

void Network::capture(const std::string& path) {
    impl_->capture(path);
}

void Network::capture(const std::string& directory, CapturePer per) {
    impl_->capture(directory, per);
}

std::vector<MemoryUse> Network::memory_use() const {
    return impl_->memory_use();
}

void Network::finish_captures() {
    impl_->finish_captures();
}

std::size_t Network::trace(std::ostream& out, std::string_view filter) {
    return impl_->trace(out, filter);
}

void Network::untrace(std::size_t trace) {
    impl_->untrace(trace);
}

void Network::watch_ladder() {
    impl_->watch_ladder();
}

std::string Network::ladder(std::string_view left_host, std::string_view right_host,
                            const LadderOptions& options) const {
    return impl_->ladder(left_host, right_host, options);
}

std::vector<LadderPair> Network::ladder_pairs() const {
    return impl_->ladder_pairs();
}

}  // namespace netsim
