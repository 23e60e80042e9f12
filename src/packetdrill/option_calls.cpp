// getsockopt and setsockopt: every option the stack has, by its name.
#include <fmt/format.h>

#include <algorithm>

#include "packetdrill/calls.hpp"
#include "packetdrill/constants.hpp"

namespace netsim::packetdrill {
namespace {

SocketOption option_named(const CallLine& line, const Value& name) {
    for (unsigned i = 0; i < static_cast<unsigned>(SocketOption::kCount); ++i) {
        const auto option = static_cast<SocketOption>(i);
        // By number, so that a level's aliases work: both sides have Linux's.
        if (to_string(option) == name.text) {
            return option;
        }
    }
    throw Mismatch{fmt::format("{}: {} is not supported by the stack", line.name,
                               name.text.empty() ? std::to_string(name.number) : name.text)};
}

void check_level(const CallLine& line) {
    const std::int64_t level = number(line, 1);
    const std::string& name = argument(line, 2).text;
    const std::int64_t right = constant(name.starts_with("SO_")   ? "SOL_SOCKET"
                                        : name.starts_with("IP_") ? "SOL_IP"
                                                                  : "SOL_TCP")
                                   .value();
    if (level != right) {
        throw Mismatch{fmt::format("{}: {} is not an option of level {}", line.name, name, level)};
    }
}

/// SO_LINGER's {onoff, linger}, by name or by place, as seconds; -1: off.
std::int64_t linger_seconds(const Value& v) {
    if (v.kind != Value::Kind::kStruct || v.items.size() != 2) {
        throw Mismatch{"SO_LINGER: expected {onoff=1, linger=SECONDS}"};
    }
    return v.items[0].number != 0 ? v.items[1].number : -1;
}

/// `[1]`, `1`, or a struct for SO_LINGER.
std::optional<std::int64_t> value_of(SocketOption option, const Value& v) {
    const Value& inner = v.kind == Value::Kind::kList && v.items.size() == 1 ? v.items.front() : v;
    if (option == SocketOption::kSO_LINGER) {
        return linger_seconds(inner);
    }
    if (inner.kind == Value::Kind::kEllipsis) {
        return std::nullopt;
    }
    if (inner.kind != Value::Kind::kNumber) {
        throw Mismatch{fmt::format("{}: expected [NUMBER]", to_string(option))};
    }
    return inner.number;
}

bool is_congestion(const CallLine& line) {
    return argument(line, 2).text == "TCP_CONGESTION";
}

/// `"reno"` or `["reno"]`
std::string congestion_name(const Value& v) {
    const Value& inner = v.kind == Value::Kind::kList && v.items.size() == 1 ? v.items.front() : v;
    if (inner.kind != Value::Kind::kText) {
        throw Mismatch{"TCP_CONGESTION: expected a name in quotes"};
    }
    return inner.text;
}

}  // namespace

/// TCP_FASTOPEN_KEY: the octets of a string, as many as the length says.
Running Calls::fastopen_key_call(const CallLine& line) {
    const std::int64_t fd = number(line, 0);
    const std::string& text = argument(line, 3).text;
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(number(line, 4), 0));
    std::vector<std::uint8_t> octets(text.begin(), text.end());
    octets.resize(size);
    return immediate([this, fd, octets] {
        const Descriptor* d = find(fd);
        return d == nullptr ? Outcome::failed(Errno::kEBADF)
                            : outcome(machine_.stack().set_fastopen_key(d->socket, octets));
    });
}

