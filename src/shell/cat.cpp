// cat(1): the files of /proc that the model has, /proc/sys, and the host's own files.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "host/cpu.hpp"
#include "host/host.hpp"
#include "netsim/result.hpp"
#include "observe/host_sockets.hpp"
#include "observe/sockstat.hpp"
#include "observe/views.hpp"
#include "shell/jobs.hpp"
#include "shell/proc.hpp"
#include "shell/starts.hpp"
#include "shell/sysctl_conf.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kProcSys = "/proc/sys/";

struct ProcFile {
    std::string_view path;
    std::string (*text)(const host::Host& host);
};

std::string proc_sockstat(const host::Host& host) {
    return observe::sockstat_text(observe::sockstat(observe::host_sockets(host)));
}

std::string proc_softnet_stat(const host::Host& host) {
    const host::Cpu* const cpu = host.cpu();
    return cpu != nullptr ? observe::softnet_stat_text(cpu->stats(), false) : std::string();
}

constexpr ProcFile kProcFiles[] = {
    {"/proc/net/dev", proc_net_dev},       {"/proc/net/netstat", proc_net_netstat},
    {"/proc/net/route", proc_net_route},   {"/proc/net/snmp", proc_net_snmp},
    {"/proc/net/sockstat", proc_sockstat}, {"/proc/net/softnet_stat", proc_softnet_stat},
    {"/proc/net/tcp", proc_net_tcp},       {"/proc/net/udp", proc_net_udp},
};

std::string path_of_sysctl(std::string_view name) {
    std::string path = fmt::format("{}{}", kProcSys, name);
    std::replace(path.begin() + kProcSys.size(), path.end(), '.', '/');
    return path;
}

std::vector<std::string> known_paths(const host::Host& host, std::string_view under) {
    std::vector<std::string> paths;
    for (const ProcFile& file : kProcFiles) {
        paths.emplace_back(file.path);
    }
    for (const tcp::SysctlEntry& entry : tcp::sysctl_table()) {
        paths.push_back(path_of_sysctl(entry.name));
    }
    for (const auto& file : host.files()) {
        paths.push_back(file.first);
    }
    std::erase_if(paths, [&](const std::string& path) { return !path.starts_with(under); });
    return paths;
}

[[noreturn]] void no_file(const host::Host& host, const std::string& path) {
    const std::string folder = path.ends_with('/') ? path : path + '/';
    if (!known_paths(host, folder).empty()) {
        throw InputError(fmt::format("cat: {}: Is a directory", path));
    }
    const std::vector<std::string> paths = known_paths(host, "");
    const std::vector<std::string_view> known(paths.begin(), paths.end());
    std::vector<std::string_view> proc;
    for (const ProcFile& file : kProcFiles) {
        proc.push_back(file.path);
    }
    throw InputError(
        fmt::format("cat: {}: No such file or directory{}; there are {}, {}... and {} files of its "
                    "own",
                    path, did_you_mean(path, known), join(proc), kProcSys, host.files().size()));
}

std::string file_text(const host::Host& host, const std::string& path) {
    for (const ProcFile& file : kProcFiles) {
        if (file.path == path) {
            return file.text(host);
        }
    }
    if (path.starts_with(kProcSys)) {
        const std::string name = dotted_name(path.substr(kProcSys.size()));
        if (tcp::is_sysctl(name)) {
            return sysctl_text(host.sysctl(), name) + '\n';
        }
    }
    const auto own = host.files().find(path);
    if (own == host.files().end()) {
        no_file(host, path);
    }
    return own->second;
}

}  // namespace

std::unique_ptr<Job> start_cat(const Invocation& invocation) {
    if (invocation.words.empty()) {
        throw InputError("cat: which file? For example /proc/net/tcp");
    }
    std::string out;
    for (const std::string& word : invocation.words) {
        if (word.starts_with('-')) {
            throw InputError(fmt::format("cat: unknown flag \"{}\"; it takes none", word));
        }
        out += file_text(invocation.host, word);
    }
    return view(out);
}

}  // namespace netsim::shell
