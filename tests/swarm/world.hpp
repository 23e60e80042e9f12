// One seed's world: topology, faults, sysctls and applications; the faults end, and what must hold
// is looked at all the while and afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "netsim/network.hpp"
#include "swarm/chatter.hpp"
#include "swarm/dice.hpp"
#include "swarm/faults.hpp"
#include "swarm/witness.hpp"

namespace netsim::swarm {

class World {
 public:
    /// `trace`: where every packet is written, or null.
    explicit World(std::uint64_t seed, std::ostream* trace = nullptr);

    /// The whole story. What was found wrong, one line each.
    std::vector<std::string> run();

    std::uint64_t digest() const { return net_.digest(); }

    std::uint64_t events() const { return net_.events(); }

 private:
    struct Wires {
        LinkRef link;
        std::array<LinkOptions, 2> healthy;
    };

    void report(const std::string& what);
    /// Nothing, if a connection has begun in the middle of another (Witness::revived()).
    void report_wrong_bytes(const std::string& what);
    // --- drawing
    void draw_topology();
    void draw_links();
    void draw_sysctls();
    void draw_applications();
    void draw_server();
    void draw_bulk();
    void draw_flood();
    void draw_chatter();
    void disturb();
    void impair(const Wires& wires);
    HostRef any_host();
    Time any_time();

    // --- the story
    void heal();
    void end();
    /// No connection is left but those whose peer is gone and that wait for nothing.
    bool settled(bool complain);
    void check_now();
    void check_links();
    void check_listeners(const HostRef& host, const host::Host& stack, const Witness& witness);
    std::map<Tuple, tcp::SocketInfo> live_tuples() const;
    /// Two ends that wait for each other since a cookie made them halves of different connections.
    bool at_odds(const tcp::SocketInfo& a, const tcp::SocketInfo& b);

    std::uint64_t seed_;
    Network net_;
    Dice dice_;
    FaultMix mix_;
    std::vector<HostRef> hosts_;
    std::vector<host::Host*> stacks_;
    std::deque<Witness> witnesses_;
    std::vector<Wires> wires_;
    Time heal_at_;
    std::uint16_t next_port_ = 80;
    std::set<std::uint16_t> native_ports_;
    std::vector<std::string> problems_;
    Chatter chatter_;
};

}  // namespace netsim::swarm
