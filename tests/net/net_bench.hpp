// A bench for the network's tests: a node that notes what arrives, and packets to send.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "net/link.hpp"
#include "net/node.hpp"
#include "sim/simulation.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

struct Arrival {
    Time at;
    wire::Packet packet;
};

class Sink final : public Node {
 public:
    Sink(Fabric& fabric, std::string name, bool forwards = false)
        : Node(fabric, std::move(name)), forwards_(forwards) {}

    void receive(wire::PacketPtr packet, std::uint32_t interface) override {
        static_cast<void>(interface);
        arrivals.push_back(Arrival{fabric().sim.now(), *packet});
    }

    bool forwards() const override { return forwards_; }

    std::vector<Arrival> arrivals;

 private:
    bool forwards_;
};

inline wire::Packet udp_packet(Ipv4 source, Ipv4 destination, std::uint32_t length,
                               std::uint16_t id = 0) {
    wire::Packet packet{};
    packet.source = source;
    packet.destination = destination;
    packet.id = id;
    packet.protocol = wire::Protocol::kUdp;
    packet.udp = wire::UdpHeader{1000, 2000, wire::PayloadRef{0, 0, length - 28}};
    return packet;
}

/// Two nodes and a link between them; sends are numbered by the packets' uid, from 0.
class LinkBench : private sim::EventTarget {
 public:
    static constexpr Ipv4 kA = ipv4(10, 0, 0, 1);
    static constexpr Ipv4 kB = ipv4(10, 0, 0, 2);

    explicit LinkBench(const LinkOptions& options, std::uint64_t seed = 1)
        : sim(seed),
          fabric{sim, pool},
          a(fabric, "a"),
          b(fabric, "b"),
          link(fabric, a, kA, b, kB, options, LinkOptions{}) {}

    void send(std::uint32_t length = 1000) {
        wire::Packet packet = udp_packet(kA, kB, length);
        packet.uid = next_++;
        link.direction(0).transmit(pool.make(packet));
    }

    /// `count` packets, one every interval from now on, then runs until nothing is left.
    void send_every(Duration interval, std::uint32_t count, std::uint32_t length = 1000) {
        left_ = count;
        interval_ = interval;
        length_ = length;
        sim.schedule(sim.now(), a.id(), *this);
        sim.run({});
    }

    const LinkStats& stats() { return link.direction(0).stats(); }

    bool balanced() {
        const LinkStats& s = stats();
        return s.sent_packets == s.delivered_packets + s.dropped_total() + s.in_flight;
    }

    std::uint64_t dropped(DropReason reason) {
        return stats().dropped[static_cast<std::size_t>(reason)];
    }

    std::vector<std::uint64_t> uids() const {
        std::vector<std::uint64_t> all;
        for (const Arrival& arrival : b.arrivals) {
            all.push_back(arrival.packet.uid);
        }
        return all;
    }

    sim::Simulation sim;
    wire::PacketPool pool;
    Fabric fabric;
    Sink a;
    Sink b;
    Link link;

 private:
    void fire(std::uint64_t argument) override {
        static_cast<void>(argument);
        send(length_);
        if (--left_ > 0) {
            sim.schedule(sim.now() + interval_, a.id(), *this);
        }
    }

    std::uint64_t next_ = 0;
    std::uint32_t left_ = 0;
    std::uint32_t length_ = 0;
    Duration interval_{};
};

}  // namespace netsim::net
