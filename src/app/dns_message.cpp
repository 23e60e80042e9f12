// DNS messages.
#include "app/dns_message.hpp"

#include <algorithm>

namespace netsim::app {
namespace {

constexpr std::string_view kReverse = ".in-addr.arpa";
constexpr std::size_t kDnsHeader = 12;
constexpr unsigned kPointer = 0xc0;
constexpr std::uint16_t kClassIn = 1;

void put_u16(std::string& out, unsigned value) {
    out.push_back(static_cast<char>(value >> 8U & 0xffU));
    out.push_back(static_cast<char>(value & 0xffU));
}

void put_u32(std::string& out, std::uint32_t value) {
    put_u16(out, value >> 16U);
    put_u16(out, value & 0xffffU);
}

void put_name(std::string& out, std::string_view name) {
    while (!name.empty()) {
        const std::string_view label = name.substr(0, name.find('.'));
        out.push_back(static_cast<char>(label.size()));
        out += label;
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    out.push_back('\0');
}

/// Reads forward; `ok` is false for ever once something was missing.
class DnsReader {
 public:
    explicit DnsReader(std::string_view bytes) : bytes_(bytes) {}

    unsigned u8() {
        if (at_ >= bytes_.size()) {
            ok = false;
            return 0;
        }
        return static_cast<unsigned char>(bytes_[at_++]);
    }

    unsigned u16() {
        const unsigned high = u8();
        return high << 8U | u8();
    }

    std::uint32_t u32() {
        const std::uint32_t high = u16();
        return high << 16U | u16();
    }

    std::string name() {
        std::string name;
        std::size_t back = 0;  // where to go on after the first pointer
        for (unsigned hops = 0; ok;) {
            const unsigned length = u8();
            if (length == 0) {
                break;
            }
            if ((length & kPointer) == kPointer) {
                const std::size_t target = (length & 0x3fU) << 8U | u8();
                back = back == 0 ? at_ : back;
                at_ = target;
                ok = ok && ++hops < 16;
                continue;
            }
            if (length > 63 || name.size() + length > 254) {
                ok = false;
                break;
            }
            if (!name.empty()) {
                name += '.';
            }
            for (unsigned i = 0; i < length; ++i) {
                const auto c = static_cast<char>(u8());
                name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            }
        }
        at_ = back == 0 ? at_ : back;
        return name;
    }

    void skip(std::size_t octets) {
        at_ += octets;
        ok = ok && at_ <= bytes_.size();
    }

    bool ok = true;

 private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

void read_answer(DnsReader& in, DnsMessage& message) {
    static_cast<void>(in.name());
    const unsigned type = in.u16();
    static_cast<void>(in.u16());  // class
    DnsAnswer answer{in.u32(), std::nullopt, {}};
    const unsigned length = in.u16();
    if (type == static_cast<unsigned>(DnsType::kA) && length == 4) {
        answer.address = Ipv4{in.u32()};
    } else if (type == static_cast<unsigned>(DnsType::kPtr)) {
        answer.name = in.name();
    } else {
        in.skip(length);
        return;
    }
    message.answers.push_back(std::move(answer));
}

}  // namespace

bool is_dns_name(std::string_view name) {
    if (name.empty() || name.size() > 253) {
        return false;
    }
    while (true) {
        const std::size_t dot = name.find('.');
        const std::size_t label = std::min(dot, name.size());
        if (label == 0 || label > 63) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        name.remove_prefix(dot + 1);
    }
}

std::string encode_dns(const DnsMessage& message) {
    std::string out;
    put_u16(out, message.id);
    put_u16(out, (message.response ? 0x8000U : 0U) | (message.authoritative ? 0x0400U : 0U) |
                     (message.recursion_desired ? 0x0100U : 0U) |
                     (message.recursion_available ? 0x0080U : 0U) | message.rcode);
    put_u16(out, 1);
    put_u16(out, static_cast<unsigned>(message.answers.size()));
    put_u32(out, 0);
    put_name(out, message.name);
    put_u16(out, static_cast<unsigned>(message.type));
    put_u16(out, kClassIn);
    for (const DnsAnswer& answer : message.answers) {
        put_u16(out, kPointer << 8U | kDnsHeader);  // the question's name
        put_u16(out, static_cast<unsigned>(message.type));
        put_u16(out, kClassIn);
        put_u32(out, answer.ttl);
        std::string data;
        if (answer.address) {
            put_u32(data, answer.address->bits);
        } else {
            put_name(data, answer.name);
        }
        put_u16(out, static_cast<unsigned>(data.size()));
        out += data;
    }
    return out;
}

std::optional<DnsMessage> decode_dns(std::string_view bytes) {
    DnsReader in(bytes);
    DnsMessage message;
    message.id = static_cast<std::uint16_t>(in.u16());
    const unsigned bits = in.u16();
    message.response = (bits & 0x8000U) != 0;
    message.authoritative = (bits & 0x0400U) != 0;
    message.recursion_desired = (bits & 0x0100U) != 0;
    message.recursion_available = (bits & 0x0080U) != 0;
    message.rcode = static_cast<std::uint8_t>(bits & 0xfU);
    const unsigned questions = in.u16();
    const unsigned answers = in.u16();
    static_cast<void>(in.u32());
    message.name = in.name();
    message.type = static_cast<DnsType>(in.u16());
    static_cast<void>(in.u16());
    for (unsigned i = 0; i < answers && in.ok; ++i) {
        read_answer(in, message);
    }
    return in.ok && questions == 1 ? std::optional(message) : std::nullopt;
}

std::string reverse_name(Ipv4 address) {
    std::string name;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        name += std::to_string(address.bits >> shift & 0xffU);
        name += shift == 24 ? "" : ".";
    }
    return name + std::string(kReverse);
}

std::optional<Ipv4> address_of_reverse_name(std::string_view name) {
    if (!name.ends_with(kReverse)) {
        return std::nullopt;
    }
    const auto backwards = parse_ipv4(name.substr(0, name.size() - kReverse.size()));
    if (!backwards) {
        return std::nullopt;
    }
    const std::uint32_t b = backwards->bits;
    return Ipv4{b >> 24U | (b >> 8U & 0xff00U) | (b << 8U & 0xff0000U) | b << 24U};
}

}  // namespace netsim::app
