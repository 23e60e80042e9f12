// sysctl, the suites' set-up scripts, ip, tc, ethtool, nstat | grep.
#include "packetdrill/shell.hpp"

#include <fmt/format.h>

#include <array>
#include <regex>

#include "netsim/result.hpp"
#include "tcp/mib.hpp"

namespace netsim::packetdrill {
namespace {

/// What the public suites' common/defaults.sh sets.
constexpr auto kDefaults = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"net.ipv4.tcp_rmem", "4096 540000 15728640"},
    {"net.ipv4.tcp_wmem", "4096 262144 4194304"},
    {"net.ipv4.tcp_timestamps", "1"},
    {"net.ipv4.tcp_syn_retries", "5"},
    {"net.ipv4.tcp_synack_retries", "5"},
    {"net.ipv4.tcp_frto", "2"},
    {"net.ipv4.tcp_sack", "1"},
    {"net.ipv4.tcp_dsack", "1"},
    {"net.ipv4.tcp_fack", "0"},
    {"net.ipv4.tcp_reordering", "3"},
    {"net.ipv4.tcp_congestion_control", "cubic"},
    {"net.ipv4.tcp_slow_start_after_idle", "0"},
    {"net.ipv4.tcp_early_retrans", "4"},
    {"net.ipv4.tcp_recovery", "1"},
    {"net.ipv4.tcp_tso_win_divisor", "3"},
    {"net.ipv4.tcp_ecn", "0"},
    {"net.ipv4.tcp_pacing_ss_ratio", "200"},
    {"net.ipv4.tcp_pacing_ca_ratio", "120"},
    {"net.ipv4.tcp_notsent_lowat", "4294967295"},
    {"net.ipv4.tcp_fastopen", "0x70403"},
    {"net.ipv4.tcp_fastopen_key", "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4"},
    {"net.ipv4.tcp_syncookies", "1"},
});

using Words = std::vector<std::string>;

/// Commands split at ; && and line ends, each a pipeline of words; redirections are taken off.
std::vector<std::vector<Words>> split(const std::string& text) {
    std::vector<std::vector<Words>> commands(1, std::vector<Words>(1));
    std::string word;
    bool in_word = false;
    char quote = 0;
    const auto end_word = [&] {
        if (in_word) {
            commands.back().back().push_back(word);
        }
        word.clear();
        in_word = false;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0) {
            if (c == quote) {
                quote = 0;
            } else {
                word += c;
            }
        } else if (c == '"' || c == '\'') {
            quote = c;
            in_word = true;
        } else if (c == '\\' && i + 1 < text.size() && text[i + 1] == '\n') {
            ++i;
        } else if (c == '\n' || c == ';' || (c == '&' && text.substr(i, 2) == "&&")) {
            end_word();
            commands.emplace_back(1);
            i += c == '&' ? 1 : 0;
        } else if (c == '|' && text.substr(i, 2) != "||") {
            end_word();
            commands.back().emplace_back();
        } else if (c == ' ' || c == '\t' || c == '\r') {
            end_word();
        } else if (c == '#' && !in_word) {
            i = std::min(text.find('\n', i), text.size()) - 1;
        } else {
            word += c;
            in_word = true;
        }
    }
    end_word();
    return commands;
}

/// The value of a product, quotient, sum or difference of whole numbers: what scripts write in
/// $((...)).
std::int64_t arithmetic(const std::string& text) {
    std::int64_t sum = 0;
    std::int64_t product = 1;
    char op = '+';
    std::size_t at = 0;
    bool negative = false;
    for (;;) {
        at = std::min(text.find_first_not_of(' ', at), text.size());
        const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
        if (end == at || end - at > 9 ||
            (op == '/' && std::stoll(text.substr(at, end - at)) == 0)) {
            throw Mismatch{"$((" + text + ")) is not understood (whole numbers, + - * /)"};
        }
        const std::int64_t n = std::stoll(text.substr(at, end - at));
        if (op == '*' || op == '/') {
            product = op == '*' ? product * n : product / n;
        } else {
            product = n;
        }
        if (product > (std::int64_t{1} << 40U)) {
            throw Mismatch{"$((" + text + ")) is too large"};
        }
        at = std::min(text.find_first_not_of(' ', end), text.size());
        op = at < text.size() ? text[at] : '\0';
        ++at;
        if (op != '*' && op != '/') {
            sum += negative ? -product : product;
            negative = op == '-';
        }
        if (op == '\0') {
            return sum;
        }
    }
}

