// The page is a file made from web/; the data take the place of one line.
#include "base/check.hpp"
#include "report/document.hpp"
#include "report/page_text.hpp"

namespace netsim::report {

std::string to_page(std::string_view json) {
    constexpr std::string_view kPlace = "<!--netsim-data-->";
    const std::string_view page = page_text();
    const std::size_t at = page.find(kPlace);
    CHECK(at != std::string_view::npos);
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
    out += page.substr(at + kPlace.size());
    return out;
}

}  // namespace netsim::report
