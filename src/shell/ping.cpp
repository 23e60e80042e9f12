// ping(8) of iputils 20221126. DIVERGES: what is larger than the MTU is told even without -M do, as
// the model has no fragments.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "netsim/result.hpp"
#include "shell/flags.hpp"
#include "shell/probe_job.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kPingSynopsis =
    "ping [-nq] [-c COUNT] [-i SECONDS] [-s SIZE] [-t TTL] [-W SECONDS] [-w SECONDS] [-M do] HOST";
constexpr std::uint32_t kPingHeaders = 28;

struct PingQuery {
    std::string target;
    Ipv4 address;
    std::int64_t count = 0;  // 0: until it is interrupted
    Duration interval{};
    Duration linger{};    // -W: for replies, if there was none
    Duration deadline{};  // -w; 0: none
    std::uint32_t size = 56;
    std::uint8_t ttl = 64;
    bool dont_fragment = true;
    bool numeric = false;
    bool quiet = false;
};

PingQuery parse_ping(const Invocation& invocation) {
    const Flags flags({"ping", kPingSynopsis, "nqc:i:s:t:W:w:M:"}, invocation.words);
    PingQuery query;
    query.target = flags.operand();
    query.address = resolved(invocation.directory, query.target);
    query.count = flags.number("c", 0, 1, 65535);
    query.interval = flags.seconds("i", std::chrono::seconds(1), 0.002, 86'400);
    query.linger = flags.seconds("W", std::chrono::seconds(10), 0.001, 86'400);
    query.deadline = flags.seconds("w", Duration{0}, 1, 86'400);
    query.size = static_cast<std::uint32_t>(flags.number("s", 56, 0, 65507));
    query.ttl = static_cast<std::uint8_t>(flags.number("t", 64, 1, 255));
    // iputils: of an address given as such no name is looked up.
    query.numeric = flags.has("n") || parse_ipv4(query.target);
    query.quiet = flags.has("q");
    const std::string fragmenting = flags.value("M").value_or("do");
    if (fragmenting != "do" && fragmenting != "want" && fragmenting != "dont") {
        throw InputError(fmt::format("ping: -M \"{}\": one of do, want, dont", fragmenting));
    }
    query.dont_fragment = fragmenting != "dont";
    return query;
}

std::string_view unreachable_words(std::uint8_t code) {
    switch (code) {
        case wire::icmp::kNetUnreachable:
            return "Destination Net Unreachable";
        case wire::icmp::kHostUnreachable:
            return "Destination Host Unreachable";
        case wire::icmp::kProtocolUnreachable:
            return "Destination Protocol Unreachable";
        case wire::icmp::kPortUnreachable:
            return "Destination Port Unreachable";
        case 5:
            return "Source Route Failed";
        case 6:
            return "Destination Net Unknown";
        case 7:
            return "Destination Host Unknown";
        case 9:
            return "Destination Net Prohibited";
        case 10:
            return "Destination Host Prohibited";
        case wire::icmp::kAdminProhibited:
            return "Packet filtered";
        default:
            return "";
    }
}

/// pr_icmph()
std::string icmp_words(const wire::IcmpHeader& icmp) {
    if (icmp.type == wire::icmp::kTimeExceeded) {
        return icmp.code == 0 ? "Time to live exceeded" : "Frag reassembly time exceeded";
    }
    if (icmp.type == wire::icmp::kParameterProblem) {
        return "Parameter problem: pointer = 0";
    }
    if (icmp.code == wire::icmp::kFragmentationNeeded) {
        return fmt::format("Frag needed and DF set (mtu = {})", icmp.mtu);
    }
    const std::string_view words = unreachable_words(icmp.code);
    return words.empty() ? fmt::format("Dest Unreachable, Bad Code: {}", icmp.code)
                         : std::string(words);
}

/// The fewer digits the longer it took.
std::string ping_time(std::int64_t us) {
    if (us >= 100'000 - 50) {
        return fmt::format("{}", (us + 500) / 1000);
    }
    if (us >= 10'000 - 5) {
        return fmt::format("{}.{:01}", (us + 50) / 1000, (us + 50) % 1000 / 100);
    }
    if (us >= 1000) {
        return fmt::format("{}.{:02}", (us + 5) / 1000, (us + 5) % 1000 / 10);
    }
    return fmt::format("{}.{:03}", us / 1000, us % 1000);
}

class PingJob final : public ProbeJob {
 public:
    PingJob(const Invocation& invocation, PingQuery query)
        : ProbeJob(invocation, {"ping", ProbeKind::kIcmp, query.address}),
          query_(std::move(query)),
          begun_(now()),
          last_sent_(now()) {
        if (host().route_to(query_.address).error != Errno::kOk) {
            put("ping: connect: Network is unreachable\n");
            end(2);
            return;
        }
        put(fmt::format("PING {} ({}) {}({}) bytes of data.\n", query_.target,
                        to_string(query_.address), query_.size, query_.size + kPingHeaders));
        if (query_.deadline > Duration{0}) {
            exit_at_ = now() + query_.deadline;
            wake_at(exit_at_);
        }
        send_one();
    }

 private:
    void on_wake() override {
        if (enough() || now() >= exit_at_) {
            summary();
        } else if (next_ && now() >= *next_) {
            send_one();
        }
    }

    void on_interrupt() override { summary(); }

    bool enough() const {
        return query_.count != 0 && received_ + errors_ >= query_.count && !next_;
    }

    void send_one() {
        sent_.push_back({now(), false});
        last_sent_ = now();
        const Errno error = send({.number = static_cast<std::uint32_t>(sent_.size()),
                                  .ttl = query_.ttl,
                                  .length = query_.size + kPingHeaders,
                                  .dont_fragment = query_.dont_fragment});
        if (error == Errno::kEMSGSIZE) {
            put(fmt::format("ping: local error: message too long, mtu={}\n", mtu()));
            ++errors_;
        } else if (error != Errno::kOk) {
            put(fmt::format("ping: sendmsg: {}\n", errno_text(error)));  // iputils counts it lost
        }
        if (static_cast<std::int64_t>(sent_.size()) != query_.count && sent_.size() < 65535) {
            next_ = now() + query_.interval;
            wake_at(*next_);
            return;
        }
        next_.reset();
        if (enough()) {
            wake_at(now());
        }
        // schedule_exit()
        const Duration wait =
            received_ > 0
                ? std::max(Duration(std::chrono::microseconds(2 * most_)), query_.interval)
                : query_.linger;
        exit_at_ = std::min(exit_at_, now() + wait);
        wake_at(exit_at_);
    }

    void on_answer(const ProbeAnswer& answer) override {
        if (answer.number == 0 || answer.number > sent_.size()) {
            return;
        }
        const wire::Packet& packet = *answer.packet;
        if (answer.reached && packet.icmp.type == wire::icmp::kEchoReply) {
            reply(packet, answer.number);
        } else {
            ++errors_;
            if (!query_.quiet) {
                put(fmt::format(
                    "From {} icmp_seq={} {}\n",
                    full_name_of(packet.source, query_.numeric || unnamed(packet.source)),
                    answer.number, icmp_words(packet.icmp)));
            }
        }
        if (enough()) {
            wake_at(now());
        }
    }

    bool unnamed(Ipv4 address) const { return name_of(address, false) == to_string(address); }

    void reply(const wire::Packet& packet, std::uint32_t number) {
        Sent& sent = sent_[number - 1];
        const std::int64_t us =
            std::chrono::duration_cast<std::chrono::microseconds>(now() - sent.at).count();
        const bool again = sent.answered;
        sent.answered = true;
        if (again) {
            ++duplicates_;
        } else {
            ++received_;
        }
        sum_ += us;
        squares_ += us * us;
        least_ = received_ + duplicates_ == 1 ? us : std::min(least_, us);
        most_ = std::max(most_, us);
        if (query_.quiet) {
            return;
        }
        put(fmt::format("{} bytes from {}: icmp_seq={} ttl={}{}{}\n", packet.icmp.echo_length + 8,
                        full_name_of(packet.source, query_.numeric || unnamed(packet.source)),
                        number, packet.ttl,
                        query_.size >= 16 ? fmt::format(" time={} ms", ping_time(us)) : "",
                        again ? " (DUP!)" : ""));
    }

    void summary() {
        const auto sent = static_cast<std::int64_t>(sent_.size());
        const auto ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(last_sent_ - begun_).count();
        std::string text = fmt::format(
            "\n--- {} ping statistics ---\n{} packets transmitted, {} "
            "received",
            query_.target, sent, received_);
        if (duplicates_ > 0) {
            text += fmt::format(", +{} duplicates", duplicates_);
        }
        if (errors_ > 0) {
            text += fmt::format(", +{} errors", errors_);
        }
        const double lost =
            static_cast<double>((sent - received_) * 100) / static_cast<double>(sent);
        text += fmt::format(", {:g}% packet loss, time {}ms\n", lost, ms);
        if (received_ > 0 && query_.size >= 16) {
            text += round_trips();
        } else {
            text += "\n";
        }
        put(text);
        const bool too_few = query_.deadline > Duration{0} && received_ < query_.count;
        end(received_ == 0 || too_few ? 1 : 0);
    }

    std::string round_trips() const {
        const std::int64_t samples = received_ + duplicates_;
        const std::int64_t mean = sum_ / samples;
        const auto deviation = static_cast<std::int64_t>(
            std::sqrt(static_cast<double>(squares_ / samples - mean * mean)));
        const auto text = [](std::int64_t us) {
            return fmt::format("{}.{:03}", us / 1000, us % 1000);
        };
        return fmt::format("rtt min/avg/max/mdev = {}/{}/{}/{} ms\n", text(least_), text(mean),
                           text(most_), text(deviation));
    }

    struct Sent {
        Time at;
        bool answered = false;
    };

    PingQuery query_;
    Time begun_;
    Time last_sent_;
    std::optional<Time> next_;  // none: all are sent
    Time exit_at_ = kNever;
    std::vector<Sent> sent_;  // by sequence number - 1
    std::int64_t received_ = 0;
    std::int64_t duplicates_ = 0;
    std::int64_t errors_ = 0;
    std::int64_t sum_ = 0;  // us
    std::int64_t squares_ = 0;
    std::int64_t least_ = 0;
    std::int64_t most_ = 0;
};

}  // namespace

std::unique_ptr<Job> start_ping(const Invocation& invocation) {
    try {
        return std::make_unique<PingJob>(invocation, parse_ping(invocation));
    } catch (const UnknownName& error) {
        return view(fmt::format("ping: {}\n", error.what()), 2);
    }
}

}  // namespace netsim::shell
