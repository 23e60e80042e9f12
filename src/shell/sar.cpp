// sar(1) of sysstat 12.6: samples at an interval, then their average. Of -n: DEV, SOCK, TCP, ETCP.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "base/text.hpp"
#include "host/cpu.hpp"
#include "host/host.hpp"
#include "netsim/result.hpp"
#include "observe/sockstat.hpp"
#include "shell/jobs.hpp"
#include "shell/starts.hpp"
#include "shell/tables.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kSarUsage = "sar -n DEV|SOCK|TCP|ETCP[,...] INTERVAL [COUNT]";

enum class Activity : std::uint8_t { kDev, kSock, kTcp, kEtcp, kCount };

/// In the order in which sar prints them.
constexpr std::array<std::string_view, static_cast<std::size_t>(Activity::kCount)> kActivities{
    "DEV", "SOCK", "TCP", "ETCP"};

struct SarQuery {
    std::array<bool, kActivities.size()> chosen{};
    std::int64_t interval_s = 0;
    std::int64_t count = 0;  // 0: until it is interrupted

    std::size_t activities() const {
        return static_cast<std::size_t>(std::count(chosen.begin(), chosen.end(), true));
    }

    /// A head before each sample, where a sample has several lines.
    bool repeats_heads() const { return activities() > 1 || chosen[0]; }
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

void choose_activities(SarQuery& query, std::string_view words) {
    for (std::size_t at = 0; at <= words.size();) {
        const std::size_t end = std::min(words.size(), words.find(',', at));
        const std::string_view word = words.substr(at, end - at);
        const auto* const found = std::find(kActivities.begin(), kActivities.end(), word);
        if (found == kActivities.end()) {
            throw InputError(fmt::format("sar: -n {}: unknown{}; there are {}", word,
                                         did_you_mean(word, kActivities), join(kActivities)));
        }
        query.chosen.at(static_cast<std::size_t>(found - kActivities.begin())) = true;
        at = end + 1;
    }
}

SarQuery parse_sar(const std::vector<std::string>& words) {
    SarQuery query;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "-n" && i + 1 < words.size()) {
            choose_activities(query, words[++i]);
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
    if (query.activities() == 0 || query.interval_s == 0) {
        throw InputError(fmt::format(
            "sar: say what and how often ({}): nothing is collected in between", kSarUsage));
    }
    return query;
}

/// One reading; rates are differences of two.
struct Reading {
    Time at{};
    observe::SockStat sockets{};
    tcp::Mibs mibs{};
    std::vector<InterfaceRow> interfaces{};
};

Reading read_now(const host::Host& host, Time now) {
    return {now, observe::sockstat(observe::host_sockets(host)), host.mibs(), interface_rows(host)};
}

std::string clock_text(Time at) {
    const auto s = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    return fmt::format("{:02}:{:02}:{:02}", s / 3600 % 24, s / 60 % 60, s % 60);
}

std::string head_line(std::string_view stamp, std::span<const std::string_view> columns) {
    std::string out = fmt::format("{:<11}", stamp);
    for (const std::string_view column : columns) {
        out += fmt::format(" {:>9}", column);
    }
    return out + '\n';
}

std::string head_of(Activity activity, std::string_view stamp) {
    constexpr std::array<std::string_view, 9> kDev{"IFACE",   "rxpck/s",  "txpck/s",
                                                   "rxkB/s",  "txkB/s",   "rxcmp/s",
                                                   "txcmp/s", "rxmcst/s", "%ifutil"};
    constexpr std::array<std::string_view, 6> kSock{"totsck", "tcpsck",  "udpsck",
                                                    "rawsck", "ip-frag", "tcp-tw"};
    constexpr std::array<std::string_view, 4> kTcp{"active/s", "passive/s", "iseg/s", "oseg/s"};
    constexpr std::array<std::string_view, 5> kEtcp{"atmptf/s", "estres/s", "retrans/s",
                                                    "isegerr/s", "orsts/s"};
    switch (activity) {
        case Activity::kDev:
            return head_line(stamp, kDev);
        case Activity::kSock:
            return head_line(stamp, kSock);
        case Activity::kTcp:
            return head_line(stamp, kTcp);
        case Activity::kEtcp:
        case Activity::kCount:
            break;
    }
    return head_line(stamp, kEtcp);
}

double share(std::uint64_t now, std::uint64_t before, double seconds) {
    return seconds > 0 ? static_cast<double>(now - before) / seconds : 0.0;
}

std::string counter_rates(std::string_view stamp, const Reading& before, const Reading& now,
                          std::span<const tcp::Mib> counters) {
    const double seconds = to_seconds(now.at - before.at);
    std::string out = fmt::format("{:<11}", stamp);
    for (const tcp::Mib counter : counters) {
        out += fmt::format(" {:9.2f}",
                           share(now.mibs.get(counter), before.mibs.get(counter), seconds));
    }
    return out + '\n';
}

std::string dev_rows(std::string_view stamp, const Reading& before, const Reading& now) {
    constexpr double kKilo = 1024;
    const double seconds = to_seconds(now.at - before.at);
    std::string out;
    for (std::size_t i = 0; i < now.interfaces.size(); ++i) {
        const InterfaceRow& row = now.interfaces[i];
        const InterfaceRow old =
            i < before.interfaces.size() ? before.interfaces[i] : InterfaceRow{};
        const double rx = share(row.rx.bytes, old.rx.bytes, seconds);
        const double tx = share(row.tx.bytes, old.tx.bytes, seconds);
        constexpr double kPercentOfBits = 800;
        const double busy =
            row.rate_bps ? std::max(rx, tx) * kPercentOfBits / static_cast<double>(*row.rate_bps)
                         : 0.0;
        out += fmt::format("{:<11} {:>9}", stamp, row.name);
        for (const double value : {share(row.rx.packets, old.rx.packets, seconds),
                                   share(row.tx.packets, old.tx.packets, seconds), rx / kKilo,
                                   tx / kKilo, 0.0, 0.0, 0.0, busy}) {
            out += fmt::format(" {:9.2f}", value);
        }
        out += '\n';
    }
    return out;
}

struct SockSums {
    std::array<std::uint64_t, 4> sums{};  // total, TCP, UDP, TIME-WAIT

