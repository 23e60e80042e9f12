// Evaluating a filter: conditions on a stack of bits, relations on a small stack of numbers. Octets
// are looked at only by filters that ask for them: the packet is encoded then.
#include <algorithm>
#include <array>

#include "observe/filter_arithmetic.hpp"
#include "observe/packet_filter.hpp"
#include "wire/codec.hpp"

namespace netsim::observe {
namespace {

using MatchStep = PacketFilter::Step;
using MatchTest = PacketFilter::Test;
using MatchSide = PacketFilter::Side;

/// Applies the tests of source and destination as the side asks.
bool on_side(MatchSide side, bool source, bool destination) {
    switch (side) {
        case MatchSide::kSource:
            return source;
        case MatchSide::kDestination:
            return destination;
        case MatchSide::kBoth:
            return source && destination;
        case MatchSide::kEither:
            break;
    }
    return source || destination;
}

bool has_address(const MatchStep& step, Ipv4 address) {
    return std::find(step.addresses.begin(), step.addresses.end(), address) != step.addresses.end();
}

bool port_matches(const MatchStep& step, const wire::Packet& packet) {
    const auto in_range = [&](std::uint16_t port) {
        return step.number <= port && port <= step.number_max;
    };
    if (step.protocol != 0 && step.protocol != static_cast<std::uint8_t>(packet.protocol)) {
        return false;
    }
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            return on_side(step.side, in_range(packet.tcp.source_port),
                           in_range(packet.tcp.destination_port));
        case wire::Protocol::kUdp:
            return on_side(step.side, in_range(packet.udp.source_port),
                           in_range(packet.udp.destination_port));
        case wire::Protocol::kIcmp:
            break;
    }
    return false;
}

bool has_data(const wire::Packet& packet) {
    return (packet.protocol == wire::Protocol::kTcp && packet.tcp.payload.length > 0) ||
           (packet.protocol == wire::Protocol::kUdp && packet.udp.payload.length > 0);
}

bool condition_holds(const MatchStep& step, const sim::PacketRecord& record) {
    const wire::Packet& packet = *record.packet;
    switch (step.test) {
        case MatchTest::kHost:
            return on_side(step.side, has_address(step, packet.source),
                           has_address(step, packet.destination));
        case MatchTest::kNet:
            return on_side(step.side, step.prefix.contains(packet.source),
                           step.prefix.contains(packet.destination));
        case MatchTest::kPort:
            return port_matches(step, packet);
        case MatchTest::kProtocol:
            return static_cast<std::uint8_t>(packet.protocol) == step.protocol;
        case MatchTest::kFlag:
            return packet.protocol == wire::Protocol::kTcp && packet.tcp.any(step.number);
        case MatchTest::kData:
            return has_data(packet);
        case MatchTest::kDrop:
            return record.event == sim::PacketEvent::kDropped;
        case MatchTest::kNode:
            return record.node_name == step.name;
        case MatchTest::kIp:
            return true;
        default:
            return false;
    }
}

std::uint32_t apply(char symbol, std::uint32_t a, std::uint32_t b, bool& fails) {
    switch (symbol) {
        case '+':
            return a + b;
        case '-':
            return a - b;
        case '*':
            return a * b;
        case '/':
        case '%':
            fails = fails || b == 0;
            return b == 0 ? 0 : symbol == '/' ? a / b : a % b;
        case '&':
            return a & b;
        case '|':
            return a | b;
        case '^':
            return a ^ b;
        case '{':
            return b > 31 ? 0 : a << b;
        default:
            return b > 31 ? 0 : a >> b;
    }
}

bool compare(char symbol, std::uint32_t a, std::uint32_t b) {
    switch (symbol) {
        case '=':
            return a == b;
        case '!':
            return a != b;
        case '<':
            return a < b;
        case '>':
            return a > b;
        case 'l':
            return a <= b;
        default:
            return a >= b;
    }
}

/// The numbers of one relation. A look past the packet's end, or into another protocol, makes it
/// false whatever it compares, as in BPF.
class Numbers {
 public:
    Numbers(const wire::Packet& packet, const wire::ByteStore* store)
        : packet_(packet), store_(store) {}

    void push(std::uint32_t value) { stack_.at(size_++) = value; }

    void step(const MatchStep& step) {
        switch (step.test) {
            case MatchTest::kNumber:
                return push(step.value);
            case MatchTest::kLength:
                return push(packet_.length());
            case MatchTest::kOctets:
                return push(octets(step, pop()));
            default:
                break;
        }
        const std::uint32_t b = pop();
        const std::uint32_t a = pop();
        push(apply(step.symbol, a, b, fails_));
    }

    bool compared(char symbol) {
        const std::uint32_t b = pop();
        const std::uint32_t a = pop();
        const bool holds = !fails_ && compare(symbol, a, b);
        fails_ = false;
        return holds;
    }

 private:
    std::uint32_t pop() { return stack_.at(--size_); }

    std::uint32_t octets(const MatchStep& step, std::uint32_t index) {
        if (bytes_.empty()) {
            wire::encode_to(packet_, store_, bytes_);
        }
        const bool ip = step.protocol == 0;
        const std::uint64_t begin = std::uint64_t{index} + (ip ? 0 : wire::kIpHeaderLength);
        if ((!ip && step.protocol != static_cast<std::uint8_t>(packet_.protocol)) ||
            begin + step.number > bytes_.size()) {
            fails_ = true;
            return 0;
        }
        std::uint32_t value = 0;
        for (std::uint64_t i = begin; i < begin + step.number; ++i) {
            value = (value << 8U) | bytes_[i];
        }
        return value;
    }

    const wire::Packet& packet_;
    const wire::ByteStore* store_;
    std::array<std::uint32_t, 2 * kFilterNumbersMax> stack_{};
    std::size_t size_ = 0;
    bool fails_ = false;
    std::vector<std::uint8_t> bytes_;
};

}  // namespace

bool PacketFilter::matches(const sim::PacketRecord& record) const {
    if (steps_.empty()) {
        return true;
    }
    Numbers numbers(*record.packet, store_);
    std::uint64_t stack = 0;  // bit 0 is the top
    for (const Step& step : steps_) {
        switch (step.test) {
            case Test::kNot:
                stack ^= 1U;
                break;
            case Test::kAnd:
            case Test::kOr: {
                const std::uint64_t top = stack & 1U;
                stack >>= 1U;
                stack = step.test == Test::kAnd ? stack & (~std::uint64_t{1} | top) : stack | top;
                break;
            }
            case Test::kNumber:
            case Test::kLength:
            case Test::kOctets:
            case Test::kOperator:
                numbers.step(step);
                break;
            case Test::kCompare:
                stack = (stack << 1U) | (numbers.compared(step.symbol) ? 1U : 0U);
                break;
            default:
                stack = (stack << 1U) | (condition_holds(step, record) ? 1U : 0U);
        }
    }
    return (stack & 1U) != 0;
}

}  // namespace netsim::observe
