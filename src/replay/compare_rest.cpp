// Calls and counters.
#include <algorithm>

#include <fmt/format.h>

#include "replay/compare.hpp"

namespace netsim::replay {

namespace {

std::string outcome_text(const std::string& result, const std::string& error) {
    return error.empty() ? result : error;
}

std::string time_text(const std::optional<Milliseconds>& t) {
    return t ? fmt::format("{:.3f} ms", *t) : "never";
}

/// A client's port is random, and told by accept(), getpeername() and getsockname(): in the
/// recording's terms.
std::string in_recorded_terms(const Relay& relay, const CallOutcome& o) {
    const bool client = o.recorded->side == Side::kClient;
    const std::string& call = o.recorded->call;
    const bool tells = client ? call == "getsockname" : call == "accept" || call == "getpeername";
    if (!tells || !o.error.empty() || o.result.empty()) {
        return o.result;
    }
    const Endpoint& own = client ? o.local : o.peer;
    const std::uint16_t server_port = client ? o.peer.port : o.local.port;
    return fmt::format("{}:{}", to_string(own.address),
                       relay.recorded_port(own.address, own.port, server_port));
}

std::string recorded_result(const RecordedCall& call) {
    return call.end ? call.result : "";
}

}  // namespace

void compare_calls(const Relay& relay, const std::vector<const CallOutcome*>& outcomes,
                   Report& report) {
    for (const CallOutcome* o : outcomes) {
        ++report.calls;
        const RecordedCall& call = *o->recorded;
        const std::string where = fmt::format("{} {}: {}({}) on {}", to_string(call.side), call.app,
                                              call.call, call.args, call.socket);
        if (!o->unsupported.empty()) {
            report.mismatches.push_back({"call", where + ": the model has no such call"});
            continue;
        }
        const std::string kernel = outcome_text(recorded_result(call), call.error);
        const std::string model = outcome_text(in_recorded_terms(relay, *o), o->error);
        const bool both_end = call.end.has_value() == o->end.has_value();
        const bool in_time =
            !call.end || !o->end || !o->start ||
            time_matches(*o->end, *call.end,
                         *call.end - std::max(call.start, std::min(*call.end, 0.0)));
        if (kernel != model || !both_end || !in_time) {
            report.mismatches.push_back(
                {"call", fmt::format("{}\n    kernel: {} at {}\n    model:  {} at {}", where,
                                     kernel, time_text(call.end), model, time_text(o->end))});
        }
    }
}

void compare_counters(Side side, const std::map<std::string, std::int64_t>& recorded,
                      const std::map<std::string, std::int64_t>& model, Report& report) {
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> all;
    for (const auto& [name, value] : recorded) {
        all[name].first = value;
    }
    for (const auto& [name, value] : model) {
        if (value != 0) {
            all[name].second = value;
        }
    }
    for (const auto& [name, values] : all) {
        ++report.counters;
        if (values.first != values.second) {
            report.mismatches.push_back(
                {"counter", fmt::format("{} {}: kernel {}, model {}", to_string(side), name,
                                        values.first, values.second)});
        }
    }
}

}  // namespace netsim::replay
