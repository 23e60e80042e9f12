// Fruchterman and Reingold (1991), from fixed first places and with IEEE's basic operations only.
#include "report/layout.hpp"

#include <algorithm>
#include <cmath>

#include "observe/tcpdump.hpp"

namespace netsim::report {
namespace {

using Edges = std::vector<std::pair<std::size_t, std::size_t>>;

constexpr double kMargin = 0.04;
constexpr std::size_t kForcesMax = 400;  // more nodes stand in rows by distance from the busiest

struct Area {
    double x_low = 0;
    double x_high = 0;
    double y_low = 0;
    double y_high = 0;
};

/// Into the unit square, keeping proportions.
void fit(std::vector<Spot>& spots) {
    if (spots.empty()) {
        return;
    }
    Area area{spots[0].x, spots[0].x, spots[0].y, spots[0].y};
    for (const Spot& spot : spots) {
        area = {std::min(area.x_low, spot.x), std::max(area.x_high, spot.x),
                std::min(area.y_low, spot.y), std::max(area.y_high, spot.y)};
    }
    const double size = std::max({area.x_high - area.x_low, area.y_high - area.y_low, 1e-9});
    const double scale = (1 - 2 * kMargin) / size;
    const double x_middle = (area.x_low + area.x_high) / 2;
    const double y_middle = (area.y_low + area.y_high) / 2;
    for (Spot& spot : spots) {
        spot.x = 0.5 + (spot.x - x_middle) * scale;
        spot.y = 0.5 + (spot.y - y_middle) * scale;
    }
}

/// Spread evenly without a pattern: multiples of the golden ratio.
std::vector<Spot> first_places(std::size_t count) {
    constexpr double kGolden = 0.6180339887498949;
    std::vector<Spot> spots(count);
    for (std::size_t i = 0; i < count; ++i) {
        const double turn = static_cast<double>(i + 1) * kGolden;
        spots[i].x = turn - std::floor(turn);
        spots[i].y = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    }
    return spots;
}

class Forces {
 public:
    Forces(std::vector<Spot>& spots, const std::vector<bool>& fixed, const Edges& edges)
        : spots_(spots),
          fixed_(fixed),
          edges_(edges),
          pull_(spots.size()),
          ideal_(1 / std::sqrt(static_cast<double>(spots.size()))) {}

    void step(double heat) {
        std::fill(pull_.begin(), pull_.end(), Spot{});
        for (std::size_t i = 0; i < spots_.size(); ++i) {
            for (std::size_t j = i + 1; j < spots_.size(); ++j) {
                push(i, j);
            }
        }
        for (const auto& [a, b] : edges_) {
            if (a != b) {
                draw_together(a, b);
            }
        }
        for (std::size_t i = 0; i < spots_.size(); ++i) {
            const double length = std::max(size(pull_[i].x, pull_[i].y), 1e-9);
            const double go = std::min(length, heat) / length;
            if (!fixed_[i]) {
                spots_[i].x += pull_[i].x * go;
                spots_[i].y += pull_[i].y * go;
            }
        }
    }

 private:
    static double size(double x, double y) { return std::sqrt(x * x + y * y); }

    void push(std::size_t i, std::size_t j) {
        const double x = spots_[i].x - spots_[j].x;
        const double y = spots_[i].y - spots_[j].y;
        const double square = std::max(x * x + y * y, 1e-9);
        const double force = ideal_ * ideal_ / square;
        pull_[i].x += x * force;
        pull_[i].y += y * force;
        pull_[j].x -= x * force;
        pull_[j].y -= y * force;
    }

    void draw_together(std::size_t i, std::size_t j) {
        const double x = spots_[i].x - spots_[j].x;
        const double y = spots_[i].y - spots_[j].y;
        const double force = size(x, y) / ideal_;
        pull_[i].x -= x * force;
        pull_[i].y -= y * force;
        pull_[j].x += x * force;
        pull_[j].y += y * force;
    }

