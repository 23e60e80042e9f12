// Runs the events of one script in virtual time against one stack.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "packetdrill/calls.hpp"
#include "packetdrill/code.hpp"
#include "packetdrill/machine.hpp"
#include "packetdrill/run.hpp"
#include "packetdrill/shell.hpp"

namespace netsim::packetdrill {

class Engine {
 public:
    explicit Engine(const Script& script);

    Verdict run();

 private:
    /// A blocking call that has not come back yet.
    struct Blocked {
        const Event* event = nullptr;
        Running call;
        Duration returns{0};  // since the script's start
        Duration tolerance{0};
    };

    struct Snapshot {
        const Event* event = nullptr;
        Names info;
    };

    void run_event(const Event& e);
    void inbound(const PacketLine& line);
    void inbound_icmp(const PacketLine& line, const IcmpLine& icmp);
    void outbound_udp(const Event& e, const PacketLine& line, const UdpLine& udp);
    /// --non_fatal: says what went wrong and goes on.
    void forgive(const Event& e, const Mismatch& mismatch);
    void outbound(const Event& e, const PacketLine& line);
    const Sent& next_sent(const Event& e, const PacketLine& line, Duration latest,
                          std::size_t index);
    void check_time(const When& when, Duration at);
    void call(const Event& e, const CallLine& line);
    void finish(const Event& e, Running& call, const Outcome& got);
    void poll_blocked();
    void await_blocked();
    void run_code();
    Names tcp_info();

    /// When the event is due, since the script's start.
    Duration due(const When& when) const;
    Duration tolerance(const When& when) const;
    /// Time goes on to the event; Mismatch if it lies in the past.
    void wait_for(const Event& e);

    const Script& script_;
    Machine machine_;
    Calls calls_;
    Shell shell_;
    CodeProgram program_;
    Flow* current_ = nullptr;  // the connection under test
    std::uint16_t next_remote_port_ = 40000;
    std::optional<Blocked> blocked_;
    std::vector<Snapshot> snapshots_;
    Duration reached_{0};   // when the engine came to this line
    Duration previous_{0};  // when the line before was due
    const Event* at_ = nullptr;
    std::string warnings_;
};

}  // namespace netsim::packetdrill
