// The link in the middle of a recorded experiment: a fixed delay each way, and for each packet the
// fate the recording gave to its counterpart. Notes every packet it gets.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "net/node.hpp"
#include "replay/recording.hpp"

namespace netsim::replay {

/// What the model's zero of time is in the recording: calls before t = 0 need room.
inline constexpr Duration kTimeBase = std::chrono::seconds(10);

Time to_model(Milliseconds t);
Milliseconds to_recorded(Time t);

/// A connection as the recording names it: client's address and port, server's port.
struct FlowKey {
    Ipv4 client;
    std::uint16_t client_port = 0;
    std::uint16_t server_port = 0;

    friend constexpr auto operator<=>(const FlowKey&, const FlowKey&) = default;
};

/// What the model sent, in the recording's terms.
struct SentPacket {
    Milliseconds at = 0;
    bool to_server = true;
    FlowKey flow;  // with the recording's client port
    wire::Packet packet{};
    std::vector<std::int64_t>
        seq_by_incarnation;  // [0]: relative to the current one, [1]: one back...
    std::vector<std::int64_t> ack_by_incarnation;
    std::int64_t tsval = 0;  // relative to the side's first
    std::int64_t tsecr = 0;
    const RecordedPacket* expected = nullptr;  // its counterpart; null: the recording has none
};

class Relay final : public net::Node, private sim::EventTarget {
 public:
    Relay(net::Fabric& fabric, const Recording& recording);

    void receive(wire::PacketPtr packet, std::uint32_t interface) override;

    bool forwards() const override { return true; }

    /// Schedules the injected packets. Call once, before the run.
    void start();

    const std::vector<SentPacket>& sent() const { return sent_; }

    /// Recorded packets whose counterpart never came.
    std::vector<const RecordedPacket*> missing() const;

    /// The recording's client port for the model's, once the flow has been seen; else the model's
    /// own.
    /// `server_port` 0: whichever it was for.
    std::uint16_t recorded_port(Ipv4 client, std::uint16_t model_port,
                                std::uint16_t server_port) const;

 private:
    struct Direction {
        std::vector<wire::SeqNum> isns;  // newest last
        std::optional<std::uint32_t> first_ts;
        std::vector<const RecordedPacket*> script;  // of the recording, injected ones left out
        std::size_t next = 0;
    };

    struct Flow {
        FlowKey recorded;
        std::uint16_t model_port = 0;
        Direction direction[2];  // NOLINT: [0] to the client, [1] to the server
    };

    struct Pending {
        wire::Packet packet{};
        std::uint32_t interface = 0;
    };

    void fire(std::uint64_t argument) override;
    Time read_at(bool to_server, const RecordedPacket* expected);
    Flow& flow_of(const wire::Packet& packet, bool to_server);
    Flow* find_flow(Ipv4 client, std::uint16_t model_port, std::uint16_t server_port);
    void inject(const RecordedPacket& in);
    void inject_icmp(const RecordedPacket& in);
    const wire::Packet* culprit(const RecordedPacket& icmp) const;
    void note_numbers(Flow& flow, bool to_server, const wire::TcpHeader& h);
    SentPacket describe(Flow& flow, bool to_server, const wire::Packet& packet);
    void deliver_at(Time at, const wire::Packet& packet, std::uint32_t interface);

    const Recording& recording_;
    std::vector<Flow> flows_;
    std::map<FlowKey, std::size_t> by_model_;
    std::vector<FlowKey> unclaimed_;           // recorded flows in order of their first packet
    std::map<FlowKey, Direction> scripts_[2];  // NOLINT
    std::vector<SentPacket> sent_;
    std::vector<Pending> pending_;
    Time last_delivery_[2] = {};  // NOLINT: by direction

    /// The packet read last, and when.
    struct Reading {
        Time at{};
        const RecordedPacket* packet = nullptr;
    };

    Reading last_read_[2] = {};         // NOLINT: by direction
    std::vector<wire::Packet> memory_;  // to repeat a packet "late"
};

}  // namespace netsim::replay
