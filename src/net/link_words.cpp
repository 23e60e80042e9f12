// One table: the word, and what it sets.
#include "net/link_words.hpp"

#include <array>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "base/units.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

bool parse_bool(std::string_view text) {
    if (text == "true" || text == "yes" || text == "on" || text == "1") {
        return true;
    }
    if (text == "false" || text == "no" || text == "off" || text == "0") {
        return false;
    }
    throw InputError("bad value \"" + std::string(text) + "\": expected true or false");
}

std::uint32_t parse_count(std::string_view text) {
    const double value = parse_number(text);
    if (!(value >= 0 && value <= 4294967295.0) ||
        value != static_cast<double>(static_cast<std::uint32_t>(value))) {
        throw InputError("bad number \"" + std::string(text) + "\": expected a whole number");
    }
    return static_cast<std::uint32_t>(value);
}

/// netem(8): r defaults to 1 - p, 1-h to 1, 1-k to 0.
GilbertElliott parse_gemodel(std::string_view text) {
    std::vector<double> values;
    while (!text.empty()) {
        const std::size_t end = text.find(' ');
        const std::string_view word = text.substr(0, end);
        if (!word.empty()) {
            values.push_back(parse_probability(word));
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (values.empty() || values.size() > 4) {
        throw InputError("bad gemodel: expected \"p [r [1-h [1-k]]]\", e.g. \"1% 10%\"");
    }
    GilbertElliott model;
    model.p = values[0];
    model.r = values.size() > 1 ? values[1] : 1 - values[0];
    model.loss_bad = values.size() > 2 ? values[2] : 1;
    model.loss_good = values.size() > 3 ? values[3] : 0;
    return model;
}

void set_limit(LinkOptions& options, std::string_view value) {
    if (counts_packets(value)) {
        options.limit_packets = parse_packets(value);
    } else {
        options.limit_bytes = parse_bytes(value);
    }
}

struct Word {
    std::string_view name;
    void (*set)(LinkOptions& options, std::string_view value);
};

constexpr auto kWords = std::to_array<Word>({
    {"rate", [](LinkOptions& o, std::string_view v) { o.rate_bps = parse_rate(v); }},
    {"delay", [](LinkOptions& o, std::string_view v) { o.delay = parse_duration(v); }},
    {"jitter", [](LinkOptions& o, std::string_view v) { o.jitter = parse_duration(v); }},
    {"jitter_reorders",
     [](LinkOptions& o, std::string_view v) { o.jitter_reorders = parse_bool(v); }},
    {"loss", [](LinkOptions& o, std::string_view v) { o.loss = parse_probability(v); }},
    {"gemodel", [](LinkOptions& o, std::string_view v) { o.gemodel = parse_gemodel(v); }},
    {"duplicate", [](LinkOptions& o, std::string_view v) { o.duplicate = parse_probability(v); }},
    {"corrupt", [](LinkOptions& o, std::string_view v) { o.corrupt = parse_probability(v); }},
    {"reorder", [](LinkOptions& o, std::string_view v) { o.reorder = parse_probability(v); }},
    {"gap", [](LinkOptions& o, std::string_view v) { o.reorder_gap = parse_count(v); }},
    {"ecn", [](LinkOptions& o, std::string_view v) { o.ecn = parse_bool(v); }},
    {"ecn_threshold",
     [](LinkOptions& o, std::string_view v) { o.ecn_threshold = parse_packets(v); }},
    {"limit", set_limit},
    {"mtu", [](LinkOptions& o, std::string_view v) { o.mtu = parse_count(v); }},
    {"cost", [](LinkOptions& o, std::string_view v) { o.cost = parse_number(v); }},
});

constexpr auto kNames = [] {
    std::array<std::string_view, kWords.size()> names;
    for (std::size_t i = 0; i < kWords.size(); ++i) {
        names[i] = kWords[i].name;
    }
    return names;
}();

}  // namespace

std::span<const std::string_view> link_words() {
    return kNames;
}

void set_link_option(LinkOptions& options, std::string_view word, std::string_view value) {
    for (const Word& known : kWords) {
        if (known.name == word) {
            try {
                return known.set(options, value);
            } catch (const InputError& error) {
                throw InputError(std::string(word) + ": " + error.what());
            }
        }
    }
    throw InputError("unknown link option \"" + std::string(word) + "\"" +
                     did_you_mean(word, kNames) + " (allowed: " + join(kNames) + ")");
}

}  // namespace netsim::net