/// Each $((...)) by its value.
std::string expanded(std::string text) {
    std::size_t at = 0;
    while ((at = text.find("$((", at)) != std::string::npos) {
        const std::size_t end = text.find("))", at);
        if (end == std::string::npos) {
            throw Mismatch{"$(( without ))"};
        }
        const std::string value = std::to_string(arithmetic(text.substr(at + 3, end - at - 3)));
        text.replace(at, end + 2 - at, value);
        at += value.size();
    }
    return text;
}

bool takes_file(const std::string& word) {
    return word == ">" || word == ">>" || word == "1>" || word == "2>" || word == "&>";
}

bool is_redirection(const std::string& word) {
    return word.starts_with(">") || word.starts_with("2>") || word.starts_with("1>") ||
           word.starts_with("&>");
}

Words without_redirections(const Words& words) {
    Words kept;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string target =
            takes_file(words[i]) && i + 1 < words.size() ? words[i + 1] : words[i];
        if (!is_redirection(words[i]) || target.find("/proc/") != std::string::npos) {
            kept.push_back(words[i]);
        } else if (takes_file(words[i])) {
            ++i;
        }
    }
    return kept;
}

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

/// "/proc/sys/net/ipv4/tcp_sack" or "net/ipv4/tcp_sack" to "net.ipv4.tcp_sack"
std::string dotted(std::string name) {
    if (name.starts_with("/proc/sys/")) {
        name = name.substr(10);
    }
    std::replace(name.begin(), name.end(), '/', '.');
    return name;
}

std::string joined(const Words& words) {
    std::string out;
    for (const std::string& w : words) {
        out += (out.empty() ? "" : " ") + w;
    }
    return out;
}

[[noreturn]] void refuse(const Words& words) {
    throw Mismatch{"the command \"" + joined(words) +
                   "\" is not supported (supported: sysctl, defaults.sh, set_sysctls.py, ip link "
                   "set mtu, ip tcp_metrics flush, tc qdisc, ethtool -K, nstat | grep, grep of "
                   "/proc/net/tcp, dd of /dev/zero, rm)"};
}

/// `grep [-q] [-v] [-e] PATTERN` over a text; the words after the pattern are files.
std::string grep(const std::string& text, const Words& words, Words* files) {
    bool inverted = false;
    std::regex_constants::syntax_option_type syntax = std::regex_constants::grep;
    std::string pattern;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string& w = words[i];
        if (w == "-v") {
            inverted = true;
        } else if (w == "-E") {
            syntax = std::regex_constants::egrep;
        } else if (w != "-q" && w != "-e") {
            if (w.starts_with("-") || (!pattern.empty() && files == nullptr)) {
                refuse(words);
            }
            if (pattern.empty()) {
                pattern = w;
            } else {
                files->push_back(w);
            }
        }
    }
    std::string out;
    try {
        const std::regex regex(pattern, syntax);
        std::size_t begin = 0;
        while (begin < text.size()) {
            const std::size_t end = std::min(text.find('\n', begin), text.size() - 1);
            const std::string line = text.substr(begin, end - begin);
            if (std::regex_search(line, regex) != inverted) {
                out += line + "\n";
            }
            begin = end + 1;
        }
    } catch (const std::regex_error&) {
        throw Mismatch{"grep: the pattern \"" + pattern + "\" is not a regular expression"};
    }
    return out;
}

}  // namespace

void Shell::run(const std::string& text) {
    for (const std::vector<Words>& pipeline : split(expanded(text))) {
        std::vector<Words> clean;
        for (const Words& words : pipeline) {
            clean.push_back(without_redirections(words));
        }
        if (!clean.front().empty()) {
            command(clean);
        }
    }
}

void Shell::command(const std::vector<Words>& pipeline) {
    const Words& words = pipeline.front();
    const std::string name = base_name(words[0]);
    if (name == "nstat" || name == "grep") {
        std::string text;
        if (name == "nstat") {
            text = nstat(words);
        } else {
            Words files;
            grep("", words, &files);
            text = grep(read_files(files), words, &files);
        }
        for (std::size_t i = 1; i < pipeline.size(); ++i) {
            if (pipeline[i].empty() || pipeline[i][0] != "grep") {
                refuse(pipeline[i]);
            }
            text = grep(text, pipeline[i], nullptr);
        }
        if ((pipeline.size() > 1 || name == "grep") && text.empty()) {
            throw Mismatch{"the command failed: no line matches"};
        }
        return;
    }
    if (pipeline.size() > 1) {
        refuse(words);
    }
    if (name == "defaults.sh") {
        defaults();
    } else if (name == "sysctl") {
        sysctl(words);
    } else if (name == "set_sysctls.py") {
        for (std::size_t i = 1; i < words.size(); ++i) {
            set(words[i]);
        }
    } else if (name.starts_with("sysctl_restore")) {
        return;  // each script has a stack of its own
    } else if (name == "echo" && words.size() == 4 && words[2] == ">") {
        set(words[3] + "=" + words[1]);
    } else if (name == "dd") {
        dd(words);
    } else if (name == "rm") {
        remove(words);
    } else if (name == "ip") {
        ip(words);
    } else if (name == "tc") {
        tc(words);
    } else if (name == "ethtool" && words.size() > 1 && (words[1] == "-K" || words[1] == "-k")) {
        return;  // offloads: the stack sends segments of one MSS
    } else if (name != "true" && name != ":") {
        refuse(words);
    }
}

