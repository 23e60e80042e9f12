// nstat's lines: "#kernel", then name, value and rate (0.0: nothing keeps a rate).
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "observe/views.hpp"

namespace netsim::observe {
namespace {

struct NstatQuery {
    bool zeros = false;
    std::vector<std::string_view> patterns;
};

NstatQuery parse_nstat(std::string_view text) {
    NstatQuery query;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = text.find_first_not_of(" \t", at);
        if (begin == std::string_view::npos) {
            break;
        }
        at = std::min(text.size(), text.find_first_of(" \t", begin));
        const std::string_view word = text.substr(begin, at - begin);
        if (word.front() != '-') {
            query.patterns.push_back(word);
            continue;
        }
        for (const char flag : word.substr(1)) {
            query.zeros = query.zeros || flag == 'z';
            if (flag != 'z' && flag != 'a') {
                throw InputError(fmt::format("nstat: unknown flag \"{}\"; allowed: -a -z", word));
            }
        }
        if (word.size() == 1) {
            throw InputError("nstat: unknown flag \"-\"; allowed: -a -z");
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

}  // namespace

std::string nstat_text(const tcp::Mibs& mibs, std::string_view arguments) {
    const NstatQuery query = parse_nstat(arguments);
    for (const std::string_view pattern : query.patterns) {
        check_pattern(pattern);
    }
    std::string out = "#kernel\n";
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        const auto counter = static_cast<tcp::Mib>(i);
        const std::string_view name = tcp::describe(counter).name;
        const std::uint64_t value = mibs.get(counter);
        const bool chosen = query.patterns.empty() ||
                            std::any_of(query.patterns.begin(), query.patterns.end(),
                                        [&](std::string_view p) { return matches(p, name); });
        if (chosen && (value != 0 || query.zeros)) {
            fmt::format_to(std::back_inserter(out), "{:<32}{:<19}{}\n", name, value, "0.0");
        }
    }
    return out;
}

}  // namespace netsim::observe
