// The exchange bench.
#include "support/tcp_bench.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/check.hpp"
#include "tcp/state.hpp"

namespace netsim::tcp {

namespace {

namespace flag = wire::flag;
namespace option = wire::option;

constexpr wire::StreamId kPeerStream = 0x1234;

Rng secrets() {
    return Rng(7, "bench");
}

/// The hash part of the ISN of a four-tuple: what a SYN-ACK at time 0 starts with.
std::uint32_t isn_at_zero(const BenchConfig& config, const FakePaths& paths) {
    Stack probe(paths, config.sysctl, secrets());
    Outbox out;
    const SocketId s = *probe.socket();
    CHECK(probe.bind(s, {kLocal, config.local_port}));
    CHECK(probe.listen(s, 1, Time{}, out));
    wire::Packet p{};
    p.source = kPeer;
    p.destination = kLocal;
    p.tcp.source_port = config.peer_port;
    p.tcp.destination_port = config.local_port;
    p.tcp.flags = flag::kSyn;
    Sysctl& sysctl = probe.sysctl();
    sysctl.tcp_syncookies = 0;
    sysctl.tcp_max_syn_backlog = 1024;
    probe.segment_arrives(p, Time{}, out);
    CHECK(out.packets.size() == 1);
    return out.packets[0].tcp.seq.raw();
}

std::string letters(std::uint16_t flags) {
    std::string out;
    const std::array<std::pair<std::uint16_t, char>, 8> kLetters{{{flag::kFin, 'F'},
                                                                  {flag::kSyn, 'S'},
                                                                  {flag::kRst, 'R'},
                                                                  {flag::kPsh, 'P'},
                                                                  {flag::kUrg, 'U'},
                                                                  {flag::kEce, 'E'},
                                                                  {flag::kCwr, 'W'},
                                                                  {flag::kAck, '.'}}};
    for (const auto& [bit, letter] : kLetters) {
        if ((flags & bit) != 0) {
            out += letter;
        }
    }
    return out.empty() ? "none" : out;
}

std::int64_t relative(wire::SeqNum n, std::uint32_t base) {
    return static_cast<std::int32_t>(n.raw() - base);
}

wire::SeqNum absolute(std::int64_t n, std::uint32_t base) {
    return wire::SeqNum(base + static_cast<std::uint32_t>(n));
}

std::string endpoint_text(const SocketInfo& info) {
    return std::string(rfc_name(info.state));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, State state) {
    return out << rfc_name(state);
}

TcpBench::TcpBench(const BenchConfig& config)
    : config_(config), paths_(std::make_unique<FakePaths>()) {
    paths_->mtu = config.mtu;
    stack_ = std::make_unique<Stack>(*paths_, config.sysctl, secrets());
    const std::uint32_t ticks = config.iss - isn_at_zero(config, *paths_);
    now_ = began_ = at_ns(std::int64_t{ticks} * 64);
    out_.observed = true;
}

// --- states

TcpBench TcpBench::in_listen(const BenchConfig& config) {
    TcpBench t(config);
    t.listen(config.backlog);
    return t;
}

TcpBench TcpBench::in_syn_received(const BenchConfig& config) {
    TcpBench t = in_listen(config);
    t.recv(config.peer_syn);
    EXPECT_TRUE(t.sends(syn_ack().ack(1)));
    return t;
}

TcpBench TcpBench::in_syn_sent(const BenchConfig& config) {
    TcpBench t(config);
    EXPECT_EQ(t.connect(), Errno::kEINPROGRESS);
    EXPECT_TRUE(t.sends(syn()));
    return t;
}

TcpBench TcpBench::in_established(const BenchConfig& config) {
    TcpBench t = in_syn_received(config);
    t.recv(ack(1).seq(1));
    EXPECT_TRUE(t.sends_nothing());
    t.sock = t.accept();
    EXPECT_TRUE(t.sock);
    EXPECT_EQ(t.state(), State::kEstablished) << t.exchange();
    return t;
}

TcpBench TcpBench::in_established_active(const BenchConfig& config) {
    TcpBench t = in_syn_sent(config);
    Seg reply = config.peer_syn;
    t.recv(reply.flags(flag::kSyn | flag::kAck).ack(1));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    EXPECT_EQ(t.state(), State::kEstablished) << t.exchange();
    return t;
}

TcpBench TcpBench::in_fin_wait_1(const BenchConfig& config) {
    TcpBench t = in_established(config);
    EXPECT_EQ(t.shutdown(Shutdown::kWrite), Errno::kOk);
    EXPECT_TRUE(t.sends(fin(1).ack(1)));
    return t;
}

TcpBench TcpBench::in_fin_wait_2(const BenchConfig& config) {
    TcpBench t = in_fin_wait_1(config);
    t.recv(ack(2).seq(1));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kFinWait2) << t.exchange();
    return t;
}

TcpBench TcpBench::in_close_wait(const BenchConfig& config) {
    TcpBench t = in_established(config);
    t.recv(fin(1).ack(1));
    t.advance(std::chrono::milliseconds(40));  // the ACK of a bare FIN may wait
    EXPECT_TRUE(t.sends(ack(2).seq(1)));
    EXPECT_EQ(t.state(), State::kCloseWait) << t.exchange();
    return t;
}

TcpBench TcpBench::in_closing(const BenchConfig& config) {
    TcpBench t = in_fin_wait_1(config);
    t.recv(fin(1).ack(1));
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    EXPECT_EQ(t.state(), State::kClosing) << t.exchange();
    return t;
}

TcpBench TcpBench::in_last_ack(const BenchConfig& config) {
    TcpBench t = in_close_wait(config);
    EXPECT_EQ(t.shutdown(Shutdown::kWrite), Errno::kOk);
    EXPECT_TRUE(t.sends(fin(1).ack(2)));
    EXPECT_EQ(t.state(), State::kLastAck) << t.exchange();
    return t;
}

TcpBench TcpBench::in_time_wait(const BenchConfig& config) {
    TcpBench t = in_fin_wait_2(config);
    t.recv(fin(1).ack(2));
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    EXPECT_EQ(t.state(), State::kTimeWait) << t.exchange();
    return t;
}

// --- exchange

wire::Packet TcpBench::from_peer(const Seg& seg) const {
    wire::Packet p{};
    const Endpoint peer = seg.peer_named.value_or(Endpoint{kPeer, config_.peer_port});
    p.source = peer.address;
    p.destination = seg.local_named.value_or(kLocal);
    wire::TcpHeader& h = p.tcp;
    h.source_port = peer.port;
    h.destination_port = config_.local_port;
    h.flags = seg.flags_named.value_or(flag::kAck);
    const std::int64_t seq = seg.seq_named.value_or(1);
    h.seq = absolute(seq, config_.iss);
    if (h.ack_flag()) {
        h.ack = absolute(seg.ack_named.value_or(1), config_.iss);
    }
    h.window = seg.window_named.value_or(static_cast<std::uint16_t>(config_.peer_window));
    const std::uint32_t length = seg.length_named.value_or(0);
    if (length > 0) {
        h.payload = {static_cast<std::uint64_t>(seq - 1 + (h.syn() ? 1 : 0)), kPeerStream, length};
    }
    h.options |= seg.options_named.value_or(0);
    if (seg.mss_named) {
        h.options |= option::kMss;
        h.mss = *seg.mss_named;
    }
    if (seg.scale_named) {
        h.options |= option::kWindowScale;
        h.window_scale = *seg.scale_named;
    }
    if (seg.sack_ok_named.value_or(false)) {
        h.options |= option::kSackPermitted;
    }
    if (seg.ts_named.value_or(false)) {
        h.options |= option::kTimestamps;
        const auto ms = static_cast<std::uint32_t>((now_ - began_).count() / 1'000'000);
        h.tsval = seg.tsval_named.value_or(1000 + ms);
        h.tsecr = seg.tsecr_named.value_or(h.ack_flag() ? last_tsval_ : 0);
    }
    if (seg.sacks_named) {
        h.options |= option::kSack;
        for (const RelativeRange& r : *seg.sacks_named) {
            h.sack.at(h.sack_count++) = {absolute(r.begin, config_.iss),
                                         absolute(r.end, config_.iss)};
        }
    }
    return p;
}

void TcpBench::recv(const Seg& seg) {
    const wire::Packet p = from_peer(seg);
    log('<', p);
    stack_->segment_arrives(p, now_, out_);
    after_input();
}

void TcpBench::recv_icmp(std::uint8_t type, std::uint8_t code, std::int64_t quoted_seq,
                         std::uint16_t mtu) {
    wire::IcmpHeader icmp{};
    icmp.type = type;
    icmp.code = code;
    icmp.mtu = mtu;
    icmp.quoted.source = kLocal;
    icmp.quoted.destination = kPeer;
    icmp.quoted.source_port = config_.local_port;
    icmp.quoted.destination_port = config_.peer_port;
    icmp.quoted.seq = absolute(quoted_seq, config_.iss).raw();
    log_.push_back("< icmp type " + std::to_string(type) + " code " + std::to_string(code));
    stack_->icmp_error_arrives(icmp, now_, out_);
    after_input();
}

void TcpBench::after_input() {
    for (const wire::Packet& p : out_.packets) {
        log('>', p);
        if (p.tcp.has_option(option::kTimestamps)) {
            last_tsval_ = p.tcp.tsval;
        }
        sent_.push_back({now_, p});
    }
    for (const StateChange& c : out_.states) {
        changes_.push_back(std::string(rfc_name(c.from)) + " -> " + std::string(rfc_name(c.to)) +
                           " (" + std::string(to_string(c.cause)) + ")");
        log_.push_back("    " + changes_.back());
    }
    out_.packets.clear();
    out_.states.clear();
    out_.events.clear();
    last_drop_.clear();
    if (out_.drop) {
        last_drop_ = to_string(*out_.drop);
        log_.push_back("    dropped: " + std::string(to_string(*out_.drop)));
        out_.drop.reset();
    }
    stack_->check_invariants();
}

void TcpBench::advance(Duration by) {
    const Time until = now_ + by;
    for (Time next = stack_->next_deadline(); next <= until; next = stack_->next_deadline()) {
        now_ = std::max(now_, next);
        stack_->timers_expire(now_, out_);
        after_input();
        CHECK(stack_->next_deadline() > now_);
    }
    now_ = until;
}

std::vector<Sent> TcpBench::take_sent() {
    return std::exchange(sent_, {});
}

std::vector<double> TcpBench::sent_at(Duration by) {
    const Time from = now_;
    advance(by);
    std::vector<double> out;
    for (const Sent& s : take_sent()) {
        out.push_back(to_seconds(s.at - from));
    }
    return out;
}

testing::AssertionResult TcpBench::fails(const std::string& why) const {
    return testing::AssertionFailure() << why << "\nexchange:\n" << exchange();
}

testing::AssertionResult TcpBench::sends_nothing() {
    if (!sent_.empty()) {
        const std::string text = describe(sent_.front().packet);
        sent_.erase(sent_.begin());
        return fails("sent, but should not: " + text);
    }
    return testing::AssertionSuccess();
}

testing::AssertionResult TcpBench::sends(const Seg& e) {
    if (sent_.empty()) {
        return fails("nothing was sent");
    }
    const wire::Packet p = sent_.front().packet;
    sent_.erase(sent_.begin());
    const wire::TcpHeader& h = p.tcp;
    std::string wrong;
    const auto differs = [&](const char* what, auto expected, auto actual) {
        if (expected != actual) {
            wrong += std::string(what) + " expected " + std::to_string(expected) + " but is " +
                     std::to_string(actual) + "; ";
        }
    };
    if (e.flags_named) {  // PSH counts only where it is asked for
        const std::uint16_t mask = (*e.flags_named & flag::kPsh) != 0 ? 0x1ff : 0x1ff & ~flag::kPsh;
        if ((h.flags & mask) != *e.flags_named) {
            wrong += "flags expected " + letters(*e.flags_named) + "; ";
        }
    }
    if (e.seq_named) {
        differs("seq", *e.seq_named, relative(h.seq, config_.iss));
    }
    if (e.ack_named) {
        differs("ack", *e.ack_named, h.ack_flag() || h.rst() ? relative(h.ack, config_.iss) : -1);
    }
    differs("length", e.length_named.value_or(h.payload.length), h.payload.length);
    differs("win", e.window_named.value_or(h.window), h.window);
    if (e.mss_named) {
        differs("mss", *e.mss_named, h.has_option(option::kMss) ? h.mss : 0);
    }
    if (e.scale_named) {
        differs("wscale", *e.scale_named,
                h.has_option(option::kWindowScale) ? h.window_scale : 255);
    }
    if (e.sack_ok_named) {
        differs("sackOK", *e.sack_ok_named, h.has_option(option::kSackPermitted));
    }
    if (e.ts_named) {
        differs("TS", *e.ts_named, h.has_option(option::kTimestamps));
    }
    differs("tsval", e.tsval_named.value_or(h.tsval), h.tsval);
    differs("tsecr", e.tsecr_named.value_or(h.tsecr), h.tsecr);
    differs("options", e.options_named.value_or(h.options), h.options);
    if (e.sacks_named) {
        std::vector<RelativeRange> got;
        for (std::uint8_t i = 0; h.has_option(option::kSack) && i < h.sack_count; ++i) {
            got.push_back({relative(h.sack.at(i).begin, config_.iss),
                           relative(h.sack.at(i).end, config_.iss)});
        }
        if (got != *e.sacks_named) {
            wrong += "sack blocks differ; ";
        }
    }
    const Endpoint to = e.peer_named.value_or(Endpoint{kPeer, config_.peer_port});
    if (p.destination != to.address || h.destination_port != to.port) {
        wrong += "destination expected " + to_string(to) + "; ";
    }
    // What was written at an offset goes out at that offset.
    if (h.payload.length > 0 && !e.peer_named &&
        static_cast<std::int64_t>(h.payload.offset) != relative(h.seq, config_.iss) - 1) {
        wrong += "payload of another place in the stream; ";
    }
    return wrong.empty() ? testing::AssertionSuccess() : fails(wrong + "in: " + describe(p));
}

// --- application

void TcpBench::listen(int backlog) {
    listener = *stack_->socket();
    CHECK(stack_->bind(listener, {kLocal, config_.local_port}));
    CHECK(stack_->listen(listener, backlog, now_, out_));
    after_input();
}

namespace {

template <typename T>
Errno errno_of(const Result<T>& result) {
    return result ? Errno::kOk : result.error();
}

}  // namespace

SocketId TcpBench::accept() {
    const auto accepted = stack_->accept(listener);
    return accepted ? *accepted : SocketId{};
}

Errno TcpBench::connect(bool bound) {
    if (!sock) {
        sock = *stack_->socket();
        if (bound) {
            CHECK(stack_->bind(sock, {kLocal, config_.local_port}));
        }
    }
    const auto result = stack_->connect(sock, {kPeer, config_.peer_port}, now_, out_);
    after_input();
    return errno_of(result);
}

void TcpBench::lock() {
    stack_->lock(sock);
}

void TcpBench::process_backlog() {
    stack_->process_backlog(sock, now_, out_);
    after_input();
}

void TcpBench::flush_backlog() {
    stack_->flush_backlog(sock, now_, out_);
    after_input();
}

void TcpBench::unlock() {
    stack_->unlock(sock, now_, out_);
    after_input();
}

Result<std::uint64_t> TcpBench::send(std::uint32_t count) {
    const auto room = stack_->send_room(sock);
    if (!room) {
        return room;
    }
    Stack::SendCursor cursor = stack_->send_cursor(sock);
    if (cursor.stream == 0) {
        cursor = {stack_->new_synthetic_stream(), 0, 0};
        stack_->set_send_stream(sock, cursor.stream);
    }
    const auto taken = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, *room));
    log_.push_back("    send(" + std::to_string(taken) + ")");
    const auto result = stack_->send(sock, {cursor.offset, cursor.stream, taken}, now_, out_);
    after_input();
    return result;
}

