// iptables, conntrack and dmesg of one node: what their arguments ask for.
#include <fmt/format.h>

#include "net/elements.hpp"
#include "netsim/result.hpp"
#include "observe/netfilter_views.hpp"

namespace netsim::observe {
namespace {

Chain chain_named(const std::string& name) {
    for (const Chain chain : {Chain::kInput, Chain::kForward, Chain::kOutput}) {
        if (net::to_string(chain) == name) {
            return chain;
        }
    }
    throw InputError("iptables: no chain \"" + name + "\" (there are INPUT, FORWARD, OUTPUT)");
}

/// -L, -v, -n and -x, apart or together.
void read_letters(const std::string& word, IptablesOptions& options, bool& lists, bool& numeric) {
    for (const char letter : word.substr(1)) {
        switch (letter) {
            case 'L':
                lists = true;
                break;
            case 'v':
                options.verbose = true;
                break;
            case 'n':
                numeric = true;
                break;
            case 'x':
                options.exact = true;
                break;
            default:
                throw InputError(
                    fmt::format("iptables: no option -{} here (allowed: -L [CHAIN], -n, -v, -x, "
                                "--line-numbers); rules are changed by the script",
                                letter));
        }
    }
}

}  // namespace

std::string iptables_tool(net::Node& node, std::span<const std::string> arguments) {
    IptablesOptions options;
    bool lists = false;
    bool numeric = false;
    for (const std::string& word : arguments) {
        if (word == "--line-numbers") {
            options.line_numbers = true;
        } else if (word.starts_with('-') && !word.starts_with("--")) {
            read_letters(word, options, lists, numeric);
        } else if (lists && !options.chain && !word.starts_with('-')) {
            options.chain = chain_named(word);
        } else {
            throw InputError("iptables: what is \"" + word +
                             "\"? (iptables -L [CHAIN] -n [-v] [-x] [--line-numbers])");
        }
    }
    if (!lists || !numeric) {
        throw InputError(lists ? "iptables: names are not looked up here: add -n"
                               : "iptables: it lists, with -L; rules are changed by the script");
    }
    net::Elements* elements = node.elements_if_any();
    return iptables_text(elements != nullptr ? elements->firewall() : nullptr, options);
}

std::string conntrack_tool(net::Node& node, std::span<const std::string> arguments) {
    const std::string what = arguments.size() == 1 ? arguments.front() : std::string();
    net::Elements* elements = node.elements_if_any();
    net::Conntrack* table = elements != nullptr ? elements->conntrack() : nullptr;
    const Time now = node.fabric().sim.now();
    if (what == "-L" || what == "--dump") {
        return conntrack_text(table, now).entries;
    }
    const ConntrackStats stats = table != nullptr ? table->stats(now) : ConntrackStats{};
    if (what == "-C" || what == "--count") {
        return fmt::format("{}\n", stats.count);
    }
    if (what == "-S" || what == "--stats") {
        return conntrack_stats_text(stats);
    }
    if (what == "-F" || what == "--flush") {
        if (table != nullptr) {
            table->flush();
        }
        return {};
    }
    throw InputError("conntrack: one of -L (list), -C (count), -S (statistics), -F (flush)");
}

std::string dmesg_tool(net::Node& node, std::span<const std::string> arguments) {
    if (!arguments.empty()) {
        throw InputError("dmesg: takes no arguments here");
    }
    net::Elements* elements = node.elements_if_any();
    return elements != nullptr ? elements->log().text() : std::string();
}

}  // namespace netsim::observe
