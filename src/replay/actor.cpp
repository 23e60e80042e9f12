// Making recorded calls.
#include "replay/actor.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "replay/arguments.hpp"
#include "replay/relay.hpp"

namespace netsim::replay {

namespace {

/// A call that returned within this of the recorded moment returned when it should have: the kernel
/// takes its time to wake a process.
constexpr Milliseconds kCallTolerance = 4;

constexpr std::uint64_t kWake = 1;    // argument of an event: a blocked process runs again
constexpr std::uint64_t kStep = 2;    // ... goes on with its read
constexpr std::uint64_t kGiveUp = 3;  // ... has waited long enough; the call's number above it
constexpr unsigned kCallShift = 8;

Duration pause(Milliseconds ms) {
    return Duration(static_cast<std::int64_t>(std::max(ms, 0.0) * 1e6));
}

}  // namespace

Actor::Actor(host::Host& host, Process& process, Endpoint server, const Thread& thread,
             std::vector<Run> runs, Witness& witness)
    : host_(host),
      process_(process),
      server_(server),
      witness_(witness),
      after_(thread.after),
      runs_(std::move(runs)) {
    process_.join(*this);
    for (const RecordedCall* call : thread.calls) {
        CallOutcome outcome;
        outcome.recorded = call;
        outcomes_.push_back(std::move(outcome));
    }
}

void Actor::start() {
    if (after_ == nullptr) {
        host_.fabric().sim.schedule(to_model(outcomes_.front().recorded->acts), host_.id(), *this);
    }
}

void Actor::fire(std::uint64_t argument) {
    if (argument == kStep) {
        return read_on();
    }
    if ((argument & ((1U << kCallShift) - 1)) == kGiveUp) {
        return give_up(argument >> kCallShift);
    }
    if (argument != kWake) {
        return begin();
    }
    waking_ = false;
    if (step(1) != nullptr && reads()) {
        host_.lock(socket_named(outcomes_[current_].recorded->socket));
        plan_step(1);
        return;
    }
    if (advance()) {
        blocked_ = false;
        finish();
    }
}

bool Actor::reads() const {
    return outcomes_[current_].recorded->call.starts_with("recv");
}

const Step* Actor::step(std::size_t i) const {
    const std::size_t run = woken_.empty() ? 0 : woken_.size() - 1;
    return run < runs_.size() && i < runs_[run].size() ? &runs_[run][i] : nullptr;
}

bool Actor::plan_step(std::size_t i) {
    const Step* next = step(i);
    if (next == nullptr) {
        return false;
    }
    next_step_ = i;
    sim::Simulation& sim = host_.fabric().sim;
    sim.schedule(sim.now() + pause(next->after), host_.id(), *this, kStep);
    return true;
}

/// Linux tcp_recvmsg_locked(): what came while it copied has its turn, and is read too.
void Actor::read_on() {
    CallOutcome& out = outcomes_[current_];
    const SocketId s = socket_named(out.recorded->socket);
    bool over = !flushing_ && read_some(out);
    while (!over && (flushing_ || host_.has_backlog(s))) {
        flushing_ = step(next_step_) != nullptr && step(next_step_)->goes_on &&
                    step(next_step_ + 1) != nullptr;
        flushing_ ? host_.process_backlog(s) : host_.flush_backlog(s);
        if (plan_step(next_step_ + 1)) {
            return;
        }
        over = read_some(out);
    }
    next_step_ = 0;
    host_.unlock(s);
    if (over || read_some(out)) {
        blocked_ = false;
        finish();
    }
}

void Actor::begin() {
    outcomes_[current_].start = to_recorded(host_.fabric().sim.now());
    moved_ = 0;
    connecting_ = false;
    if (advance()) {
        return finish();
    }
    blocked_ = true;
    const RecordedCall& call = *outcomes_[current_].recorded;
    if ((gave_up(call) || wrote_part(call)) &&
        call.end) {  // at once, or after SO_RCVTIMEO, SO_SNDTIMEO
        sim::Simulation& sim = host_.fabric().sim;
        sim.schedule(sim.now() + pause(*call.end - call.acts), host_.id(), *this,
                     (std::uint64_t{current_} << kCallShift) | kGiveUp);
    }
}

/// The call has waited as long as it does; what it began goes on without it.
void Actor::give_up(std::size_t call) {
    if (call != current_ || !blocked_ || waking_ || next_step_ > 0) {
        return;
    }
    CallOutcome& out = outcomes_[current_];
    blocked_ = false;
    if (out.recorded->call == "send" && moved_ > 0) {
        out.result = std::to_string(moved_);
        return finish();
    }
    out.error = out.recorded->call == "connect" ? "EINPROGRESS" : "EAGAIN";
    if (out.recorded->error == "EWOULDBLOCK") {
        out.error = out.recorded->error;  // the same number
    }
    finish();
}

bool Actor::awaited(SocketId socket, unsigned events) {
    const RecordedCall& call = *outcomes_[current_].recorded;
    if (socket != socket_named(call.socket)) {
        return false;
    }
    const bool writes = call.call == "connect" || call.call == "send" || call.call == "sendto";
    const unsigned ready = writes ? poll::kOut : poll::kIn | poll::kRdHup;
    return (events & (ready | poll::kErr | poll::kHup)) != 0;
}

/// A process that waits runs again after the recorded machine's scheduling delay, and finds what
/// has come until then.
void Actor::on_socket(SocketId socket, unsigned events) {
    if (!blocked_ || waking_ || next_step_ > 0 || !awaited(socket, events)) {
        return;
    }
    waking_ = true;
    const RecordedCall& call = *outcomes_[current_].recorded;
    sim::Simulation& sim = host_.fabric().sim;
    woken_.push_back(to_recorded(sim.now()));
    const Milliseconds delay = step(0) != nullptr ? step(0)->after : call.wake;
    sim.schedule(sim.now() + pause(delay), host_.id(), *this, kWake);
}

void Actor::finish() {
    CallOutcome& done = outcomes_[current_];
    done.end = to_recorded(host_.fabric().sim.now());
    witness_.settle();
    ++current_;
    if (current_ < outcomes_.size()) {
        follow(done);
    }
    process_.returned(done);
}

void Actor::call_returned(const CallOutcome& done) {
    if (after_ == done.recorded) {
        follow(done);
    }
}

/// That call has returned: the next one follows after the recorded pause.
void Actor::follow(const CallOutcome& done) {
    sim::Simulation& sim = host_.fabric().sim;
    const RecordedCall& before = *done.recorded;
    const RecordedCall& next = *outcomes_[current_].recorded;
    Time at = sim.now();
    if (before.end && std::abs(*done.end - *before.end) <= kCallTolerance) {
        at = std::max(at, to_model(next.acts));  // as recorded: small differences do not add up
    } else if (before.end) {
        at += pause(next.acts - *before.end);
    }
    sim.schedule(at, host_.id(), *this);
}

SocketId Actor::socket_named(const std::string& name) {
    return process_.socket_named(name, *outcomes_[current_].recorded);
}

bool Actor::succeed(CallOutcome& out, std::string result) {
    out.result = std::move(result);
    return true;
}

bool Actor::fail_with(CallOutcome& out, Errno error) {
    out.error = std::string(errno_name(error));
    return true;
}

bool Actor::advance() {
    CallOutcome& out = outcomes_[current_];
    const std::string& call = out.recorded->call;
    if ((call == "send" || call.starts_with("recv")) && has_strange_flag(*out.recorded)) {
        out.unsupported = call + " " + out.recorded->args;
        return true;
    }
    if (call == "connect") {
        return do_connect(out);
    }
    if (call == "accept") {
        return do_accept(out);
    }
    if (call == "send") {
        return do_send(out);
    }
    if (call == "sendto") {
        return do_fast_open(out);
    }
    if (call == "recv" || call == "recv until EOF") {
        return read_some(out);
    }
    if (call == "setsockopt") {
        return do_option(out);
    }
    if (call == "close") {
        return do_close(out);
    }
    return do_simple(out);
}

bool Actor::do_connect(CallOutcome& out) {
    const SocketId s = socket_named(out.recorded->socket);
    if (!connecting_) {
        const auto remote = to_endpoint(out.recorded->args);
        if (!remote) {
            out.unsupported = "connect to " + out.recorded->args;
            return true;
        }
        const auto begun = host_.connect(s, *remote);
        if (!begun && begun.error() == Errno::kEINPROGRESS) {
            connecting_ = true;
            return false;
        }
        if (!begun && begun.error() == Errno::kEADDRNOTAVAIL) {
            witness_.note_no_port(host_);
        }
        return begun ? succeed(out, "ok") : fail_with(out, begun.error());
    }
    // The blocking call's way out: a failed socket is disconnected.
    const auto outcome = host_.connect(s, *to_endpoint(out.recorded->args));
    if (!outcome && outcome.error() == Errno::kEALREADY) {
        return false;
    }
    const bool open = outcome || outcome.error() == Errno::kEISCONN;
    return open ? succeed(out, "ok") : fail_with(out, outcome.error());
}

bool Actor::do_accept(CallOutcome& out) {
    const auto s = host_.accept(socket_named(out.recorded->socket));
    if (!s) {
        return s.error() == Errno::kEAGAIN ? false : fail_with(out, s.error());
    }
    process_.accepted(*s);
    const auto info = host_.info(*s);  // tells the peer of one that was reset while it waited, too
    out.peer = info->remote;
    out.local = info->local;
    return succeed(out, to_string(out.peer));
}

bool Actor::do_option(CallOutcome& out) {
    const auto option = to_option(out.recorded->args);
    const SocketId s = socket_named(out.recorded->socket);
    constexpr std::string_view kCongestion = "TCP_CONGESTION=";
    if (out.recorded->args.starts_with(kCongestion)) {
        const auto set = host_.set_congestion_control(
            s, std::string_view(out.recorded->args).substr(kCongestion.size()));
        return set ? succeed(out, "ok") : fail_with(out, set.error());
    }
    if (out.recorded->args.starts_with("SO_RCVTIMEO=") ||
        out.recorded->args.starts_with("SO_SNDTIMEO=")) {
        return succeed(out, "ok");  // the calls that give up show it
    }
    if (!option) {
        out.unsupported = "setsockopt " + out.recorded->args;
        return true;
    }
    const auto set = host_.set_option(s, option->option, option->value);
    return set ? succeed(out, "ok") : fail_with(out, set.error());
}

/// With SO_LINGER close() waits until all is acknowledged, the FIN included, or the time is over.
/// Linux sk_stream_wait_close().
bool Actor::do_close(CallOutcome& out) {
    sim::Simulation& sim = host_.fabric().sim;
    if (!lingering_) {
        const SocketId s = socket_named(out.recorded->socket);
        const std::int64_t seconds = host_.get_option(s, SocketOption::kSO_LINGER).value_or(-1);
        const Endpoint local = host_.local_endpoint(s).value_or(Endpoint{});
        const Endpoint remote = host_.remote_endpoint(s).value_or(Endpoint{});
        const auto closed = host_.close(s);
        if (!closed) {
            return fail_with(out, closed.error());
        }
        process_.closed(out.recorded->socket);
        if (seconds <= 0) {
            return succeed(out, "ok");
        }
        lingering_ = Lingering{local, remote, sim.now() + std::chrono::seconds(seconds)};
    }
    bool closing = false;
    host_.for_each_socket([&](const tcp::SocketInfo& info) {
        const bool waits = info.state == tcp::State::kFinWait1 ||
                           info.state == tcp::State::kClosing || info.state == tcp::State::kLastAck;
        closing = closing ||
                  (waits && info.local == lingering_->local && info.remote == lingering_->remote);
    });
    if (!closing || sim.now() >= lingering_->until) {
        lingering_.reset();
        return succeed(out, "ok");
    }
    constexpr Duration kLook = std::chrono::microseconds(200);  // nobody is told: it looks
    sim.schedule(std::min(sim.now() + kLook, lingering_->until), host_.id(), *this, kWake);
    return false;
}

/// Calls that never block.
bool Actor::do_simple(CallOutcome& out) {
    const std::string& call = out.recorded->call;
    const SocketId s = socket_named(out.recorded->socket);
    Result<void> result;
    const auto endpoint = to_endpoint(out.recorded->args);
    if (call == "bind" && endpoint) {
        result = host_.bind(s, *endpoint);
    } else if (call == "listen") {
        result = host_.listen(s, static_cast<int>(signed_number(out.recorded->args)));
    } else if (call == "shutdown") {
        const bool read = out.recorded->args == "SHUT_RD";
        const bool both = out.recorded->args == "SHUT_RDWR";
        result = host_.shutdown(s, both   ? Shutdown::kBoth
                                   : read ? Shutdown::kRead
                                          : Shutdown::kWrite);
    } else if (call == "getsockname") {
        const auto local = host_.local_endpoint(s);
        out.local = local.value_or(Endpoint{});
        out.peer = host_.remote_endpoint(s).value_or(Endpoint{});
        return local ? succeed(out, to_string(*local)) : fail_with(out, local.error());
    } else if (call == "getpeername") {
        const auto remote = host_.remote_endpoint(s);
        out.local = host_.local_endpoint(s).value_or(Endpoint{});
        out.peer = remote.value_or(Endpoint{});
        return remote ? succeed(out, to_string(*remote)) : fail_with(out, remote.error());
    } else if (call == "getsockopt SO_ERROR") {
        const auto error = static_cast<Errno>(host_.get_option(s, SocketOption::kSO_ERROR).value());
        return succeed(out, error == Errno::kOk ? "0" : std::string(errno_name(error)));
    } else if (const auto option = to_option(option_asked(call, out.recorded->args) + "=0")) {
        const auto value = host_.get_option(s, option->option);
        return value ? succeed(out, std::to_string(*value)) : fail_with(out, value.error());
    } else {
        out.unsupported = call;
        return true;
    }
    return result ? succeed(out, "ok") : fail_with(out, result.error());
}

}  // namespace netsim::replay
