// The page is a file made from web/; the data take the place of one line.
#include "base/check.hpp"
#include "report/document.hpp"
#include "report/json_text.hpp"
#include "report/page_text.hpp"

namespace netsim::report {
namespace {

constexpr std::string_view kDataPlace = "<!--netsim-data-->";
constexpr std::string_view kPolicyPlace = "base-uri 'none'";

std::size_t place_of(std::string_view page, std::string_view what) {
    const std::size_t at = page.find(what);
    CHECK(at != std::string_view::npos);
    return at;
}

}  // namespace

std::string to_page(std::string_view json) {
    const std::string_view page = page_text();
    const std::size_t at = place_of(page, kDataPlace);
    std::string out;
    out.reserve(page.size() + json.size() + json.size() / 64);
    out += page.substr(0, at);
    for (const char c : json) {  // "<" stands in strings only
        if (c == '<') {
            out += "\\u003c";
        } else {
            out += c;
        }
    }
    out += page.substr(at + kDataPlace.size());
    return out;
}

std::string to_live_page(std::string_view script) {
    JsonText json;
    json.object().text("format", "netsim-live").whole("version", 1).text("script", script).end();
    std::string page = to_page(json.take());
    // A report may load nothing; this one only from where it comes.
    page.insert(place_of(page, kPolicyPlace), "connect-src 'self'; ");
    return page;
}

}  // namespace netsim::report
