// Which segments make a connection, as each end sees it: an address translator between them shows
// them different addresses and ports.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "observe/ladder_rows.hpp"

namespace netsim::observe {
namespace {

constexpr std::size_t kPortsTold = 8;

/// Collects connections by the views of both ends.
class ConnectionList {
 public:
    /// `complete`: the message arrived, so both views are known.
    void add(std::size_t from, const LadderViews& views, bool complete) {
        const std::size_t to = 1 - from;
        auto found = index_.at(from).find(views.at(from));
        if (found == index_.at(from).end()) {
            index_.at(from).emplace(views.at(from), list.size());
            index_.at(to).try_emplace(views.at(to), list.size());
            list.push_back(views);
        } else if (complete && list[found->second].at(to) != views.at(to)) {
            list[found->second].at(to) = views.at(to);
            index_.at(to).insert_or_assign(views.at(to), found->second);
        }
    }

    std::vector<LadderViews> list;

 private:
    std::array<std::map<LadderView, std::size_t>, 2> index_;
};

bool has_port(const LadderViews& views, std::uint16_t port) {
    return std::any_of(views.begin(), views.end(), [port](const LadderView& view) {
        return view.local.port == port || view.remote.port == port;
    });
}

[[noreturn]] void no_such_port(const std::vector<LadderChoice>& choices, std::uint16_t port) {
    std::set<std::uint16_t> ports;
    for (const LadderChoice& choice : choices) {
        for (const LadderView& view : choice.views) {
            ports.insert({view.local.port, view.remote.port});
        }
    }
    std::string known;
    std::size_t told = 0;
    for (const std::uint16_t one : ports) {
        if (++told > kPortsTold) {
            known += ", ...";
            break;
        }
        known += fmt::format("{}{}", known.empty() ? "" : ", ", one);
    }
    throw InputError(fmt::format("ladder: no connection has port {} (ports: {})", port, known));
}

}  // namespace

std::vector<LadderViews> ladder_connections(const LadderRecords& records, const LadderEnd& left,
                                            const LadderEnd& right) {
    const std::array<const LadderEnd*, 2> ends{&left, &right};
    ConnectionList connections;
    for (const LadderMessage& message : records.messages) {
        if (message.packet.protocol != wire::Protocol::kTcp || message.copy) {
            continue;
        }
        for (const std::size_t from : {std::size_t{0}, std::size_t{1}}) {
            const std::size_t to = 1 - from;
            const bool seen =
                message.seen_order != 0 && records.is_node(message.seen_node, ends.at(to)->name);
            if (!records.is_node(message.maker, ends.at(from)->name) ||
                (!seen && message.packet.destination != ends.at(to)->address)) {
                continue;
            }
            LadderViews views;
            views.at(from) = {source_endpoint(message.packet),
                              destination_endpoint(message.packet)};
            views.at(to) = seen ? LadderView{message.seen_destination, message.seen_source}
                                : LadderView{views.at(from).remote, views.at(from).local};
            connections.add(from, views, seen);
            break;
        }
    }
    return std::move(connections.list);
}

std::optional<LadderWay> ladder_way(const LadderRecords& records, const LadderMessage& message,
                                    const LadderChoice& choice) {
    const wire::Packet& packet = message.packet;
    const auto way = [&](std::size_t from) {
        return LadderWay{from, !records.is_node(message.maker, choice.hosts.at(from).name)};
    };
    for (const std::size_t from : {std::size_t{0}, std::size_t{1}}) {
        const LadderView& own = choice.views.at(from);
        const LadderView& peer = choice.views.at(1 - from);
        if (packet.protocol == wire::Protocol::kTcp) {
            const LadderView made{source_endpoint(packet), destination_endpoint(packet)};
            const LadderView seen{message.seen_destination, message.seen_source};
            if (made == own || (message.seen_order != 0 && seen == peer)) {
                return way(from);
            }
        } else if (packet.protocol == wire::Protocol::kIcmp) {
            const wire::IcmpHeader::Quoted& quoted = packet.icmp.quoted;
            const Endpoint source{quoted.source, quoted.source_port};
            const Endpoint destination{quoted.destination, quoted.destination_port};
            if (LadderView{source, destination} == peer || LadderView{destination, source} == own) {
                return way(from);
            }
        }
    }
    return std::nullopt;
}

std::vector<LadderChoice> chosen_connections(LadderPicture& picture,
                                             const std::vector<LadderChoice>& choices,
                                             const LadderOptions& options) {
    std::vector<LadderChoice> chosen;
    for (const LadderChoice& choice : choices) {
        if (options.port == 0 || has_port(choice.views, options.port)) {
            chosen.push_back(choice);
        }
    }
    if (choices.empty()) {
        return chosen;
    }
    if (chosen.empty()) {
        no_such_port(choices, options.port);
    }
    if (options.connection > chosen.size()) {
        throw InputError(fmt::format("ladder: connection {}: there are {}, counted from 1",
                                     options.connection, chosen.size()));
    }
    if (options.connection > 0) {
        const LadderChoice one = chosen[options.connection - 1];
        chosen.assign(1, one);
    }
    if (chosen.size() > options.connections_max) {
        picture.notes.push_back(fmt::format("({} more connections not drawn)",
                                            chosen.size() - options.connections_max));
        chosen.resize(options.connections_max);
    }
    return chosen;
}

}  // namespace netsim::observe
