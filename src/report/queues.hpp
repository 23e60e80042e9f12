// What is read at every sample: listeners' queues, links' queues and load, cookies.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "netsim/address.hpp"
#include "report/bins.hpp"
#include "report/model.hpp"
#include "report/nodes.hpp"

namespace netsim::net {
class Link;
}

namespace netsim::report {

class Queues {
 public:
    static constexpr std::size_t kListenersMax = 256;

    explicit Queues(const NodeTable& nodes) : nodes_(nodes) {}

    void add_link(net::Link& link);
    /// The node has begun to listen there.
    void add_listener(std::size_t node, Endpoint local);
    void sample(TimeAxis& axis, Time now);

    /// Curves that are not 0 throughout, and listeners' whatever they are.
    void put(Case& into, const TimeAxis& axis, Time now);

    /// How many tracks there may be.
    std::size_t tracks() const { return 4 * links_.size() + 4 * listeners_.size() + nodes_.size(); }

    std::size_t listeners_left_out() const { return left_out_; }

 private:
    struct Listener {
        std::size_t node = 0;
        std::uint16_t port = 0;
        double syn_limit = 0;  // 0: unknown
        double accept_limit = 0;
        std::uint32_t syn_peak = 0;
        std::uint32_t accept_peak = 0;
        Gauge syn{};
        Gauge accept{};
    };

    struct Direction {
        std::uint64_t bits = 0;  // sent until the last sample
        double owed = 0;         // seconds that what was sent still needs
        Tally busy{};            // seconds
        Gauge queue{};
    };

    struct LinkTracks {
        net::Link* link = nullptr;
        std::array<Direction, 2> directions{};
    };

    struct HostTracks {
        Gauge fullest{};
        double now = 0;
        std::array<std::uint64_t, 3> cookies{};
        std::array<Tally, 3> cookie_rates{};
    };

    void sample_link(LinkTracks& tracks, TimeAxis& axis, Time now, double passed);
    void sample_listener(Listener& listener, TimeAxis& axis, Time now);
    void sample_cookies(std::size_t node, TimeAxis& axis, Time now);
    void put_links(Case& into, const TimeAxis& axis, Time now);

    const NodeTable& nodes_;
    std::vector<Listener> listeners_;
    std::vector<LinkTracks> links_;
    std::vector<HostTracks> hosts_;  // by index of node
    std::size_t left_out_ = 0;
    Time last_{};
};

/// A gauge's cells as a curve's points.
void put_points(Curve& curve, const std::vector<GaugeCell>& cells, const TimeAxis& axis);
/// Sums per second, or (with `scale`) times that. The last bin may have been cut short by `now`.
void put_rates(Curve& curve, const std::vector<double>& sums, const TimeAxis& axis, Time now);

}  // namespace netsim::report
