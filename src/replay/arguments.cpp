// Reading what recorded calls were given.
#include "replay/arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "replay/scheduling.hpp"

namespace netsim::replay {

std::uint64_t leading_number(const std::string& text) {
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

std::int64_t signed_number(const std::string& text) {
    const bool negative = text.starts_with('-');
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    const auto n = static_cast<std::int64_t>(
        std::min(leading_number(negative ? text.substr(1) : text), kMost));
    return negative ? -n : n;
}

bool has_flag(const std::string& args, std::string_view flag) {
    const auto at = args.find(flag);
    const auto end = at + flag.size();
    return at != std::string::npos && (end == args.size() || (args[end] < 'A' || args[end] > 'Z'));
}

bool has_strange_flag(const RecordedCall& call) {
    constexpr auto kBoth = std::to_array<std::string_view>({"MSG_NOSIGNAL", "MSG_DONTWAIT"});
    constexpr auto kSend = std::to_array<std::string_view>({"MSG_MORE", "MSG_OOB", "MSG_EOR"});
    constexpr auto kReceive = std::to_array<std::string_view>({"MSG_PEEK", "MSG_WAITALL"});
    std::size_t known = 0;
    const auto count = [&](const auto& flags) {
        known += static_cast<std::size_t>(
            std::count_if(flags.begin(), flags.end(),
                          [&](std::string_view flag) { return has_flag(call.args, flag); }));
    };
    count(kBoth);
    call.call == "send" ? count(kSend) : count(kReceive);
    std::size_t all = 0;
    for (auto at = call.args.find("MSG_"); at != std::string::npos;
         at = call.args.find("MSG_", at + 1)) {
        ++all;
    }
    return all != known;
}

bool wrote_part(const RecordedCall& call) {
    return call.call == "send" && call.error.empty() && call.end &&
           *call.end - call.acts <= kLongestWake &&
           leading_number(call.result) < leading_number(call.args);
}

bool gave_up(const RecordedCall& call) {
    return call.error == "EAGAIN" || call.error == "EWOULDBLOCK" || call.error == "EINPROGRESS" ||
           call.error == "EALREADY";
}

std::string option_asked(const std::string& call, const std::string& args) {
    constexpr std::string_view kGet = "getsockopt";
    if (!call.starts_with(kGet)) {
        return "";
    }
    return call.size() > kGet.size() ? call.substr(kGet.size() + 1) : args;
}

std::optional<Endpoint> to_endpoint(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    const auto address = parse_ipv4(text.substr(0, colon));
    if (!address) {
        return std::nullopt;
    }
    return Endpoint{*address, static_cast<std::uint16_t>(leading_number(text.substr(colon + 1)))};
}

std::optional<OptionValue> to_option(const std::string& text) {
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    for (std::size_t i = 0; i < static_cast<std::size_t>(SocketOption::kCount); ++i) {
        const auto option = static_cast<SocketOption>(i);
        if (to_string(option) != name || equals == std::string::npos) {
            continue;
        }
        const std::string value = text.substr(equals + 1);
        if (option == SocketOption::kSO_LINGER) {  // (onoff, seconds)
            const bool on = value.size() > 1 && value[1] == '1';
            const auto comma = value.find(' ');
            const auto seconds = static_cast<std::int64_t>(leading_number(value.substr(comma + 1)));
            return OptionValue{option, on ? seconds : -1};
        }
        return OptionValue{option, signed_number(value)};  // TCP_LINGER2=-1
    }
    return std::nullopt;
}

}  // namespace netsim::replay
