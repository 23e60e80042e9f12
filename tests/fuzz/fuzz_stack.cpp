// Arbitrary segments, calls and time steps to a Stack, every invariant checked after each. A
// segment may answer one the stack sent, field by field or almost, so that every state is within
// reach.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

constexpr Ipv4 kHere = ipv4(10, 0, 0, 1);
constexpr Ipv4 kThere = ipv4(10, 0, 0, 2);
constexpr std::size_t kStepsMax = 300;
constexpr std::size_t kSocketsMax = 32;
constexpr std::size_t kRemembered = 8;

/// The fuzzer's bytes as choices; zeros when they run out.
class Choices {
 public:
    Choices(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

    bool over() const { return at_ == end_; }

    std::uint8_t byte() { return over() ? std::uint8_t{0} : *at_++; }

    std::uint16_t half() {
        const std::uint16_t high = byte();
        return static_cast<std::uint16_t>(high << 8U | byte());
    }

    std::uint32_t word() {
        const std::uint32_t high = half();
        return high << 16U | half();
    }

    std::size_t below(std::size_t n) { return byte() % n; }

 private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

struct Road final : Paths {
    PathInfo path(Ipv4 destination) const override {
        return {destination == ipv4(192, 0, 2, 1) ? Errno::kENETUNREACH : Errno::kOk,
                is_local(destination) ? destination : kHere, 1500};
    }

    bool is_local(Ipv4 address) const override { return address == kHere || address.is_loopback(); }
};

class Bench {
 public:
    explicit Bench(Choices& choices)
        : choices_(choices), stack_(road_, settings(choices), Rng(1, "fuzz")) {
        now_ = at_ns(std::int64_t{choices_.word()} * 64);  // moves the ISN about its circle
    }

    void run() {
        prepare(choices_.byte());
        for (std::size_t step = 0; step < kStepsMax && !choices_.over(); ++step) {
            switch (choices_.below(8)) {
                case 0:
                case 1:
                    call();
                    break;
                case 2:
                case 3:
                case 4:
                    answer();
                    break;
                case 5:
                    anything();
                    break;
                case 6:
                    icmp();
                    break;
                default:
                    pass_time();
                    break;
            }
            drain();
        }
        now_ += 3h;  // every timer has its turn
        stack_.timers_expire(now_, out_);
        drain();
    }

 private:
    /// A listener and an active open to begin with, unless the fuzzer wants none.
    void prepare(std::uint8_t bits) {
        if ((bits & 1U) == 0) {
            const SocketId s = *stack_.socket();
            sockets_.push_back(s);
            CHECK(stack_.bind(s, {Ipv4{}, 80}));
            CHECK(stack_.listen(s, static_cast<int>(bits >> 4U), now_, out_));
        }
        if ((bits & 2U) == 0) {
            sockets_.push_back(*stack_.socket());
            static_cast<void>(stack_.connect(sockets_.back(), {kThere, 81}, now_, out_));
        }
        drain();
    }

    static Sysctl settings(Choices& choices) {
        Sysctl s;
        const std::uint8_t bits = choices.byte();
        s.tcp_syncookies = bits & 3U;
        s.tcp_timestamps = (bits & 4U) != 0 ? 1 : 0;
        s.tcp_sack = (bits & 8U) != 0 ? 1 : 0;
        s.tcp_window_scaling = (bits & 16U) != 0 ? 1 : 0;
        s.tcp_abort_on_overflow = (bits & 32U) != 0 ? 1 : 0;
        s.tcp_max_tw_buckets = (bits & 64U) != 0 ? 2 : 65536;
        if ((bits & 128U) != 0) {
            s.tcp_rmem = {2304, 2304, 6000};
            s.tcp_wmem = {4608, 4608, 10000};
        }
        return s;
    }

    SocketId any_socket() {
        return sockets_.empty() ? SocketId{} : sockets_[choices_.below(sockets_.size())];
    }

    Endpoint any_end(Ipv4 address) {
        return {choices_.below(8) == 7 ? Ipv4{} : address,
                static_cast<std::uint16_t>(choices_.below(4) + 80)};
    }

    void call() {
        const SocketId s = any_socket();
        switch (choices_.below(13)) {
            case 0:
                if (sockets_.size() < kSocketsMax) {
                    sockets_.push_back(*stack_.socket());
                }
                break;
            case 1:
                static_cast<void>(stack_.bind(s, any_end(kHere)));
                break;
            case 2:
                static_cast<void>(
                    stack_.listen(s, static_cast<int>(choices_.below(6)) - 1, now_, out_));
                break;
            case 3:
                static_cast<void>(stack_.connect(
                    s, any_end(choices_.below(4) == 0 ? kHere : kThere), now_, out_));
                break;
            case 4:
                if (sockets_.size() < kSocketsMax) {
                    if (const auto accepted = stack_.accept(s)) {
                        sockets_.push_back(*accepted);
                    }
                }
                break;
            case 5:
            case 6:
                send(s);
                break;
            case 7:
                ranges_.clear();
                static_cast<void>(stack_.receive(s, choices_.half(), now_, out_, ranges_));
                break;
            case 8:
                static_cast<void>(
                    stack_.shutdown(s, static_cast<Shutdown>(choices_.below(3)), now_, out_));
                break;
            case 9:
                static_cast<void>(stack_.close(s, now_, out_));
                std::erase(sockets_, s);
                break;
            case 10:
            case 11: {
                const auto option = static_cast<SocketOption>(
                    choices_.below(static_cast<std::size_t>(SocketOption::kCount)));
                const std::int64_t value = choices_.below(4) == 0
                                               ? static_cast<std::int32_t>(choices_.word())
                                               : static_cast<std::int64_t>(choices_.byte());
                static_cast<void>(stack_.set_option(s, option, value, now_, out_));
                static_cast<void>(stack_.get_option(s, option));
                break;
            }
            default:
                static_cast<void>(stack_.poll(s));
                static_cast<void>(stack_.info(s, now_));
                static_cast<void>(stack_.local_endpoint(s));
                static_cast<void>(stack_.remote_endpoint(s));
                break;
        }
    }

    void send(SocketId s) {
        const auto room = stack_.send_room(s);
        if (!room || *room == 0) {
            return;
        }
        auto cursor = stack_.send_cursor(s);
        if (cursor.stream == 0) {
            cursor = {stack_.new_synthetic_stream(), 0, 0};
            stack_.set_send_stream(s, cursor.stream);
        }
        const auto count = std::min<std::uint64_t>(choices_.half() + std::uint64_t{1}, *room);
        static_cast<void>(stack_.send(
            s, {cursor.offset, cursor.stream, static_cast<std::uint32_t>(count)}, now_, out_));
    }

    /// A number, or one a little beside it.
    wire::SeqNum about(wire::SeqNum n) {
        const std::uint8_t how = choices_.byte();
        if (how < 160) {
            return n;
        }
        if (how < 240) {
            return n + static_cast<std::uint32_t>(static_cast<std::int32_t>(how) - 200);
        }
        return how < 250 ? n + choices_.half() : wire::SeqNum(choices_.word());
    }

    void arrives(const wire::Packet& p) {
        stack_.segment_arrives(p, now_, out_);
        peer_said_[next_said_++ % kRemembered] = p;
    }

    /// What the peer of a segment sent lately might say next.
    void answer() {
        if (sent_count_ == 0) {
            return anything();
        }
        const wire::Packet& base =
            sent_[choices_.below(std::min<std::size_t>(sent_count_, kRemembered))];
        wire::Packet p{};
        p.source = base.destination;
        p.destination = base.source;
        p.tcp.source_port = base.tcp.destination_port;
        p.tcp.destination_port = base.tcp.source_port;
        p.tcp.seq = about(base.tcp.ack);
        p.tcp.ack = about(base.tcp.end_seq());
        static constexpr std::array<std::uint16_t, 8> kUsual{0x10, 0x12, 0x18, 0x11,
                                                             0x04, 0x14, 0x02, 0x10};
        p.tcp.flags = kUsual[choices_.below(kUsual.size())];
        if (choices_.below(8) == 7) {
            p.tcp.flags = choices_.half() & 0x1ffU;
        }
        fill(p, base.tcp);
        arrives(p);
    }

    void anything() {
        if (next_said_ > 0 && choices_.below(3) == 0) {  // again what was said before
            const wire::Packet p =
                peer_said_[choices_.below(std::min<std::size_t>(next_said_, kRemembered))];
            return arrives(p);
        }
        wire::Packet p{};
        p.source = choices_.below(8) == 0 ? Ipv4{choices_.word()} : kThere;
        p.destination = choices_.below(16) == 0 ? Ipv4{choices_.word()} : kHere;
        p.tcp.source_port = static_cast<std::uint16_t>(choices_.below(4) + 80);
        p.tcp.destination_port = static_cast<std::uint16_t>(choices_.below(4) + 80);
        p.tcp.seq = wire::SeqNum(choices_.word());
        p.tcp.ack = wire::SeqNum(choices_.half());
        p.tcp.flags = choices_.below(2) == 0 ? wire::flag::kSyn
                                             : static_cast<std::uint16_t>(choices_.half() & 0x1ffU);
        fill(p, p.tcp);
        arrives(p);
    }

    /// Window, options, payload.
    void fill(wire::Packet& p, const wire::TcpHeader& base) {
        wire::TcpHeader& h = p.tcp;
        h.window = choices_.below(4) == 0 ? choices_.half() : std::uint16_t{65535};
        p.ecn = static_cast<wire::Ecn>(choices_.below(4));
        const std::uint8_t wanted = choices_.byte();
        h.options = h.syn() ? wanted & 0x6fU : wanted & 0x18U;
        if (h.syn() && (wanted & 0x80U) != 0) {
            h.options = 0x0f;
        }
        h.mss = choices_.below(4) == 0 ? choices_.half() : std::uint16_t{1460};
        h.window_scale = static_cast<std::uint8_t>(choices_.below(16));
        h.tsval = clock_ + choices_.byte();
        h.tsecr = base.tsval;
        if (h.has_option(wire::option::kSack)) {
            h.sack_count = static_cast<std::uint8_t>(1 + choices_.below(4));
            for (std::uint8_t i = 0; i < h.sack_count; ++i) {
                h.sack[i].begin = h.ack + choices_.half();
                h.sack[i].end = about(h.sack[i].begin + choices_.half());
            }
        } else if (h.any(wire::flag::kSyn) &&
                   (h.options & (wire::option::kFastOpen | wire::option::kFastOpenExp)) != 0) {
            h.cookie = {};
            h.cookie.length = static_cast<std::uint8_t>(choices_.below(17));
            for (std::uint8_t i = 0; i < h.cookie.length; ++i) {
                h.cookie.bytes[i] = choices_.byte();
            }
        }
        static constexpr std::array<std::uint32_t, 8> kLengths{0, 0, 0, 1, 100, 1460, 9000, 65000};
        h.payload.length = kLengths[choices_.below(kLengths.size())];
    }

    void icmp() {
        if (sent_count_ == 0) {
            return;
        }
        const wire::Packet& base =
            sent_[choices_.below(std::min<std::size_t>(sent_count_, kRemembered))];
        wire::IcmpHeader icmp{};
        static constexpr std::array<std::uint8_t, 4> kTypes{3, 11, 12, 4};
        icmp.type = kTypes[choices_.below(kTypes.size())];
        icmp.code = static_cast<std::uint8_t>(choices_.below(14));
        icmp.mtu = choices_.half();
        icmp.quoted.source = base.source;
        icmp.quoted.destination = base.destination;
        icmp.quoted.source_port = base.tcp.source_port;
        icmp.quoted.destination_port = base.tcp.destination_port;
        icmp.quoted.seq = about(base.tcp.seq).raw();
        stack_.icmp_error_arrives(icmp, now_, out_);
    }

    void pass_time() {
        const Time due = stack_.next_deadline();
        switch (choices_.below(4)) {
            case 0:
                now_ += std::chrono::microseconds(choices_.half());
                break;
            case 1:
                now_ += std::chrono::milliseconds(choices_.half());
                break;
            default:
                now_ = due == kNever ? now_ + 1s : std::max(now_, due);
                break;
        }
        clock_ += choices_.byte();
        stack_.timers_expire(now_, out_);
    }

    void drain() {
        for (const wire::Packet& p : out_.packets) {
            CHECK(p.tcp.payload.length <= 65495);
            CHECK(p.tcp.options_length() <= 40);
            sent_[sent_count_++ % kRemembered] = p;
        }
        // One input is answered by a bounded burst.
        CHECK(out_.packets.size() <= 100'000);
        out_.packets.clear();
        out_.events.clear();
        out_.states.clear();
        out_.drop.reset();
        stack_.check_invariants();
        std::size_t records = 0;
        stack_.for_each_socket(now_, [&](const SocketInfo&) { ++records; });
        CHECK(records <= 4 * kStepsMax);
    }

    Choices& choices_;
    Road road_;
    Stack stack_;
    Time now_{};
    Outbox out_;
    std::vector<SocketId> sockets_;
    std::vector<wire::PayloadRef> ranges_;
    std::array<wire::Packet, kRemembered> sent_{};
    std::size_t sent_count_ = 0;
    std::array<wire::Packet, kRemembered> peer_said_{};
    std::size_t next_said_ = 0;
    std::uint32_t clock_ = 1;  // the peer's timestamps
};

}  // namespace
}  // namespace netsim::tcp

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    netsim::tcp::Choices choices(data, size);
    netsim::tcp::Bench(choices).run();
    return 0;
}
