// Networks that several rows run load over, built with the public API.
#pragma once

#include <cstdint>
#include <vector>

#include "netsim/network.hpp"
#include "rows.hpp"

namespace netsim::bench {

enum class Shape : std::uint8_t {
    kDirect,   // a client and a server, one link
    kStar,     // 32 clients, a router, a server
    kFatTree,  // k = 8: 64 clients, 64 servers in the other pods, six links between them
};

struct HandshakeLoad {
    Shape shape = Shape::kDirect;
    double concurrent = 1000;  // connections whose client's endpoint lives
    std::uint64_t request = 0;
    std::uint64_t response = 0;
    std::uint64_t time_waits = 65536;  // records kept by all servers; Linux's default for one
};

/// Clients that open connections at kHandshakeRate in sum; the server closes each at once, or when
/// it has answered, and the client after it. How long a connection lives, and so how many do, is
/// the round trip's doing.
class Handshakes {
 public:
    static constexpr double kRate = 1e6 / 3;  // per simulated second

    explicit Handshakes(const HandshakeLoad& load);

    Network& net() { return net_; }

    /// Until tables and rings have their size and TIME-WAIT stands at its limit.
    void warm_up();
    /// Runs for as long as `connections` take.
    Work run(std::uint64_t connections);

 private:
    void build_star();
    void build_fat_tree();
    std::uint64_t closed_by_both() const;
    void add_load(HostRef client, const std::string& target, double rate);

    HandshakeLoad load_;
    Duration round_trip_;
    Network net_;
    std::vector<StatsRef<ServerStats>> servers_;
    std::vector<StatsRef<LoadStats>> loads_;
};

/// Packets that links have delivered so far, each link's counted.
std::uint64_t packet_hops(const Network& net);

}  // namespace netsim::bench
