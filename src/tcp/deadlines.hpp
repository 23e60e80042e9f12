// The deadlines of one connection: RTO's in place, the others, armed on few, in a lazy record.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "netsim/time.hpp"
#include "tcp/lazy.hpp"

namespace netsim::tcp {

/// Each timer's deadline; the stack is told the earliest. Linux shares one timer between RTO, probe
/// of a zero window and reordering, hence one deadline and a `RetransmitTimer` that says which.
enum class Timer : std::uint8_t {
    kRetransmit,
    kDelack,
    kKeepalive,
    kCompressedAck,
    kPacing,
    kCount
};

enum class RetransmitTimer : std::uint8_t { kNone, kRto, kProbe0, kReorder, kLossProbe };

/// A deadline: when it fires, and by how much the host's timer wheel made that later.
struct Deadline {
    Time at = kNever;
    std::uint32_t rounded_us = 0;

    /// `due`: what was asked for.
    void set(Time when, Time due) {
        at = when;
        const std::int64_t us = (when - due).count() / 1000;
        rounded_us = static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, 0xffffffff));
    }

    /// To the microsecond.
    Time due() const { return at == kNever ? at : at - std::chrono::microseconds(rounded_us); }
};

/// All but RTO's.
struct OtherDeadlines {
    static constexpr std::size_t kCount = static_cast<std::size_t>(Timer::kCount) - 1;

    std::array<Deadline, kCount> of;
    Time earliest = kNever;

    static std::size_t place(Timer t) { return static_cast<std::size_t>(t) - 1; }

    void find_earliest() {
        earliest = std::min_element(of.begin(), of.end(), [](const Deadline& a, const Deadline& b) {
                       return a.at < b.at;
                   })->at;
    }

    void recycle() { *this = OtherDeadlines{}; }
};

class Deadlines {
 public:
    Deadlines() = default;

    explicit Deadlines(LazyPool<OtherDeadlines>& pool) : others_(pool) {}

    Time get(Timer t) const { return of(t).at; }

    /// `due`: what was asked for; the host's timer wheel may round it up to `at`.
    void set(Timer t, Time at, Time due) {
        if (t == Timer::kRetransmit) {
            return retransmit_.set(at, due);
        }
        OtherDeadlines& others = others_.edit();
        others.of[OtherDeadlines::place(t)].set(at, due);
        others.find_earliest();
    }

    Time due(Timer t) const { return of(t).due(); }

    void clear(Timer t) {
        if (t == Timer::kRetransmit) {
            retransmit_.at = kNever;
        } else if (armed(t)) {
            OtherDeadlines& others = others_.edit();
            others.of[OtherDeadlines::place(t)].at = kNever;
            others.find_earliest();
        }
    }

    bool armed(Timer t) const { return get(t) != kNever; }

    Time earliest() const { return std::min(retransmit_.at, others_->earliest); }

    void clear_all() {
        retransmit_.at = kNever;
        others_.reset();
    }

 private:
    const Deadline& of(Timer t) const {
        return t == Timer::kRetransmit ? retransmit_ : others_->of[OtherDeadlines::place(t)];
    }

    Deadline retransmit_;
    Lazy<OtherDeadlines> others_;
};

}  // namespace netsim::tcp
