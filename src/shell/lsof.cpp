// lsof(8) 4.95: the sockets that processes hold. USER is always root, DEVICE the socket's number on
// its host, SIZE/OFF nothing: hosts have no users, no inodes and no offsets.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "host/host.hpp"
#include "netsim/result.hpp"
#include "observe/host_sockets.hpp"
#include "observe/services.hpp"
#include "shell/jobs.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

using observe::SocketRow;

constexpr std::string_view kLsofFlags =
    "-i [4][TCP|UDP][@HOST][:PORT[-PORT]] -n -P -t -a -p PID -c NAME -s TCP:STATE";

/// What one -i asks for.
struct InternetFilter {
    std::optional<bool> udp{};
    std::optional<Ipv4> address{};
    std::uint16_t first_port = 0;
    std::uint16_t last_port = 0;  // 0: any

    bool wants(const SocketRow& row) const {
        const auto end_matches = [&](const Endpoint& end) {
            return (!address || end.address == *address) &&
                   (last_port == 0 || (end.port >= first_port && end.port <= last_port));
        };
        return (!udp || *udp == row.udp) &&
               ((!address && last_port == 0) || end_matches(row.info.local) ||
                end_matches(row.info.remote));
    }
};

struct LsofQuery {
    bool numeric_hosts = false;
    bool numeric_ports = false;
    bool terse = false;
    bool all_must_hold = false;
    bool internet = false;
    std::vector<InternetFilter> filters{};
    std::set<std::uint32_t> pids{};
    std::vector<std::string> commands{};
    std::set<std::string, std::less<>> states{};
    std::set<std::string, std::less<>> not_states{};

    bool wants(const SocketRow& row) const;
};

/// Not in /proc/net/tcp, where lsof would find its addresses: fresh, bound at most, or over and
/// not yet closed by its process.
bool unknown_to_proc(const SocketRow& row) {
    return !row.udp && row.info.state == tcp::State::kClosed;
}

bool LsofQuery::wants(const SocketRow& row) const {
    if (row.holder.pid == 0) {
        return false;
    }
    const std::string_view state = tcp::netstat_name(row.info.state);
    if (!row.udp && ((!states.empty() && states.find(state) == states.end()) ||
                     not_states.find(state) != not_states.end())) {
        return false;
    }
    const bool by_internet =
        internet && !unknown_to_proc(row) &&
        (filters.empty() || std::any_of(filters.begin(), filters.end(),
                                        [&](const InternetFilter& f) { return f.wants(row); }));
    const bool by_pid = pids.count(row.holder.pid) != 0;
    const bool by_command = std::any_of(
        commands.begin(), commands.end(),
        [&](const std::string& command) { return row.holder.name.starts_with(command); });
    if (!internet && pids.empty() && commands.empty()) {
        return true;
    }
    if (all_must_hold) {
        return (by_internet || !internet) && (by_pid || pids.empty()) &&
               (by_command || commands.empty());
    }
    return by_internet || by_pid || by_command;
}

class LsofParser {
 public:
    explicit LsofParser(const Invocation& invocation)
        : words_(invocation.words), directory_(invocation.directory) {}

    LsofQuery parse() {
        while (at_ < words_.size()) {
            const std::string& word = words_[at_++];
            if (!word.starts_with('-') || word.size() < 2) {
                throw InputError(fmt::format(
                    "lsof: \"{}\": there are no files to name; allowed: {}", word, kLsofFlags));
            }
            for (std::size_t i = 1; i < word.size();) {
                i = flag(word, i);
            }
        }
        return std::move(query_);
    }

