// Time cut into bins of equal length. A run may last as long as it likes: when the bins are used
// up, neighbours become one, of twice the length, and what is kept of them is least, most and mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "netsim/time.hpp"

namespace netsim::report {

/// Which bin is now, and how long bins are. All tracks of a run share one.
class TimeAxis {
 public:
    TimeAxis(Duration finest, std::size_t bins_max) : interval_(finest), bins_max_(bins_max) {
        end_ = Time{} + interval_;
    }

    /// Time never goes back.
    std::size_t bin(Time now) {
        if (now >= end_) [[unlikely]] {
            advance(now);
        }
        return bin_;
    }

    Duration interval() const { return interval_; }

    /// How often the length of bins was doubled so far.
    unsigned folds() const { return folds_; }

    /// At most so many from now on.
    void limit(std::size_t bins_max);

 private:
    void advance(Time now);

    Duration interval_;
    std::size_t bins_max_;
    std::size_t bin_ = 0;
    unsigned folds_ = 0;
    Time end_{};
};

/// What a number was within a bin.
struct GaugeCell {
    double low = 0;
    double high = 0;
    double sum = 0;
    std::uint32_t samples = 0;  // 0: nobody looked
};

/// A number that is read now and then: a queue's length. Costs nothing while it is 0.
class Gauge {
 public:
    void add(TimeAxis& axis, Time now, double value);
    /// It has been this high since it was last read.
    void note_high(TimeAxis& axis, Time now, double value);

    /// Of the axis' interval.
    const std::vector<GaugeCell>& cells(const TimeAxis& axis);

 private:
    GaugeCell& cell(TimeAxis& axis, Time now);
    void fold_to(unsigned folds);

    std::vector<GaugeCell> cells_;
    std::size_t zeros_from_ = ~std::size_t{0};  // the first bin in which it was read
    unsigned folds_ = 0;
};

/// A sum over each bin: packets dropped, handshakes.
class Tally {
 public:
    void add(TimeAxis& axis, Time now, double amount) {
        const std::size_t bin = axis.bin(now);
        if (folds_ != axis.folds() || bin >= sums_.size()) [[unlikely]] {
            reach(axis, bin);
        }
        sums_[bin] += amount;
        total_ += amount;
    }

    double total() const { return total_; }

    /// Of the axis' interval.
    const std::vector<double>& sums(const TimeAxis& axis);

 private:
    void fold_to(unsigned folds);
    void reach(const TimeAxis& axis, std::size_t bin);

    std::vector<double> sums_;
    double total_ = 0;
    unsigned folds_ = 0;
};

/// Two neighbours as one; the last one may have none.
void fold_cells(std::vector<GaugeCell>& cells);
void fold_sums(std::vector<double>& sums);

}  // namespace netsim::report
