// traceroute(8) 2.1.2: up to 16 probes on their way at a time, printed in order.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "netsim/result.hpp"
#include "shell/flags.hpp"
#include "shell/probe_job.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kTracerouteSynopsis =
    "traceroute [-nIT] [-q PROBES] [-w MAX[,HERE,NEAR]] [-m HOPS] [-f FIRST] [-N AT_ONCE] "
    "[-p PORT] HOST";
constexpr std::uint16_t kUdpProbePort = 33434;

struct TracerouteQuery {
    std::string target;
    Ipv4 address;
    ProbeKind kind = ProbeKind::kUdp;
    std::uint16_t port = kUdpProbePort;
    std::uint32_t probes = 3;
    std::uint32_t first = 1;
    std::uint32_t hops = 30;
    std::uint32_t at_once = 16;
    double wait = 5;   // seconds at most
    double here = 3;   // ... but so many times the answer of another probe of the same hop
    double near = 10;  // ... or of a later hop
    bool numeric = false;
};

/// -w 5 or -w 5,3,10
void parse_wait(const std::string& text, TracerouteQuery& query) {
    double* const parts[] = {&query.wait, &query.here, &query.near};
    const char* at = text.data();
    const char* const end = at + text.size();
    std::size_t read = 0;
    for (double* part : parts) {
        const auto [stop, error] = std::from_chars(at, end, *part);
        if (error != std::errc{} || *part < 0 || *part > 86'400) {
            break;
        }
        ++read;
        at = stop;
        if (at == end || *at != ',') {
            break;
        }
        ++at;
    }
    if (read == 0 || at != end || query.wait <= 0) {
        throw InputError(fmt::format("traceroute: -w \"{}\": seconds, as in 5 or 5,3,10", text));
    }
}

TracerouteQuery parse_traceroute(const Invocation& invocation) {
    const Flags flags({"traceroute", kTracerouteSynopsis, "nITq:w:m:f:N:p:"}, invocation.words);
    TracerouteQuery query;
    query.target = flags.operand();
    query.address = resolved(invocation.directory, query.target);
    if (flags.has("I") && flags.has("T")) {
        throw InputError("traceroute: one of -I and -T");
    }
    query.kind = flags.has("I")   ? ProbeKind::kIcmp
                 : flags.has("T") ? ProbeKind::kTcp
                                  : ProbeKind::kUdp;
    const std::int64_t port = query.kind == ProbeKind::kTcp ? 80 : kUdpProbePort;
    query.port = static_cast<std::uint16_t>(flags.number("p", port, 1, 65000));
    query.probes = static_cast<std::uint32_t>(flags.number("q", 3, 1, 10));
    query.hops = static_cast<std::uint32_t>(flags.number("m", 30, 1, 255));
    query.first = static_cast<std::uint32_t>(flags.number("f", 1, 1, query.hops));
    query.at_once = static_cast<std::uint32_t>(flags.number("N", 16, 1, 1000));
    query.numeric = flags.has("n");
    if (const auto wait = flags.value("w")) {
        parse_wait(*wait, query);
    }
    return query;
}

/// What an ICMP error that ends the way is marked with.
std::string mark_of(const wire::IcmpHeader& icmp, bool by_target) {
    switch (icmp.code) {
        case wire::icmp::kNetUnreachable:
            return "!N";
        case wire::icmp::kHostUnreachable:
            return "!H";
        case wire::icmp::kProtocolUnreachable:
            return by_target ? "" : "!P";
        case wire::icmp::kPortUnreachable:
            return by_target ? "" : "!p";
        case wire::icmp::kFragmentationNeeded:
            return fmt::format("!F-{}", icmp.mtu);
        case wire::icmp::kAdminProhibited:
            return "!X";
        default:
            return fmt::format("!<{}>", icmp.code);
    }
}

class TracerouteJob final : public ProbeJob {
 public:
    TracerouteJob(const Invocation& invocation, TracerouteQuery query)
        : ProbeJob(invocation, {"traceroute", query.kind, query.address, query.port,
                                query.kind == ProbeKind::kUdp}),
          query_(std::move(query)) {
        probes_.resize(std::size_t{query_.hops} * query_.probes);
        shown_ = (query_.first - 1) * query_.probes;
        end_ = static_cast<std::uint32_t>(probes_.size());
        put(fmt::format("traceroute to {} ({}), {} hops max, {} byte packets", query_.target,
                        to_string(query_.address), query_.hops, kLength));
        if (host().route_to(query_.address).error != Errno::kOk) {
            put("\nconnect: Network is unreachable\n");
            end(1);
            return;
        }
        advance();
    }

 private:
    static constexpr std::uint32_t kLength = 60;

    struct Tried {
        std::optional<Time> sent;
        bool done = false;      // answered, or not waited for any longer
        bool answered = false;  // ... the former
        bool last = false;      // its answer ends the way
        Time answered_at{};
        Ipv4 from;
        std::string mark;
    };

