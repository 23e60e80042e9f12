// One attempt at an experiment: builds it (two hosts, the relay between them, the recorded
// processes), runs it, compares.
#include "replay/conditions.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "net/link.hpp"
#include "replay/actor.hpp"
#include "replay/compare.hpp"
#include "replay/relay.hpp"
#include "replay/witness.hpp"

namespace netsim::replay {

namespace {

constexpr std::uint64_t kSeed = 1;

/// Something done at a moment of the recording.
class Deed final : public sim::EventTarget {
 public:
    explicit Deed(std::function<void()> action) : action_(std::move(action)) {}

    void fire(std::uint64_t /*argument*/) override { action_(); }

 private:
    std::function<void()> action_;
};

class Experiment {
 public:
    Experiment(const Recording& recording, const Conditions& conditions, Attempt& attempt)
        : recording_(recording),
          conditions_(conditions),
          attempt_(attempt),
          report_(attempt.report),
          sim_(kSeed),
          fabric_{sim_, packets_},
          client_(fabric_, bytes_, config("client", recording.clients.front(), conditions.phase)),
          server_(fabric_, bytes_, config("server", recording.servers.front(), conditions.phase)),
          relay_(fabric_, recording),
          witness_(client_, server_) {
        fabric_.tracer = &witness_;
        connect(client_, 0, recording.clients);
        connect(server_, 1, recording.servers);
        for (const Side side : {Side::kClient, Side::kServer}) {
            apply(side, recording.sysctls[static_cast<std::size_t>(side)]);
        }
        make_actors();
        plan_samples();
    }

    void run() {
        relay_.start();
        for (const auto& actor : actors_) {
            actor->start();
        }
        sim_.run({to_model(std::min(recording_.run, conditions_.until)), 0, 0});
        for (std::size_t i = 0; i < actors_.size(); ++i) {
            attempt_.processes.push_back({sides_[i], actors_[i]->woken()});
        }
        for (const Side side : {Side::kClient, Side::kServer}) {
            attempt_.arrivals[static_cast<std::size_t>(side)] = witness_.arrivals(side);
        }
        finish();
    }

 private:
    host::Host& host(Side side) { return side == Side::kClient ? client_ : server_; }

    static host::HostConfig config(const std::string& name, Ipv4 address, Duration phase) {
        host::HostConfig c;
        c.timer_wheel = {true, phase};
        c.name = name;
        c.address = address;
        // A fresh namespace of the recorded machine (baseline-sysctls.json) where it differs.
        c.sysctl.tcp_max_syn_backlog = 2048;
        c.sysctl.tcp_max_tw_buckets = 131072;
        return c;
    }

    /// A wire without delay: the relay keeps the time. Further addresses are the host's, no more.
    void connect(host::Host& end, std::uint32_t relay_interface,
                 const std::vector<Ipv4>& addresses) {
        const std::uint32_t i = end.add_interface(end.address(), 32, 1500);
        for (std::size_t more = 1; more < addresses.size(); ++more) {
            end.add_interface(addresses[more], 32, 1500);
        }
        relay_.add_interface(Ipv4{}, 32, 1500);
        links_.push_back(std::make_unique<net::LinkDirection>(fabric_, end, i, relay_,
                                                              relay_interface, LinkOptions{}));
        end.interfaces()[i].out = links_.back().get();
        links_.push_back(std::make_unique<net::LinkDirection>(fabric_, relay_, relay_interface, end,
                                                              i, LinkOptions{}));
        relay_.interfaces()[relay_interface].out = links_.back().get();
        net::Route all;
        all.prefix = Prefix{Ipv4{}, 0};
        all.interface = i;
        end.routes().add(all);
    }

    void apply(Side side, const std::map<std::string, std::string>& settings) {
        for (const auto& [name, value] : settings) {
            try {
                tcp::set_sysctl(host(side).sysctl(), name, value);
            } catch (const InputError& error) {
                report_.mismatches.push_back({"sysctl", error.what()});
            }
        }
    }

    void at(Milliseconds t, std::function<void()> action) {
        moments_.push_back(std::make_unique<Deed>(std::move(action)));
        sim_.schedule(to_model(t), relay_.id(), *moments_.back());
    }

