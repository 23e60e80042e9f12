// Reading and comparing what a person names.
#include "cli/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "base/text.hpp"
#include "base/units.hpp"

namespace netsim::cli {
namespace {

constexpr std::string_view kAcceptQueue = "accept-queue";
constexpr std::string_view kSynQueue = "syn-queue";
constexpr std::array<std::string_view, 7> kComparisons{">=", "<=", "==", "!=", ">", "<", "="};

/// "web:80" into host and port.
void read_place(const std::string& text, Quantity& quantity) {
    const std::size_t colon = text.rfind(':');
    quantity.host = text.substr(0, colon);
    if (colon == std::string::npos) {
        return;
    }
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, quantity.port);
    if (error != std::errc() || stop != end || quantity.port == 0) {
        throw InputError("\"" + text + "\": the port must be 1 to 65535");
    }
}

/// Blanks around a comparison that stands close to its neighbours.
std::vector<std::string> spaced(const std::vector<std::string>& words) {
    std::vector<std::string> out;
    for (const std::string& word : words) {
        const std::size_t at = word.find_first_of("<>=!");
        if (at == std::string::npos) {
            out.push_back(word);
            continue;
        }
        const std::size_t after = word.find_first_not_of("<>=!", at);
        if (at > 0) {
            out.push_back(word.substr(0, at));
        }
        out.push_back(word.substr(at, after == std::string::npos ? after : after - at));
        if (after != std::string::npos) {
            out.push_back(word.substr(after));
        }
    }
    return out;
}

bool compare(double left, std::string_view comparison, double right) {
    if (comparison == ">") {
        return left > right;
    }
    if (comparison == "<") {
        return left < right;
    }
    if (comparison == ">=") {
        return left >= right;
    }
    if (comparison == "<=") {
        return left <= right;
    }
    return (left == right) == (comparison != "!=");
}

}  // namespace

std::optional<RouterRef> router_of(const Network& network, const std::string& name) {
    for (const RouterRef& router : network.routers()) {
        if (router.name() == name) {
            return router;
        }
    }
    return std::nullopt;
}

HostRef host_of(const Network& network, const std::string& name) {
    std::vector<std::string> names;
    for (const HostRef& host : network.hosts()) {
        if (host.name() == name) {
            return host;
        }
        names.push_back(host.name());
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto list = [](const std::vector<std::string_view>& all) {
        constexpr std::size_t kShown = 20;
        return join(std::span(all).first(std::min(all.size(), kShown))) +
               (all.size() > kShown ? ", ..." : "");
    };
    std::vector<std::string> others;
    for (const RouterRef& router : network.routers()) {
        others.push_back(router.name());
    }
    const std::vector<std::string_view> routers(others.begin(), others.end());
    std::vector<std::string_view> all = known;
    all.insert(all.end(), routers.begin(), routers.end());
    throw InputError("there is no host \"" + name + "\"" + did_you_mean(name, all) + " (hosts: " +
                     list(known) + (routers.empty() ? "" : "; routers: ") + list(routers) + ")");
}

std::string explain(const Network& network, const std::string& endpoint) {
    const std::string name = endpoint.substr(0, endpoint.find(':'));
    if (!parse_ipv4(name)) {
        static_cast<void>(host_of(network, name));
    }
    return network.explain(endpoint);
}

const std::vector<std::string_view>& quantity_words() {
    static const std::vector<std::string_view> kWords{
        "syn-recv",   "established", "accept-queue", "syn-queue", "syn-sent",
        "fin-wait-1", "fin-wait-2",  "close-wait",   "last-ack",  "closing",
        "time-wait",  "listening",   "closed"};
    return kWords;
}

std::string Quantity::label() const {
    return host + (port != 0 ? ":" + std::to_string(port) : "") + " " + word;
}

std::function<double()> Quantity::in(const Network& network) const {
    HostRef at = host_of(network, host);
    const std::uint16_t of = port;
    if (word == kAcceptQueue) {
        return [at, of] { return static_cast<double>(at.accept_queue(of)); };
    }
    if (word == kSynQueue) {
        return [at, of] { return static_cast<double>(at.syn_queue(of)); };
    }
    const std::vector<std::string_view>& known = quantity_words();
    if (std::find(known.begin(), known.end(), word) != known.end()) {
        return [at, of, name = word] { return static_cast<double>(at.sockets(name, of)); };
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : at.counters()) {
        names.push_back(name);
    }
    if (std::find(names.begin(), names.end(), word) == names.end()) {
        std::vector<std::string_view> all(known.begin(), known.end());
        all.insert(all.end(), names.begin(), names.end());
        throw InputError("unknown quantity \"" + word + "\"" + did_you_mean(word, all) +
                         " (known: " + join(known) + ", and nstat's counters)");
    }
    if (port != 0) {
        throw InputError(word + " counts for the whole host: write " + host + " " + word);
    }
    return [at, name = word] { return static_cast<double>(at.counter(name)); };
}

Quantity parse_quantity(const std::vector<std::string>& words, const std::string& host) {
    Quantity quantity;
    quantity.host = host;
    if (words.empty() || words.size() > 2) {
        throw InputError("expected [HOST[:PORT]] WORD, e.g. web:80 syn-recv");
    }
    if (words.size() == 2) {
        read_place(words.front(), quantity);
        quantity.host = quantity.host.empty() ? host : quantity.host;
    }
    quantity.word = words.back();
    return quantity;
}

Condition parse_condition(const std::vector<std::string>& words, const std::string& host) {
    std::vector<std::string> rest = spaced(words);
    if (rest.size() < 3) {
        throw InputError("expected a time or [HOST[:PORT]] WORD OP N, e.g. web:80 syn-recv > 100");
    }
    Condition condition;
    condition.value = parse_number(rest.back());
    rest.pop_back();
    condition.comparison = rest.back();
    rest.pop_back();
    if (std::find(kComparisons.begin(), kComparisons.end(), condition.comparison) ==
        kComparisons.end()) {
        throw InputError("unknown comparison \"" + condition.comparison +
                         "\" (allowed: " + join(kComparisons) + ")");
    }
    condition.quantity = parse_quantity(rest, host);
    return condition;
}

std::function<bool()> Condition::in(const Network& network) const {
    return [read = quantity.in(network), how = comparison, than = value] {
        return compare(read(), how, than);
    };
}

}  // namespace netsim::cli