    void on_wake() override { advance(); }

    void on_interrupt() override {
        put("\n");
        end(130);
    }

    std::uint32_t hop_begin(std::uint32_t probe) const {
        return probe / query_.probes * query_.probes;
    }

    /// get_timeout(): the faster others were answered the sooner it is given up.
    Duration wait_for(std::uint32_t index) const {
        const auto seconds = [](double s) { return Duration(std::llround(s * 1e9)); };
        Duration wait = seconds(query_.wait);
        const auto shorten = [&](const Tried& other, double factor) {
            const Duration took = other.answered_at - *other.sent;
            wait =
                std::min(wait, Duration(std::llround(static_cast<double>(took.count()) * factor)));
        };
        if (query_.here > 0) {
            for (std::uint32_t i = hop_begin(index); i < hop_begin(index) + query_.probes; ++i) {
                if (i != index && probes_[i].answered) {
                    shorten(probes_[i], query_.here);
                    return wait;
                }
            }
        }
        if (query_.near > 0) {
            for (std::uint32_t i = index + 1; i < end_; ++i) {
                if (probes_[i].answered) {
                    shorten(probes_[i], query_.near);
                    return wait;
                }
            }
        }
        return wait;
    }

    void advance() {
        std::uint32_t under_way = 0;
        Time next = kNever;
        for (std::uint32_t i = shown_; i < end_; ++i) {
            Tried& tried = probes_[i];
            if (!tried.done && tried.sent) {
                const Time until = *tried.sent + wait_for(i);
                tried.done = now() >= until;
                next = tried.done ? next : std::min(next, until);
            }
            if (tried.done) {
                show(i);
                continue;
            }
            if (under_way >= query_.at_once) {
                break;
            }
            if (!tried.sent) {
                send_probe(i);
                next = std::min(next, *tried.sent + wait_for(i));
            }
            ++under_way;
        }
        if (shown_ >= end_) {
            put("\n");
            end(0);
            return;
        }
        wake_at(next);
    }

    void send_probe(std::uint32_t index) {
        probes_[index].sent = now();
        static_cast<void>(send({.number = index + 1,
                                .ttl = static_cast<std::uint8_t>(index / query_.probes + 1),
                                .length = kLength,
                                .dont_fragment = false}));
    }

    void on_answer(const ProbeAnswer& answer) override {
        const std::uint32_t index = answer.number - 1;
        if (index >= probes_.size() || !probes_[index].sent || probes_[index].done) {
            return;
        }
        Tried& tried = probes_[index];
        const wire::Packet& packet = *answer.packet;
        tried.done = true;
        tried.answered = true;
        tried.answered_at = now();
        tried.from = packet.source;
        tried.last = answer.reached;
        if (packet.protocol == wire::Protocol::kIcmp &&
            packet.icmp.type == wire::icmp::kDestinationUnreachable) {
            tried.mark = mark_of(packet.icmp, packet.source == target());
            tried.last = true;
        }
        if (tried.last) {  // no hop beyond this one matters
            end_ = std::min(end_, hop_begin(index) + query_.probes);
        }
        wake_at(now());
    }

    /// print_probe(), in order: what is done before its turn waits.
    void show(std::uint32_t index) {
        if (index != shown_) {
            return;
        }
        ++shown_;
        const Tried& tried = probes_[index];
        const std::uint32_t begin = hop_begin(index);
        if (index == begin) {
            put(fmt::format("\n{:2} ", index / query_.probes + 1));
        }
        if (!tried.answered) {
            put(" *");
            return;
        }
        bool named = false;  // the address stands in this line already
        for (std::uint32_t i = index; i > begin && !named;) {
            if (probes_[--i].answered) {
                named = probes_[i].from == tried.from;
                break;
            }
        }
        if (!named) {
            put(" " + full_name_of(tried.from, query_.numeric));
        }
        put(fmt::format("  {} ms", milliseconds_text(tried.answered_at - *tried.sent, 3)));
        if (!tried.mark.empty()) {
            put(" " + tried.mark);
        }
    }

    TracerouteQuery query_;
    std::vector<Tried> probes_;
    std::uint32_t shown_ = 0;  // the first that is not printed yet
    std::uint32_t end_ = 0;    // ... of those that matter
};

}  // namespace

std::unique_ptr<Job> start_traceroute(const Invocation& invocation) {
    try {
        return std::make_unique<TracerouteJob>(invocation, parse_traceroute(invocation));
    } catch (const UnknownName& error) {
        const auto place =
            std::find(invocation.words.begin(), invocation.words.end(), error.name());
        return view(
            fmt::format("{}\nCannot handle \"host\" cmdline arg `{}' on position 1 (argc {})\n",
                        error.what(), error.name(), place - invocation.words.begin() + 1),
            2);
    }
}

}  // namespace netsim::shell