Result<std::uint64_t> TcpBench::receive(std::uint64_t max) {
    std::vector<wire::PayloadRef> ranges;
    const auto result = stack_->receive(sock, max, now_, out_, ranges);
    log_.push_back("    recv() = " +
                   (result ? std::to_string(*result) : std::string(errno_name(result.error()))));
    after_input();
    return result;
}

Errno TcpBench::receive_errno() {
    return errno_of(receive());
}

Errno TcpBench::send_errno() {
    return errno_of(send(1));
}

Errno TcpBench::shutdown(Shutdown how) {
    log_.push_back("    shutdown()");
    const auto result = stack_->shutdown(sock, how, now_, out_);
    after_input();
    return errno_of(result);
}

Errno TcpBench::close() {
    log_.push_back("    close()");
    const auto result = stack_->close(sock, now_, out_);
    sock = {};
    after_input();
    return errno_of(result);
}

Errno TcpBench::close_listener() {
    const auto result = stack_->close(listener, now_, out_);
    listener = {};
    after_input();
    return errno_of(result);
}

Errno TcpBench::option(SocketOption name, std::int64_t value) {
    const auto result = stack_->set_option(sock ? sock : listener, name, value, now_, out_);
    after_input();
    return errno_of(result);
}

std::int64_t TcpBench::get_option(SocketOption name) {
    return stack_->get_option(sock ? sock : listener, name).value_or(-1);
}

