// sysctl, the suites' set-up scripts, tc, ethtool, nstat | grep.
#include "packetdrill/shell.hpp"

#include <fmt/format.h>

#include <array>
#include <regex>

#include "netsim/result.hpp"
#include "packetdrill/shell_syntax.hpp"
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
                refuse_command(words);
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

std::string joined_words(const Words& words) {
    std::string out;
    for (const std::string& w : words) {
        out += (out.empty() ? "" : " ") + w;
    }
    return out;
}

[[noreturn]] void refuse_command(const Words& words) {
    throw Mismatch{"the command \"" + joined_words(words) +
                   "\" is not supported (supported: sysctl, defaults.sh, set_sysctls.py, ip link "
                   "set mtu, ip route change, ip tcp_metrics flush, tc qdisc, ethtool -K, nstat | "
                   "grep, grep of /proc/net/tcp, dd of /dev/zero, rm)"};
}

void Shell::run(const std::string& text) {
    const std::vector<ShellCommand> commands = shell_commands(text);
    bool failed = false;
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const ShellCommand& c = commands[i];
        const bool runs = c.runs == ShellCommand::Runs::kAlways ||
                          (c.runs == ShellCommand::Runs::kAfterFailure) == failed;
        if (!runs || c.pipeline.front().empty()) {
            continue;
        }
        try {
            command(c.pipeline);
            failed = false;
        } catch (const CommandFailed&) {
            if (!rescued(commands, i)) {
                throw;
            }
            failed = true;
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
                refuse_command(pipeline[i]);
            }
            text = grep(text, pipeline[i], nullptr);
        }
        if ((pipeline.size() > 1 || name == "grep") && text.empty()) {
            throw CommandFailed{{"the command failed: no line matches"}};
        }
        return;
    }
    if (pipeline.size() > 1) {
        refuse_command(words);
    }
    if (name == "defaults.sh") {
        defaults(words[0]);
    } else if (name == "sysctl") {
        sysctl(words);
    } else if (name == "set_sysctls.py") {
        for (std::size_t i = 1; i < words.size(); ++i) {
            set(words[i]);
        }
    } else if (name.starts_with("sysctl_restore")) {
        return;  // each script has a stack of its own
    } else if (name == "echo" && words.size() == 4 && words[2] == ">") {
        echo(words[1], words[3]);
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
        refuse_command(words);
    }
}

void Shell::echo(const std::string& value, const std::string& path) {
    if (path != "/sys/module/tcp_cubic/parameters/hystart_detect") {
        return set(path + "=" + value);
    }
    if (value != "3") {
        throw Mismatch{"hystart_detect: the stack's CUBIC watches trains of ACKs and delay (3)"};
    }
}

// Those the stack does not have stand for what it does anyway, or does not do at all. The kernel's
// selftests keep their scripts and this one in one folder; it lets no listener use Fast Open that
// did not ask.
void Shell::defaults(const std::string& path) {
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
    if (path == "./defaults.sh") {
        tcp::set_sysctl(machine_.stack().sysctl(), "net.ipv4.tcp_fastopen", "0x3");
    }
}

void Shell::set(const std::string& assignment, bool only_if_known) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos) {
        throw Mismatch{"sysctl: expected NAME=VALUE, not \"" + assignment + "\""};
    }
    const std::string name = dotted(assignment.substr(0, equals));
    if (only_if_known && !tcp::is_sysctl(name)) {
        return;
    }
    std::string value = assignment.substr(equals + 1);
    if (name != "net.ipv4.tcp_fastopen_key") {  // the comma stands between two keys
        std::replace(value.begin(), value.end(), ',', ' ');
    }
    try {
        tcp::set_sysctl(machine_.stack().sysctl(), name, value);
    } catch (const InputError& error) {
        throw CommandFailed{{error.what()}};
    }
}

void Shell::sysctl(const Words& words) {
    bool ignore_unknown = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "-q" || words[i] == "-w" || words[i] == "-qw") {
            continue;
        }
        if (words[i] == "-e") {
            ignore_unknown = true;
            continue;
        }
        // "name = value" in three words
        if (i + 2 < words.size() && words[i + 1] == "=") {
            set(words[i] + "=" + words[i + 2], ignore_unknown);
            i += 2;
        } else {
            set(words[i], ignore_unknown);
        }
    }
}

void Shell::tc(const Words& words) {
    const std::string all = joined_words(words);
    const auto has = [&all](std::string_view what) { return all.find(what) != std::string::npos; };
    if (!has("qdisc") || !(has(" fq") || has(" pfifo") || has(" noqueue") || has(" del"))) {
        refuse_command(words);
    }
    machine_.set_qdisc(has(" fq")       ? tcp::Qdisc::kFq
                       : has("limit 0") ? tcp::Qdisc::kRefuses
                                        : tcp::Qdisc::kTakes);
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
            refuse_command(words);
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
