// Reading gauges, and what becomes of them in the report.
#include "report/queues.hpp"

#include <algorithm>
#include <limits>

#include "host/host.hpp"
#include "net/link.hpp"
#include "tcp/mib.hpp"

namespace netsim::report {
namespace {

constexpr std::array<tcp::Mib, 3> kCookies{tcp::Mib::kTcpExtSyncookiesSent,
                                           tcp::Mib::kTcpExtSyncookiesRecv,
                                           tcp::Mib::kTcpExtSyncookiesFailed};
constexpr std::array<const char*, 3> kCookieNames{"sent", "received", "failed"};

double share_of(double length, double limit) {
    return limit > 0 ? length / limit : 0;
}

Curve curve_named(std::string name, const char* group, const char* unit) {
    Curve curve;
    curve.name = std::move(name);
    curve.group = group;
    curve.unit = unit;
    return curve;
}

}  // namespace

void Queues::add_link(net::Link& link) {
    links_.push_back({&link, {}});
}

void Queues::add_listener(std::size_t node, Endpoint local) {
    Listener* listener = nullptr;
    for (Listener& one : listeners_) {
        listener = one.node == node && one.port == local.port ? &one : listener;
    }
    if (listener == nullptr) {
        if (listeners_.size() >= kListenersMax) {
            ++left_out_;
            return;
        }
        listener = &listeners_.emplace_back();
        listener->node = node;
        listener->port = local.port;
    }
    // A port's gauges are of all its listeners; their limits add up as well (SO_REUSEPORT).
    listener->syn_limit = 0;
    listener->accept_limit = 0;
    nodes_[node].host->for_each_socket([&](const tcp::SocketInfo& info) {
        if (info.state == tcp::State::kListen && info.local.port == local.port) {
            listener->syn_limit += info.history.syn_queue_limit;
            listener->accept_limit += static_cast<double>(info.send_queue) + 1;
        }
    });
}

void Queues::sample(TimeAxis& axis, Time now) {
    const double passed = to_seconds(now - last_);
    last_ = now;
    hosts_.resize(nodes_.size());
    for (HostTracks& host : hosts_) {
        host.now = 0;
    }
    for (LinkTracks& tracks : links_) {
        sample_link(tracks, axis, now, passed);
    }
    for (Listener& listener : listeners_) {
        sample_listener(listener, axis, now);
    }
    for (std::size_t node = 0; node < hosts_.size(); ++node) {
        if (nodes_[node].host != nullptr) {
            hosts_[node].fullest.add(axis, now, std::min(hosts_[node].now, 1.0));
            sample_cookies(node, axis, now);
        }
    }
}

void Queues::sample_link(LinkTracks& tracks, TimeAxis& axis, Time now, double passed) {
    for (const unsigned i : {0U, 1U}) {
        Direction& one = tracks.directions.at(i);
        const net::LinkDirection& direction = tracks.link->direction(i);
        const LinkStats& stats = direction.stats();
        const std::uint64_t bits = 8 * (stats.sent_bytes - stats.queue_full_bytes);
        if (direction.options().rate_bps) {
            // What was sent is on the wire for as long as its rate says, from then on.
            one.owed += static_cast<double>(bits - one.bits) /
                        static_cast<double>(*direction.options().rate_bps);
            const double used = std::min(one.owed, passed);
            one.owed -= used;
            if (used > 0) {
                one.busy.add(axis, now, used);
            }
        }
        one.bits = bits;
        const double waiting = direction.queue_packets();
        one.queue.add(axis, now, waiting);
        if (const auto limit = direction.options().limit_packets) {
            if (const auto node = nodes_.find(direction.from().id());
                node && *node < hosts_.size()) {
                double& fullest = hosts_[*node].now;
                fullest = std::max(fullest, share_of(waiting, static_cast<double>(*limit) + 1));
            }
        }
    }
}

void Queues::sample_listener(Listener& listener, TimeAxis& axis, Time now) {
    const host::Host& host = *nodes_[listener.node].host;
    const double syn = host.syn_queue_length(listener.port);
    const double accept = host.accept_queue_length(listener.port);
    listener.syn.add(axis, now, syn);
    listener.accept.add(axis, now, accept);
    // A peak between two samples is known by its height.
    const std::uint32_t syn_peak = host.syn_queue_peak(listener.port);
    if (syn_peak > listener.syn_peak) {
        listener.syn.note_high(axis, now, syn_peak);
    }
    const std::uint32_t accept_peak = host.accept_queue_peak(listener.port);
    if (accept_peak > listener.accept_peak) {
        listener.accept.note_high(axis, now, accept_peak);
    }
    listener.syn_peak = syn_peak;
    listener.accept_peak = accept_peak;
    double& fullest = hosts_[listener.node].now;
    fullest = std::max(
        {fullest, share_of(syn, listener.syn_limit), share_of(accept, listener.accept_limit)});
}

void Queues::sample_cookies(std::size_t node, TimeAxis& axis, Time now) {
    HostTracks& tracks = hosts_[node];
    const tcp::Mibs& mibs = nodes_[node].host->mibs();
    for (std::size_t i = 0; i < kCookies.size(); ++i) {
        const std::uint64_t value = mibs.get(kCookies.at(i));
        std::uint64_t& before = tracks.cookies.at(i);
        if (value > before) {  // after a boot it begins again
            tracks.cookie_rates.at(i).add(axis, now, static_cast<double>(value - before));
        }
        before = value;
    }
}

void put_points(Curve& curve, const std::vector<GaugeCell>& cells, const TimeAxis& axis) {
    curve.interval = to_seconds(axis.interval());
    constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
    for (const GaugeCell& cell : cells) {
        const bool any = cell.samples > 0;
        curve.low.push_back(any ? cell.low : kNothing);
        curve.high.push_back(any ? cell.high : kNothing);
        curve.mean.push_back(any ? cell.sum / cell.samples : kNothing);
    }
}

void put_rates(Curve& curve, const std::vector<double>& sums, const TimeAxis& axis, Time now) {
    const double interval = to_seconds(axis.interval());
    const auto bins = static_cast<std::size_t>(now.time_since_epoch() / axis.interval()) + 1;
    curve.interval = interval;
    for (std::size_t i = 0; i < bins; ++i) {
        // A sliver at the end would make a peak of one packet.
        const double left = to_seconds(now) - static_cast<double>(i) * interval;
        if (left < interval / 4 && i > 0) {
            break;
        }
        const double sum = i < sums.size() ? sums[i] : 0;
        const double rate = sum / std::clamp(left, interval / 4, interval);
        curve.low.push_back(rate);
        curve.high.push_back(rate);
        curve.mean.push_back(rate);
    }
}

void Queues::put(Case& into, const TimeAxis& axis, Time now) {
    for (Listener& listener : listeners_) {
        const std::string where =
            nodes_[listener.node].node->name() + ":" + std::to_string(listener.port);
        const auto put_one = [&](const char* what, const char* group, const char* unit,
                                 Gauge& gauge, double limit) {
            Curve curve = curve_named(where + " " + what, group, unit);
            curve.node = listener.node;
            curve.port = listener.port;
            curve.limit = limit > 0 ? std::optional(limit) : std::nullopt;
            put_points(curve, gauge.cells(axis), axis);
            if (curve.low.empty()) {  // 0 throughout
                const auto bins =
                    static_cast<std::size_t>(now.time_since_epoch() / axis.interval()) + 1;
                curve.low.assign(bins, 0);
                curve.high = curve.mean = curve.low;
            }
            into.series.push_back(std::move(curve));
        };
        put_one("SYN queue", "syn_queue", "requests", listener.syn, listener.syn_limit);
        put_one("accept queue", "accept_queue", "connections", listener.accept,
                listener.accept_limit);
    }
    for (std::size_t node = 0; node < hosts_.size(); ++node) {
        const std::string& name = nodes_[node].node->name();
        for (std::size_t i = 0; i < kCookies.size(); ++i) {
            Tally& tally = hosts_[node].cookie_rates.at(i);
            if (tally.total() > 0) {
                Curve curve =
                    curve_named(name + " cookies " + kCookieNames.at(i), "cookies", "1/s");
                curve.node = node;
                put_rates(curve, tally.sums(axis), axis, now);
                into.series.push_back(std::move(curve));
            }
        }
        const std::vector<GaugeCell>& cells = hosts_[node].fullest.cells(axis);
        if (!cells.empty()) {
            Curve curve = curve_named(name + " fullest queue", "host_queue", "share");
            curve.node = node;
            put_points(curve, cells, axis);
            into.series.push_back(std::move(curve));
        }
    }
    put_links(into, axis, now);
}

void Queues::put_links(Case& into, const TimeAxis& axis, Time now) {
    for (std::size_t i = 0; i < links_.size(); ++i) {
        for (const unsigned d : {0U, 1U}) {
            Direction& one = links_[i].directions.at(d);
            const net::LinkDirection& direction = links_[i].link->direction(d);
            const std::string way = direction.from().name() + " to " + direction.to().name();
            const auto put_one = [&](const char* what, const char* group, const char* unit) {
                Curve& curve = into.series.emplace_back(curve_named(way + " " + what, group, unit));
                curve.link = i;
                curve.direction = d;
                return &curve;
            };
            if (one.busy.total() > 0) {
                put_rates(*put_one("load", "link_load", "share"), one.busy.sums(axis), axis, now);
            }
            const std::vector<GaugeCell>& cells = one.queue.cells(axis);
            if (!cells.empty()) {
                Curve& curve = *put_one("queue", "link_queue", "packets");
                if (const auto limit = direction.options().limit_packets) {
                    curve.limit = static_cast<double>(*limit);
                }
                put_points(curve, cells, axis);
            }
        }
    }
}

}  // namespace netsim::report
