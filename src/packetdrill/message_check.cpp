// What recvmsg() wrote beside the bytes, against msg_flags and msg_control of the script.
#include <fmt/format.h>

#include "packetdrill/calls.hpp"
#include "packetdrill/constants.hpp"

namespace netsim::packetdrill {
namespace {

constexpr std::int64_t kSolSocket = 1;
constexpr std::int64_t kSolTcp = 6;
constexpr std::int64_t kIpRecverr = 11;
constexpr std::int64_t kScmTimestamping = 37;
constexpr std::int64_t kTcpCmInq = 36;

/// A control message: its data are one number, or members by name.
struct Control {
    std::int64_t level = 0;
    std::int64_t type = 0;
    std::int64_t number = 0;
    std::vector<std::pair<std::string, std::int64_t>> members;
};

Control recverr(const tcp::ErrorMessage& m) {
    return {0,
            kIpRecverr,
            0,
            {{"ee_errno", m.error},
             {"ee_origin", static_cast<std::int64_t>(m.origin)},
             {"ee_type", m.type},
             {"ee_code", m.code},
             {"ee_info", m.info},
             {"ee_data", m.data}}};
}

Control timestamping(Duration at) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    return {kSolSocket,
            kScmTimestamping,
            0,
            {{"scm_sec", at.count() / kSecond}, {"scm_nsec", at.count() % kSecond}}};
}

std::string shown(const Control& c) {
    std::string out = fmt::format("level {} type {}:", c.level, c.type);
    for (const auto& [name, value] : c.members) {
        out += fmt::format(" {}={}", name, value);
    }
    return c.members.empty() ? out + " " + std::to_string(c.number) : out;
}

std::int64_t needed(const Value& of, std::string_view name) {
    const Value* v = member(of, name);
    if (v == nullptr) {
        throw Mismatch{fmt::format("msg_control: {} is missing", name)};
    }
    return number_or(*v, 0);
}

/// Times are compared within the script's tolerance, all else exactly.
bool same_time(const Value& want, const Control& got, Duration tolerance) {
    const Duration wanted =
        std::chrono::seconds(needed(want, "scm_sec")) + Duration(needed(want, "scm_nsec"));
    const Duration was =
        std::chrono::seconds(got.members[0].second) + Duration(got.members[1].second);
    return wanted <= was + tolerance && was <= wanted + tolerance;
}

bool same_control(const Value& want, const Control& got, Duration tolerance) {
    if (needed(want, "cmsg_level") != got.level || needed(want, "cmsg_type") != got.type) {
        return false;
    }
    const Value* data = member(want, "cmsg_data");
    if (data == nullptr || data->kind == Value::Kind::kEllipsis) {
        return true;
    }
    if (got.members.empty()) {
        return data->kind == Value::Kind::kNumber && data->number == got.number;
    }
    if (got.type == kScmTimestamping && got.level == kSolSocket) {
        return same_time(*data, got, tolerance);
    }
    for (const auto& [name, value] : got.members) {
        const Value* v = member(*data, name);
        if (v != nullptr && number_or(*v, value) != value) {
            return false;
        }
    }
    return true;
}

}  // namespace

void Calls::check_message(const Transfer& what, const Received& got) const {
    if (what.out_flags && number_or(*what.out_flags, got.flags) != got.flags) {
        throw Mismatch{fmt::format("recvmsg: expected msg_flags {:#x}, got {:#x}",
                                   what.out_flags->number, got.flags)};
    }
    if (!what.control || what.control->kind == Value::Kind::kEllipsis) {
        return;
    }
    std::vector<Control> controls;
    if (got.inq) {
        controls.push_back({kSolTcp, kTcpCmInq, *got.inq, {}});
    }
    if (got.message && got.message->stamp) {
        controls.push_back(timestamping(machine_.elapsed(*got.message->stamp)));
    }
    if (got.message) {
        controls.push_back(recverr(*got.message));
    }
    bool same = what.control->items.size() == controls.size();
    std::string was;
    for (std::size_t i = 0; i < controls.size(); ++i) {
        was += "\n  got:      " + shown(controls[i]);
        same = same && same_control(what.control->items[i], controls[i], settings_.tolerance);
    }
    if (!same) {
        throw Mismatch{fmt::format("recvmsg: msg_control differs; {} expected, {} received{}",
                                   what.control->items.size(), controls.size(), was)};
    }
}

}  // namespace netsim::packetdrill