// Those the stack does not have stand for what it does anyway, or does not do at all.
void Shell::defaults() {
    for (const auto& [name, value] : kDefaults) {
        if (!tcp::is_sysctl(name)) {
            continue;
        }
        try {
            tcp::set_sysctl(machine_.stack().sysctl(), name, value);
        } catch (const InputError&) {
            // A value the stack has not got (a congestion control): its own stands.
            continue;
        }
    }
}

void Shell::set(const std::string& assignment) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos) {
        throw Mismatch{"sysctl: expected NAME=VALUE, not \"" + assignment + "\""};
    }
    const std::string name = dotted(assignment.substr(0, equals));
    std::string value = assignment.substr(equals + 1);
    if (name != "net.ipv4.tcp_fastopen_key") {  // the comma stands between two keys
        std::replace(value.begin(), value.end(), ',', ' ');
    }
    try {
        tcp::set_sysctl(machine_.stack().sysctl(), name, value);
    } catch (const InputError& error) {
        throw Mismatch{error.what()};
    }
}

void Shell::sysctl(const Words& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "-q" || words[i] == "-w" || words[i] == "-qw") {
            continue;
        }
        // "name = value" in three words
        if (i + 2 < words.size() && words[i + 1] == "=") {
            set(words[i] + "=" + words[i + 2]);
            i += 2;
        } else {
            set(words[i]);
        }
    }
}

void Shell::ip(const Words& words) {
    if (words.size() > 1 && words[1] == "tcp_metrics") {
        return machine_.stack().flush_metrics();
    }
    const auto mtu = std::find(words.begin(), words.end(), "mtu");
    const bool link = words.size() > 2 && (words[1] == "link" || words[1] == "li");
    if (!link || mtu == words.end() || mtu + 1 == words.end()) {
        refuse(words);
    }
    const std::string& text = *(mtu + 1);
    if (text.empty() || text.size() > 5 ||
        text.find_first_not_of("0123456789") != std::string::npos || std::stoul(text) < 68 ||
        std::stoul(text) > 65535) {
        throw Mismatch{"ip link: the MTU must be 68 to 65535"};
    }
    machine_.set_mtu(static_cast<std::uint32_t>(std::stoul(text)));
}

// A queue that holds all that is sent changes nothing; one that drops everything would.
void Shell::tc(const Words& words) {
    const std::string all = joined(words);
    const bool queues = all.find("qdisc") != std::string::npos;
    const bool known =
        all.find(" fq") != std::string::npos || all.find(" pfifo") != std::string::npos ||
        all.find(" noqueue") != std::string::npos || all.find(" del") != std::string::npos;
    if (!queues || !known || all.find("limit 0") != std::string::npos) {
        refuse(words);
    }
}

std::string Shell::nstat(const Words& words) {
    bool absolute = false;
    bool zeros = false;
    bool keep = false;
    bool quiet = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
        for (const char c : words[i]) {
            absolute = absolute || c == 'a';
            zeros = zeros || c == 'z';
            keep = keep || c == 's';
            quiet = quiet || c == 'n';
        }
        if (!words[i].starts_with("-") ||
            words[i].find_first_not_of("-aszn") != std::string::npos) {
            refuse(words);
        }
    }
    std::string out = "#kernel\n";
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        const auto counter = static_cast<tcp::Mib>(i);
        const std::string name(tcp::describe(counter).name);
        const std::uint64_t now = machine_.stack().mib().get(counter);
        const std::uint64_t shown = absolute ? now : now - counted_[name];
        if (shown != 0 || zeros) {
            out += fmt::format("{:<32}{:<16}{}\n", name, shown, "0.0");
        }
        if (!keep) {
            counted_[name] = now;
        }
    }
    return quiet ? "" : out;
}

}  // namespace netsim::packetdrill
