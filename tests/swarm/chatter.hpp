// Sockets that do as they please: connect, accept, write, read, shut down, close and misuse calls
// at random times. What each receives is compared with what its peer wrote. When the faults are
// over, finish() makes each of them end its connection in an orderly way, woken by its socket
// alone.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "netsim/network.hpp"
#include "swarm/dice.hpp"

namespace netsim::swarm {

class Chatter {
 public:
    using Report = std::function<void(const std::string&)>;

    Chatter(Network& net, std::uint64_t seed, Report report, Report wrong_bytes);

    /// A listener on this host, and whoever it accepts.
    void listen(HostRef host, std::uint16_t port);
    /// A client that connects at a time.
    void connect(HostRef host, Endpoint to, Time at);
    /// Two sockets that connect to each other at (nearly) the same time.
    void cross(HostRef a, HostRef b, std::uint16_t port, Time at);

    /// From now on: no new connections; write no more, read to the end, close.
    void finish();
    /// Closes whatever is still open, and the listeners.
    void close_all();

    std::uint64_t bytes_received() const { return bytes_received_; }

 private:
    /// One direction of a connection: what was written begins with its number, then a pattern.
    struct Stream {
        std::uint64_t written = 0;
    };

    struct Actor {
        HostRef host;
        Socket socket;
        std::size_t writes;      // its stream
        std::uint64_t budget;    // bytes it may write
        Duration pace;           // mean time between two acts
        bool synthetic = false;  // what it writes and how it reads: bytes nobody looks at
        bool eager = false;      // acts when its socket wakes it
        bool opened = false;     // connect() or accept() has been called
        bool write_shut = false;
        bool read_shut = false;
        bool unnumbered = false;  // what it receives has no number to compare
        bool excused = false;     // an error may have been eaten: its end of file proves nothing
        bool done = false;
        std::uint64_t received = 0;
        std::uint64_t peer = 0;  // number of the stream it reads, once 8 bytes have come
    };

    struct Listener {
        HostRef host;
        Socket socket;
        bool lazy = false;  // accepts now and then
    };

    Actor& add_actor(HostRef host, Socket socket);
    void tick(std::size_t index);
    void woken(std::size_t index);
    void act(Actor& actor);
    void write(Actor& actor);
    void read(Actor& actor, std::uint64_t max);
    void check_bytes(Actor& actor, const std::string& bytes);
    void end_of_file(Actor& actor);
    void shut(Actor& actor);
    void set_any_option(Actor& actor);
    void misuse(Actor& actor);
    void wind_up(Actor& actor);
    void close(Actor& actor);
    /// True: the call must be made again later. An errno that ends a connection closes it.
    bool failed(Actor& actor, Errno error);
    void accept_some(std::size_t index);
    void listener_tick(std::size_t index);
    void open(std::size_t index, Endpoint to);

    Network& net_;
    Dice dice_;
    Report report_;
    Report wrong_bytes_;
    std::deque<Stream> streams_;
    std::deque<Actor> actors_;  // addresses stay valid
    std::deque<Listener> listeners_;
    std::uint64_t bytes_received_ = 0;
    bool finishing_ = false;
};

}  // namespace netsim::swarm
