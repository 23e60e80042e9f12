// Times, packets in and out, calls that block, and the verdict.
#include "packetdrill/engine.hpp"

#include <fmt/format.h>

#include "netsim/result.hpp"
#include "packetdrill/constants.hpp"
#include "packetdrill/packet_text.hpp"

namespace netsim::packetdrill {
namespace {

// How far on to look for the packet that should have come, to say when it did.
constexpr Duration kLookahead = std::chrono::seconds(130);
constexpr Duration kCallMax = std::chrono::hours(3);

std::string outcome_text(const Outcome& o) {
    return o.error == Errno::kOk
               ? (o.descriptor ? "a descriptor" : std::to_string(o.value))
               : fmt::format("-1 {} ({})", errno_word(o.error), errno_text(o.error));
}

std::string expected_text(const CallLine& line) {
    return line.error.empty() ? std::to_string(line.result.value_or(0)) : "-1 " + line.error;
}

}  // namespace

Engine::Engine(const Script& script)
    : script_(script),
      machine_(script.settings),
      calls_(machine_, script.settings),
      shell_(machine_) {
    machine_.on_progress = [this] { poll_blocked(); };
    machine_.on_event = [this](const tcp::SocketEvent& event) { calls_.on_event(event); };
}

Duration Engine::due(const When& when) const {
    switch (when.base) {
        case When::Base::kAbsolute:
            return when.at;
        case When::Base::kRelative:
            return reached_ + when.at;
        case When::Base::kAny:
            break;
    }
    return reached_;
}

/// max(4 ms, 12.5 % of the gap to the line before), both settable in the head.
Duration Engine::tolerance(const When& when) const {
    const Duration gap =
        when.base == When::Base::kAbsolute ? std::max(when.at - previous_, Duration{0}) : when.at;
    const double part =
        static_cast<double>(gap.count()) * script_.settings.tolerance_percent / 100.0;
    return std::max(script_.settings.tolerance, Duration(static_cast<std::int64_t>(part)));
}

void Engine::wait_for(const Event& e) {
    const Duration when = due(e.when);
    if (when + tolerance(e.when) < machine_.elapsed()) {
        throw Mismatch{fmt::format("this line is for {} s, but it is {} s already",
                                   seconds_text(when), seconds_text(machine_.elapsed()))};
    }
    machine_.run_until(std::max(machine_.at(when), machine_.now()));
}

void Engine::run_event(const Event& e) {
    at_ = &e;
    reached_ = machine_.elapsed();
    const Duration when = due(e.when);
    if (const auto* packet = std::get_if<PacketLine>(&e.what)) {
        if (packet->inbound) {
            wait_for(e);
            at_ = &e;
            inbound(*packet);
        } else {
            outbound(e, *packet);
        }
    } else if (const auto* line = std::get_if<CallLine>(&e.what)) {
        call(e, *line);
    } else if (const auto* commands = std::get_if<ShellLine>(&e.what)) {
        wait_for(e);
        shell_.run(commands->text);
    } else {
        wait_for(e);
        snapshots_.push_back({&e, tcp_info()});
    }
    previous_ = when;
}

void Engine::inbound(const PacketLine& line) {
    const Settings& s = script_.settings;
    if (const auto* udp = std::get_if<UdpLine>(&line.content)) {
        calls_.datagram_arrives(udp->length);
        return poll_blocked();
    }
    const auto* error = std::get_if<IcmpLine>(&line.content);
    if (error != nullptr && current_ == nullptr && calls_.connecting() == nullptr &&
        calls_.udp_error_arrives(tcp::icmp_errno(error->type, error->code))) {
        return poll_blocked();
    }
    if (calls_.connecting() != nullptr) {
        current_ = calls_.connecting();
    }
    // A SYN to the listener is another client's; what else comes belongs to the connection there
    // is.
    const auto* segment = std::get_if<TcpLine>(&line.content);
    constexpr std::uint16_t kOpening = wire::flag::kSyn | wire::flag::kAck;
    const bool opens = segment != nullptr && (segment->flags & kOpening) == wire::flag::kSyn;
    if ((calls_.listening() && opens) || current_ == nullptr) {
        const std::uint16_t port = calls_.listening() ? calls_.listening_port() : s.bind_port;
        current_ = &machine_.flow({s.local, port}, {s.remote, next_remote_port_++});
        calls_.stop_listening();
    }
    if (segment != nullptr) {
        machine_.deliver(*current_, make_packet(*current_, line, *segment, s));
        return;
    }
    inbound_icmp(line, std::get<IcmpLine>(line.content));
}

void Engine::inbound_icmp(const PacketLine& line, const IcmpLine& icmp) {
    wire::IcmpHeader h{};
    h.type = icmp.type;
    h.code = icmp.code;
    h.mtu = icmp.mtu;
    h.quoted.source = current_->local.address;
    h.quoted.destination = current_->remote.address;
    h.quoted.source_port = current_->local.port;
    h.quoted.destination_port = current_->remote.port;
    // Before the script has looked at our SYN, what it calls 0 is what the stack sent first.
    const bool unseen = !current_->local_isn && !current_->sent.empty();
    h.quoted.seq =
        icmp.quoted_seq + (unseen ? current_->sent.front().packet.tcp.seq.raw() : current_->base());
    machine_.deliver_icmp(h, line_text(line));
}

/// The packet sent next, waiting for it; Mismatch if none comes in time.
const Sent& Engine::next_sent(const Event& e, const PacketLine& line, Duration latest,
                              std::size_t index) {
    const bool any = e.when.base == When::Base::kAny;
    const Time limit = any ? machine_.now() + kCallMax : machine_.at(latest);
    while (current_->sent.size() <= index && machine_.step(limit)) {
    }
    if (current_->sent.size() > index) {
        return current_->sent[index];
    }
    std::string message = any ? "no packet was sent"
                              : fmt::format("no packet was sent by {} s", seconds_text(latest));
    message += "\n  expected: " + line_text(line);
    blocked_.reset();
    machine_.run_until(std::max(limit, machine_.now()));
    while (current_->sent.size() <= index && machine_.step(limit + kLookahead)) {
    }
    if (current_->sent.size() > index) {
        message += fmt::format("\n  the next one came at {} s",
                               seconds_text(machine_.elapsed(current_->sent[index].at)));
    }
    throw Mismatch{message};
}

void Engine::check_time(const When& when, Duration at) {
    if (when.base == When::Base::kAny) {
        return;
    }
    const Duration slack = tolerance(when);
    const Duration first = due(when);
    Duration last = first;
    if (when.latest) {
        last = when.base == When::Base::kRelative ? reached_ + *when.latest : *when.latest;
    }
    if (at >= first - slack && at <= last + slack) {
        return;
    }
    throw Mismatch{fmt::format(
        "the packet was sent {}: expected at {}{} s (within {} s), sent at {} s",
        at < first ? "too early" : "too late", seconds_text(first),
        when.latest ? " to " + seconds_text(last) : "", seconds_text(slack), seconds_text(at))};
}

void Engine::outbound(const Event& e, const PacketLine& line) {
    if (calls_.connecting() != nullptr) {
        current_ = calls_.connecting();
    }
    if (const auto* udp = std::get_if<UdpLine>(&line.content)) {
        return outbound_udp(e, line, *udp);
    }
    const TcpLine& tcp = std::get<TcpLine>(line.content);
    if (current_ == nullptr) {
        throw Mismatch{"there is no connection yet that could send\n  expected: " +
                       line_text(line)};
    }
    const Settings& s = script_.settings;
    const Duration end =
        e.when.latest
            ? (e.when.base == When::Base::kRelative ? reached_ + *e.when.latest : *e.when.latest)
            : due(e.when);
    const Duration latest = std::max(end + tolerance(e.when), reached_);
    // A large packet may come as several smaller ones: the original engine sees them merged.
    const Sent first = next_sent(e, line, latest, 0);
    Sent last = first;
    std::uint32_t length = first.packet.tcp.payload.length;
    std::size_t count = 1;
    while (length < tcp.length && length > 0 && !s.strict_segments) {
        last = next_sent(e, line, latest, count++);
        const std::uint32_t more = last.packet.tcp.payload.length;
        if (more == 0 || last.packet.tcp.seq != first.packet.tcp.seq + length) {
            break;
        }
        length += more;
    }
    const auto why = difference(*current_, line, tcp, first.packet, last.packet, length, s);
    if (why) {
        std::string sent;
        for (std::size_t i = 0; i < count; ++i) {
            sent += fmt::format("\n  sent:     {} at {} s",
                                packet_text(*current_, current_->sent[i].packet, false),
                                seconds_text(machine_.elapsed(current_->sent[i].at)));
        }
        throw Mismatch{*why + "\n  expected: " + line_text(line) + sent};
    }
    current_->sent.erase(current_->sent.begin(),
                         current_->sent.begin() + static_cast<std::ptrdiff_t>(count));
    check_time(e.when, machine_.elapsed(last.at));
}

void Engine::outbound_udp(const Event& e, const PacketLine& line, const UdpLine& udp) {
    const Duration latest = due(e.when) + tolerance(e.when);
    while (machine_.datagrams.empty() && machine_.step(machine_.at(latest))) {
    }
    if (machine_.datagrams.empty()) {
        throw Mismatch{fmt::format("no datagram was sent by {} s\n  expected: {}",
                                   seconds_text(latest), line_text(line))};
    }
    const Machine::Datagram sent = machine_.datagrams.front();
    machine_.datagrams.pop_front();
    if (sent.length != udp.length) {
        throw Mismatch{fmt::format("length: expected {}, got {}", udp.length, sent.length)};
    }
    check_time(e.when, machine_.elapsed(sent.at));
}

void Engine::finish(const Event& e, Running& call, const Outcome& got) {
    const CallLine& line = std::get<CallLine>(e.what);
    machine_.note(e.source + "   -> " + outcome_text(got));
    const std::int64_t wanted = line.result.value_or(got.value);
    const bool same = got.error != Errno::kOk ? wanted == -1
                      : got.descriptor        ? wanted >= 0
                                              : wanted == got.value;
    const bool same_error = line.error.empty() || line.error == errno_word(got.error);
    if (!same || !same_error) {
        throw Mismatch{fmt::format("{}: expected {}, got {}", line.name, expected_text(line),
                                   outcome_text(got))};
    }
    if (got.error == Errno::kOk && call.finish) {
        call.finish(wanted);
    }
}

void Engine::call(const Event& e, const CallLine& line) {
    if (e.when.returns) {
        await_blocked();
        at_ = &e;
    }
    wait_for(e);
    at_ = &e;
    Running running = calls_.start(line);
    const auto got = running.step();
    if (!e.when.returns && got) {
        return finish(e, running, *got);
    }
    // A call without `...` that blocks holds up the script, as in the original.
    Blocked b;
    b.event = &e;
    b.call = std::move(running);
    b.tolerance = std::max(tolerance(e.when), script_.settings.tolerance);
    b.returns = e.when.returns.value_or(Duration{0}) +
                (e.when.base == When::Base::kRelative ? reached_ : Duration{0});
    if (got) {
        if (machine_.elapsed() + b.tolerance < b.returns) {
            throw Mismatch{fmt::format("{} returned {} at once; expected at {} s", line.name,
                                       outcome_text(*got), seconds_text(b.returns))};
        }
        return finish(e, b.call, *got);
    }
    if (blocked_) {
        throw Mismatch{"two calls would block at the same time"};
    }
    machine_.alarm = b.call.alarm;
    if (!e.when.returns) {
        b.tolerance = kCallMax;
        b.returns = machine_.elapsed();
        blocked_ = std::move(b);
        return await_blocked();
    }
    machine_.note(e.source + "   -> blocks");
    blocked_ = std::move(b);
}

/// Something happened: does the blocked call come back?
void Engine::poll_blocked() {
    if (!blocked_) {
        return;
    }
    const auto got = blocked_->call.step();
    if (!got) {
        machine_.alarm = blocked_->call.alarm && *blocked_->call.alarm > machine_.now()
                             ? blocked_->call.alarm
                             : std::nullopt;
        return;
    }
    Blocked b = std::move(*blocked_);
    blocked_.reset();
    machine_.alarm.reset();
    at_ = b.event;
    finish(*b.event, b.call, *got);
    const Duration now = machine_.elapsed();
    if (b.event->when.returns && (now + b.tolerance < b.returns || now > b.returns + b.tolerance)) {
        throw Mismatch{fmt::format("the call returned at {} s; expected at {} s (within {} s)",
                                   seconds_text(now), seconds_text(b.returns),
                                   seconds_text(b.tolerance))};
    }
}

void Engine::await_blocked() {
    if (!blocked_) {
        return;
    }
    const Event* event = blocked_->event;
    const Duration latest = blocked_->returns + blocked_->tolerance;
    while (blocked_ && machine_.step(machine_.at(latest))) {
    }
    if (blocked_) {
        at_ = event;
        blocked_.reset();
        throw Mismatch{event->when.returns
                           ? fmt::format("the call has not returned by {} s", seconds_text(latest))
                           : "the call blocks for ever; a blocking call is written +A...B"};
    }
}

void Engine::run_code() {
    for (const Snapshot& snapshot : snapshots_) {
        at_ = snapshot.event;
        int line = 0;
        try {
            program_.run(std::get<CodeLine>(snapshot.event->what).text, snapshot.info, line);
        } catch (const Mismatch& mismatch) {
            throw Mismatch{
                mismatch.message +
                (line > 0 ? fmt::format(" (line {})", snapshot.event->place.line + line) : "")};
        }
    }
}

void Engine::forgive(const Event& e, const Mismatch& mismatch) {
    const bool packet = std::holds_alternative<PacketLine>(e.what);
    const bool call = std::holds_alternative<CallLine>(e.what);
    if (!(packet && script_.settings.forgive_packets) &&
        !(call && script_.settings.forgive_calls)) {
        throw mismatch;
    }
    warnings_ += fmt::format("{}:{}: warning: {}\n", script_.name, e.place.line, mismatch.message);
}

Verdict Engine::run() {
    Verdict verdict;
    verdict.name = script_.name;
    try {
        for (const std::string& command : script_.settings.init_scripts) {
            shell_.run(command);
        }
        for (const Event& e : script_.events) {
            try {
                run_event(e);
            } catch (const Mismatch& mismatch) {
                forgive(e, mismatch);
            }
        }
        await_blocked();
        run_code();
        verdict.passed = true;
    } catch (const Mismatch& mismatch) {
        verdict.message = mismatch.message;
        verdict.place = at_ != nullptr ? at_->place : Place{1, 1};
        verdict.line = at_ != nullptr ? at_->source : "";
    }
    verdict.exchange = machine_.exchange();
    verdict.printed = warnings_ + program_.printed();
    if (script_.settings.verbose && verdict.passed) {
        verdict.printed += verdict.exchange;
    }
    return verdict;
}

Verdict run_script(const std::string& name, const std::string& text, const RunOptions& options) {
    // What the suites' runners define.
    std::map<std::string, std::string> defines{{"CODE", "host_unreachable"},
                                               {"TFO_COOKIE", "3021b9d889017eeb"},
                                               {"TFO_COOKIE_ZERO", "b7c12350a90dc8f5"}};
    for (const auto& [key, value] : options.defines) {
        defines[key] = value;
    }
    try {
        Script script = parse(name, text, defines);
        if (script.settings.profile.empty()) {
            script.settings.profile = options.profile;
        }
        if (script.settings.dry_run) {
            Verdict verdict;
            verdict.name = name;
            verdict.passed = true;
            return verdict;
        }
        return Engine(script).run();
    } catch (const InputError& error) {
        Verdict verdict;
        verdict.name = name;
        verdict.message = error.what();
        return verdict;
    }
}

std::string failure_text(const Verdict& v) {
    if (v.place.line == 0) {
        return v.message + "\n";  // a parse error names its place itself
    }
    std::string out =
        fmt::format("{}:{}:{}: {}\n", v.name, v.place.line, v.place.column, v.message);
    out += "  the line: " + v.line + "\n";
    if (!v.exchange.empty()) {
        out += "  the exchange so far:\n" + v.exchange;
    }
    return out;
}

}  // namespace netsim::packetdrill
