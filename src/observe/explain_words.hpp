// The sentences of an explanation, one function for each question.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "observe/explain.hpp"

namespace netsim::observe {

/// One endpoint, its host and the names in its sentences.
struct Explained {
    const tcp::SocketInfo& socket;
    host::Host& host;
    const ExplainWorld& world;
    Time now;
    std::string here{};                     // "web"
    std::string there{};                    // "user", or an address nobody has
    const tcp::SocketInfo* peer = nullptr;  // the other end's own record, if it has one
    bool peer_known = false;                // the other end is a host of this network
};

using Sentences = std::vector<std::string>;

/// "1.02 s", "60 s", "250 us".
std::string span_text(Duration duration);
/// "at 1.02 s"
std::string at_text(Time at);

void say_who_opened(const Explained& e, Sentences& out);
void say_since(const Explained& e, Sentences& out);
void say_who_closed(const Explained& e, Sentences& out);
void say_what_it_waits_for(const Explained& e, Sentences& out);
void say_timers(const Explained& e, Sentences& out);
void say_what_is_unusual(const Explained& e, Sentences& out);
void say_the_other_end(const Explained& e, Sentences& out);
void say_listener(const Explained& e, Sentences& out);

}  // namespace netsim::observe
