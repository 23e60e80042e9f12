// Running a seed's world, and what must hold in it.
#include "swarm/world.hpp"

#include <algorithm>

#include "host/host.hpp"
#include "tcp/stack.hpp"

namespace netsim::swarm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kProblemsMax = 20;
constexpr int kSlices = 25;
/// After the faults: RTOs are at most 120 s, so each such time brings every connection further.
constexpr Duration kPatience = seconds(300);
constexpr int kPatienceMax = 12;
/// FIN-WAIT-2 and TIME-WAIT, and the last retransmissions of the orphans.
constexpr Duration kAftermath = seconds(2000);
constexpr std::uint64_t kEventsMax = 3'000'000;  // of one step of the story

}  // namespace

World::World(std::uint64_t seed, std::ostream* trace)
    : seed_(seed),
      net_(NetworkOptions{.seed = seed}),
      dice_(seed, "swarm/world"),
      mix_(draw_mix(dice_)),
      heal_at_(dice_.between(seconds(2), seconds(25))),
      chatter_(
          net_, seed, [this](const std::string& what) { report(what); },
          [this](const std::string& what) { report_wrong_bytes(what); }) {
    draw_topology();
    if (trace != nullptr) {
        net_.trace(*trace);
    }
    draw_links();
    draw_sysctls();
    draw_applications();
}

void World::report(const std::string& what) {
    if (problems_.size() < kProblemsMax) {
        problems_.push_back(std::to_string(to_ns(net_.now())) + " ns: " + what);
    }
}

void World::report_wrong_bytes(const std::string& what) {
    const bool excused = std::any_of(witnesses_.begin(), witnesses_.end(),
                                     [](Witness& w) { return !w.revived().empty(); });
    if (!excused) {
        report(what);
    }
}

std::vector<std::string> World::run() {
    for (int slice = 1; slice <= kSlices; ++slice) {
        const Time until(heal_at_.time_since_epoch() * slice / kSlices);
        if (net_.run_until(until, {.events_max = kEventsMax}).reason == "events") {
            report("too many events: something goes in circles");
            return problems_;
        }
        check_now();
        if (dice_.chance(0.3)) {
            disturb();
        }
    }
    heal();
    end();
    return problems_;
}

void World::heal() {
    for (Wires& wires : wires_) {
        wires.link.set_up(true);
        wires.link.set_options(0, wires.healthy[0]);
        wires.link.set_options(1, wires.healthy[1]);
    }
    chatter_.finish();
    for (int i = 1; i <= kPatienceMax; ++i) {
        if (net_.run_until(heal_at_ + i * kPatience, {.events_max = kEventsMax}).reason ==
            "events") {
            return report("too many events after the faults");
        }
        check_now();
        if (settled(i == kPatienceMax)) {
            return;
        }
    }
}

void World::end() {
    chatter_.close_all();
    if (net_.run_until(net_.now() + kAftermath, {.events_max = kEventsMax}).reason == "events") {
        return report("too many events at the end");
    }
    check_now();
    if (net_.run({.events_max = kEventsMax}).reason != "idle") {
        report("something is still going on at the end");
    }
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        stacks_[i]->for_each_socket([&](const tcp::SocketInfo& s) {
            const bool native =
                native_ports_.contains(s.local.port) || native_ports_.contains(s.remote.port);
            if (!native) {
                report("left on " + hosts_[i].name() + ": " + std::string(ss_name(s.state)) + " " +
                       to_string(s.local) + " " + to_string(s.remote));
            }
        });
    }
}

std::map<Tuple, tcp::SocketInfo> World::live_tuples() const {
    std::map<Tuple, tcp::SocketInfo> tuples;
    for (const host::Host* stack : stacks_) {
        stack->for_each_socket([&](const tcp::SocketInfo& s) {
            if (s.kind != tcp::EndpointKind::kListener && s.state != tcp::State::kClosed) {
                tuples.emplace(Tuple(s.local, s.remote), s);
            }
        });
    }
    return tuples;
}

/// Has nothing to send, no timer, and an application that may read on.
bool waits(const tcp::SocketInfo& s) {
    return s.unacked == 0 && s.send_queue == 0 && !s.orphan &&
           s.kind == tcp::EndpointKind::kConnection;
}

