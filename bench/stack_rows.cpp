// One host's TCP alone, fed with segments: finding the endpoint, and timers.
#include <fmt/format.h>

#include <utility>

#include "rows.hpp"
#include "tcp/stack.hpp"

namespace netsim::bench {
namespace {

constexpr Ipv4 kLocal = ipv4(10, 0, 0, 1);
constexpr std::uint16_t kPort = 80;

class OneAddress final : public tcp::Paths {
 public:
    tcp::PathInfo path(Ipv4 destination) const override {
        static_cast<void>(destination);
        return {.source = kLocal};
    }

    bool is_local(Ipv4 address) const override { return address == kLocal; }
};

/// A listening stack and the segments of any number of clients.
class Server {
 public:
    explicit Server(std::uint64_t clients) : stack_(paths_, sysctl(), Rng(1, "bench")) {
        const Result<SocketId> listener = stack_.socket();
        if (!listener || !stack_.bind(*listener, {Ipv4{}, kPort}) ||
            !stack_.listen(*listener, 20'000'000, now_, out_)) {
            throw InputError("cannot listen");
        }
        listener_ = *listener;
        order_.reserve(clients);
        Rng rng(1, "bench/order");
        for (std::uint64_t i = 0; i < clients; ++i) {
            order_.push_back(static_cast<std::uint32_t>(i));
            std::swap(order_[i], order_[rng.below(i + 1)]);
        }
    }

    static wire::Packet segment(std::uint32_t client, std::uint16_t flags) {
        wire::Packet p{};
        p.source = Ipv4{ipv4(198, 18, 0, 0).bits + client / 4};
        p.destination = kLocal;
        p.tcp.source_port = static_cast<std::uint16_t>(1024 + client % 4);
        p.tcp.destination_port = kPort;
        p.tcp.flags = flags;
        p.tcp.window = 64240;
        return p;
    }

    void arrive(const wire::Packet& packet) {
        stack_.segment_arrives(packet, now_, out_);
        out_.events.clear();
        out_.drop.reset();
    }

    void half_open(std::uint64_t clients) {
        for (std::uint32_t i = 0; i < clients; ++i) {
            arrive(segment(i, wire::flag::kSyn));
            out_.packets.clear();
        }
        if (stack_.syn_queue_length(kPort) != clients) {
            throw InputError("not all requests are there");
        }
    }

    /// Client `i` connects; what the stack said last is its ISS.
    wire::SeqNum establish(std::uint32_t client) {
        arrive(segment(client, wire::flag::kSyn));
        const wire::SeqNum iss = out_.packets.back().tcp.seq;
        wire::Packet ack = segment(client, wire::flag::kAck);
        ack.tcp.seq = wire::SeqNum(1);
        ack.tcp.ack = iss + 1;
        arrive(ack);
        out_.packets.clear();
        return iss;
    }

    void send(std::uint64_t bytes) {
        const Result<SocketId> socket = stack_.accept(listener_);
        const wire::PayloadRef payload{.stream = stack_.new_synthetic_stream(),
                                       .length = static_cast<std::uint32_t>(bytes)};
        if (socket) {
            stack_.set_send_stream(*socket, payload.stream);
        }
        if (!socket || !stack_.send(*socket, payload, now_, out_)) {
            throw InputError("cannot send");
        }
        out_.packets.clear();
    }

    tcp::Stack& stack() { return stack_; }

    tcp::Outbox& out() { return out_; }

    Time now_{std::chrono::seconds(1)};

    const std::vector<std::uint32_t>& order() const { return order_; }

 private:
    static tcp::Sysctl sysctl() {
        tcp::Sysctl sysctl;
        sysctl.somaxconn = 20'000'000;
        sysctl.tcp_max_syn_backlog = 40'000'000;
        return sysctl;
    }

