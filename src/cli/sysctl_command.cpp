// netsim sysctl: the table of sysctls, or the rows that match.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <vector>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "netsim/result.hpp"
#include "tcp/profile.hpp"

namespace netsim::cli {
namespace {

// `*` stands for any characters; without one, any part of a name matches.
bool matches(std::string_view name, std::string_view pattern) {
    if (pattern.find('*') == std::string_view::npos) {
        return name.find(pattern) != std::string_view::npos;
    }
    const std::size_t star = pattern.find('*');
    if (!name.starts_with(pattern.substr(0, star))) {
        return false;
    }
    std::string_view rest = name.substr(star);
    pattern.remove_prefix(star + 1);
    for (;;) {
        const std::size_t next = pattern.find('*');
        if (next == std::string_view::npos) {
            return rest.ends_with(pattern);
        }
        const std::size_t at = rest.find(pattern.substr(0, next));
        if (at == std::string_view::npos) {
            return false;
        }
        rest.remove_prefix(at + next);
        pattern.remove_prefix(next + 1);
    }
}

/// A sysctl.conf that says what is so already; what has no value yet is a comment.
void print_conf(const std::vector<const tcp::SysctlEntry*>& rows) {
    for (const tcp::SysctlEntry* row : rows) {
        std::cout << fmt::format("# {} (allowed: {})\n{}{} = {}\n", row->meaning, row->range,
                                 row->default_text.empty() ? "# " : "", row->name,
                                 row->default_text);
    }
}

}  // namespace

int sysctl_command(const Options& options) {
    std::vector<const tcp::SysctlEntry*> rows;
    std::vector<std::string_view> known;
    const std::vector<tcp::SysctlEntry> table = tcp::profile_table(options.profile);
    for (const tcp::SysctlEntry& entry : table) {
        known.push_back(entry.name);
        if (matches(entry.name, options.word)) {
            rows.push_back(&entry);
        }
    }
    if (rows.empty()) {
        throw InputError("unknown sysctl \"" + options.word + "\"" +
                         did_you_mean(options.word, known));
    }
    if (options.conf) {
        print_conf(rows);
        return finish_stdout(kExitDone);
    }
    std::size_t name_width = 4;
    std::size_t default_width = 7;
    std::size_t range_width = 5;
    for (const tcp::SysctlEntry* row : rows) {
        name_width = std::max(name_width, row->name.size());
        default_width = std::max(default_width, row->default_text.size());
        range_width = std::max(range_width, row->range.size());
    }
    const auto line = [&](std::string_view name, std::string_view value, std::string_view range,
                          std::string_view meaning) {
        std::cout << fmt::format("{:<{}}  {:<{}}  {:<{}}  {}\n", name, name_width, value,
                                 default_width, range, range_width, meaning);
    };
    line("name", "default", "range", "meaning");
    for (const tcp::SysctlEntry* row : rows) {
        line(row->name, row->default_text, row->range, row->meaning);
    }
    return finish_stdout(kExitDone);
}

}  // namespace netsim::cli