    void make_actors() {
        std::map<std::pair<Side, std::string>, std::vector<const RecordedCall*>> by_app;
        std::vector<std::pair<Side, std::string>> order;
        for (const RecordedCall& call : recording_.calls) {
            auto& calls = by_app[{call.side, call.app}];
            if (calls.empty()) {
                order.emplace_back(call.side, call.app);
            }
            calls.push_back(&call);
        }
        const Endpoint server{recording_.servers.front(), recording_.server_port};
        for (const auto& key : order) {
            host::Host& on = host(key.first);
            processes_.push_back(std::make_unique<Process>(on, by_app[key]));
            for (const Thread& thread : threads_of(by_app[key])) {
                const std::size_t i = actors_.size();
                actors_.push_back(std::make_unique<Actor>(
                    on, *processes_.back(), server, thread,
                    i < conditions_.runs.size() ? conditions_.runs[i] : std::vector<Run>{},
                    witness_));
                sides_.push_back(key.first);
            }
        }
    }

    void plan_samples() {
        for (const SysctlChange& change : recording_.sysctl_changes) {
            at(change.at, [this, &change] { apply(change.side, change.set); });
        }
        for (const RecordedSample& sample : recording_.samples) {
            at(sample.at,
               [this, &sample] { compare_sample(relay_, sample, host(sample.side), report_); });
        }
    }

    void finish() {
        constexpr Milliseconds kLate = 5;  // what is still on its way when an attempt is cut short
        compare_packets(recording_, relay_, conditions_.until - kLate, report_);
        std::vector<const CallOutcome*> outcomes;
        for (const auto& actor : actors_) {
            for (const CallOutcome& o : actor->outcomes()) {
                outcomes.push_back(&o);
            }
        }
        compare_calls(relay_, outcomes, report_);
        compare_events(recording_, witness_, report_);
        for (const std::string& text : recording_.unknown) {
            report_.mismatches.push_back({"unknown", text});
        }
        for (const Side side : {Side::kClient, Side::kServer}) {
            std::map<std::string, std::int64_t> model;
            for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
                const auto counter = static_cast<tcp::Mib>(i);
                if (!tcp::describe(counter).group.starts_with("Ip")) {  // recordings leave IP out
                    model[std::string(tcp::describe(counter).name)] =
                        static_cast<std::int64_t>(host(side).mibs().get(counter));
                }
            }
            compare_counters(side, recording_.counters[static_cast<std::size_t>(side)], model,
                             report_);
        }
    }

    const Recording& recording_;
    const Conditions& conditions_;
    Attempt& attempt_;
    Report& report_;
    sim::Simulation sim_;
    wire::PacketPool packets_;
    net::Fabric fabric_;
    wire::ByteStore bytes_;
    host::Host client_;
    host::Host server_;
    Relay relay_;
    Witness witness_;
    std::vector<std::unique_ptr<net::LinkDirection>> links_;
    std::vector<std::unique_ptr<Process>> processes_;
    std::vector<std::unique_ptr<Actor>> actors_;
    std::vector<Side> sides_;  // of each
    std::vector<std::unique_ptr<Deed>> moments_;
};

/// The same experiment that much later: only the hosts' clocks differ.
Recording later(Recording r, Milliseconds by) {
    for (RecordedCall& call : r.calls) {
        call.start += by;
        call.acts += by;
        call.end = call.end ? std::optional(*call.end + by) : std::nullopt;
    }
    for (RecordedPacket& p : r.packets) {
        p.sent += by;
        p.received = p.received ? std::optional(*p.received + by) : std::nullopt;
    }
    const auto move = [&](auto& all) {
        for (auto& one : all) {
            one.at += by;
        }
    };
    move(r.samples);
    move(r.sysctl_changes);
    move(r.transitions);
    move(r.events);
    r.run += by;
    return r;
}

}  // namespace

Attempt attempt(const Recording& recording, const Conditions& conditions) {
    Attempt result;
    result.report.name = recording.name;
    result.report.title = recording.title;
    const Recording moved = conditions.later > 0 ? later(recording, conditions.later) : Recording{};
    Experiment experiment(conditions.later > 0 ? moved : recording, conditions, result);
    experiment.run();
    return result;
}

}  // namespace netsim::replay
