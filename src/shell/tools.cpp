// The table of tools.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "observe/views.hpp"
#include "shell/jobs.hpp"
#include "shell/shell.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

std::unique_ptr<Job> start_ss(const Invocation& invocation) {
    return view(observe::ss_text(invocation.host, joined(invocation.words)));
}

std::unique_ptr<Job> start_nstat(const Invocation& invocation) {
    return view(observe::nstat_text(invocation.host, joined(invocation.words)));
}

constexpr Tool kTools[] = {
    {"nstat", "nstat [-az] [COUNTER...]", start_nstat},
    {"sar", "sar -n SOCK INTERVAL [COUNT]", start_sar, true},
    {"ss", "ss [-talnoiemHO4] [FILTER]", start_ss},
    {"tcpdump", "tcpdump [-nSvlpt] [-i IF] [-c N] [FILTER]", start_tcpdump, true},
};

const Tool& find_tool(std::string_view name) {
    const auto* const found = std::find_if(std::begin(kTools), std::end(kTools),
                                           [&](const Tool& tool) { return tool.name == name; });
    if (found != std::end(kTools)) {
        return *found;
    }
    std::vector<std::string_view> known;
    for (const Tool& tool : kTools) {
        known.push_back(tool.name);
    }
    throw InputError(fmt::format("sh: no tool \"{}\"{}; there are {}", name,
                                 did_you_mean(name, known), join(known)));
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words = split_words(line);
    if (words.empty()) {
        words.emplace_back();  // "no tool """ says which there are
    }
    return words;
}

}  // namespace

std::span<const Tool> tools() {
    return kTools;
}

const Tool& tool_of(std::string_view line) {
    return find_tool(words_of(line).front());
}

std::unique_ptr<Job> start(host::Host& host, const Directory& directory, std::string_view line) {
    std::vector<std::string> words = words_of(line);
    const Tool& tool = find_tool(words.front());
    words.erase(words.begin());
    return tool.start({host, directory, std::move(words)});
}

}  // namespace netsim::shell
