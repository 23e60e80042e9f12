// The report as JSON and as a page: valid whatever a script calls its things, the same bytes each
// time, and cut to size with a note.
#include "report/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "netsim/network.hpp"
#include "report/json_text.hpp"

namespace netsim::report {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string kHostile = "<script>alert('x')</script>\"\\ \xE2\x80\xAE\xF0\x9F\x98\x80 &amp;";

Document document_of(const std::shared_ptr<const Case>& picture, const std::string& name) {
    Document out;
    out.script = "x.lua";
    out.command = "netsim run x.lua --seed 1";
    out.seed = 1;
    out.source = "-- " + name;
    CaseFacts& one = out.cases.emplace_back();
    one.name = name;
    one.digest = "0123456789abcdef";
    one.ended = "idle";
    one.picture = picture;
    return out;
}

std::shared_ptr<const Case> exchange(std::string_view client_name) {
    Network net;
    net.watch_report();
    HostRef client = net.host(client_name);
    HostRef server = net.host("server");
    net.link(client, server, {.delay = milliseconds(10)});
    server.serve({.port = 80, .request = 5, .response = 6});
    client.load("server:80", {.rate = 1000, .request = 5, .response = 6, .max_connections = 3});
    net.run();
    return net.report();
}

TEST(ReportDocument, HasWhatTheFormatSays) {
    const json all = json::parse(to_json(document_of(exchange("client"), "one")));
    EXPECT_EQ(all["format"], "netsim-report");
    EXPECT_EQ(all["version"], 1);
    EXPECT_EQ(all["run"]["command"], "netsim run x.lua --seed 1");
    EXPECT_TRUE(all["run"]["failure"].is_null());
    EXPECT_TRUE(all["compare"].is_null());
    EXPECT_TRUE(all["thinned"].empty());
    EXPECT_EQ(all["states"]["boxes"].size(), 12U);  // CLOSED stands above and below
    EXPECT_EQ(all["states"]["edges"][0]["from"], "CLOSED");
    for (const json& arrow : all["states"]["arrows"]) {
        for (const json& edge : arrow["edges"]) {
            const json& row = all["states"]["edges"].at(edge.get<std::size_t>());
            EXPECT_EQ(row["from"], arrow["from"]);
            EXPECT_EQ(row["to"], arrow["to"]);
        }
    }
    const json& one = all["cases"][0];
    EXPECT_EQ(one["connections"].size(), 3U);
    EXPECT_EQ(one["connections_total"], 3U);
    EXPECT_EQ(one["connections"][0]["ends"][1]["endpoint"], "10.0.0.2:80");
    EXPECT_EQ(one["connections"][0]["segments"][0]["flags"], "S");
    EXPECT_TRUE(one["connections"][0]["segments"][0]["rel_ack"].is_null());
    for (const json& curve : one["series"]) {
        EXPECT_EQ(curve["low"].size(), curve["high"].size()) << curve["name"];
        EXPECT_EQ(curve["low"].size(), curve["mean"].size()) << curve["name"];
        EXPECT_GT(curve["interval"], 0.0) << curve["name"];
    }
    for (const json& host : one["counters"]) {
        for (const json& value : host["values"]) {
            EXPECT_TRUE(all["words"]["counters"].contains(value[0].get<std::string>())) << value;
        }
    }
    for (const json& step : one["connections"][0]["states"]) {
        const json& row = all["states"]["edges"].at(step[4].get<std::size_t>());
        EXPECT_EQ(row["from"], step[2]);
        EXPECT_EQ(row["to"], step[3]);
    }
}

TEST(ReportDocument, IsTheSameBytesEachTime) {
    EXPECT_EQ(to_json(document_of(exchange("client"), "one")),
              to_json(document_of(exchange("client"), "one")));
}

TEST(ReportDocument, NamesStayText) {
    const std::string name = "<script>alert(1)</script>\xE2\x80\xAE\xF0\x9F\x98\x80\"'";
    Document document = document_of(exchange(name), kHostile);
    document.failure = Failure{"</script><!-- " + kHostile, ""};
    document.parameters.push_back({kHostile, kHostile, kHostile, kHostile, "text"});
    document.expectations.push_back({"x.lua:12", kHostile, false});
    const std::string text = to_json(document);
    const json all = json::parse(text);
    EXPECT_EQ(all["cases"][0]["nodes"][0]["name"], name);
    EXPECT_EQ(all["cases"][0]["name"], kHostile);
    EXPECT_EQ(all["expectations"][0]["line"], 12);

    const std::string page = to_page(text);
    const std::size_t begin = page.find("<script id=\"netsim-data\"");
    ASSERT_NE(begin, std::string::npos);
    const std::size_t data = page.find('>', begin) + 1;
    const std::size_t end = page.find("</script>", data);
    const std::string inside = page.substr(data, end - data);
    EXPECT_EQ(inside.find('<'), std::string::npos);
    EXPECT_EQ(json::parse(inside), all);
    EXPECT_EQ(page.find("<!--netsim-data-->"), std::string::npos);
}

TEST(ReportDocument, OctetsThatAreNoUtf8AreReplaced) {
    const std::string text = to_json(document_of(exchange("client"), "bad \xFF\xC3 name"));
    EXPECT_EQ(json::parse(text)["cases"][0]["name"], "bad \xEF\xBF\xBD\xEF\xBF\xBD name");
}

TEST(ReportDocument, OfNothingIsWhole) {
    Network net;
    net.watch_report();
    const json empty = json::parse(to_json(document_of(net.report(), "empty")));
    EXPECT_TRUE(empty["cases"][0]["nodes"].empty());
    EXPECT_TRUE(empty["cases"][0]["connections"].empty());
    Document none;
    none.failure = Failure{"unexpected symbol near '='", "x.lua:3"};
    const json failed = json::parse(to_json(none));
    EXPECT_TRUE(failed["cases"].empty());
    EXPECT_EQ(failed["run"]["failure"]["place"], "x.lua:3");
}

TEST(ReportDocument, OfManyCasesStaysSmallAndSaysSo) {
    const auto picture = [] {
        Network net;
        net.watch_report();
        HostRef client = net.host("client");
        HostRef server = net.host("server");
        net.link(client, server, {.rate_bps = 100'000'000, .delay = milliseconds(1)});
        server.serve({.port = 80, .request = 5, .response = 6});
        client.load("server:80",
                    {.rate = 2000, .request = 5, .response = 6, .stop = Time(seconds(2))});
        net.run_until(Time(seconds(3)));
        return net.report();
    }();
    Document document = document_of(picture, "0");
    for (int i = 1; i < 150; ++i) {
        document.cases.push_back(document.cases.front());
    }
    const std::string text = to_json(document);
    EXPECT_LT(text.size(), 14'000'000U);
    const json all = json::parse(text);
    EXPECT_EQ(all["cases"].size(), 100U);
    EXPECT_EQ(all["thinned"][0], "the first 100 of 150 cases are shown");
    EXPECT_THAT(all["thinned"].get<std::vector<std::string>>(),
                testing::Contains(HasSubstr("connections are listed")));

    document.cases.resize(1);
    const json one = json::parse(to_json(document));
    EXPECT_GT(one["cases"][0]["connections"].size(), all["cases"][0]["connections"].size());
    EXPECT_GT(one["cases"][0]["series"][0]["low"].size(),
              all["cases"][0]["series"][0]["low"].size());
}

TEST(JsonText, QuotesAndNumbers) {
    EXPECT_EQ(quoted("a\"b\\c\n"), R"("a\"b\\c\n")");
    JsonText text;
    text.object()
        .number("a", 3)
        .number("b", 1.0 / 3)
        .exact("c", 5.005)
        .time("d", kNever)
        .number("e", std::numeric_limits<double>::quiet_NaN())
        .array("f")
        .end()
        .end();
    EXPECT_EQ(text.take(), R"({"a":3,"b":0.333333,"c":5.005,"d":null,"e":null,"f":[]})");
}

}  // namespace
}  // namespace netsim::report
