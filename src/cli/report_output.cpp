// From what lua::run_script() gives back to the report's document.
#include "cli/report_output.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "cli/json_output.hpp"
#include "cli/shipped.hpp"

namespace netsim::cli {
namespace {

constexpr std::string_view kPlain = "_./:=,@%+-";

std::string shell_word(const std::string& word) {
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               kPlain.find(c) != std::string_view::npos;
    });
    if (plain) {
        return word;
    }
    std::string out = "'";
    for (const char c : word) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

/// The line that repeats a run: what was typed, less what only says where output goes.
std::string command_of(const Options& options, std::uint64_t seed) {
    constexpr std::array<std::string_view, 3> kFiles{"--report", "--report-data", "--json"};
    constexpr std::array<std::string_view, 2> kManners{"--quiet", "--no-progress"};
    const auto is_one_of = [](const auto& list, std::string_view word) {
        return std::find(list.begin(), list.end(), word) != list.end();
    };
    std::string line = "netsim";
    bool seeded = false;
    for (std::size_t i = 0; i < options.typed.size(); ++i) {
        const std::string& word = options.typed[i];
        const std::string name = word.substr(0, word.find('='));
        if (is_one_of(kFiles, name)) {
            const bool value_follows = name == word && i + 1 < options.typed.size() &&
                                       (name != "--json" || !options.typed[i + 1].starts_with("-"));
            i += value_follows && word.find('=') == std::string::npos ? 1U : 0U;
        } else if (!is_one_of(kManners, name)) {
            seeded = seeded || name == "--seed";
            line += ' ' + shell_word(word);
        }
    }
    return seeded ? line : line + " --seed " + std::to_string(seed);
}

/// "labs/01-x.lua:12" of a shipped file: where netsim lies does not change a report.
std::string portable(std::string place) {
    const std::string folder = shipped_folder("lua") + '/';
    if (place.starts_with(folder)) {
        place.erase(0, folder.size());
    }
    place.erase(place.find_last_not_of(": ") + 1);
    return place;
}

/// "x.lua:12: message" in two.
report::Failure failure_of(const std::string& message) {
    const std::size_t end = message.find(": ");
    if (end != std::string::npos) {
        const std::size_t colon = message.rfind(':', end - 1);
        const bool number = end > 0 && colon != std::string::npos && colon + 1 < end &&
                            std::all_of(message.begin() + static_cast<std::ptrdiff_t>(colon) + 1,
                                        message.begin() + static_cast<std::ptrdiff_t>(end),
                                        [](unsigned char c) { return std::isdigit(c) != 0; });
        if (number) {
            return {message.substr(end + 2), portable(message.substr(0, end))};
        }
    }
    return {message, ""};
}

bool failed(const lua::RunReport& report) {
    return report.failure.ending != lua::Ending::kNone &&
           report.failure.ending != lua::Ending::kInterrupted;
}

std::string dumped(const lua::Json& json) {
    return json.dump(-1, ' ', false, lua::Json::error_handler_t::replace);
}

}  // namespace

report::Document make_document(const Options& options, const lua::RunOptions& run,
                               const lua::RunReport& report) {
    report::Document out;
    out.script = portable(run.script);
    out.seed = !report.cases.empty() ? report.cases.front().seed : run.seed.value_or(1);
    out.command = command_of(options, out.seed);
    out.digest = digest_text(report.digest());
    out.simulated_seconds = report.simulated_seconds();
    out.events = report.events();
    out.handshakes = report.handshakes();
    out.interrupted = report.interrupted();
    out.settings = run.settings;
    for (const LessonRuleEntry& rule : lesson_rules()) {
        if (run.without.has(rule.rule)) {
            out.settings.push_back("without " + std::string(rule.name));
        }
    }
    for (const lua::SysctlConf& conf : run.sysctl_confs) {
        out.settings.push_back("sysctl.conf " + (conf.host.empty() ? "" : conf.host + "=") +
                               conf.file);
    }
    out.source = run.text;
    if (failed(report)) {
        out.failure = failure_of(report.failure.message);
    }
    for (const lua::ParameterValue& one : report.parameters) {
        out.parameters.push_back({one.name, one.value, one.default_text, one.help, one.type});
    }
    for (const lua::Expectation& one : report.expectations) {
        out.expectations.push_back({portable(one.place), one.message, one.ok});
    }
    if (report.comparison) {
        out.comparison.emplace();
        out.comparison->title = report.comparison->title;
        for (const lua::ShownRow& row : report.comparison->rows) {
            out.comparison->rows.emplace_back(row.path, row.title);
        }
    }
    for (const lua::CaseReport& one : report.cases) {
        report::CaseFacts& facts = out.cases.emplace_back();
        facts.name = one.name;
        facts.seed = one.seed;
        facts.digest = digest_text(one.digest);
        facts.simulated_seconds = one.simulated_seconds;
        facts.events = one.events;
        facts.handshakes = one.handshakes;
        const bool last = &one == &report.cases.back();
        facts.ended = failed(report) && last ? "failed" : one.ended;
        facts.results = dumped(one.results);
        facts.picture = one.picture;
    }
    return out;
}

ReportOutput::ReportOutput(const Options& options, lua::RunOptions& run) {
    if (run.help) {
        return;
    }
    if (!options.report.empty()) {
        page_.emplace("--report", options.report);
    }
    if (!options.report_data.empty()) {
        data_.emplace("--report-data", options.report_data);
    }
    run.report = page_ || data_;
}

void ReportOutput::write(const Options& options, const lua::RunOptions& run,
                         const lua::RunReport& report) {
    if (!run.report || report.failure.ending == lua::Ending::kHelp) {
        return;
    }
    const std::string json = report::to_json(make_document(options, run, report));
    if (data_) {
        data_->write(json);
    }
    if (page_) {
        page_->write(report::to_page(json));
    }
}

}  // namespace netsim::cli
