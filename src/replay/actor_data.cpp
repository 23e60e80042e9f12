// Recorded calls that write and read.
#include "replay/actor.hpp"

#include <fmt/format.h>

#include "replay/arguments.hpp"
#include "tcp/stack.hpp"

namespace netsim::replay {

namespace {

constexpr std::uint64_t kBuffer = 65536;  // of a process that reads to the end

}  // namespace

bool Actor::do_send(CallOutcome& out) {
    const SocketId s = socket_named(out.recorded->socket);
    const std::string& args = out.recorded->args;
    const std::uint64_t wanted = leading_number(args);
    const tcp::SendFlags flags{.more = has_flag(args, "MSG_MORE"),
                               .end_of_record = has_flag(args, "MSG_EOR"),
                               .urgent = has_flag(args, "MSG_OOB"),
                               .pieces = {}};
    const auto sent = host_.send_synthetic(s, wanted - moved_, flags);
    if (!sent) {
        if (sent.error() == Errno::kEAGAIN) {
            return false;
        }
        return moved_ > 0 ? succeed(out, std::to_string(moved_)) : fail_with(out, sent.error());
    }
    moved_ += *sent;
    return moved_ == wanted ? succeed(out, std::to_string(moved_)) : false;  // it sleeps
}

/// sendto(2) with MSG_FASTOPEN on a socket that blocks: it returns when the handshake is over and
/// all is sent.
bool Actor::do_fast_open(CallOutcome& out) {
    if (out.recorded->args.find("MSG_FASTOPEN") == std::string::npos) {
        out.unsupported = "sendto " + out.recorded->args;
        return true;
    }
    const SocketId s = socket_named(out.recorded->socket);
    const std::uint64_t wanted = leading_number(out.recorded->args);
    if (!connecting_) {
        connecting_ = true;
        const auto begun = host_.fast_open(s, server_);
        if (!begun) {
            return fail_with(out, begun.error());
        }
        moved_ = host_.send_synthetic(s, wanted).value_or(0);
        if (moved_ < wanted) {
            host_.await_handshake(s);
        }
    }
    if (host_.opening(s)) {
        return false;
    }
    const auto error = static_cast<Errno>(host_.get_option(s, SocketOption::kSO_ERROR).value());
    return error == Errno::kOk ? do_send(out) : fail_with(out, error);
}

bool Actor::read_some(CallOutcome& out) {
    const bool to_the_end = out.recorded->call != "recv";
    const bool all = has_flag(out.recorded->args, "MSG_WAITALL");
    const SocketId s = socket_named(out.recorded->socket);
    if (has_flag(out.recorded->args, "MSG_PEEK")) {
        return peek(out, s);
    }
    for (;;) {
        const std::uint64_t most =
            to_the_end ? kBuffer : leading_number(out.recorded->args) - moved_;
        const auto got = host_.receive_discard(s, most);
        const bool enough = !to_the_end && !all && moved_ > 0;
        if (!got && got.error() == Errno::kEAGAIN && !enough) {
            return false;
        }
        if (!got && !enough && (to_the_end || moved_ == 0)) {
            return fail_with(out, got.error());
        }
        if (got && *got > 0) {
            moved_ += *got;
            if (!to_the_end && moved_ < leading_number(out.recorded->args) &&
                host_.has_backlog(s)) {
                return false;  // there is more to read in a moment
            }
            if (to_the_end || (all && moved_ < leading_number(out.recorded->args))) {
                continue;
            }
        }
        return succeed(out, to_the_end   ? fmt::format("EOF after {} bytes", moved_)
                            : moved_ > 0 ? fmt::format("{} bytes", moved_)
                                         : "EOF");
    }
}

bool Actor::peek(CallOutcome& out, SocketId s) {
    std::vector<wire::PayloadRef> ranges;
    const auto seen = host_.stack().peek(s, leading_number(out.recorded->args), ranges);
    if (!seen && seen.error() == Errno::kEAGAIN) {
        return false;
    }
    return !seen       ? fail_with(out, seen.error())
           : *seen > 0 ? succeed(out, fmt::format("{} bytes", *seen))
                       : succeed(out, "EOF");
}

}  // namespace netsim::replay