 private:
    /// The place after the flag at `i` and what belongs to it.
    std::size_t flag(const std::string& word, std::size_t i) {
        switch (word[i]) {
            case 'n':
                query_.numeric_hosts = true;
                return i + 1;
            case 'P':
                query_.numeric_ports = true;
                return i + 1;
            case 't':
                query_.terse = true;
                return i + 1;
            case 'a':
                query_.all_must_hold = true;
                return i + 1;
            case 'i':
                internet(word, i + 1);
                break;
            case 'p':
                pids(value(word, i + 1));
                break;
            case 'c':
                query_.commands.push_back(value(word, i + 1));
                break;
            case 's':
                states(value(word, i + 1));
                break;
            default:
                throw InputError(
                    fmt::format("lsof: unknown flag \"-{}\"; allowed: {}", word[i], kLsofFlags));
        }
        return word.size();
    }

    std::string value(const std::string& word, std::size_t from) {
        if (from < word.size()) {
            return word.substr(from);
        }
        if (at_ >= words_.size()) {
            throw InputError(fmt::format("lsof: a value is missing after -{}", word[from - 1]));
        }
        return words_[at_++];
    }

    /// -i alone, -i :80, -iTCP:80, -i TCP@web:80-90.
    void internet(const std::string& word, std::size_t from) {
        query_.internet = true;
        std::string text = word.substr(from);
        if (text.empty() && at_ < words_.size() && !words_[at_].starts_with('-')) {
            text = words_[at_++];
        }
        if (text.empty()) {
            query_.filters.emplace_back();
            return;
        }
        InternetFilter filter;
        std::string_view rest = text;
        rest.remove_prefix(rest.starts_with('4') ? 1 : 0);
        const std::string_view protocol = rest.substr(0, rest.find_first_of("@:"));
        if (protocol == "TCP" || protocol == "tcp" || protocol == "UDP" || protocol == "udp") {
            filter.udp = protocol == "UDP" || protocol == "udp";
        } else if (!protocol.empty()) {
            throw InputError(
                fmt::format("lsof: -i {}: unknown protocol \"{}\": TCP or UDP", text, protocol));
        }
        rest.remove_prefix(protocol.size());
        const std::size_t colon = rest.find(':');
        if (rest.starts_with('@')) {
            filter.address = directory_.address_of(rest.substr(1, colon - 1));
        }
        if (colon != std::string_view::npos) {
            ports(rest.substr(colon + 1), filter);
        }
        query_.filters.push_back(filter);
    }

    static std::uint16_t port(std::string_view text) {
        if (const auto named = observe::service_port(text)) {
            return *named;
        }
        std::uint16_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size() || number == 0) {
            throw InputError(fmt::format("lsof: -i: \"{}\" is no port", text));
        }
        return number;
    }

    static void ports(std::string_view text, InternetFilter& filter) {
        const std::size_t dash = text.find('-');
        const bool range = dash != std::string_view::npos && !observe::service_port(text);
        filter.first_port = port(range ? text.substr(0, dash) : text);
        filter.last_port = range ? port(text.substr(dash + 1)) : filter.first_port;
    }

    void pids(std::string_view text) {
        for (std::size_t at = 0; at <= text.size();) {
            const std::size_t end = std::min(text.size(), text.find(',', at));
            std::uint32_t pid = 0;
            const auto [rest, error] = std::from_chars(text.data() + at, text.data() + end, pid);
            if (error != std::errc{} || rest != text.data() + end) {
                throw InputError(fmt::format("lsof: -p \"{}\": process ids such as 301,302", text));
            }
            query_.pids.insert(pid);
            at = end + 1;
        }
    }

    /// TCP:LISTEN, TCP:^TIME_WAIT,CLOSE_WAIT
    void states(std::string_view text) {
        if (!text.starts_with("TCP:") && !text.starts_with("tcp:")) {
            throw InputError(fmt::format("lsof: -s \"{}\": write TCP:STATE", text));
        }
        std::vector<std::string_view> known;
        for (unsigned s = 1; s <= static_cast<unsigned>(tcp::State::kClosing); ++s) {
            known.push_back(tcp::netstat_name(static_cast<tcp::State>(s)));
        }
        text.remove_prefix(4);
        for (std::size_t at = 0; at <= text.size();) {
            const std::size_t end = std::min(text.size(), text.find(',', at));
            std::string_view name = text.substr(at, end - at);
            const bool excluded = name.starts_with('^');
            name.remove_prefix(excluded ? 1 : 0);
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                throw InputError(fmt::format("lsof: unknown TCP state name \"{}\"{}; known: {}",
                                             name, did_you_mean(name, known), join(known)));
            }
            (excluded ? query_.not_states : query_.states).emplace(name);
            at = end + 1;
        }
    }

    const std::vector<std::string>& words_;
    const Directory& directory_;
    std::size_t at_ = 0;
    LsofQuery query_;
};

