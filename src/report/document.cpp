// The report's frame around its cases.
#include "report/document.hpp"

#include <algorithm>

#include "observe/state_layout.hpp"
#include "report/case_json.hpp"
#include "report/json_text.hpp"
#include "report/words.hpp"

namespace netsim::report {
namespace {

// Four cases stay under 2.5 MB; many get less each.
constexpr std::size_t kSeriesOctets = 900'000;
constexpr std::size_t kConnectionOctets = 1'300'000;
constexpr std::size_t kSeriesLeast = 40'000;
constexpr std::size_t kConnectionLeast = 30'000;
constexpr std::size_t kCasesMax = 100;

void put_run(JsonText& json, const Document& document) {
    json.object("run")
        .text("script", document.script)
        .text("command", document.command)
        .whole("seed", document.seed)
        .text("digest", document.digest)
        .exact("simulated_seconds", document.simulated_seconds)
        .whole("events", document.events)
        .whole("handshakes", document.handshakes)
        .flag("interrupted", document.interrupted);
    if (document.failure) {
        json.object("failure").text("message", document.failure->message);
        document.failure->place.empty() ? json.null("place")
                                        : json.text("place", document.failure->place);
        json.end();
    } else {
        json.null("failure");
    }
    json.array("parameters");
    for (const Parameter& one : document.parameters) {
        json.object()
            .text("name", one.name)
            .text("value", one.value)
            .text("default", one.default_text)
            .text("help", one.help)
            .text("type", one.type)
            .end();
    }
    json.end().array("settings");
    for (const std::string& setting : document.settings) {
        json.text({}, setting);
    }
    json.end().end();
}

/// "x.lua:12": 12; 0: there is none.
std::uint64_t line_of(const std::string& place) {
    std::uint64_t line = 0;
    const std::size_t colon = place.rfind(':');
    for (std::size_t i = colon == std::string::npos ? place.size() : colon + 1; i < place.size();
         ++i) {
        if (place[i] < '0' || place[i] > '9' || line > 1'000'000'000) {
            return 0;
        }
        line = 10 * line + static_cast<std::uint64_t>(place[i] - '0');
    }
    return line;
}

void put_claims(JsonText& json, const Document& document) {
    json.object("source").text("name", document.script).text("text", document.source).end();
    json.array("expectations");
    for (const Claim& one : document.expectations) {
        json.object().text("place", one.place);
        const std::uint64_t line = line_of(one.place);
        line > 0 ? json.whole("line", line) : json.null("line");
        json.text("message", one.message).flag("ok", one.ok).end();
    }
    json.end();
    if (!document.comparison) {
        json.null("compare");
        return;
    }
    json.object("compare").text("title", document.comparison->title).array("rows");
    for (const auto& [key, label] : document.comparison->rows) {
        json.object().text("key", key).text("label", label).end();
    }
    json.end().end();
}

void put_spot(JsonText& json, std::string_view key, observe::Spot spot) {
    json.array(key).number({}, spot.x).number({}, spot.y).end();
}

std::uint64_t edge_index(const tcp::Transition& edge) {
    const auto table = tcp::transitions();
    const auto found = std::find_if(table.begin(), table.end(), [&](const tcp::Transition& one) {
        return one.from == edge.from && one.to == edge.to && one.cause == edge.cause;
    });
    return static_cast<std::uint64_t>(found - table.begin());
}

void put_states(JsonText& json) {
    json.object("states").array("boxes");
    for (const observe::StateBox& box : observe::state_boxes()) {
        json.object().text("state", tcp::rfc_name(box.state));
        json.number("x", box.top.x).number("y", box.top.y).end();
    }
    json.end().object("box").number("half_width", observe::kBoxHalf).number("height", 3).end();
    json.number("columns", observe::kDiagramColumns).number("lines", observe::kDiagramLines);
    json.array("arrows");
    for (const observe::StateArrow& arrow : observe::state_arrows(observe::StateCoverage())) {
        json.object()
            .text("from", tcp::rfc_name(arrow.from))
            .text("to", tcp::rfc_name(arrow.to))
            .array("way");
        for (const observe::Spot& spot : arrow.way) {
            put_spot(json, {}, spot);
        }
        json.end();
        put_spot(json, "label", arrow.label);
        json.flag("label_ends", arrow.label_ends).array("edges");
        for (const observe::StateEdge& edge : arrow.edges) {
            json.whole({}, edge_index(edge.transition));
        }
        json.end().end();
    }
    json.end().array("edges");
    for (const tcp::Transition& edge : tcp::transitions()) {
        json.object()
            .text("from", tcp::rfc_name(edge.from))
            .text("to", tcp::rfc_name(edge.to))
            .text("cause", tcp::to_string(edge.cause))
            .end();
    }
    json.end().end();
}

void put_words(JsonText& json, const Mentions& mentions) {
    json.object("words").object("counters");
    for (const std::string& counter : mentions.counters) {
        json.text(counter, counter_sentence(counter));
    }
    json.end().object("drops");
    for (const std::string& reason : mentions.drops) {
        if (const std::string_view sentence = drop_sentence(reason); !sentence.empty()) {
            json.text(reason, sentence);
        }
    }
    json.end().end();
}

}  // namespace

std::string to_json(const Document& document) {
    const std::size_t listed = std::min(document.cases.size(), kCasesMax);
    const std::size_t share = std::max<std::size_t>(listed, 1);
    const Budget budget{std::max(kSeriesOctets / share, kSeriesLeast),
                        std::max(kConnectionOctets / share, kConnectionLeast)};
    Mentions mentions;
    std::vector<std::string> cases;
    for (std::size_t i = 0; i < listed; ++i) {
        cases.push_back(case_json(document.cases[i], budget, mentions));
    }
    if (listed < document.cases.size()) {
        mentions.thinned.insert(mentions.thinned.begin(),
                                "the first " + std::to_string(listed) + " of " +
                                    std::to_string(document.cases.size()) + " cases are shown");
    }
    JsonText json;
    json.object().text("format", "netsim-report").whole("version", 1);
    put_run(json, document);
    put_claims(json, document);
    json.array("thinned");
    for (const std::string& sentence : mentions.thinned) {
        json.text({}, sentence);
    }
    json.end();
    put_states(json);
    put_words(json, mentions);
    json.array("cases");
    for (const std::string& one : cases) {
        json.raw({}, one);
    }
    json.end().end();
    return json.take() + "\n";
}

}  // namespace netsim::report
