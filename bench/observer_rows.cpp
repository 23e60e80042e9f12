// What looking costs: the star's handshakes with one observer switched on, against none.
#include <fstream>

#include "workloads.hpp"

namespace netsim::bench {
namespace {

Work observed(std::uint64_t connections,
              const std::function<void(Network& net, std::ostream& nowhere)>& observe) {
    std::ofstream nowhere("/dev/null");
    Handshakes handshakes({.shape = Shape::kStar, .time_waits = 4096});
    handshakes.warm_up();
    observe(handshakes.net(), nowhere);
    return handshakes.run(connections);
}

}  // namespace

void add_observer_rows(std::vector<Row>& rows) {
    const auto add = [&](const char* name, const char* what,
                         std::function<void(Network & net, std::ostream & nowhere)> observe) {
        rows.push_back({.name = name,
                        .what = what,
                        .unit = Unit::kPercent,
                        .amount = 50'000,
                        .run = [observe = std::move(observe)](
                                   std::uint64_t n) { return observed(n, observe); },
                        .base = "observer_none_ns"});
    };
    add("observer_none_ns", "handshake + close, star, nobody looks",
        [](Network& net, std::ostream& nowhere) {
            static_cast<void>(net);
            static_cast<void>(nowhere);
        });
    rows.back().unit = Unit::kNanoseconds;
    rows.back().base.clear();
    add("observer_pcapng_percent", "... and pcapng is written (to /dev/null)",
        [](Network& net, std::ostream& nowhere) {
            static_cast<void>(nowhere);
            net.capture("/dev/null");
        });
    add("observer_trace_percent", "... and traced as text (to /dev/null)",
        [](Network& net, std::ostream& nowhere) { net.trace(nowhere); });
    add("observer_trace_none_percent", "... and traced, but no packet matches",
        [](Network& net, std::ostream& nowhere) { net.trace(nowhere, "port 9"); });
    add("observer_series_percent", "... and ten series sampled each millisecond",
        [](Network& net, std::ostream& nowhere) {
            static_cast<void>(nowhere);
            for (int i = 0; i < 10; ++i) {
                net.record("series", std::chrono::milliseconds(1),
                           [server = net.host_named("server")] { return server.syn_queue(); });
            }
        });
}

}  // namespace netsim::bench
