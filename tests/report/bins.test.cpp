// Decimation: however long a run is, bins stay few, and the least and the most stay in the picture.
#include "report/bins.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "netsim/rng.hpp"
#include "report/recorder.hpp"

namespace netsim::report {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMost = 16;

Time at_ms(std::int64_t ms) {
    return Time{} + milliseconds(ms);
}

TEST(Bins, AreNeverMoreThanAllowed) {
    TimeAxis axis(milliseconds(1), kMost);
    Gauge gauge;
    for (int ms = 0; ms < 5000; ++ms) {
        EXPECT_LT(axis.bin(at_ms(ms)), kMost);
        gauge.add(axis, at_ms(ms), ms + 1);
        EXPECT_LE(gauge.cells(axis).size(), kMost);
    }
    EXPECT_EQ(axis.interval(), milliseconds(512));
    EXPECT_EQ(axis.folds(), 9U);
}

TEST(Bins, KeepLeastMostAndMean) {
    TimeAxis axis(milliseconds(1), kMost);
    Gauge gauge;
    for (int ms = 0; ms < 1000; ++ms) {
        const double value = ms == 333 ? 900 : ms == 700 ? -5 : 10;
        gauge.add(axis, at_ms(ms), value);
    }
    const auto& cells = gauge.cells(axis);
    const double ms = to_seconds(axis.interval()) * 1000;
    EXPECT_EQ(cells.at(static_cast<std::size_t>(333 / ms)).high, 900);
    EXPECT_EQ(cells.at(static_cast<std::size_t>(333 / ms)).low, 10);
    EXPECT_EQ(cells.at(static_cast<std::size_t>(700 / ms)).low, -5);
    double sum = 0;
    std::uint32_t samples = 0;
    for (const GaugeCell& cell : cells) {
        sum += cell.sum;
        samples += cell.samples;
    }
    EXPECT_EQ(samples, 1000U);
    EXPECT_EQ(sum, 998 * 10 + 900 - 5);
}

TEST(Bins, OfNothingButZerosAreNone) {
    TimeAxis axis(milliseconds(1), kMost);
    Gauge gauge;
    for (int ms = 0; ms < 100; ++ms) {
        gauge.add(axis, at_ms(ms), 0);
    }
    EXPECT_TRUE(gauge.cells(axis).empty());
    gauge.add(axis, at_ms(100), 7);  // ... and when it is no longer 0, it was until then
    const auto& cells = gauge.cells(axis);
    ASSERT_FALSE(cells.empty());
    EXPECT_EQ(cells.front().samples, 1U);
    EXPECT_EQ(cells.front().high, 0);
    EXPECT_EQ(cells.back().high, 7);
}

TEST(Bins, APeakBetweenSamplesIsNoted) {
    TimeAxis axis(milliseconds(10), kMost);
    Gauge gauge;
    gauge.add(axis, at_ms(1), 2);
    gauge.note_high(axis, at_ms(2), 50);
    EXPECT_EQ(gauge.cells(axis).front().high, 50);
    EXPECT_EQ(gauge.cells(axis).front().low, 2);
}

TEST(Bins, SumsLoseNothing) {
    TimeAxis axis(milliseconds(1), kMost);
    Tally tally;
    for (int ms = 0; ms < 777; ++ms) {
        tally.add(axis, at_ms(ms), 2);
    }
    double sum = 0;
    for (const double one : tally.sums(axis)) {
        sum += one;
    }
    EXPECT_EQ(sum, 2 * 777);
    EXPECT_EQ(tally.total(), 2 * 777);
    EXPECT_LE(tally.sums(axis).size(), kMost);
}

TEST(Bins, ALowerLimitHoldsAtOnce) {
    TimeAxis axis(milliseconds(1), 1000);
    Gauge gauge;
    for (int ms = 0; ms < 900; ++ms) {
        gauge.add(axis, at_ms(ms), ms);
    }
    axis.limit(100);
    EXPECT_LE(gauge.cells(axis).size(), 100U);
    EXPECT_EQ(gauge.cells(axis).back().high, 899);
}

TEST(Curves, OfAMillionSamplesKeepEveryExtreme) {
    Rng rng(1, "curve");
    Series series;
    series.name = "x";
    series.interval = milliseconds(1);
    for (int i = 0; i < 1'000'000; ++i) {
        series.values.push_back(static_cast<double>(rng.between(0, 1000)));
    }
    series.values[123'456] = 5000;
    series.values[654'321] = -5000;
    Curve curve = curve_of(series, 1200);
    ASSERT_LE(curve.low.size(), 1200U);
    for (int folds = 0; folds < 5; ++folds) {
        EXPECT_EQ(*std::max_element(curve.high.begin(), curve.high.end()), 5000);
        EXPECT_EQ(*std::min_element(curve.low.begin(), curve.low.end()), -5000);
        for (std::size_t i = 0; i < curve.low.size(); ++i) {
            EXPECT_LE(curve.low[i], curve.mean[i]);
            EXPECT_LE(curve.mean[i], curve.high[i]);
        }
        const auto peak = static_cast<double>(
            std::max_element(curve.high.begin(), curve.high.end()) - curve.high.begin());
        EXPECT_LE(peak * curve.interval, 123.456);
        EXPECT_GT((peak + 1) * curve.interval, 123.456);
        fold(curve);
    }
}

TEST(Curves, WhatIsNoNumberIsNoSample) {
    constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
    Series series;
    series.interval = milliseconds(1);
    series.values = {kNothing, kNothing, 3, kNothing};
    const Curve curve = curve_of(series, 2);
    EXPECT_TRUE(std::isnan(curve.mean[0]));
    EXPECT_EQ(curve.mean[1], 3);
    Curve half = curve;
    fold(half);
    EXPECT_EQ(half.low[0], 3);
    EXPECT_EQ(half.mean[0], 3);
}

}  // namespace
}  // namespace netsim::report
