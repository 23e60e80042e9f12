// sar(1) of sysstat 12.6: samples at an interval, then their average.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>

#include "host/host.hpp"
#include "netsim/result.hpp"
#include "shell/jobs.hpp"
#include "shell/sockstat.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kSarUsage = "sar -n SOCK INTERVAL [COUNT]";

struct SarQuery {
    std::int64_t interval_s = 0;
    std::int64_t count = 0;  // 0: until it is interrupted
};

std::int64_t sar_number(std::string_view word, std::string_view what) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    constexpr std::int64_t kMost = 86'400;
    if (error != std::errc{} || end != word.data() + word.size() || value < 1 || value > kMost) {
        throw InputError(fmt::format("sar: {} \"{}\": a number from 1 to {}", what, word, kMost));
    }
    return value;
}

SarQuery parse_sar(const std::vector<std::string>& words) {
    SarQuery query;
    bool chosen = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "-n" && i + 1 < words.size()) {
            if (words[++i] != "SOCK") {
                throw InputError(fmt::format("sar: -n {}: there is SOCK", words[i]));
            }
            chosen = true;
        } else if (word.starts_with('-')) {
            throw InputError(fmt::format("sar: unknown flag \"{}\"; allowed: {}", word, kSarUsage));
        } else if (query.interval_s == 0) {
            query.interval_s = sar_number(word, "interval");
        } else if (query.count == 0) {
            query.count = sar_number(word, "count");
        } else {
            throw InputError(fmt::format("sar: \"{}\" is one too many; write {}", word, kSarUsage));
        }
    }
    if (!chosen || query.interval_s == 0) {
        throw InputError(fmt::format(
            "sar: say what and how often ({}): nothing is collected in between", kSarUsage));
    }
    return query;
}

std::string clock_text(Time at) {
    const auto s = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    return fmt::format("{:02}:{:02}:{:02}", s / 3600 % 24, s / 60 % 60, s % 60);
}

struct SockSums {
    std::uint64_t total = 0;
    std::uint64_t tcp = 0;
    std::uint64_t time_wait = 0;

    std::string row(std::string_view stamp, std::uint64_t samples) const {
        const auto mean = [&](std::uint64_t sum) {
            return static_cast<double>(sum) / static_cast<double>(samples);
        };
        return fmt::format("{:<11} {:9.0f} {:9.0f} {:9.0f} {:9.0f} {:9.0f} {:9.0f}\n", stamp,
                           mean(total), mean(tcp), 0.0, 0.0, 0.0, mean(time_wait));
    }
};

class Sar final : public TimedJob {
 public:
    Sar(host::Host& host, const SarQuery& query) : TimedJob(host), query_(query) {
        // The epoch's first day, as in captures.
        put(fmt::format("Linux ({}) \t01/01/70\n\n", host.name()));
        put(fmt::format("{:<11} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", clock_text(now()), "totsck",
                        "tcpsck", "udpsck", "rawsck", "ip-frag", "tcp-tw"));
        wake_at(now() + std::chrono::seconds(query_.interval_s));
    }

 private:
    void on_wake() override {
        const SockStat now_is = sockstat(host());
        const SockSums sample{now_is.used, now_is.tcp_inuse, now_is.tcp_tw};
        put(sample.row(clock_text(now()), 1));
        sums_.total += sample.total;
        sums_.tcp += sample.tcp;
        sums_.time_wait += sample.time_wait;
        if (++samples_ == static_cast<std::uint64_t>(query_.count)) {
            summary();
            return;
        }
        wake_at(now() + std::chrono::seconds(query_.interval_s));
    }

    void on_interrupt() override {
        put("\n");
        summary();
    }

    void summary() {
        if (samples_ > 0) {
            put(sums_.row("Average:", samples_));
        }
        finish(0);
    }

    SarQuery query_;
    SockSums sums_;
    std::uint64_t samples_ = 0;
};

}  // namespace

std::unique_ptr<Job> start_sar(const Invocation& invocation) {
    return std::make_unique<Sar>(invocation.host, parse_sar(invocation.words));
}

}  // namespace netsim::shell