/// TCP_MD5SIG and TCP_MD5SIG_EXT: struct tcp_md5sig by its members' names, tcpm_addr=... for the
/// peer. The scripted peer signs and checks with the same key.
Running Calls::md5_key_call(const CallLine& line) {
    constexpr std::int64_t kPrefixFlag = 1;  // TCP_MD5SIG_FLAG_PREFIX
    const Value& v = argument(line, 3);
    const Value* address = member(v, "tcpm_addr");
    const Value* key = member(v, "tcpm_key");
    if (v.kind != Value::Kind::kStruct || address == nullptr || key == nullptr) {
        throw Mismatch{
            "TCP_MD5SIG: expected {tcpm_addr=ADDRESS, tcpm_key=\"TEXT\"}, with "
            "tcpm_flags and tcpm_prefixlen for TCP_MD5SIG_EXT"};
    }
    Prefix peers{endpoint(*address, machine_.peer()).address, 32};
    const Value* flags = member(v, "tcpm_flags");
    const Value* length = member(v, "tcpm_prefixlen");
    if (argument(line, 2).text == "TCP_MD5SIG_EXT" && flags != nullptr && length != nullptr &&
        (flags->number & kPrefixFlag) != 0) {
        peers.length = static_cast<std::uint8_t>(std::clamp<std::int64_t>(length->number, 0, 255));
    }
    return immediate([this, fd = number(line, 0), peers, secret = key->text] {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        const Result<void> result = machine_.stack().set_md5_key(d->socket, peers, secret);
        if (result && !secret.empty()) {
            machine_.peer_keys.set(
                {{Ipv4{peers.address.bits & peers.mask()}, peers.length}, secret});
        }
        return outcome(result);
    });
}

Running Calls::set_congestion_call(const CallLine& line) {
    check_level(line);
    return immediate([this, fd = number(line, 0), name = congestion_name(argument(line, 3))] {
        const Descriptor* d = find(fd);
        return d == nullptr ? Outcome::failed(Errno::kEBADF)
                            : outcome(machine_.stack().set_congestion_control(d->socket, name,
                                                                              machine_.now()));
    });
}

Running Calls::get_congestion_call(const CallLine& line) {
    check_level(line);
    auto got = std::make_shared<std::string>();
    Running call = immediate([this, fd = number(line, 0), got] {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        const auto result = machine_.stack().get_congestion_control(d->socket);
        *got = result.value_or("");
        return result ? Outcome{} : Outcome::failed(result.error());
    });
    call.finish = [wanted = congestion_name(argument(line, 3)), got](std::int64_t) {
        if (wanted != *got) {
            throw Mismatch{
                fmt::format("getsockopt TCP_CONGESTION: expected {}, got {}", wanted, *got)};
        }
    };
    return call;
}

Running Calls::setsockopt_call(const CallLine& line) {
    need_arguments(line, 5, 5);
    if (is_congestion(line)) {
        return set_congestion_call(line);
    }
    const std::int64_t fd = number(line, 0);
    if (argument(line, 2).text == "TCP_FASTOPEN_KEY") {
        check_level(line);
        return fastopen_key_call(line);
    }
    if (argument(line, 2).text.starts_with("TCP_MD5SIG")) {
        check_level(line);
        return md5_key_call(line);
    }
    const SocketOption option = option_named(line, argument(line, 2));
    check_level(line);
    const auto value = value_of(option, argument(line, 3));
    if (!value) {
        throw Mismatch{"setsockopt: the value is missing"};
    }
    return immediate([this, fd, option, value = *value] {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        const auto result =
            machine_.stack().set_option(d->socket, option, value, machine_.now(), machine_.out());
        machine_.drain();
        return outcome(result);
    });
}

Running Calls::getsockopt_call(const CallLine& line) {
    need_arguments(line, 5, 5);
    if (is_congestion(line)) {
        return get_congestion_call(line);
    }
    const std::int64_t fd = number(line, 0);
    const SocketOption option = option_named(line, argument(line, 2));
    check_level(line);
    const auto wanted = value_of(option, argument(line, 3));
    auto got = std::make_shared<std::int64_t>(0);
    Running call = immediate([this, fd, option, got] {
        const Descriptor* d = find(fd);
        if (d == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        const auto result = machine_.stack().get_option(d->socket, option);
        *got = result.value_or(0);
        return result ? Outcome{} : Outcome::failed(result.error());
    });
    call.finish = [option, wanted, got](std::int64_t) {
        if (wanted && *wanted != *got) {
            throw Mismatch{fmt::format("getsockopt {}: expected {}, got {}", to_string(option),
                                       *wanted, *got)};
        }
    };
    return call;
}

}  // namespace netsim::packetdrill