    OneAddress paths_;
    tcp::Stack stack_;
    tcp::Outbox out_;
    SocketId listener_;
    std::vector<std::uint32_t> order_;  // the clients, shuffled
};

/// A segment without any flag is dropped as soon as its request is found.
Work demux(std::uint64_t segments, std::uint64_t endpoints) {
    Server server(endpoints);
    server.half_open(endpoints);
    Work work;
    work.seconds = measure([&] {
        std::size_t next = 0;
        for (std::uint64_t i = 0; i < segments; ++i) {
            server.arrive(Server::segment(server.order()[next], 0));
            next = next + 1 == endpoints ? 0 : next + 1;
        }
    });
    work.units = static_cast<double>(segments);
    return work;
}

/// SYN-ACK timers of `armed` half-open requests; each that fires is armed again for later.
Work timers(std::uint64_t fired, std::uint64_t armed) {
    Server server(0);
    constexpr std::uint64_t kPerMicrosecond = 10;
    for (std::uint32_t i = 0; i < armed; ++i) {
        server.arrive(Server::segment(i, wire::flag::kSyn));
        server.out().packets.clear();
        if (i % kPerMicrosecond == 0) {
            server.now_ += std::chrono::microseconds(1);
        }
    }
    Work work;
    work.seconds = measure([&] {
        while (work.units < static_cast<double>(fired)) {
            const Time due = server.stack().next_deadline();
            server.stack().timers_expire(due, server.out());
            work.units += static_cast<double>(server.out().packets.size());
            server.out().packets.clear();
        }
    });
    return work;
}

/// Each ACK acknowledges one octet more of what is under way: the RTO moves (RFC 6298 §5.3).
Work moved_rto(std::uint64_t acks, std::uint64_t connections) {
    Server server(connections);
    std::vector<wire::SeqNum> acked(connections);
    for (std::uint32_t i = 0; i < connections; ++i) {
        acked[i] = server.establish(i) + 1;
        server.send(1000);
    }
    Work work;
    work.seconds = measure([&] {
        std::size_t next = 0;
        for (std::uint64_t i = 0; i < acks; ++i) {
            if (next == 0) {
                server.now_ += std::chrono::milliseconds(1);
            }
            const std::uint32_t client = server.order()[next];
            wire::Packet ack = Server::segment(client, wire::flag::kAck);
            ack.tcp.seq = wire::SeqNum(1);
            acked[client] = acked[client] + 1;
            ack.tcp.ack = acked[client];
            server.arrive(ack);
            server.out().packets.clear();
            next = next + 1 == connections ? 0 : next + 1;
        }
    });
    work.units = static_cast<double>(acks);
    return work;
}

}  // namespace

void add_stack_rows(std::vector<Row>& rows) {
    std::uint64_t endpoints = 1000;
    for (int exponent = 3; exponent <= 7; ++exponent, endpoints *= 10) {
        rows.push_back({.name = fmt::format("demux_1e{}_ns", exponent),
                        .what = fmt::format("segment to its endpoint, of 1e{}", exponent),
                        .unit = Unit::kNanoseconds,
                        .amount = 2'000'000,
                        .counted = exponent == 3 ? std::uint64_t{50'000} : 0,
                        .run = [endpoints](std::uint64_t n) { return demux(n, endpoints); }});
    }
    rows.push_back({.name = "timer_fired_ns",
                    .what = "SYN-ACK timer fires and is armed anew, of 1e7",
                    .unit = Unit::kNanoseconds,
                    .amount = 1'000'000,
                    .run = [](std::uint64_t n) { return timers(n, 10'000'000); }});
    rows.push_back({.name = "rto_moved_ns",
                    .what = "ACK that moves the RTO, 1e3 armed",
                    .unit = Unit::kNanoseconds,
                    .amount = 500'000,
                    .counted = 20'000,
                    .run = [](std::uint64_t n) { return moved_rto(n, 1'000); }});
    rows.push_back({.name = "rto_moved_1e6_ns",
                    .what = "ACK that moves the RTO, 1e6 armed",
                    .unit = Unit::kNanoseconds,
                    .amount = 1'000'000,
                    .run = [](std::uint64_t n) { return moved_rto(n, 1'000'000); }});
}

}  // namespace netsim::bench
