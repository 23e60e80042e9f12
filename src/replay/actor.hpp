// One thread of a recorded process: makes its calls in order, blocks where a call blocks, and notes
// when each call returned and with what.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/host.hpp"
#include "replay/conditions.hpp"
#include "replay/process.hpp"
#include "replay/recording.hpp"
#include "replay/witness.hpp"

namespace netsim::replay {

/// What a call did in the model, in the recording's words.
struct CallOutcome {
    const RecordedCall* recorded = nullptr;
    std::optional<Milliseconds> start;  // none: never made
    std::optional<Milliseconds> end;    // none: still blocked
    std::string result;
    std::string error;
    Endpoint peer;            // of accept() and getpeername()
    Endpoint local;           // ... and of getsockname()
    std::string unsupported;  // why the model cannot make the call
};

class Actor final : private sim::EventTarget {
 public:
    /// `server`: where a sendto() without an address in its record connects to. `runs`: what is
    /// known of the process's scheduling; later runs take what their call says.
    Actor(host::Host& host, Process& process, Endpoint server, const Thread& thread,
          std::vector<Run> runs, Witness& witness);

    /// Schedules the first call, unless it follows another thread's.
    void start();

    void on_socket(SocketId socket, unsigned events);
    /// Of this process, in any thread.
    void call_returned(const CallOutcome& done);

    const std::vector<CallOutcome>& outcomes() const { return outcomes_; }

    /// When it was woken, run by run.
    const std::vector<Milliseconds>& woken() const { return woken_; }

 private:
    void fire(std::uint64_t argument) override;
    void begin();
    void give_up(std::size_t call);
    /// Is this what the current call waits for?
    bool awaited(SocketId socket, unsigned events);
    /// Goes on with the current call; true when it has returned.
    bool advance();
    void finish();
    void follow(const CallOutcome& done);

    bool do_connect(CallOutcome& out);
    bool do_accept(CallOutcome& out);
    bool do_send(CallOutcome& out);
    bool do_fast_open(CallOutcome& out);
    bool reads() const;
    /// The next step of a read that holds the socket.
    void read_on();
    /// Reads what is there. True: the call is over.
    bool read_some(CallOutcome& out);
    bool peek(CallOutcome& out, SocketId s);
    /// Of the current run; null: nothing is known of it.
    const Step* step(std::size_t i) const;
    /// Makes that step when it is time. False: there is none.
    bool plan_step(std::size_t i);
    bool do_option(CallOutcome& out);
    bool do_close(CallOutcome& out);
    bool do_simple(CallOutcome& out);

    SocketId socket_named(const std::string& name);
    bool succeed(CallOutcome& out, std::string result);
    bool fail_with(CallOutcome& out, Errno error);

    host::Host& host_;
    Process& process_;
    Endpoint server_;
    Witness& witness_;
    const RecordedCall* after_;  // the call that the first one follows; null: none
    std::vector<CallOutcome> outcomes_;
    std::size_t current_ = 0;
    bool blocked_ = false;
    bool waking_ = false;  // what it waited for is there; the process runs in a moment
    std::vector<Run> runs_;
    std::vector<Milliseconds> woken_;
    std::size_t next_step_ = 0;  // of the run, while it holds its socket; 0: it does not
    bool flushing_ = false;      // in the midst of dealing with what came
    std::uint64_t moved_ = 0;    // bytes of the current call so far
    bool connecting_ = false;

    /// A close() that waits for the peer.
    struct Lingering {
        Endpoint local;
        Endpoint remote;
        Time until;
    };

    std::optional<Lingering> lingering_;
};

}  // namespace netsim::replay
