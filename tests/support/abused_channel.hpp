// Two stacks and a channel that loses, doubles, spoils, delays and reorders. What the second reads
// is compared with what the first wrote, range by range, and every invariant holds after each step.
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <vector>

#include "netsim/rng.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {

/// What a run suffers from, and how its two ends are set up.
struct Trouble {
    double loss = 0;
    double duplicate = 0;
    double corrupt = 0;
    std::int64_t jitter_ms = 0;
    std::uint32_t iss = 0;  // of both ends
    std::uint32_t mtu = 1500;
    bool sack = true;
    bool timestamps = true;
    bool window_scaling = true;
    bool tiny_buffers = false;
    std::uint64_t seed = 1;
};

std::ostream& operator<<(std::ostream& out, const Trouble& trouble);

/// One end with its application.
class Side {
 public:
    Side(Ipv4 address, const Trouble& trouble, std::uint64_t seed);

    /// As much of `count` bytes as the send buffer takes.
    void write(std::uint32_t count, Time now);
    void read(std::uint64_t most, Time now);
    void set(SocketOption option, std::int64_t value, Time now);
    void shut(Shutdown how, Time now);
    /// Of the listener too, if this side has one.
    void close(Time now);
    void close_listener(Time now);

    bool open() const { return static_cast<bool>(socket); }

    /// Connections, requests and TIME-WAIT records.
    std::size_t records(Time now) const;

    struct Home final : Paths {
        PathInfo path(Ipv4 destination) const override;

        bool is_local(Ipv4 a) const override { return a == address; }

        Ipv4 address;
        std::uint32_t mtu = 1500;
    };

    Home home;
    Stack stack;
    Outbox out;
    Duration ahead{0};  // of this end's clock: its ISN is a hash plus its clock
    SocketId listener;
    SocketId socket;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    wire::StreamId reads = 0;     // the stream that arrives
    std::uint64_t strangers = 0;  // ranges that were not the next bytes of it
};

class AbusedChannel {
 public:
    /// The first side connects to the second.
    explicit AbusedChannel(const Trouble& trouble);

    void run(Duration by);
    /// After calls on the sides: what they caused goes out.
    void drain();

    Time now() const { return now_; }

    Time now_at(const Side& side) const { return now_ + side.ahead; }

    Side& side(bool second) { return *sides_[second ? 1 : 0]; }

    const std::array<std::unique_ptr<Side>, 2>& sides() const { return sides_; }

    enum class Fate : std::uint8_t { kStays, kHeals, kDies };

    /// Of what is sent from now on.
    void become(Fate fate) { fate_ = fate; }

    /// From now on whatever can be read is read at once.
    void read_all() { reading_ = true; }

    /// The ISS each side's connection had.
    const std::array<std::uint32_t, 2>& iss_seen() const { return iss_seen_; }

 private:
    void put_on_wire(const wire::Packet& packet);
    void arrives(const wire::Packet& packet);

    Trouble trouble_;
    Rng rng_;
    Time now_{};
    std::multimap<Time, wire::Packet> wire_;
    std::array<std::unique_ptr<Side>, 2> sides_;
    std::array<std::uint32_t, 2> iss_seen_{};
    std::array<bool, 2> iss_known_{};
    Fate fate_ = Fate::kStays;
    bool reading_ = false;
};

}  // namespace netsim::tcp
