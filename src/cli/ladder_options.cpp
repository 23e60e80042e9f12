// "client:40000,server" to hosts and a port; "absolute,options" to flags.
#include "cli/ladder_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

constexpr std::array<std::string_view, 4> kLadderWords{"absolute", "options", "windows", "utf8"};

/// Takes ":PORT" off the end of a host's name.
std::string take_port(const std::string& text, std::uint16_t& port) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        return text;
    }
    const char* const begin = text.data() + colon + 1;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, port);
    if (error != std::errc() || stop != end || port == 0) {
        throw InputError("--ladder " + text + ": \"" + text.substr(colon + 1) +
                         "\" is no port; allowed: 1 to 65535");
    }
    return text.substr(0, colon);
}

void show_word(LadderOptions& options, std::string_view word) {
    const std::array<bool*, kLadderWords.size()> flags{&options.absolute, &options.options,
                                                       &options.windows, &options.utf8};
    for (std::size_t i = 0; i < flags.size(); ++i) {
        if (kLadderWords.at(i) == word) {
            *flags.at(i) = true;
            return;
        }
    }
    throw InputError("--ladder-show: unknown word \"" + std::string(word) + "\"" +
                     did_you_mean(word, kLadderWords) + " (known: " + join(kLadderWords) + ")");
}

}  // namespace

lua::LadderRequest parse_ladder_request(const std::string& hosts, const std::string& format,
                                        const std::string& show) {
    lua::LadderRequest request;
    if (!hosts.empty()) {
        const std::size_t comma = hosts.find(',');
        if (comma == std::string::npos) {
            throw InputError("--ladder " + hosts +
                             ": expected two hosts, A,B (without a value it stands last)");
        }
        request.left = take_port(hosts.substr(0, comma), request.options.port);
        request.right = take_port(hosts.substr(comma + 1), request.options.port);
        if (request.left.empty() || request.right.empty()) {
            throw InputError("--ladder " + hosts + ": expected two hosts, A,B");
        }
    }
    if (!format.empty()) {
        request.options.format = parse_ladder_format(format);
    }
    for (std::size_t at = 0; !show.empty() && at <= show.size();) {
        const std::size_t end = std::min(show.find(',', at), show.size());
        show_word(request.options, std::string_view(show).substr(at, end - at));
        at = end + 1;
    }
    return request;
}

}  // namespace netsim::cli
