// mtr(8) 0.95 --report: ICMP echoes of rising TTL, one hop after the other in each cycle.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "netsim/result.hpp"
#include "shell/flags.hpp"
#include "shell/probe_job.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kMtrSynopsis =
    "mtr --report [-nw] [-c COUNT] [-i SECONDS] [-m MAXTTL] [-f FIRSTTTL] [-s SIZE] HOST";
constexpr Duration kMtrGrace = std::chrono::seconds(5);  // after the last cycle, for replies
constexpr std::uint32_t kMtrUnknownMost = 12;            // silent hops before a cycle ends

struct MtrQuery {
    Ipv4 address;
    std::uint32_t count = 10;
    Duration interval{};
    std::uint32_t most = 30;
    std::uint32_t first = 1;
    std::uint32_t size = 64;
    bool numeric = false;
    bool wide = false;
};

MtrQuery parse_mtr(const Invocation& invocation) {
    const Flags flags({"mtr",
                       kMtrSynopsis,
                       "rnwc:i:m:f:s:",
                       {"report", "report-wide", "report-cycles:", "no-dns"}},
                      invocation.words);
    MtrQuery query;
    query.address = resolved(invocation.directory, flags.operand());
    query.wide = flags.has("w") || flags.has("report-wide");
    if (!flags.has("r") && !flags.has("report") && !query.wide) {
        throw InputError(fmt::format("mtr: a report only; write {}", kMtrSynopsis));
    }
    const bool by_word = flags.has("report-cycles");
    query.count =
        static_cast<std::uint32_t>(flags.number(by_word ? "report-cycles" : "c", 10, 1, 10'000));
    query.interval = flags.seconds("i", std::chrono::seconds(1), 0.001, 3600);
    query.most = static_cast<std::uint32_t>(flags.number("m", 30, 1, 255));
    query.first = static_cast<std::uint32_t>(flags.number("f", 1, 1, query.most));
    query.size = static_cast<std::uint32_t>(flags.number("s", 64, 28, 4470));
    query.numeric = flags.has("n") || flags.has("no-dns");
    return query;
}

class MtrJob final : public ProbeJob {
 public:
    MtrJob(const Invocation& invocation, const MtrQuery& query)
        : ProbeJob(invocation, {"mtr", ProbeKind::kIcmp, query.address}),
          query_(query),
          begun_(now()),
          hops_(query.most) {
        at_ = query.first - 1;
        send_next();
    }

 private:
    struct Hop {
        std::optional<Ipv4> address;
        bool ends = false;  // an error other than TTL exceeded came from here
        std::uint32_t sent = 0;
        std::uint32_t returned = 0;
        double last = 0;  // ms
        double mean = 0;
        double best = 0;
        double worst = 0;
        double squares = 0;  // sum of squared distances from the mean (Welford)
    };

    struct Sent {
        std::uint32_t hop = 0;
        Time at;
        bool answered = false;
    };

    void on_wake() override {
        if (cycles_ >= query_.count) {
            if (now() >= last_sent_ + kMtrGrace) {
                report();
            }
        } else if (now() >= next_) {
            send_next();
        }
    }

    void on_interrupt() override { report(); }

    /// net_send_batch(): a cycle goes up to the target, or to the last hop worth trying.
    void send_next() {
        Hop& hop = hops_[at_];
        sent_.push_back({at_, now(), false});
        const Errno error = send({.number = static_cast<std::uint32_t>(sent_.size()),
                                  .ttl = static_cast<std::uint8_t>(at_ + 1),
                                  .length = query_.size,
                                  .dont_fragment = false});
        if (error != Errno::kOk && sent_.size() == 1) {
            put(fmt::format("mtr: udp socket connect failed: {}\n", errno_text(error)));
            failed_ = true;
            cycles_ = query_.count;
            wake_at(now());
            return;
        }
        ++hop.sent;
        last_sent_ = now();
        std::uint32_t unknown = 0;
        bool again = false;
        for (std::uint32_t i = query_.first - 1; i < at_; ++i) {
            unknown += hops_[i].address ? 0U : 1U;
            again = again || is_end(hops_[i]);
        }
        if (again || is_end(hop) || unknown > kMtrUnknownMost || at_ + 1 >= query_.most ||
            sent_.size() >= 65'000) {
            in_cycle_ = at_ + 1;
            at_ = query_.first - 1;
            ++cycles_;
        } else {
            ++at_;
        }
        next_ = now() + query_.interval / static_cast<std::int64_t>(in_cycle_);
        wake_at(cycles_ >= query_.count ? last_sent_ + kMtrGrace : next_);
    }

    bool is_end(const Hop& hop) const { return hop.ends || hop.address == target(); }

    void on_answer(const ProbeAnswer& answer) override {
        if (answer.number == 0 || answer.number > sent_.size() ||
            sent_[answer.number - 1].answered) {
            return;
        }
        Sent& sent = sent_[answer.number - 1];
        sent.answered = true;
        Hop& hop = hops_[sent.hop];
        const wire::Packet& packet = *answer.packet;
        hop.address = packet.source;
        hop.ends = hop.ends || packet.icmp.type == wire::icmp::kDestinationUnreachable;
        const double ms = static_cast<double>((now() - sent.at).count()) / 1e6;
        ++hop.returned;
        hop.last = ms;
        hop.best = hop.returned == 1 ? ms : std::min(hop.best, ms);
        hop.worst = std::max(hop.worst, ms);
        const double before = hop.mean;
        hop.mean += (ms - before) / hop.returned;
        hop.squares += (ms - before) * (ms - hop.mean);
    }

    /// net_max(): up to the target, or one beyond the last that answered.
    std::uint32_t rows() const {
        std::uint32_t rows = 0;
        for (std::uint32_t i = query_.first - 1; i < hops_.size(); ++i) {
            if (is_end(hops_[i])) {
                return i + 1;
            }
            if (hops_[i].address) {
                rows = std::min<std::uint32_t>(i + 2, query_.most);
            }
        }
        return rows;
    }

    void report() {
        if (failed_) {
            end(1);
            return;
        }
        const auto start =
            std::chrono::floor<std::chrono::seconds>(begun_.time_since_epoch()).count();
        std::string text =
            fmt::format("Start: 1970-01-{:02}T{:02}:{:02}:{:02}+0000\n", 1 + start / 86'400 % 31,
                        start / 3600 % 24, start / 60 % 60, start % 60);
        std::size_t width = 27;
        if (query_.wide) {
            width = host().name().size();
            for (std::uint32_t i = query_.first - 1; i < rows(); ++i) {
                width = std::max(width, shown_name(hops_[i]).size() + 2);
            }
        }
        text += fmt::format("HOST: {:<{}.{}} Loss%   Snt   Last   Avg  Best  Wrst StDev\n",
                            host().name(), width, width);
        for (std::uint32_t i = query_.first - 1; i < rows(); ++i) {
            text += row(i, width - 2);
        }
        put(text);
        end(0);
    }

    std::string shown_name(const Hop& hop) const {
        return hop.address ? name_of(*hop.address, query_.numeric) : "???";
    }

    /// Each field is cut off where the next begins: "100.0" has no room for its percent sign.
    std::string row(std::uint32_t index, std::size_t width) const {
        const Hop& hop = hops_[index];
        const double lost =
            hop.sent == 0 ? 0 : 100.0 - 100.0 * hop.returned / static_cast<double>(hop.sent);
        const double deviation =
            hop.returned > 1 ? std::sqrt(hop.squares / (hop.returned - 1.0)) : 0;
        const std::string loss = fmt::format(" {:4.1f}%", lost).substr(0, 6);
        return fmt::format("{:3}.|-- {:<{}.{}}{} {:5}  {:5.1f} {:5.1f} {:5.1f} {:5.1f} {:5.1f}\n",
                           index + 1, shown_name(hop), width, width, loss, hop.sent, hop.last,
                           hop.mean, hop.best, hop.worst, deviation);
    }

    MtrQuery query_;
    Time begun_;
    std::vector<Hop> hops_;  // by TTL - 1
    std::vector<Sent> sent_;
    std::uint32_t at_ = 0;         // hop of the next probe
    std::uint32_t in_cycle_ = 10;  // probes of a cycle, as far as is known
    std::uint32_t cycles_ = 0;     // that are over
    Time next_{};
    Time last_sent_{};
    bool failed_ = false;
};

}  // namespace

std::unique_ptr<Job> start_mtr(const Invocation& invocation) {
    try {
        return std::make_unique<MtrJob>(invocation, parse_mtr(invocation));
    } catch (const UnknownName& error) {
        return view(fmt::format("mtr: Failed to resolve host: {}\n", error.what()), 1);
    }
}

}  // namespace netsim::shell
