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

std::uint64_t whole_number(const std::string& flag, const std::string& text, std::uint64_t low,
                           std::uint64_t high) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || value < low || value > high) {
        throw InputError(flag + " " + text + ": expected a whole number from " +
                         std::to_string(low) + " to " + std::to_string(high));
    }
    return value;
}

}  // namespace

void add_ladder(CLI::App& app, Options& options, LadderFlags& flags) {
    CLI::App* ladder = app.add_subcommand("ladder", "Draw the TCP connections of a capture");
    flags.command = ladder;
    ladder->add_option("FILE", options.capture, "A pcap or pcapng file; - is standard input")
        ->required();
    ladder->add_option("--host", options.ladder.host, "Only connections of this address or name")
        ->type_name("HOST");
    ladder->add_option("--port", flags.port, "Only connections with this port")->type_name("N");
    ladder->add_option("--stream", flags.stream, "Only this one, from 0, as Wireshark's tcp.stream")
        ->type_name("N");
    ladder->add_flag("--absolute", options.ladder.ladder.absolute,
                     "Sequence numbers as sent, not relative");
    ladder->add_flag("--options", options.ladder.ladder.options, "The options of SYNs");
    ladder->add_flag("--windows", options.ladder.ladder.windows, "The windows, scaled");
    ladder->add_option("--width", flags.width, "Columns, 80 to 120 (default 100)")->type_name("N");
    ladder->add_option("--max", flags.rows, "Most rows of each connection")->type_name("N");
    ladder->add_flag("--mermaid", flags.mermaid, "As a Mermaid sequenceDiagram");
    ladder->add_option("--svg", options.svg, "As an SVG image, to FILE; - is standard output")
        ->type_name("FILE");
}

void finish_ladder(Options& options, const LadderFlags& flags) {
    constexpr std::uint64_t kMany = 1'000'000'000;
    LadderOptions& ladder = options.ladder.ladder;
    if (!flags.port.empty()) {
        ladder.port = static_cast<std::uint16_t>(whole_number("--port", flags.port, 1, 65535));
    }
    if (!flags.stream.empty()) {
        options.ladder.stream = whole_number("--stream", flags.stream, 0, kMany);
    }
    if (!flags.rows.empty()) {
        ladder.rows_max = whole_number("--max", flags.rows, 1, kMany);
    }
    if (!flags.width.empty()) {
        ladder.width = whole_number("--width", flags.width, LadderOptions::kWidthMin,
                                    LadderOptions::kWidthMax);
    }
    if (flags.mermaid && !options.svg.empty()) {
        throw InputError("ladder: --mermaid or --svg, not both");
    }
    ladder.format = flags.mermaid         ? LadderFormat::kMermaid
                    : options.svg.empty() ? LadderFormat::kText
                                          : LadderFormat::kSvg;
}

std::size_t parse_ladder_rows(const std::string& text) {
    return whole_number("--ladder-max", text, 1, 1'000'000'000);
}

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