unsigned TcpBench::poll() const {
    return stack_->poll(sock ? sock : listener);
}

Errno TcpBench::error() {
    return static_cast<Errno>(get_option(SocketOption::kSO_ERROR));
}

// --- looking

SocketInfo TcpBench::info() const {
    SocketInfo found;
    const Endpoint local{kLocal, config_.local_port};
    const Endpoint peer{kPeer, config_.peer_port};
    stack_->for_each_socket(now_, [&](const SocketInfo& info) {
        if (info.local == local && info.remote == peer && info.state != State::kClosed) {
            found = info;
        }
    });
    return found;
}

State TcpBench::state() const {
    return info().state;
}

std::uint64_t TcpBench::count(Mib counter) const {
    return stack_->mib().get(counter);
}

std::uint64_t TcpBench::dropped(Drop reason) const {
    return stack_->dropped(reason);
}

std::uint32_t TcpBench::syn_queue() const {
    return stack_->syn_queue_length(config_.local_port);
}

std::uint32_t TcpBench::accept_queue() const {
    return stack_->accept_queue_length(config_.local_port);
}

std::size_t TcpBench::records(EndpointKind kind) const {
    std::size_t n = 0;
    stack_->for_each_socket(now_,
                            [&](const SocketInfo& info) { n += info.kind == kind ? 1U : 0U; });
    return n;
}

