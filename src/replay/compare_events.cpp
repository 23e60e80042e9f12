// Transitions and trace events, in order for each side.
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "replay/compare.hpp"

namespace netsim::replay {

namespace {

/// Of another experiment that ran beside this one: the kernel's tracepoints know no namespaces. Its
/// sockets change from states that this one's never reached.
std::vector<RecordedTransition> of_this_experiment(const Recording& recording) {
    std::map<std::tuple<Side, std::string, std::string>, std::string> last;
    std::vector<RecordedTransition> out;
    for (const RecordedTransition& t : recording.transitions) {
        auto& state = last[{t.side, t.local, t.remote}];
        const bool begins = t.from == "CLOSE" || t.from == "LISTEN" || t.from == "SYN_SENT";
        if (begins || t.from == state) {
            state = t.to;
            out.push_back(t);
        }
    }
    return out;
}

using Kind = std::tuple<Side, std::string, std::string>;

/// When something happened, and how long its side had been quiet before.
struct Moment {
    Milliseconds at = 0;
    Milliseconds wait = 0;
};

std::map<Kind, std::vector<Moment>> by_kind(const std::vector<RecordedTransition>& all) {
    std::map<Kind, std::vector<Moment>> out;
    std::map<Side, Milliseconds> last;
    for (const RecordedTransition& t : all) {
        const auto before = last.find(t.side);
        const Milliseconds since = before == last.end() ? 0 : std::max(before->second, 0.0);
        out[{t.side, t.from, t.to}].push_back({t.at, std::max(t.at - since, 0.0)});
        last[t.side] = t.at;
    }
    return out;
}

/// Moments of one kind, in pairs.
void compare_times(const std::string& what, const std::vector<Moment>& kernel,
                   const std::vector<Moment>& model, Report& report) {
    for (std::size_t i = 0; i < std::max(kernel.size(), model.size()); ++i) {
        if (i >= kernel.size() || i >= model.size()) {
            const bool only_kernel = i < kernel.size();
            report.mismatches.push_back(
                {"event",
                 fmt::format("{}: only the {} at {:.3f} ms", what, only_kernel ? "kernel" : "model",
                             only_kernel ? kernel[i].at : model[i].at)});
        } else if (!time_matches(model[i].at, kernel[i].at, kernel[i].wait)) {
            report.mismatches.push_back(
                {"event", fmt::format("{}: kernel at {:.3f} ms, model at {:.3f} ms", what,
                                      kernel[i].at, model[i].at)});
        }
    }
}

void compare_segments(const Recording& recording, const Witness& witness, Side side,
                      Report& report) {
    std::vector<const RecordedEvent*> kernel;
    for (const RecordedEvent& e : recording.events) {
        if (e.side == side && e.event == "segment_in") {
            kernel.push_back(&e);
        }
    }
    if (kernel.empty()) {
        return;  // not every recording has them
    }
    std::vector<const SegmentIn*> model;
    for (const SegmentIn& s : witness.segments()) {
        if (s.side == side) {
            model.push_back(&s);
        }
    }
    for (std::size_t i = 0; i < kernel.size(); ++i) {
        ++report.events;
        const auto& numbers = kernel[i]->numbers;
        std::string text;
        const auto differ = [&](const char* name, std::int64_t value, std::int64_t most) {
            const auto it = numbers.find(name);
            if (it != numbers.end() && std::abs(it->second - value) > most) {
                text += fmt::format(", {}: kernel {}, model {}", name, it->second, value);
            }
        };
        if (i >= model.size()) {
            text = ", never in the model";
        } else {
            const tcp::SocketInfo& info = model[i]->info;
            differ("data_len", model[i]->length, 0);
            differ("cwnd", info.snd_cwnd, 0);
            differ("ssthresh", info.snd_ssthresh, 0);
            differ("snd_wnd", info.snd_wnd, 0);
            differ("srtt_us",
                   std::chrono::duration_cast<std::chrono::microseconds>(info.srtt).count(), 4000);
        }
        if (!text.empty()) {
            report.mismatches.push_back(
                {"event", fmt::format("{} segment_in at {:.3f} ms: {}", to_string(side),
                                      kernel[i]->at, text.substr(2))});
        }
    }
}

}  // namespace

void compare_events(const Recording& recording, const Witness& witness, Report& report) {
    const auto kernel = by_kind(of_this_experiment(recording));
    auto model = by_kind(witness.transitions());
    for (const auto& [kind, times] : kernel) {
        report.events += times.size();
        model.try_emplace(kind);
    }
    for (const auto& [kind, times] : model) {
        const auto recorded = kernel.find(kind);
        compare_times(fmt::format("{} {} -> {}", to_string(std::get<0>(kind)), std::get<1>(kind),
                                  std::get<2>(kind)),
                      recorded == kernel.end() ? std::vector<Moment>{} : recorded->second, times,
                      report);
    }
    for (const Side side : {Side::kClient, Side::kServer}) {
        std::vector<Moment> sent;
        std::vector<Moment> sent_by_model;
        for (const RecordedEvent& e : recording.events) {
            if (e.side == side && e.event == "send_reset") {
                sent.push_back({e.at, sent.empty() ? std::max(e.at, 0.0) : e.at - sent.back().at});
            }
        }
        for (const RecordedEvent& e : witness.resets()) {
            if (e.side == side) {
                sent_by_model.push_back({e.at, 0});
            }
        }
        report.events += sent.size();
        compare_times(fmt::format("{} sends a reset", to_string(side)), sent, sent_by_model,
                      report);
        compare_segments(recording, witness, side, report);
    }
}

}  // namespace netsim::replay
