// The table of tools.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "host/host.hpp"
#include "netsim/result.hpp"
#include "observe/netfilter_views.hpp"
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
    std::string& history = invocation.host.files()["/tmp/.nstat.u0"];
    return view(observe::nstat_text(invocation.host.mibs(), joined(invocation.words), &history));
}

std::unique_ptr<Job> start_conntrack(const Invocation& invocation) {
    return view(observe::conntrack_tool(invocation.host, invocation.words));
}

std::unique_ptr<Job> start_dmesg(const Invocation& invocation) {
    return view(observe::dmesg_tool(invocation.host, invocation.words));
}

std::unique_ptr<Job> start_iptables(const Invocation& invocation) {
    return view(observe::iptables_tool(invocation.host, invocation.words));
}

constexpr Tool kTools[] = {
    {"cat", "cat FILE...", start_cat},
    {"conntrack", "conntrack -L | -C | -S | -F", start_conntrack},
    {"dmesg", "dmesg", start_dmesg},
    {"ip", "ip [-s] [-br] route|link|addr|tcp_metrics [...]", start_ip},
    {"iptables", "iptables -L [CHAIN] -n [-v] [-x] [--line-numbers]", start_iptables},
    {"lsof", "lsof [-nPta] [-i [TCP|UDP][@HOST][:PORT]] [-s TCP:STATE] [-p PID] [-c NAME]",
     start_lsof},
    {"mtr", "mtr --report [-nw] [-c COUNT] [-i SECONDS] [-m MAXTTL] [-f FIRSTTTL] [-s SIZE] HOST",
     start_mtr, true},
    {"netstat", "netstat [-tualnpo] | -s | -i | -r", start_netstat},
    {"nslookup", "nslookup [-timeout=SECONDS] [-retry=N] NAME|ADDRESS [SERVER]", start_nslookup,
     true},
    {"nstat", "nstat [-azsnrj] [COUNTER...]", start_nstat},
    {"ping",
     "ping [-nq] [-c COUNT] [-i SECONDS] [-s SIZE] [-t TTL] [-W SECONDS] [-w SECONDS] [-M do] HOST",
     start_ping, true},
    {"sar", "sar -n DEV|SOCK|TCP|ETCP INTERVAL [COUNT]", start_sar, true},
    {"ss", "ss [-tualnoiempsHO4] [FILTER]", start_ss},
    {"sysctl", "sysctl [-anNbeqw] [-r PATTERN] [NAME[=VALUE]...] | -p [FILE...]", start_sysctl},
    {"tcpdump", "tcpdump [-nSvlpt] [-i IF] [-c N] [FILTER]", start_tcpdump, true},
    {"tracepath", "tracepath [-nb] [-m HOPS] [-l LENGTH] [-p PORT] HOST", start_tracepath, true},
    {"traceroute",
     "traceroute [-nIT] [-q PROBES] [-w MAX[,HERE,NEAR]] [-m HOPS] [-f FIRST] [-N AT_ONCE] [-p "
     "PORT] HOST",
     start_traceroute, true},
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
    if (!host.is_on()) {
        throw InputError(fmt::format("sh: {}: host \"{}\" is off", tool.name, host.name()));
    }
    return tool.start({host, directory, std::move(words)});
}

}  // namespace netsim::shell
