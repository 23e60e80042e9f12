// Lengths are checked before they are used: the file may be anything. Damage ends the reading, and
// what was whole before it stays usable.
#include "observe/capture_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <utility>

#include "netsim/result.hpp"

namespace netsim::observe {
namespace {

constexpr std::uint32_t kMagicMicros = 0xa1b2c3d4;
constexpr std::uint32_t kMagicNanos = 0xa1b23c4d;
constexpr std::uint32_t kMagicSection = 0x0a0d0d0a;  // the same in both orders
constexpr std::uint32_t kMagicOrder = 0x1a2b3c4d;
constexpr std::uint32_t kInterfaceBlock = 1;
constexpr std::uint32_t kOldPacketBlock = 2;
constexpr std::uint32_t kSimplePacketBlock = 3;
constexpr std::uint32_t kEnhancedPacketBlock = 6;
constexpr std::uint16_t kOptionComment = 1;
constexpr std::uint16_t kOptionName = 2;
constexpr std::uint16_t kOptionFlags = 2;
constexpr std::uint16_t kOptionApplication = 4;
constexpr std::uint16_t kOptionResolution = 9;
constexpr std::uint16_t kOptionOffset = 14;
constexpr std::uint64_t kSecondsMax = 9'000'000'000;  // past that the clock of Time ends
constexpr std::size_t kInterfacesMax = 65536;
constexpr std::size_t kCommentMax = 1024;

std::uint32_t swap32(std::uint32_t v) {
    return (v >> 24U) | ((v >> 8U) & 0xff00U) | ((v << 8U) & 0xff0000U) | (v << 24U);
}

std::size_t padded_to_4(std::size_t length) {
    return (length + 3) / 4 * 4;
}

/// Units in a second of if_tsresol; 0: more than 64 bits hold.
std::uint64_t units_of(std::uint8_t resolution) {
    const unsigned power = resolution & 0x7fU;
    if ((resolution & 0x80U) != 0) {
        return power > 63 ? 0 : std::uint64_t{1} << power;
    }
    std::uint64_t units = 1;
    for (unsigned i = 0; i < power; ++i) {
        if (power > 19) {
            return 0;
        }
        units *= 10;
    }
    return units;
}

/// A fraction of a second in nanoseconds, without leaving 64 bits.
std::uint64_t nanoseconds_of(std::uint64_t rest, std::uint64_t units) {
    constexpr std::uint64_t kNs = 1'000'000'000;
    while (rest > ~std::uint64_t{0} / kNs) {  // more than 34 bits: the last are below 1 ns
        rest /= 2;
        units /= 2;
    }
    return units == 0 ? 0 : std::min(rest * kNs / units, kNs - 1);
}

/// Calls f(code, value) for each option of a pcapng block.
template <typename Get16, typename F>
void each_option(std::span<const std::uint8_t> options, Get16 get16, F f) {
    std::size_t at = 0;
    while (at + 4 <= options.size()) {
        const std::uint16_t code = get16(options, at);
        const std::size_t length = get16(options, at + 2);
        if (code == 0 || at + 4 + length > options.size()) {
            return;
        }
        f(code, options.subspan(at + 4, length));
        at += 4 + padded_to_4(length);
    }
}

std::string text_of(std::span<const std::uint8_t> value) {
    return {value.begin(),
            value.begin() + static_cast<std::ptrdiff_t>(std::min(value.size(), kCommentMax))};
}

}  // namespace

CaptureReader::CaptureReader(std::istream& in, std::string name) : in_(in), name_(std::move(name)) {
    if (!read(4, "its first octets")) {
        throw InputError(name_ + ": not a capture: " + (at_ == 0 ? "empty" : "too short"));
    }
    const std::uint32_t magic = get32(block_, 0);
    if (magic == kMagicSection) {
        pcapng_ = true;
        if (!begin_section()) {
            throw InputError(trouble_);
        }
        return;
    }
    begin_pcap(magic);
}

bool CaptureReader::fail(const std::string& what) {
    trouble_ = fmt::format("{}: {} (octet {})", name_, what, at_);
    return false;
}

bool CaptureReader::read(std::size_t length, const char* what) {
    block_.resize(length);
    in_.read(reinterpret_cast<char*>(block_.data()),  // NOLINT: octets
             static_cast<std::streamsize>(length));
    const auto got = static_cast<std::size_t>(in_.gcount());
    at_ += got;
    if (got == length) {
        return true;
    }
    block_.resize(got);
    if (got > 0 || *what != '\0') {
        fail(fmt::format("truncated in {}", *what == '\0' ? "a header" : what));
    }
    return false;
}

std::uint16_t CaptureReader::get16(Octets from, std::size_t at) const {
    const unsigned a = from[at];
    const unsigned b = from[at + 1];
    return static_cast<std::uint16_t>(swapped_ ? (a << 8U) | b : (b << 8U) | a);
}

std::uint32_t CaptureReader::get32(Octets from, std::size_t at) const {
    const std::uint32_t first = get16(from, at);
    const std::uint32_t second = get16(from, at + 2);
    return swapped_ ? (first << 16U) | second : (second << 16U) | first;
}

std::uint64_t CaptureReader::get64(Octets from, std::size_t at) const {
    const std::uint64_t first = get32(from, at);
    const std::uint64_t second = get32(from, at + 4);
    return swapped_ ? (first << 32U) | second : (second << 32U) | first;
}

bool CaptureReader::next(CapturedFrame& frame) {
    if (!trouble_.empty()) {
        return false;
    }
    frame.comment.clear();
    frame.direction = CaptureDirection::kUnknown;
    return pcapng_ ? next_pcapng(frame) : next_pcap(frame);
}

void CaptureReader::begin_pcap(std::uint32_t magic) {
    constexpr std::uint32_t kLinkTypeBits = 0x0fffffff;  // above them: FCS
    const std::uint32_t turned = swap32(magic);
    swapped_ = turned == kMagicMicros || turned == kMagicNanos;
    if (!swapped_ && magic != kMagicMicros && magic != kMagicNanos) {
        throw InputError(name_ + ": not a capture (pcap and pcapng are read)");
    }
    const bool nanos = magic == kMagicNanos || turned == kMagicNanos;
    if (!read(20, "its header")) {
        throw InputError(trouble_);
    }
    if (get16(block_, 0) != 2) {
        throw InputError(fmt::format("{}: pcap version {}.{}; known: 2.4", name_, get16(block_, 0),
                                     get16(block_, 2)));
    }
    CaptureInterface interface;
    interface.snap_length = get32(block_, 12);
    interface.link_type = get32(block_, 16) & kLinkTypeBits;
    interface.units_per_second = nanos ? 1'000'000'000 : 1'000'000;
    interfaces_.push_back(interface);
}

bool CaptureReader::next_pcap(CapturedFrame& frame) {
    if (!read(16, "")) {
        return false;
    }
    const std::uint64_t seconds = get32(block_, 0);
    const std::uint64_t fraction = get32(block_, 4);
    const std::uint32_t captured = get32(block_, 8);
    frame.length = get32(block_, 12);
    if (captured > kCaptureBlockMax) {
        return fail(fmt::format("damaged: a packet of {} octets", captured));
    }
    frame.interface = 0;
    const std::uint64_t units = interfaces_[0].units_per_second;
    if (!set_time(seconds * units + fraction, frame) || !read(captured, "a packet")) {
        return false;
    }
    frame.bytes.swap(block_);
    return true;
}

bool CaptureReader::set_time(std::uint64_t units, CapturedFrame& frame) {
    const CaptureInterface& interface = interfaces_[frame.interface];
    const std::uint64_t whole = units / interface.units_per_second;
    const std::uint64_t rest = units % interface.units_per_second;
    if (whole > kSecondsMax || interface.offset_seconds > kSecondsMax) {
        return fail("damaged: a time past the year 2255");
    }
    const std::uint64_t seconds = std::min(whole + interface.offset_seconds, kSecondsMax);
    frame.at = at_ns(static_cast<std::int64_t>(seconds * 1'000'000'000 +
                                               nanoseconds_of(rest, interface.units_per_second)));
    last_ = frame.at;
    return true;
}

/// After the block type 0x0a0d0d0a: byte order, version, options.
bool CaptureReader::begin_section() {
    if (!read(8, "a section header")) {
        return false;
    }
    swapped_ = false;
    if (get32(block_, 4) != kMagicOrder) {
        swapped_ = true;
        if (get32(block_, 4) != kMagicOrder) {
            return fail("not a capture: a pcapng section without byte order");
        }
    }
    const std::uint32_t length = get32(block_, 0);
    if (length < 28 || length > kCaptureBlockMax || length % 4 != 0) {
        return fail(fmt::format("damaged: a section header of {} octets", length));
    }
    if (!read(length - 12, "a section header")) {
        return false;
    }
    const Octets body(block_.data(), block_.size() - 4);
    if (get16(body, 0) != 1) {
        return fail(
            fmt::format("pcapng version {}.{}; known: 1.0", get16(body, 0), get16(body, 2)));
    }
    section_ = interfaces_.size();
    const auto get = [this](Octets from, std::size_t at) { return get16(from, at); };
    each_option(body.subspan(12), get, [this](std::uint16_t code, Octets value) {
        if (code == kOptionApplication) {
            application_ = text_of(value);
        }
    });
    return true;
}

bool CaptureReader::next_pcapng(CapturedFrame& frame) {
    while (read(4, "")) {
        const std::uint32_t type = get32(block_, 0);
        if (type == kMagicSection) {
            if (!begin_section()) {
                return false;
            }
            continue;
        }
        if (!read(4, "a block")) {
            return false;
        }
        const std::uint32_t length = get32(block_, 0);
        if (length < 12 || length > kCaptureBlockMax || length % 4 != 0) {
            return fail(fmt::format("damaged: a block of {} octets", length));
        }
        if (!read(length - 8, "a block")) {
            return false;
        }
        if (get32(block_, length - 12) != length) {
            return fail("damaged: a block's two lengths differ");
        }
        const Octets body(block_.data(), length - 12);
        if (type == kInterfaceBlock) {
            if (!interface_block(body)) {
                return false;
            }
        } else if (type == kEnhancedPacketBlock || type == kOldPacketBlock ||
                   type == kSimplePacketBlock) {
            return packet_block(type, body, frame);
        }
    }
    return false;
}

bool CaptureReader::interface_block(Octets body) {
    if (body.size() < 8 || interfaces_.size() >= kInterfacesMax) {
        return fail("damaged: an interface without link type, or too many");
    }
    CaptureInterface interface;
    interface.link_type = get16(body, 0);
    interface.snap_length = get32(body, 4);
    const auto get = [this](Octets from, std::size_t at) { return get16(from, at); };
    each_option(body.subspan(8), get, [&](std::uint16_t code, Octets value) {
        if (code == kOptionName) {
            interface.name = text_of(value);
        } else if (code == kOptionResolution && value.size() == 1) {
            interface.units_per_second = units_of(value[0]);
        } else if (code == kOptionOffset && value.size() == 8) {
            interface.offset_seconds = get64(value, 0);
        }
    });
    if (interface.units_per_second == 0) {
        return fail("damaged: an interface with an impossible resolution of time");
    }
    interfaces_.push_back(std::move(interface));
    return true;
}

bool CaptureReader::packet_block(std::uint32_t type, Octets body, CapturedFrame& frame) {
    const bool simple = type == kSimplePacketBlock;
    const std::size_t header = simple ? 4 : 20;
    if (body.size() < header) {
        return fail("damaged: a packet block without a header");
    }
    const std::uint32_t interface = simple                    ? 0
                                    : type == kOldPacketBlock ? get16(body, 0)
                                                              : get32(body, 0);
    if (interface >= interfaces_.size() - section_) {
        return fail(
            fmt::format("damaged: a packet of interface {}, which was not described", interface));
    }
    frame.interface = static_cast<std::uint32_t>(section_ + interface);
    const std::uint32_t snap = interfaces_[frame.interface].snap_length;
    frame.length = get32(body, simple ? 0 : 16);
    const std::uint32_t captured =
        simple ? (snap == 0 ? frame.length : std::min(snap, frame.length)) : get32(body, 12);
    if (captured > body.size() - header) {
        return fail("damaged: a packet longer than its block");
    }
    if (simple) {
        frame.at = last_;  // such a block has no time
    } else {
        const std::uint64_t units = (std::uint64_t{get32(body, 4)} << 32U) | get32(body, 8);
        if (!set_time(units, frame)) {
            return false;
        }
        const std::size_t end = header + padded_to_4(captured);
        packet_options(body.subspan(std::min(end, body.size())), frame);
    }
    frame.bytes.assign(body.begin() + static_cast<std::ptrdiff_t>(header),
                       body.begin() + static_cast<std::ptrdiff_t>(header + captured));
    return true;
}

void CaptureReader::packet_options(Octets options, CapturedFrame& frame) {
    const auto get = [this](Octets from, std::size_t at) { return get16(from, at); };
    each_option(options, get, [&](std::uint16_t code, Octets value) {
        if (code == kOptionComment && frame.comment.empty()) {
            frame.comment = text_of(value);
        } else if (code == kOptionFlags && value.size() == 4) {
            const std::uint32_t direction = get32(value, 0) & 3U;
            frame.direction = direction == 1   ? CaptureDirection::kInbound
                              : direction == 2 ? CaptureDirection::kOutbound
                                               : CaptureDirection::kUnknown;
        }
    });
}

}  // namespace netsim::observe