std::string lsof_end(const Endpoint& end, const LsofQuery& query, const Directory& directory) {
    std::string host = end.address == Ipv4{} ? "*" : to_string(end.address);
    if (!query.numeric_hosts) {
        const std::string_view name = directory.name_of(end.address);
        host = name.empty() ? host : std::string(name);
    }
    return host + ':' + (end.port == 0 ? "*" : observe::port_name(end.port, query.numeric_ports));
}

std::string lsof_name(const SocketRow& row, const LsofQuery& query, const Directory& directory) {
    std::string out = lsof_end(row.info.local, query, directory);
    if (row.info.remote.port != 0) {
        out += "->" + lsof_end(row.info.remote, query, directory);
    }
    return row.udp ? out : out + fmt::format(" ({})", tcp::netstat_name(row.info.state));
}

std::string lsof_table(const std::vector<SocketRow>& rows, const LsofQuery& query,
                       const Directory& directory) {
    constexpr std::size_t kCommandMost = 9;
    std::size_t command_width = std::string_view("COMMAND").size();
    std::size_t pid_width = std::string_view("PID").size();
    for (const SocketRow& row : rows) {
        command_width = std::max(command_width, std::min(kCommandMost, row.holder.name.size()));
        pid_width = std::max(pid_width, std::to_string(row.holder.pid).size());
    }
    std::string out = fmt::format("{:<{}} {:>{}} USER   FD   TYPE DEVICE SIZE/OFF NODE NAME\n",
                                  "COMMAND", command_width, "PID", pid_width);
    for (const SocketRow& row : rows) {
        if (unknown_to_proc(row)) {
            fmt::format_to(std::back_inserter(out),
                           "{:<{}} {:>{}} root {:>4}u  sock {:>6} {:>8} {:>4} protocol: TCP\n",
                           row.holder.name.substr(0, kCommandMost), command_width, row.holder.pid,
                           pid_width, row.holder.fd, "0,8", "0t0", row.number);
            continue;
        }
        fmt::format_to(std::back_inserter(out),
                       "{:<{}} {:>{}} root {:>4}u  IPv4 {:>6} {:>8} {:>4} {}\n",
                       row.holder.name.substr(0, kCommandMost), command_width, row.holder.pid,
                       pid_width, row.holder.fd, row.number, "0t0", row.udp ? "UDP" : "TCP",
                       lsof_name(row, query, directory));
    }
    return out;
}

}  // namespace

std::unique_ptr<Job> start_lsof(const Invocation& invocation) {
    const LsofQuery query = LsofParser(invocation).parse();
    std::vector<SocketRow> rows = observe::host_sockets(invocation.host);
    std::erase_if(rows, [&](const SocketRow& row) { return !query.wants(row); });
    std::sort(rows.begin(), rows.end(), [](const SocketRow& a, const SocketRow& b) {
        return std::tuple(a.holder.pid, a.holder.fd) < std::tuple(b.holder.pid, b.holder.fd);
    });
    if (rows.empty()) {
        return view("", 1);
    }
    if (!query.terse) {
        return view(lsof_table(rows, query, invocation.directory));
    }
    std::string out;
    std::uint32_t last = 0;
    for (const SocketRow& row : rows) {
        if (row.holder.pid != last) {
            last = row.holder.pid;
            out += fmt::format("{}\n", last);
        }
    }
    return view(out);
}

}  // namespace netsim::shell
