// One tcp::Stack, a clock and a peer played by the test: segments in, segments out, time forward.
// States are reached by exchange only. Numbers are relative to both initial sequence numbers.
//
// ISS: the peer's is given. The stack's own is a keyed hash plus a clock of 64 ns (RFC 6528), so
// the bench starts its clock at the moment that makes it what the test asks for: no hook needed.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/segment.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {

inline constexpr Ipv4 kLocal = ipv4(10, 0, 0, 1);
inline constexpr Ipv4 kPeer = ipv4(10, 0, 0, 2);

/// A fake IP layer: one route to everywhere.
struct FakePaths final : Paths {
    PathInfo path(Ipv4 destination) const override {
        return {destination == unreachable ? Errno::kENETUNREACH : Errno::kOk,
                is_local(destination) ? destination : kLocal, mtu};
    }

    bool is_local(Ipv4 address) const override {
        return address == kLocal || address.is_loopback();
    }

    /// A host's link that holds so much of every connection, until then.
    TxQueue tx_queue(const FourTuple& /*connection*/, std::span<const wire::Packet> /*next*/,
                     const TxLimit& limit) const override {
        TxQueue queue;
        queue.payload = link_memory;
        queue.first_done = link_free_at;
        queue.within_at = link_memory > limit.memory ? link_free_at : kNever;
        return queue;
    }

    std::uint32_t link_memory = 0;
    Time link_free_at = kNever;
    std::uint32_t mtu = 1500;
    Ipv4 unreachable = ipv4(192, 0, 2, 1);
};

struct BenchConfig {
    std::uint32_t iss = 0;  // of both sides
    std::uint16_t local_port = 80;
    std::uint16_t peer_port = 40000;
    Seg peer_syn = syn().mss(1000).sack_ok();  // what the peer's SYN or SYN-ACK offers
    std::uint32_t peer_window = 65535;         // field of the peer's segments
    int backlog = 16;
    Sysctl sysctl{};
    std::uint32_t mtu = 1500;
};

struct Sent {
    Time at;
    wire::Packet packet;
};

class TcpBench {
 public:
    explicit TcpBench(const BenchConfig& config = {});

    // --- states, each reached by an exchange
    static TcpBench in_listen(const BenchConfig& config = {});
    static TcpBench in_syn_received(const BenchConfig& config = {});  // a half-open request
    static TcpBench in_syn_sent(const BenchConfig& config = {});
    static TcpBench in_established(const BenchConfig& config = {});         // passive, accepted
    static TcpBench in_established_active(const BenchConfig& config = {});  // by connect()
    static TcpBench in_fin_wait_1(const BenchConfig& config = {});          // shutdown(SHUT_WR)
    static TcpBench in_fin_wait_2(const BenchConfig& config = {});
    static TcpBench in_close_wait(const BenchConfig& config = {});
    static TcpBench in_closing(const BenchConfig& config = {});
    static TcpBench in_last_ack(const BenchConfig& config = {});
    static TcpBench in_time_wait(const BenchConfig& config = {});

    // --- exchange
    /// The peer sends this.
    void recv(const Seg& seg);
    void recv_icmp(std::uint8_t type, std::uint8_t code, std::int64_t quoted_seq,
                   std::uint16_t mtu = 0);
    /// The next segment the stack sent has all that is named here.
    testing::AssertionResult sends(const Seg& expected);
    testing::AssertionResult sends_nothing();
    /// Time goes on; each timer fires at its own deadline.
    void advance(Duration by);
    /// Takes what has been sent and not yet been looked at.
    std::vector<Sent> take_sent();
    /// Goes on for `by`; the moments (seconds from now) at which segments left.
    std::vector<double> sent_at(Duration by);

    // --- application
    void listen(int backlog);
    SocketId accept();
    Errno connect(bool bound = true);
    Result<std::uint64_t> send(std::uint32_t count);
    Result<std::uint64_t> receive(std::uint64_t max = 1U << 30U);
    Errno receive_errno();
    /// A process that takes its time holds `sock`: see Stack.
    void lock();
    void process_backlog();
    void flush_backlog();
    void unlock();
    Errno send_errno();
    Errno shutdown(Shutdown how);
    Errno close();
    Errno close_listener();
    Errno option(SocketOption option, std::int64_t value);
    std::int64_t get_option(SocketOption option);
    unsigned poll() const;
    /// SO_ERROR
    Errno error();

    // --- looking
    /// Of the usual four-tuple; CLOSED if nothing has it.
    State state() const;
    SocketInfo info() const;
    std::uint64_t count(Mib counter) const;
    std::uint64_t dropped(Drop reason) const;
    std::uint32_t syn_queue() const;
    std::uint32_t accept_queue() const;
    std::size_t records(EndpointKind kind) const;

    Time now() const { return now_; }

    Stack& stack() { return *stack_; }

    FakePaths& paths() { return *paths_; }

    Outbox& out() { return out_; }

    const BenchConfig& config() const { return config_; }

    std::uint32_t iss() const { return config_.iss; }

    /// State changes since the last call: "ESTABLISHED -> CLOSE-WAIT (rcv FIN)".
    std::vector<std::string> changes();

    /// Why the last segment was dropped; empty: it was not.
    const std::string& last_drop() const { return last_drop_; }

    /// "S. 0(0) ack 1 ..." with relative numbers.
    std::string describe(const wire::Packet& packet) const;
    /// The exchange so far.
    std::string exchange() const;

    SocketId listener;
    SocketId sock;

 private:
    void after_input();
    void log(char direction, const wire::Packet& packet);
    wire::Packet from_peer(const Seg& seg) const;
    testing::AssertionResult fails(const std::string& why) const;

    BenchConfig config_;
    std::unique_ptr<FakePaths> paths_;
    std::unique_ptr<Stack> stack_;
    Time now_{};
    Time began_{};
    Outbox out_;
    std::vector<Sent> sent_;
    std::vector<std::string> log_;
    std::vector<std::string> changes_;
    std::uint32_t last_tsval_ = 0;
    std::string last_drop_;
};

std::ostream& operator<<(std::ostream& out, State state);

/// Runs each test at three initial sequence numbers: wrap-around is no special test.
class AtEachIss : public testing::TestWithParam<std::uint32_t> {
 protected:
    static BenchConfig config() {
        BenchConfig c;
        c.iss = GetParam();
        return c;
    }
};

}  // namespace netsim::tcp

namespace netsim {
std::ostream& operator<<(std::ostream& out, Errno e);
}

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define NETSIM_AT_EACH_ISS(Suite)                                  \
    INSTANTIATE_TEST_SUITE_P(                                      \
        Iss, Suite, testing::Values(0U, 0x7ffffffbU, 0xfffffffbU), \
        [](const testing::TestParamInfo<std::uint32_t>& i) { return std::to_string(i.param); })
