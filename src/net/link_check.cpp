// The ranges of LinkOptions.
#include <string>

#include "base/units.hpp"
#include "net/link.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

constexpr Duration kDelayMax = std::chrono::hours(24);
constexpr std::uint32_t kMtuMin = 68;  // RFC 791
constexpr std::uint32_t kMtuMax = 65535;

void check_probability(const char* name, double value) {
    if (!(value >= 0 && value <= 1)) {
        throw InputError(std::string(name) + " is " + format_number(value) +
                         ", it must lie between 0 and 1");
    }
}

void check_times(const LinkOptions& options) {
    if (options.delay < Duration::zero() || options.delay > kDelayMax) {
        throw InputError("delay is " + format_duration(options.delay) +
                         ", it must lie between 0 and 24 hours");
    }
    if (options.jitter < Duration::zero()) {
        throw InputError("jitter is " + format_duration(options.jitter) +
                         ", it must not be negative");
    }
    if (options.jitter > options.delay) {
        throw InputError("jitter is " + format_duration(options.jitter) +
                         ", it must not exceed the delay, " + format_duration(options.delay));
    }
    if (options.reorder > 0 && options.delay == Duration::zero()) {
        throw InputError("reorder needs a delay: packets overtake only delayed ones");
    }
}

}  // namespace

void check(const LinkOptions& options) {
    if (options.rate_bps && *options.rate_bps == 0) {
        throw InputError("rate is 0, it must be at least 1bit (no rate: infinitely fast)");
    }
    check_probability("loss", options.loss);
    check_probability("duplicate", options.duplicate);
    check_probability("corrupt", options.corrupt);
    check_probability("reorder", options.reorder);
    check_times(options);
    if (options.gemodel) {
        check_probability("gemodel p", options.gemodel->p);
        check_probability("gemodel r", options.gemodel->r);
        check_probability("gemodel 1-h", options.gemodel->loss_bad);
        check_probability("gemodel 1-k", options.gemodel->loss_good);
        if (options.loss > 0) {
            throw InputError("loss and gemodel are both given, a link has one loss model");
        }
    }
    if (options.reorder_gap == 0) {
        throw InputError("gap is 0, it must be at least 1");
    }
    if (options.mtu < kMtuMin || options.mtu > kMtuMax) {
        throw InputError("mtu is " + std::to_string(options.mtu) +
                         ", it must lie between 68 and 65535");
    }
    if (!(options.cost >= 0 && options.cost <= 1e15)) {
        throw InputError("cost is " + format_number(options.cost) +
                         ", it must lie between 0 and 1e15");
    }
}

}  // namespace netsim::net
