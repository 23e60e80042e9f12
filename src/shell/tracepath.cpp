// tracepath(8) of iputils 20221126: one UDP probe at a time, as large as the way takes.
#include <fmt/format.h>

#include <algorithm>

#include "shell/flags.hpp"
#include "shell/probe_job.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kTracepathSynopsis =
    "tracepath [-nb] [-m HOPS] [-l LENGTH] [-p PORT] HOST";
constexpr Duration kTracepathWait = std::chrono::seconds(1);
constexpr unsigned kTracepathTries = 3;

struct TracepathQuery {
    Ipv4 address;
    std::uint32_t length = 65535;
    std::uint16_t port = 44444;
    std::uint32_t hops = 30;
    bool numeric = false;
    bool both = false;
};

TracepathQuery parse_tracepath(const Invocation& invocation) {
    const Flags flags({"tracepath", kTracepathSynopsis, "nbm:l:p:"}, invocation.words);
    TracepathQuery query;
    query.address = resolved(invocation.directory, flags.operand());
    query.length = static_cast<std::uint32_t>(flags.number("l", 65535, 28, 65535));
    query.port = static_cast<std::uint16_t>(flags.number("p", 44444, 1, 65000));
    query.hops = static_cast<std::uint32_t>(flags.number("m", 30, 1, 255));
    query.numeric = flags.has("n");
    query.both = flags.has("b");
    return query;
}

/// How many hops an answer has come, from the TTL it left: 64, 128 or 255.
int hops_back(std::uint8_t ttl) {
    return ttl <= 64 ? 65 - ttl : ttl <= 128 ? 129 - ttl : 256 - ttl;
}

class TracepathJob final : public ProbeJob {
 public:
    TracepathJob(const Invocation& invocation, const TracepathQuery& query)
        : ProbeJob(invocation, {"tracepath", ProbeKind::kUdp, query.address, query.port, true}),
          query_(query),
          mtu_(query.length) {
        next_probe();
    }

 private:
    void on_wake() override {
        if (over_) {
            end(0);
        } else if (answered_) {
            next_probe();
        } else if (now() >= sent_at_ + kTracepathWait) {
            if (++tries_ >= kTracepathTries) {
                put(fmt::format("{:2}:  no reply\n", ttl_));
                ++ttl_;
                tries_ = 0;
            }
            next_probe();
        }
    }

    void on_interrupt() override {
        put("\n");
        end(130);
    }

    void next_probe() {
        if (ttl_ > query_.hops) {
            put(fmt::format("     Too many hops: pmtu {}\n", mtu_));
            resume(-1, -1);
            return;
        }
        answered_ = false;
        sent_at_ = now();
        Errno error = send_probe();
        if (error == Errno::kEMSGSIZE) {
            mtu_ = mtu();
            put(fmt::format("{:2}?: {:<32} pmtu {}\n", ttl_, "[LOCALHOST]", mtu_));
            error = send_probe();
        }
        if (error != Errno::kOk) {
            put(fmt::format("{:2}:  send failed\n", ttl_));
            resume(-1, -1);
            return;
        }
        wake_at(now() + kTracepathWait);
    }

    Errno send_probe() {
        return send({.number = ++number_,
                     .ttl = static_cast<std::uint8_t>(ttl_),
                     .length = mtu_,
                     .dont_fragment = true});
    }

    void on_answer(const ProbeAnswer& answer) override {
        if (answer.number != (number_ & 0xffffU) || answered_ || over_) {
            return;
        }
        answered_ = true;
        const wire::Packet& packet = *answer.packet;
        put(fmt::format("{:2}:  {:<52}{:>3}.{:03}ms ", ttl_, name(packet.source), took_us() / 1000,
                        took_us() % 1000));
        tell(packet, answer.reached);
        tries_ = 0;
        wake_at(now());
    }

    std::string name(Ipv4 from) const {
        return query_.both ? full_name_of(from, query_.numeric) : name_of(from, query_.numeric);
    }

    std::int64_t took_us() const {
        return std::chrono::duration_cast<std::chrono::microseconds>(now() - sent_at_).count();
    }

    void tell(const wire::Packet& packet, bool reached) {
        const int back = hops_back(packet.ttl);
        const wire::IcmpHeader& icmp = packet.icmp;
        if (reached) {
            put("reached\n");
            resume(static_cast<int>(ttl_), back);
        } else if (icmp.type == wire::icmp::kTimeExceeded) {
            put(back != static_cast<int>(ttl_) ? fmt::format("asymm {:2} \n", back) : "\n");
            ++ttl_;
        } else if (icmp.code == wire::icmp::kFragmentationNeeded) {
            mtu_ = std::max<std::uint32_t>(icmp.mtu, 68);
            put(fmt::format("pmtu {}\n", mtu_));
        } else {
            put(icmp.code == wire::icmp::kNetUnreachable        ? "!N\n"
                : icmp.code == wire::icmp::kProtocolUnreachable ? "!P\n"
                : icmp.code == wire::icmp::kPortUnreachable     ? "reached\n"
                                                                : "!H\n");
            resume(-1, -1);
        }
    }

    void resume(int there, int back) {
        std::string text = fmt::format("     Resume: pmtu {} ", mtu_);
        if (there >= 0) {
            text += fmt::format("hops {} back {} ", there, back);
        }
        put(text + "\n");
        over_ = true;
        wake_at(now());
    }

    TracepathQuery query_;
    std::uint32_t mtu_;
    std::uint32_t ttl_ = 1;
    std::uint32_t number_ = 0;
    unsigned tries_ = 0;  // of this hop, unanswered
    Time sent_at_{};
    bool answered_ = false;
    bool over_ = false;
};

}  // namespace

std::unique_ptr<Job> start_tracepath(const Invocation& invocation) {
    try {
        return std::make_unique<TracepathJob>(invocation, parse_tracepath(invocation));
    } catch (const UnknownName& error) {
        return view(fmt::format("tracepath: {}\n", error.what()), 1);
    }
}

}  // namespace netsim::shell
