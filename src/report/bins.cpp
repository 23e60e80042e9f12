// Folding keeps what a picture must not lose: the least and the most.
#include "report/bins.hpp"

#include <algorithm>

namespace netsim::report {
namespace {

void merge(GaugeCell& into, const GaugeCell& other) {
    if (other.samples == 0) {
        return;
    }
    if (into.samples == 0) {
        into = other;
        return;
    }
    into.low = std::min(into.low, other.low);
    into.high = std::max(into.high, other.high);
    into.sum += other.sum;
    into.samples += other.samples;
}

}  // namespace

void fold_cells(std::vector<GaugeCell>& cells) {
    const std::size_t half = (cells.size() + 1) / 2;
    for (std::size_t i = 0; i < half; ++i) {
        GaugeCell both = cells[2 * i];
        if (2 * i + 1 < cells.size()) {
            merge(both, cells[2 * i + 1]);
        }
        cells[i] = both;
    }
    cells.resize(half);
}

void fold_sums(std::vector<double>& sums) {
    const std::size_t half = (sums.size() + 1) / 2;
    for (std::size_t i = 0; i < half; ++i) {
        sums[i] = sums[2 * i] + (2 * i + 1 < sums.size() ? sums[2 * i + 1] : 0);
    }
    sums.resize(half);
}

void TimeAxis::advance(Time now) {
    auto index = static_cast<std::size_t>(now.time_since_epoch() / interval_);
    while (index >= bins_max_) {
        interval_ *= 2;
        ++folds_;
        index /= 2;
    }
    bin_ = index;
    end_ = Time{} + interval_ * static_cast<std::int64_t>(index + 1);
}

void TimeAxis::limit(std::size_t bins_max) {
    bins_max_ = bins_max;
    advance(end_ - Duration{1});
}

void Gauge::fold_to(unsigned folds) {
    for (; folds_ < folds; ++folds_) {
        fold_cells(cells_);
        zeros_from_ = zeros_from_ == ~std::size_t{0} ? zeros_from_ : zeros_from_ / 2;
    }
}

GaugeCell& Gauge::cell(TimeAxis& axis, Time now) {
    const std::size_t bin = axis.bin(now);
    fold_to(axis.folds());
    if (bin >= cells_.size()) {
        const std::size_t before = cells_.size();
        cells_.resize(bin + 1);
        if (before == 0) {  // it was 0 until now
            for (std::size_t i = std::min(zeros_from_, bin); i < bin; ++i) {
                cells_[i].samples = 1;
            }
        }
    }
    return cells_[bin];
}

void Gauge::add(TimeAxis& axis, Time now, double value) {
    if (cells_.empty() && value == 0) {
        const std::size_t bin = axis.bin(now);
        fold_to(axis.folds());
        zeros_from_ = std::min(zeros_from_, bin);
        return;
    }
    merge(cell(axis, now), {value, value, value, 1});
}

void Gauge::note_high(TimeAxis& axis, Time now, double value) {
    GaugeCell& at = cell(axis, now);
    at.low = at.samples == 0 ? value : at.low;
    at.high = at.samples == 0 ? value : std::max(at.high, value);
    at.sum += at.samples == 0 ? value : 0;
    at.samples += at.samples == 0 ? 1U : 0U;
}

const std::vector<GaugeCell>& Gauge::cells(const TimeAxis& axis) {
    fold_to(axis.folds());
    return cells_;
}

void Tally::fold_to(unsigned folds) {
    for (; folds_ < folds; ++folds_) {
        fold_sums(sums_);
    }
}

void Tally::reach(const TimeAxis& axis, std::size_t bin) {
    fold_to(axis.folds());
    if (bin >= sums_.size()) {
        sums_.resize(bin + 1);
    }
}

const std::vector<double>& Tally::sums(const TimeAxis& axis) {
    fold_to(axis.folds());
    return sums_;
}

}  // namespace netsim::report
