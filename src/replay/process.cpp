// Threads that nobody recorded, and sockets by their names.
#include "replay/process.hpp"

#include <algorithm>

#include "replay/actor.hpp"
#include "replay/arguments.hpp"

namespace netsim::replay {

namespace {

bool ended_before(const RecordedCall& call, const RecordedCall& other) {
    constexpr Milliseconds kRounding = 0.002;
    return call.end && *call.end <= other.start + kRounding;
}

/// The thread that makes this call: one that is free, and rather the one that used this socket
/// last, or else the one that returned last.
Thread* free_thread(std::vector<Thread>& threads, const RecordedCall& call) {
    Thread* best = nullptr;
    for (Thread& thread : threads) {
        const RecordedCall& last = *thread.calls.back();
        if (!ended_before(last, call)) {
            continue;
        }
        if (last.socket == call.socket) {
            return &thread;
        }
        if (best == nullptr || *last.end > *best->calls.back()->end) {
            best = &thread;
        }
    }
    return best;
}

}  // namespace

std::vector<Thread> threads_of(std::vector<const RecordedCall*> calls) {
    std::stable_sort(calls.begin(), calls.end(), [](const RecordedCall* a, const RecordedCall* b) {
        return a->start < b->start;
    });
    std::vector<Thread> threads;
    const RecordedCall* last = nullptr;  // of those that have returned
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const RecordedCall& call = *calls[i];
        if (Thread* thread = free_thread(threads, call)) {
            thread->calls.push_back(&call);
            continue;
        }
        last = nullptr;
        for (std::size_t before = 0; before < i; ++before) {
            const bool later = last == nullptr || calls[before]->end > last->end;
            last = ended_before(*calls[before], call) && later ? calls[before] : last;
        }
        threads.push_back({{&call}, last});
    }
    return threads;
}

Process::Process(host::Host& host, std::vector<const RecordedCall*> calls)
    : host_(host), calls_(std::move(calls)) {}

void Process::join(Actor& thread) {
    threads_.push_back(&thread);
}

void Process::on_socket(SocketId socket, unsigned events) {
    for (Actor* thread : threads_) {
        thread->on_socket(socket, events);
    }
}

void Process::returned(const CallOutcome& done) {
    for (Actor* thread : threads_) {
        thread->call_returned(done);
    }
}

void Process::accepted(SocketId socket) {
    accepted_.push_back({socket, ++accepts_});
    host_.watch(socket, this);
}

void Process::closed(const std::string& name) {
    closed_.insert(name);
}

bool Process::makes(const std::string& name, const RecordedCall& from) const {
    return std::any_of(calls_.begin(), calls_.end(), [&](const RecordedCall* c) {
        return c->start >= from.start && c->socket == name &&
               (c->call == "bind" || c->call == "listen" || c->call == "connect" ||
                c->call == "sendto");
    });
}

/// Names tell which accepted socket is meant where some are never used: "conn2" is the second, "a2"
/// the first (the listener is a socket too). Else the oldest that has no name yet.
SocketId Process::take_accepted(const std::string& name) {
    const auto digits = name.find_last_not_of("0123456789") + 1;
    const std::uint64_t number = leading_number(name.substr(digits));
    const std::uint64_t place = name.substr(0, digits) == "a" && number > 0 ? number - 1 : number;
    const auto meant = std::find_if(accepted_.begin(), accepted_.end(),
                                    [&](const Accepted& a) { return a.place == place; });
    const auto taken = meant == accepted_.end() ? accepted_.begin() : meant;
    const SocketId socket = taken->socket;
    accepted_.erase(taken);
    return socket;
}

SocketId Process::socket_named(const std::string& name, const RecordedCall& by) {
    const auto known = sockets_.find(name);
    // A closed socket's name may come again: for one that it makes, or has accepted since.
    const bool again = known != sockets_.end() && closed_.contains(name) &&
                       (makes(name, by) || !accepted_.empty());
    if (known != sockets_.end() && !again) {
        return known->second;
    }
    closed_.erase(name);
    const bool takes = !makes(name, by) && !accepted_.empty();
    const SocketId socket = takes ? take_accepted(name) : host_.socket().value();
    sockets_[name] = socket;
    host_.watch(socket, this);
    return socket;
}

}  // namespace netsim::replay