    void add(const observe::SockStat& stat) {
        sums[0] += stat.used;
        sums[1] += stat.tcp_inuse;
        sums[2] += stat.udp_inuse;
        sums[3] += stat.tcp_tw;
    }

    std::string row(std::string_view stamp, std::uint64_t samples) const {
        const auto mean = [&](std::uint64_t sum) {
            return static_cast<double>(sum) / static_cast<double>(samples);
        };
        return fmt::format("{:<11} {:9.0f} {:9.0f} {:9.0f} {:9.0f} {:9.0f} {:9.0f}\n", stamp,
                           mean(sums[0]), mean(sums[1]), mean(sums[2]), 0.0, 0.0, mean(sums[3]));
    }
};

class Sar final : public TimedJob {
 public:
    Sar(host::Host& host, const SarQuery& query)
        : TimedJob(host), query_(query), first_(read_now(host, now())), last_(first_) {
        // The epoch's first day, as in captures.
        put(fmt::format("Linux ({}) \t01/01/70", host.name()));
        if (const host::Cpu* cpu = host.cpu()) {
            put(fmt::format(" \t({} CPU)", cpu->stats().cores.size()));
        }
        put("\n");
        if (!query_.repeats_heads()) {
            heads(clock_text(now()));
        }
        wake_at(now() + std::chrono::seconds(query_.interval_s));
    }

 private:
    /// Calls f(activity) for the chosen ones.
    template <typename F>
    void each(const F& f) {
        for (std::size_t i = 0; i < kActivities.size(); ++i) {
            if (query_.chosen.at(i)) {
                f(static_cast<Activity>(i));
            }
        }
    }

    void heads(std::string_view stamp) {
        each([&](Activity activity) { put("\n" + head_of(activity, stamp)); });
    }

    void rows(Activity activity, std::string_view stamp, const Reading& before,
              const Reading& now_is, const SockSums& sums, std::uint64_t samples) {
        constexpr std::array<tcp::Mib, 4> kTcp{tcp::Mib::kTcpActiveOpens,
                                               tcp::Mib::kTcpPassiveOpens, tcp::Mib::kTcpInSegs,
                                               tcp::Mib::kTcpOutSegs};
        constexpr std::array<tcp::Mib, 5> kEtcp{
            tcp::Mib::kTcpAttemptFails, tcp::Mib::kTcpEstabResets, tcp::Mib::kTcpRetransSegs,
            tcp::Mib::kTcpInErrs, tcp::Mib::kTcpOutRsts};
        switch (activity) {
            case Activity::kDev:
                return put(dev_rows(stamp, before, now_is));
            case Activity::kSock:
                return put(sums.row(stamp, samples));
            case Activity::kTcp:
                return put(counter_rates(stamp, before, now_is, kTcp));
            case Activity::kEtcp:
            case Activity::kCount:
                break;
        }
        put(counter_rates(stamp, before, now_is, kEtcp));
    }

    void on_wake() override {
        const Reading now_is = read_now(host(), now());
        SockSums sample;
        sample.add(now_is.sockets);
        sums_.add(now_is.sockets);
        ++samples_;
        each([&](Activity activity) {
            if (query_.repeats_heads()) {
                put("\n" + head_of(activity, clock_text(last_.at)));
            }
            rows(activity, clock_text(now()), last_, now_is, sample, 1);
        });
        last_ = now_is;
        if (samples_ == static_cast<std::uint64_t>(query_.count)) {
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
            each([&](Activity activity) {
                if (query_.repeats_heads()) {
                    put("\n" + head_of(activity, "Average:"));
                }
                rows(activity, "Average:", first_, last_, sums_, samples_);
            });
        }
        finish(0);
    }

    SarQuery query_;
    Reading first_;
    Reading last_;
    SockSums sums_;
    std::uint64_t samples_ = 0;
};

}  // namespace

std::unique_ptr<Job> start_sar(const Invocation& invocation) {
    return std::make_unique<Sar>(invocation.host, parse_sar(invocation.words));
}

}  // namespace netsim::shell