/// The RST or FIN that closed the first connection was lost, a late segment of it made a second by
/// its cookie: what one end has seen acknowledged is not what the other has received, and each
/// waits for the other to speak.
bool World::at_odds(const tcp::SocketInfo& a, const tcp::SocketInfo& b) {
    const Tuple tuple(a.local, a.remote);
    const Tuple turned(a.remote, a.local);
    const bool revived = std::any_of(witnesses_.begin(), witnesses_.end(), [&](Witness& witness) {
        return witness.revived().contains(tuple) || witness.revived().contains(turned);
    });
    return revived && waits(a) && waits(b) &&
           (a.bytes_acked != b.bytes_received || b.bytes_acked != a.bytes_received);
}

bool World::settled(bool complain) {
    const std::map<Tuple, tcp::SocketInfo> tuples = live_tuples();
    bool all = true;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        stacks_[i]->for_each_socket([&](const tcp::SocketInfo& s) {
            if (s.kind == tcp::EndpointKind::kListener || s.kind == tcp::EndpointKind::kTimeWait ||
                s.state == tcp::State::kClosed) {
                return;
            }
            const auto peer = tuples.find({s.remote, s.local});
            const bool peer_gone = peer == tuples.end();
            if (peer_gone ? waits(s) : at_odds(s, peer->second)) {
                return;
            }
            all = false;
            if (complain) {
                report("not over on " + hosts_[i].name() + ": " + std::string(ss_name(s.state)) +
                       " " + to_string(s.local) + " " + to_string(s.remote) + " send-q " +
                       std::to_string(s.send_queue) + " recv-q " + std::to_string(s.recv_queue) +
                       (native_ports_.contains(s.local.port) ? ", a server's" : "") +
                       (peer_gone ? ", peer gone" : ""));
            }
        });
    }
    return all;
}

void World::check_now() {
    check_links();
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        if (hosts_[i].integrity_violations() != 0) {
            report_wrong_bytes("integrity violated on " + hosts_[i].name());
        }
        stacks_[i]->stack().check_invariants();
        check_listeners(hosts_[i], *stacks_[i], witnesses_[i]);
    }
}

void World::check_links() {
    for (const Wires& wires : wires_) {
        for (int direction = 0; direction < 2; ++direction) {
            const LinkStats& s = wires.link.stats(direction);
            const std::string name = wires.link.name() + "/" + std::to_string(direction);
            if (s.sent_packets != s.delivered_packets + s.dropped_total() + s.in_flight) {
                report(name + ": sent is not delivered + dropped + in flight");
            }
            // The limit of a moment ago may have been a larger one: the healthy one at most.
            const auto limit = wires.healthy[static_cast<std::size_t>(direction)].limit_packets;
            if (limit && wires.link.queue_packets(direction) > *limit + 1) {
                report(name + ": the queue is longer than its limit");
            }
        }
    }
}

void World::check_listeners(const HostRef& host, const host::Host& stack, const Witness& witness) {
    std::uint32_t half_open = 0;
    std::map<std::uint16_t, std::int64_t> beyond;  // of each port's SYN queue its backlog
    std::uint32_t counted = 0;
    stack.for_each_socket([&](const tcp::SocketInfo& s) {
        if (s.kind == tcp::EndpointKind::kRequest) {
            ++half_open;
            beyond[s.local.port] -= witness.opened_anew({s.local, s.remote}) ? 1 : 0;
        }
        if (s.kind != tcp::EndpointKind::kListener) {
            return;
        }
        counted += s.syn_queue;
        const std::string name = host.name() + ":" + std::to_string(s.local.port);
        // sk_acceptq_is_full(), inet_csk_reqsk_queue_is_full(): one more than the backlog
        if (s.recv_queue > s.send_queue + 1) {
            report(name + ": the accept queue is longer than the backlog");
        }
        beyond[s.local.port] += s.syn_queue - static_cast<std::int64_t>(s.send_queue + 1);
    });
    for (const auto& [port, excess] : beyond) {
        if (excess > 0) {
            report(host.name() + ":" + std::to_string(port) +
                   ": the SYN queue is longer than the backlog");
        }
    }
    if (half_open != counted || half_open != host.syn_queue()) {
        report(host.name() + ": the SYN queue's gauge is wrong");
    }
}

}  // namespace netsim::swarm
