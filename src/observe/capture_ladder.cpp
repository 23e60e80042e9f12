// Reads all, chooses, draws; what is not drawn is counted in the last lines.
#include "observe/capture_ladder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "observe/capture_link.hpp"
#include "observe/capture_records.hpp"
#include "observe/ladder_draw.hpp"

namespace netsim::observe {
namespace {

std::string counted_packets(std::uint64_t n) {
    return fmt::format("{} packet{}", n, n == 1 ? "" : "s");
}

/// "5 packets: 3 IPv6, 2 of other protocols"; empty: none.
std::string not_drawn(const CaptureCounts& counts) {
    std::string parts;
    std::uint64_t sum = 0;
    const auto add = [&](std::uint64_t n, const std::string& what) {
        if (n > 0) {
            parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", n, what);
            sum += n;
        }
    };
    add(counts.ipv6, "IPv6");
    add(counts.other, "of other protocols");
    add(counts.unreadable, "cut off, fragments or damaged");
    for (const auto& [type, n] : counts.unknown_links) {
        add(n, "of link type " + link_type_name(type));
    }
    add(counts.beyond, fmt::format("past the first {}", kCaptureSegmentsMax));
    return parts.empty() ? parts : counted_packets(sum) + ": " + parts;
}

[[noreturn]] void nothing_to_draw(const CaptureReader& reader, const CaptureCounts& counts) {
    if (!reader.trouble().empty()) {
        throw InputError(reader.trouble());
    }
    std::uint64_t unknown = 0;
    for (const auto& [type, n] : counts.unknown_links) {
        unknown += n;
    }
    if (unknown > 0 && unknown == counts.frames) {
        throw InputError(fmt::format("{}: link type {} is not read (known: {})", reader.name(),
                                     link_type_name(counts.unknown_links.begin()->first),
                                     known_link_types()));
    }
    const std::string rest = not_drawn(counts);
    throw InputError(fmt::format("{}: no TCP over IPv4 in it ({})", reader.name(),
                                 rest.empty() ? "no packets" : rest));
}

bool is_host(const LadderEnd& end, const std::string& host) {
    return end.name == host || to_string(end.address) == host;
}

std::vector<LadderChoice> choose(const CaptureRecords& capture, const std::string& name,
                                 const CaptureLadderOptions& options) {
    const std::vector<LadderChoice>& all = capture.connections();
    if (options.stream) {
        if (*options.stream >= all.size()) {
            throw InputError(fmt::format("{}: no stream {}; there are {}, counted from 0", name,
                                         *options.stream, all.size()));
        }
        return {all[*options.stream]};
    }
    std::vector<LadderChoice> chosen;
    std::copy_if(all.begin(), all.end(), std::back_inserter(chosen), [&](const LadderChoice& one) {
        return options.host.empty() || is_host(one.hosts[0], options.host) ||
               is_host(one.hosts[1], options.host);
    });
    if (chosen.empty()) {
        std::vector<std::string> known;
        for (const LadderChoice& one : all) {
            for (const LadderEnd& end : one.hosts) {
                if (std::find(known.begin(), known.end(), end.name) == known.end() &&
                    known.size() < 20) {
                    known.push_back(end.name);
                }
            }
        }
        const std::vector<std::string_view> views(known.begin(), known.end());
        throw InputError(fmt::format("{}: no host \"{}\"{} (hosts: {})", name, options.host,
                                     did_you_mean(options.host, views), join(views)));
    }
    return chosen;
}

}  // namespace

CaptureLadder capture_ladder(std::istream& in, const std::string& name,
                             const CaptureLadderOptions& options) {
    CaptureReader reader(in, name);
    CaptureRecords capture(reader);
    CapturedFrame frame;
    while (reader.next(frame)) {
        capture.add(frame);
    }
    capture.finish();
    if (capture.connections().empty()) {
        nothing_to_draw(reader, capture.counts());
    }
    LadderPicture picture;
    picture.inferred = true;
    const std::vector<LadderChoice> chosen =
        chosen_connections(picture, choose(capture, name, options), options.ladder);
    for (const LadderChoice& choice : chosen) {
        capture.infer_states(choice);
        picture.connections.push_back(ladder_rows(capture.records(), choice, options.ladder));
    }
    const std::string rest = not_drawn(capture.counts());
    if (!rest.empty()) {
        picture.notes.push_back("(not drawn: " + rest + ")");
    }
    return {draw_ladder(picture, options.ladder), reader.trouble()};
}

}  // namespace netsim::observe
