// What is large is cut to its budget: curves get fewer points, connections are listed until it is
// used up, the unusual and the first ones before the others.
#include "report/case_json.hpp"

#include <algorithm>
#include <cmath>

#include "observe/drop_words.hpp"
#include "report/json_text.hpp"
#include "report/recorder.hpp"

namespace netsim::report {
namespace {

constexpr std::size_t kPointOctets = 20;  // of low, high and mean, about
constexpr std::size_t kPointsLeast = 50;

void put_index(JsonText& json, std::string_view key, const std::optional<std::size_t>& index,
               std::size_t listed) {
    index&&* index < listed ? json.whole(key, *index) : json.null(key);
}

void put_nodes(JsonText& json, const Case& one) {
    json.array("nodes");
    for (const PlacedNode& node : one.nodes) {
        json.object()
            .text("name", node.name)
            .text("kind", node.host ? "host" : "router")
            .text("address", node.address)
            .number("x", node.x)
            .number("y", node.y)
            .flag("geographic", node.geographic)
            .end();
    }
    json.end().whole("nodes_total", one.nodes_total).array("links");
    for (const PlacedLink& link : one.links) {
        json.object().text("name", link.name).whole("a", link.a).whole("b", link.b);
        json.array("directions");
        for (const LinkWay& way : link.directions) {
            json.object();
            way.rate ? json.whole("rate", *way.rate) : json.null("rate");
            json.exact("delay", to_seconds(way.delay))
                .whole("sent", way.sent)
                .whole("octets", way.octets)
                .whole("dropped", way.dropped)
                .end();
        }
        json.end().end();
    }
    json.end().whole("links_total", one.links_total);
}

double peak_of(const Curve& curve) {
    double peak = 0;
    for (const double value : curve.high) {
        peak = std::isnan(value) ? peak : std::max(peak, value);
    }
    return peak;
}

/// Of links and hosts there may be thousands: the fullest are drawn.
std::vector<Curve> chosen_curves(const Case& one, std::size_t budget,
                                 std::vector<std::string>& left) {
    std::vector<Curve> curves = one.series;
    const std::size_t most = std::max<std::size_t>(budget / (kPointsLeast * kPointOctets), 20);
    if (curves.size() > most) {
        const auto of_network = [](const Curve& curve) {
            return curve.group == "link_load" || curve.group == "link_queue" ||
                   curve.group == "host_queue";
        };
        std::stable_sort(curves.begin(), curves.end(), [&](const Curve& a, const Curve& b) {
            const bool later = of_network(a);
            return later != of_network(b) ? !later : later ? peak_of(a) > peak_of(b) : false;
        });
        left.push_back(std::to_string(most) + " of " + std::to_string(curves.size()) +
                       " time series are drawn");
        curves.resize(most);
    }
    const std::size_t points =
        std::max(kPointsLeast, budget / kPointOctets / std::max<std::size_t>(curves.size(), 1));
    for (Curve& curve : curves) {
        while (curve.low.size() > points) {
            fold(curve);
        }
    }
    return curves;
}

void put_curve(JsonText& json, const Curve& curve, const Case& one) {
    json.object().text("name", curve.name).text("group", curve.group);
    put_index(json, "node", curve.node, one.nodes.size());
    put_index(json, "link", curve.link, one.links.size());
    curve.direction ? json.whole("direction", *curve.direction) : json.null("direction");
    curve.port ? json.whole("port", *curve.port) : json.null("port");
    json.text("unit", curve.unit);
    curve.limit ? json.number("limit", *curve.limit) : json.null("limit");
    json.exact("start", curve.start)
        .exact("interval", curve.interval)
        .numbers("low", curve.low)
        .numbers("high", curve.high)
        .numbers("mean", curve.mean)
        .end();
}

void put_drops(JsonText& json, const Case& one, std::size_t points, Mentions& mentions) {
    json.array("drops");
    for (DropCurve curve : one.drops) {
        while (curve.counts.size() > points) {
            fold(curve);
        }
        mentions.drops.insert(curve.reason);
        json.object();
        put_index(json, "node", curve.node, one.nodes.size());
        put_index(json, "link", curve.link, one.links.size());
        json.text("reason", curve.reason)
            .whole("count", curve.count)
            .exact("start", curve.start)
            .exact("interval", curve.interval)
            .numbers("counts", curve.counts)
            .end();
    }
    json.end();
}

void put_series(JsonText& json, const Case& one, const Budget& budget, Mentions& mentions,
                std::vector<std::string>& left) {
    const std::vector<Curve> curves = chosen_curves(one, budget.series, left);
    json.array("series");
    std::size_t points = kPointsLeast;
    for (const Curve& curve : curves) {
        points = std::max(points, curve.low.size());
        put_curve(json, curve, one);
    }
    json.end();
    put_drops(json, one, one.drops.size() > 50 ? kPointsLeast : points, mentions);
}

void put_segment(JsonText& json, const SegmentView& segment, const Case& one, Mentions& mentions) {
    json.object()
        .whole("end", segment.end)
        .time("sent", segment.sent)
        .time("seen", segment.seen)
        .text("flags", segment.flags)
        .whole("seq", segment.seq)
        .whole("ack", segment.ack)
        .whole("length", segment.length)
        .whole("window", segment.window);
    segment.rel_seq ? json.whole("rel_seq", *segment.rel_seq) : json.null("rel_seq");
    segment.rel_ack ? json.whole("rel_ack", *segment.rel_ack) : json.null("rel_ack");
    json.text("options", segment.options).flag("again", segment.again);
    if (segment.drop) {
        mentions.drops.insert(segment.drop->reason);
        json.object("drop")
            .text("reason", segment.drop->reason)
            .text("words", observe::drop_words(segment.drop->reason));
        put_index(json, "node", segment.drop->node, one.nodes.size());
        json.end();
    } else {
        json.null("drop");
    }
    json.text("note", segment.note).end();
}

std::string connection_json(const ConnectionView& view, const Case& one, Mentions& mentions) {
    JsonText json;
    json.object().whole("id", view.id).array("ends");
    for (const ConnectionEnd& end : view.ends) {
        json.object();
        put_index(json, "node", end.node, one.nodes.size());
        json.text("endpoint", end.endpoint).end();
    }
    json.end().text("outcome", view.outcome).array("states");
    for (const StateStep& step : view.states) {
        json.array().whole({}, step.end).time({}, step.at).text({}, step.from).text({}, step.to);
        json.raw({}, std::to_string(step.edge)).end();
    }
    json.end().array("calls");
    for (const Call& call : view.calls) {
        json.array().whole({}, call.end).time({}, call.at).text({}, call.text).end();
    }
    json.end().array("segments");
    for (const SegmentView& segment : view.segments) {
        put_segment(json, segment, one, mentions);
    }
    json.end().whole("segments_total", view.segments_total);
    json.whole("segments_first", view.segments_first).end();
    return json.take();
}

/// The first few, then unusual and usual ones by turns.
std::vector<std::size_t> listing_order(const Case& one) {
    constexpr std::size_t kFirst = 20;
    std::vector<std::size_t> order;
    std::vector<std::size_t> unusual;
    std::vector<std::size_t> usual;
    for (std::size_t i = 0; i < one.connections.size(); ++i) {
        auto& list = i < kFirst ? order : one.connections[i].unusual ? unusual : usual;
        list.push_back(i);
    }
    // Evenly over the run: every second, then every second of the others...
    const auto spread = [](const std::vector<std::size_t>& list) {
        std::vector<std::size_t> out;
        std::vector<bool> taken(list.size());
        std::size_t step = 1;
        while (step * 2 < list.size()) {
            step *= 2;
        }
        for (; step > 0; step /= 2) {
            for (std::size_t i = 0; i < list.size(); i += step) {
                if (!taken[i]) {
                    taken[i] = true;
                    out.push_back(list[i]);
                }
            }
        }
        return out;
    };
    unusual = spread(unusual);
    usual = spread(usual);
    for (std::size_t i = 0; i < std::max(unusual.size(), usual.size()); ++i) {
        if (i < unusual.size()) {
            order.push_back(unusual[i]);
        }
        if (i < usual.size()) {
            order.push_back(usual[i]);
        }
    }
    return order;
}

void put_connections(JsonText& json, const Case& one, const Budget& budget, Mentions& mentions,
                     std::vector<std::string>& left) {
    std::vector<std::pair<std::size_t, std::string>> texts;
    std::size_t used = 0;
    for (const std::size_t i : listing_order(one)) {
        std::string text = connection_json(one.connections[i], one, mentions);
        used += text.size() + 1;
        if (used > budget.connections && !texts.empty()) {
            break;
        }
        texts.emplace_back(i, std::move(text));
    }
    std::sort(texts.begin(), texts.end());
    json.array("connections");
    for (const auto& [index, text] : texts) {
        json.raw({}, text);
    }
    json.end().whole("connections_total", one.connections_total);
    json.whole("half_open_from", one.half_open_from);
    if (texts.size() < one.connections_total) {
        left.push_back(std::to_string(texts.size()) + " of " +
                       std::to_string(one.connections_total) + " connections are listed");
    }
}

void put_rest(JsonText& json, const Case& one, Mentions& mentions) {
    json.array("transitions");
    for (std::size_t i = 0; i < one.transitions.size(); ++i) {
        if (one.transitions[i] > 0) {
            json.array().whole({}, i).whole({}, one.transitions[i]).end();
        }
    }
    json.end().array("counters");
    for (const auto& [node, values] : one.counters) {
        if (node >= one.nodes.size()) {
            continue;
        }
        json.object().whole("node", node).array("values");
        for (const auto& [name, value] : values) {
            mentions.counters.insert(name);
            json.array().text({}, name).whole({}, value).end();
        }
        json.end().end();
    }
    json.end();
}

void put_connects(JsonText& json, const ConnectTimes& times) {
    json.object("connects").array("bounds");
    for (std::size_t i = 0; i < ConnectTimes::kBins; ++i) {
        json.number({}, to_seconds(ConnectTimes::bound(i)));
    }
    json.end().array("counts");
    for (const std::uint64_t count : times.counts) {
        json.whole({}, count);
    }
    json.end().whole("failed", times.failed).whole("waiting", times.waiting).end();
}

void put_packets(JsonText& json, const Case& one) {
    json.array("packets");
    for (const PacketHop& hop : one.packets) {
        json.array().time({}, hop.sent).time({}, hop.arrives).whole({}, hop.link);
        json.whole({}, hop.direction).text({}, hop.flags).whole({}, hop.lost ? 1 : 0).end();
    }
    json.end();
}

}  // namespace

std::string case_json(const CaseFacts& facts, const Budget& budget, Mentions& mentions) {
    static const Case kNothing;
    const Case& one = facts.picture != nullptr ? *facts.picture : kNothing;
    std::vector<std::string> left = one.thinned;
    JsonText json;
    json.object()
        .text("name", facts.name)
        .whole("seed", facts.seed)
        .text("digest", facts.digest)
        .exact("simulated_seconds", facts.simulated_seconds)
        .whole("events", facts.events)
        .whole("handshakes", facts.handshakes)
        .text("ended", facts.ended)
        .raw("results", facts.results.empty() ? "{}" : facts.results);
    put_nodes(json, one);
    put_series(json, one, budget, mentions, left);
    put_rest(json, one, mentions);
    put_connections(json, one, budget, mentions, left);
    put_connects(json, one.connects);
    put_packets(json, one);
    json.end();
    for (const std::string& clause : left) {
        mentions.thinned.push_back("case \"" + facts.name + "\": " + clause);
    }
    return json.take();
}

}  // namespace netsim::report
