// sysctl(8) of procps 4.0.
#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "base/text.hpp"
#include "host/host.hpp"
#include "netsim/result.hpp"
#include "shell/jobs.hpp"
#include "shell/starts.hpp"
#include "shell/sysctl_conf.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kSysctlFlags = "-a -n -N -b -e -q -w -p [FILE] -r PATTERN";

struct SysctlQuery {
    bool all = false;
    bool values = false;  // -n
    bool names = false;   // -N
    bool bare = false;    // -b: a value without a new line
    bool ignore = false;  // -e
    bool quiet = false;   // -q
    bool write = false;   // -w
    bool load = false;    // -p
    std::string pattern{};
    std::vector<std::string> words{};
};

class SysctlParser {
 public:
    explicit SysctlParser(const std::vector<std::string>& words) : words_(words) {}

    SysctlQuery parse() {
        while (at_ < words_.size()) {
            const std::string& word = words_[at_++];
            if (word.starts_with("--")) {
                long_flag(word);
            } else if (word.starts_with('-') && word.size() > 1) {
                for (std::size_t i = 1; i < word.size(); ++i) {
                    flag(word[i], word);
                }
            } else {
                query_.words.push_back(word);
            }
        }
        return std::move(query_);
    }

 private:
    void long_flag(const std::string& word) {
        constexpr std::pair<std::string_view, char> kLong[] = {
            {"--all", 'a'},    {"--values", 'n'}, {"--names", 'N'},
            {"--binary", 'b'}, {"--ignore", 'e'}, {"--quiet", 'q'},
            {"--write", 'w'},  {"--load", 'p'},   {"--pattern", 'r'}};
        const std::size_t equals = word.find('=');
        for (const auto& [name, letter] : kLong) {
            if (word.substr(0, equals) == name) {
                flag(letter, word);
                if (equals != std::string::npos) {
                    (letter == 'r' ? query_.pattern : query_.words.emplace_back()) =
                        word.substr(equals + 1);
                }
                return;
            }
        }
        unknown(word);
    }

    void flag(char letter, const std::string& word) {
        constexpr std::pair<char, bool SysctlQuery::*> kPlain[] = {
            {'a', &SysctlQuery::all},   {'A', &SysctlQuery::all},   {'n', &SysctlQuery::values},
            {'N', &SysctlQuery::names}, {'b', &SysctlQuery::bare},  {'e', &SysctlQuery::ignore},
            {'q', &SysctlQuery::quiet}, {'w', &SysctlQuery::write}, {'p', &SysctlQuery::load},
            {'f', &SysctlQuery::load}};
        for (const auto& [name, member] : kPlain) {
            if (name == letter) {
                query_.*member = true;
                return;
            }
        }
        if (letter != 'r') {
            unknown(word);
        }
        if (word.find('=') == std::string::npos) {
            if (at_ >= words_.size()) {
                throw InputError("sysctl: a pattern is missing after -r");
            }
            query_.pattern = words_[at_++];
        }
    }

    [[noreturn]] static void unknown(const std::string& word) {
        throw InputError(
            fmt::format("sysctl: unknown flag \"{}\"; allowed: {}", word, kSysctlFlags));
    }

    const std::vector<std::string>& words_;
    std::size_t at_ = 0;
    SysctlQuery query_;
};

std::string shown(const SysctlQuery& query, std::string_view name, std::string_view value) {
    if (query.names) {
        return fmt::format("{}\n", name);
    }
    if (query.bare) {
        return std::string(value);
    }
    return query.values ? fmt::format("{}\n", value) : fmt::format("{} = {}\n", name, value);
}

bool exists(const std::string& name) {
    return tcp::is_sysctl(name);
}

[[noreturn]] void no_such(const std::string& name) {
    std::vector<std::string_view> known;
    for (const tcp::SysctlEntry& entry : tcp::sysctl_table()) {
        known.push_back(entry.name);
    }
    std::string path = name;
    std::replace(path.begin(), path.end(), '.', '/');
    throw InputError(
        fmt::format("sysctl: cannot stat /proc/sys/{}: No such file or directory{} (sysctl -a "
                    "lists them)",
                    path, did_you_mean(name, known)));
}

std::string all_settings(const host::Host& host, const SysctlQuery& query) {
    std::string out;
    std::regex pattern;
    try {
        pattern = std::regex(query.pattern, std::regex::extended);
    } catch (const std::regex_error&) {
        throw InputError(fmt::format("sysctl: \"{}\" is no regular expression", query.pattern));
    }
    for (const tcp::SysctlEntry& entry : tcp::sysctl_table()) {
        if (std::regex_search(std::string(entry.name), pattern)) {
            out += shown(query, entry.name, sysctl_text(host.sysctl(), entry.name));
        }
    }
    return out;
}

std::string load(host::Host& host, const SysctlQuery& query) {
    const std::vector<std::string> files =
        query.words.empty() ? std::vector<std::string>{"/etc/sysctl.conf"} : query.words;
    std::string out;
    for (const std::string& path : files) {
        const auto file = host.files().find(path);
        if (file == host.files().end()) {
            std::vector<std::string_view> known;
            for (const auto& entry : host.files()) {
                known.push_back(entry.first);
            }
            throw InputError(
                fmt::format("sysctl: cannot open \"{}\": No such file or directory: host {} has {}",
                            path, host.name(), known.empty() ? "no files" : join(known)));
        }
        for (const SysctlSetting& set : apply_sysctl_conf(host.sysctl(), file->second, path)) {
            out += query.quiet ? "" : shown(query, set.name, set.value);
        }
    }
    return out;
}

/// Reads, or with "=" writes.
std::string one_setting(host::Host& host, const SysctlQuery& query, const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = dotted_name(word.substr(0, equals));
    if (!exists(name)) {
        if (query.ignore) {
            return {};
        }
        no_such(name);
    }
    if (equals == std::string::npos) {
        if (query.write) {
            throw InputError(fmt::format("sysctl: -w {}: write {}=VALUE", word, word));
        }
        return shown(query, name, sysctl_text(host.sysctl(), name));
    }
    const std::string value = word.substr(equals + 1);
    tcp::set_sysctl(host.sysctl(), name, value);
    return query.quiet ? std::string() : shown(query, name, value);
}

}  // namespace

std::unique_ptr<Job> start_sysctl(const Invocation& invocation) {
    const SysctlQuery query = SysctlParser(invocation.words).parse();
    host::Host& host = invocation.host;
    if (query.load) {
        return view(load(host, query));
    }
    if (query.all || (!query.pattern.empty() && query.words.empty())) {
        return view(all_settings(host, query));
    }
    if (query.words.empty()) {
        throw InputError(
            fmt::format("sysctl: which? write sysctl NAME, NAME=VALUE, or {}", kSysctlFlags));
    }
    std::string out;
    for (const std::string& word : query.words) {
        out += one_setting(host, query, word);
    }
    return view(out);
}

}  // namespace netsim::shell
