// nstat's lines: "#kernel", then name, value and rate (0.0: nothing keeps a rate).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "observe/views.hpp"

namespace netsim::observe {
namespace {

struct NstatQuery {
    bool absolute = false;
    bool zeros = false;
    bool no_update = false;
    bool no_output = false;
    bool reset = false;
    bool json = false;
    std::vector<std::string_view> patterns;
};

struct NstatFlag {
    char letter;
    std::string_view word;
    bool NstatQuery::*member;
};

constexpr std::array<NstatFlag, 6> kNstatFlags{{
    {'a', "--ignore", &NstatQuery::absolute},
    {'z', "--zeros", &NstatQuery::zeros},
    {'s', "--noupdate", &NstatQuery::no_update},
    {'n', "--nooutput", &NstatQuery::no_output},
    {'r', "--reset", &NstatQuery::reset},
    {'j', "--json", &NstatQuery::json},
}};

void nstat_flag(NstatQuery& query, std::string_view word) {
    const auto set = [&](const auto& is_it) {
        const auto* const found = std::find_if(kNstatFlags.begin(), kNstatFlags.end(), is_it);
        if (found == kNstatFlags.end()) {
            throw InputError(
                fmt::format("nstat: unknown flag \"{}\"; allowed: -a -z -s -n -r -j", word));
        }
        query.*(found->member) = true;
    };
    if (word.size() == 1 || word.starts_with("--")) {
        return set([&](const NstatFlag& flag) { return flag.word == word; });
    }
    for (const char letter : word.substr(1)) {
        set([&](const NstatFlag& flag) { return flag.letter == letter; });
    }
}

NstatQuery parse_nstat(std::string_view text) {
    NstatQuery query;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = text.find_first_not_of(" \t", at);
        if (begin == std::string_view::npos) {
            break;
        }
        at = std::min(text.size(), text.find_first_of(" \t", begin));
        const std::string_view word = text.substr(begin, at - begin);
        if (word.front() == '-') {
            nstat_flag(query, word);
        } else {
            query.patterns.push_back(word);
        }
    }
    return query;
}

/// Shell-like: * is any text. On a mismatch the last * takes one more letter.
bool matches(std::string_view pattern, std::string_view name) {
    std::size_t p = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t taken = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

void check_pattern(std::string_view pattern) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        names.push_back(tcp::describe(static_cast<tcp::Mib>(i)).name);
    }
    if (std::none_of(names.begin(), names.end(),
                     [&](std::string_view name) { return matches(pattern, name); })) {
        throw InputError(fmt::format("nstat: no counter matches \"{}\"{}", pattern,
                                     did_you_mean(pattern, names)));
    }
}

using Values = std::array<std::uint64_t, tcp::kMibCount>;

Values values_of(const tcp::Mibs& mibs) {
    Values values{};
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        values.at(i) = mibs.get(static_cast<tcp::Mib>(i));
    }
    return values;
}

std::string nstat_line(std::string_view name, std::uint64_t value) {
    return fmt::format("{:<32}{:<19}{}\n", name, value, "0.0");
}

/// What a history file holds; zeros where it says nothing.
Values read_history(std::string_view text) {
    Values values{};
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.size(), text.find('\n', at));
        const std::string_view line = text.substr(at, end - at);
        at = end + 1;
        const std::optional<tcp::Mib> mib = tcp::find_mib(line.substr(0, line.find(' ')));
        const std::size_t number = line.find_first_of("0123456789", line.find(' '));
        if (mib && number != std::string_view::npos) {
            std::from_chars(line.data() + number, line.data() + line.size(),
                            values.at(static_cast<std::size_t>(*mib)));
        }
    }
    return values;
}

/// Has the host booted since? Then its counters began anew, and the history means nothing.
bool outdated(const Values& history, const Values& now) {
    const auto gauge = static_cast<std::size_t>(tcp::Mib::kTcpCurrEstab);
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        if (i != gauge && history.at(i) > now.at(i)) {
            return true;
        }
    }
    return false;
}

std::string nstat_output(const NstatQuery& query, const Values& now, const Values& before) {
    std::string out = query.json ? "{\"kernel\":{" : "#kernel\n";
    std::string_view comma;
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        const auto counter = static_cast<tcp::Mib>(i);
        if (counter == tcp::Mib::kTcpCurrEstab) {
            continue;  // a gauge: nstat leaves it out
        }
        const std::string_view name = tcp::describe(counter).name;
        const std::uint64_t value = now.at(i) - before.at(i);
        const bool chosen = query.patterns.empty() ||
                            std::any_of(query.patterns.begin(), query.patterns.end(),
                                        [&](std::string_view p) { return matches(p, name); });
        if (!chosen || (value == 0 && !query.zeros)) {
            continue;
        }
        if (query.json) {
            fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", std::exchange(comma, ","), name,
                           value);
        } else {
            out += nstat_line(name, value);
        }
    }
    return out + (query.json ? "}}\n" : "");
}

}  // namespace

std::string nstat_text(const tcp::Mibs& mibs, std::string_view arguments, std::string* history) {
    const NstatQuery query = parse_nstat(arguments);
    for (const std::string_view pattern : query.patterns) {
        check_pattern(pattern);
    }
    const Values now = values_of(mibs);
    Values before{};
    if (history != nullptr && !query.absolute && !query.reset) {
        before = read_history(*history);
        before = outdated(before, now) ? Values{} : before;
    }
    if (history != nullptr && !query.no_update) {
        *history = "#kernel\n";
        for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
            *history += nstat_line(tcp::describe(static_cast<tcp::Mib>(i)).name, now.at(i));
        }
    }
    return query.no_output ? std::string() : nstat_output(query, now, before);
}

}  // namespace netsim::observe