    std::vector<Spot>& spots_;
    const std::vector<bool>& fixed_;
    const Edges& edges_;
    std::vector<Spot> pull_;
    double ideal_;
};

/// Rows by the number of links to the node that has most.
std::vector<Spot> rows(std::size_t count, const Edges& edges) {
    std::vector<std::vector<std::size_t>> neighbours(count);
    for (const auto& [a, b] : edges) {
        neighbours[a].push_back(b);
        neighbours[b].push_back(a);
    }
    const auto busiest =
        std::max_element(neighbours.begin(), neighbours.end(),
                         [](const auto& a, const auto& b) { return a.size() < b.size(); });
    std::vector<std::size_t> order{static_cast<std::size_t>(busiest - neighbours.begin())};
    std::vector<std::size_t> row(count, count);
    row[order[0]] = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        for (const std::size_t next : neighbours[order[i]]) {
            if (row[next] == count) {
                row[next] = row[order[i]] + 1;
                order.push_back(next);
            }
        }
    }
    std::size_t last = row[order.back()];
    for (std::size_t i = 0; i < count; ++i) {
        if (row[i] == count) {  // not connected
            row[i] = last + 1;
            order.push_back(i);
        }
    }
    last = row[order.back()];
    std::vector<double> in_row(last + 1);
    for (const std::size_t i : order) {
        ++in_row[row[i]];
    }
    std::vector<double> placed(last + 1);
    std::vector<Spot> spots(count);
    for (const std::size_t i : order) {
        spots[i].x = (placed[row[i]]++ + 0.5) / in_row[row[i]];
        spots[i].y =
            static_cast<double>(row[i]) / static_cast<double>(std::max<std::size_t>(last, 1));
    }
    return spots;
}

}  // namespace

std::vector<Spot> lay_out(const std::vector<std::optional<std::pair<double, double>>>& places,
                          const Edges& edges) {
    const std::size_t count = places.size();
    if (count == 0) {
        return {};
    }
    std::vector<bool> fixed(count);
    bool geographic = false;
    for (std::size_t i = 0; i < count; ++i) {
        fixed[i] = places[i].has_value();
        geographic = geographic || fixed[i];
    }
    std::vector<Spot> spots =
        count > kForcesMax && !geographic ? rows(count, edges) : first_places(count);
    if (geographic) {
        std::vector<Spot> known;
        for (const auto& place : places) {
            if (place) {
                known.push_back({place->second, -place->first, true});
            }
        }
        fit(known);
        std::size_t next = 0;
        for (std::size_t i = 0; i < count; ++i) {
            spots[i] = fixed[i] ? known[next++] : spots[i];
        }
        for (const auto& [a, b] : edges) {  // what hangs on a place begins there
            const auto hang = [&](std::size_t hanging, std::size_t at) {
                if (!fixed[hanging] && fixed[at]) {
                    spots[hanging].x = spots[at].x + (spots[hanging].x - 0.5) * 0.1;
                    spots[hanging].y = spots[at].y + (spots[hanging].y - 0.5) * 0.1;
                }
            };
            hang(a, b);
            hang(b, a);
        }
    }
    if (count <= kForcesMax && count > 1) {
        constexpr int kSteps = 200;
        Forces forces(spots, fixed, edges);
        for (int i = 0; i < kSteps; ++i) {
            forces.step((geographic ? 0.02 : 0.1) * (kSteps - i) / kSteps);
        }
    }
    if (!geographic || count <= kForcesMax) {
        fit(spots);
    }
    return spots;
}

std::string hop_word(const wire::Packet& packet) {
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            return observe::flag_letters(packet.tcp.flags);
        case wire::Protocol::kUdp:
            return "UDP";
        case wire::Protocol::kIcmp:
            break;
    }
    return "ICMP";
}

}  // namespace netsim::report
