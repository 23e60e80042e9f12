// One recorded process: its sockets by their names, and its threads. A recording tells no threads;
// calls that overlap are made by different ones.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/host.hpp"
#include "replay/recording.hpp"

namespace netsim::replay {

class Actor;
struct CallOutcome;

struct Thread {
    std::vector<const RecordedCall*> calls;
    const RecordedCall* after = nullptr;  // the call of another thread that the first one follows
};

std::vector<Thread> threads_of(std::vector<const RecordedCall*> calls);

class Process final : public host::SocketWatcher {
 public:
    Process(host::Host& host, std::vector<const RecordedCall*> calls);

    void join(Actor& thread);
    void on_socket(SocketId socket, unsigned events) override;

    /// The socket that this call means by the name: made at its first use, or accepted before.
    SocketId socket_named(const std::string& name, const RecordedCall& by);
    void accepted(SocketId socket);
    void closed(const std::string& name);
    void returned(const CallOutcome& done);

 private:
    /// Does this process make its own socket of that name, or is it one it has accepted?
    bool makes(const std::string& name, const RecordedCall& from) const;
    SocketId take_accepted(const std::string& name);

    struct Accepted {
        SocketId socket;
        std::uint64_t place = 0;  // from 1
    };

    host::Host& host_;
    std::vector<const RecordedCall*> calls_;
    std::vector<Actor*> threads_;
    std::map<std::string, SocketId> sockets_;
    std::set<std::string> closed_;    // names among them
    std::vector<Accepted> accepted_;  // not yet used under a name
    std::uint64_t accepts_ = 0;
};

}  // namespace netsim::replay
