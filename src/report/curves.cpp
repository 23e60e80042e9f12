// Decimation of what is drawn: fewer points, the same least and most.
#include <algorithm>
#include <cmath>
#include <limits>

#include "report/recorder.hpp"

namespace netsim::report {
namespace {

void take(GaugeCell& into, double value) {
    if (std::isnan(value)) {
        return;
    }
    into.low = into.samples == 0 ? value : std::min(into.low, value);
    into.high = into.samples == 0 ? value : std::max(into.high, value);
    into.sum += value;
    ++into.samples;
}

double mean_of(double a, double b) {
    return std::isnan(a) ? b : std::isnan(b) ? a : (a + b) / 2;
}

}  // namespace

Curve curve_of(const Series& series, std::size_t points) {
    Curve curve;
    curve.name = series.name;
    curve.group = "recorded";
    curve.start = to_seconds(series.start);
    const std::size_t step = (series.values.size() + points - 1) / points;
    curve.interval = to_seconds(series.interval) * static_cast<double>(step);
    constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t i = 0; i < series.values.size(); i += step) {
        GaugeCell cell;
        for (std::size_t j = i; j < std::min(i + step, series.values.size()); ++j) {
            take(cell, series.values[j]);
        }
        curve.low.push_back(cell.samples > 0 ? cell.low : kNothing);
        curve.high.push_back(cell.samples > 0 ? cell.high : kNothing);
        curve.mean.push_back(cell.samples > 0 ? cell.sum / cell.samples : kNothing);
    }
    return curve;
}

void fold(Curve& curve) {
    const std::size_t half = (curve.low.size() + 1) / 2;
    for (std::size_t i = 0; i < half; ++i) {
        const std::size_t a = 2 * i;
        const std::size_t b = std::min(a + 1, curve.low.size() - 1);
        curve.low[i] = std::fmin(curve.low[a], curve.low[b]);  // of NaN and a number: the number
        curve.high[i] = std::fmax(curve.high[a], curve.high[b]);
        curve.mean[i] = mean_of(curve.mean[a], curve.mean[b]);
    }
    curve.low.resize(half);
    curve.high.resize(half);
    curve.mean.resize(half);
    curve.interval *= 2;
}

void fold(DropCurve& curve) {
    fold_sums(curve.counts);
    curve.interval *= 2;
}

}  // namespace netsim::report