std::vector<std::string> TcpBench::changes() {
    return std::exchange(changes_, {});
}

std::string TcpBench::describe(const wire::Packet& p) const {
    const wire::TcpHeader& h = p.tcp;
    std::string text = letters(h.flags) + " " + std::to_string(relative(h.seq, config_.iss)) + "(" +
                       std::to_string(h.payload.length) + ")";
    if (h.ack_flag()) {
        text += " ack " + std::to_string(relative(h.ack, config_.iss));
    }
    text += " win " + std::to_string(h.window);
    if (h.has_option(option::kMss)) {
        text += " mss " + std::to_string(h.mss);
    }
    if (h.has_option(option::kSackPermitted)) {
        text += " sackOK";
    }
    if (h.has_option(option::kTimestamps)) {
        text += " TS " + std::to_string(h.tsval) + "," + std::to_string(h.tsecr);
    }
    if (h.has_option(option::kWindowScale)) {
        text += " wscale " + std::to_string(h.window_scale);
    }
    for (std::uint8_t i = 0; h.has_option(option::kSack) && i < h.sack_count; ++i) {
        text += " sack " + std::to_string(relative(h.sack.at(i).begin, config_.iss)) + ":" +
                std::to_string(relative(h.sack.at(i).end, config_.iss));
    }
    return text;
}

void TcpBench::log(char direction, const wire::Packet& packet) {
    constexpr std::size_t kLogMax = 2000;
    if (log_.size() > kLogMax) {
        log_.erase(log_.begin(), log_.begin() + kLogMax / 2);
    }
    char time[32];
    std::snprintf(time, sizeof time, "%.6f", to_seconds(now_ - began_));
    log_.push_back(std::string(time) + " " + direction + " " + describe(packet));
}

std::string TcpBench::exchange() const {
    std::string text;
    for (const std::string& line : log_) {
        text += line + "\n";
    }
    return text + "    now " + std::to_string(to_seconds(now_ - began_)) + " " +
           endpoint_text(info()) + "\n";
}

}  // namespace netsim::tcp

namespace netsim {

std::ostream& operator<<(std::ostream& out, Errno e) {
    return out << errno_name(e);
}

}  // namespace netsim
