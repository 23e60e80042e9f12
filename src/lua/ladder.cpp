// net:watch_ladder(), net:ladder(), and --ladder.
#include <array>
#include <limits>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"

namespace netsim::lua {
namespace {

// start = 1000, or {1000, 4000}: the numbers of the left and the right SYN.
std::array<std::uint32_t, 2> to_start(lua_State* L, const std::string& what) {
    constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
    if (!lua_istable(L, -1)) {
        const auto both = static_cast<std::uint32_t>(to_integer(L, -1, what, 0, kMost));
        return {both, both};
    }
    std::array<std::uint32_t, 2> start{};
    for (std::size_t i = 0; i < start.size(); ++i) {
        lua_rawgeti(L, -1, static_cast<lua_Integer>(i + 1));
        start.at(i) = static_cast<std::uint32_t>(to_integer(L, -1, what, 0, kMost));
        lua_pop(L, 1);
    }
    return start;
}

LadderOptions to_ladder_options(lua_State* L, int index) {
    constexpr std::int64_t kMost = 1'000'000'000;
    LadderOptions ladder;
    Options options(L, index, "ladder");
    options.with("format", [&](const std::string& what) {
        ladder.format = parse_ladder_format(to_text(L, -1, what));
    });
    options.integer("width", ladder.width, LadderOptions::kWidthMin, LadderOptions::kWidthMax);
    options.get("absolute", ladder.absolute);
    options.with("start", [&](const std::string& what) { ladder.start = to_start(L, what); });
    options.get("options", ladder.options);
    options.get("windows", ladder.windows);
    options.get("utf8", ladder.utf8);
    options.integer("port", ladder.port, 1, 65535);
    options.integer("connection", ladder.connection, 1, kMost);
    options.integer("connections_max", ladder.connections_max, 1, kMost);
    options.integer("rows_max", ladder.rows_max, 1, kMost);
    options.finish();
    return ladder;
}

/// Of a ladder that nobody chose the hosts of: a transfer would be thousands.
constexpr std::size_t kRowsUnasked = 80;

std::string place_of(std::size_t n, const std::string& what) {
    return n > 1 ? ", the first of " + std::to_string(n) + ' ' + what : "";
}

}  // namespace

int network_watch_ladder(lua_State* L) {
    self_network(L).watch_ladder();
    return 0;
}

// ladder(a, b, options), or of the two hosts that exchanged most: ladder().
int network_ladder(lua_State* L) {
    Network& net = self_network(L);
    const LadderOptions options = to_ladder_options(L, 4);
    if (lua_isnoneornil(L, 2) && lua_isnoneornil(L, 3)) {
        const std::vector<LadderPair> pairs = net.ladder_pairs();
        push_string(L, pairs.empty()
                           ? "no TCP segment between hosts\n"
                           : net.ladder(pairs.front().left, pairs.front().right, options));
        return 1;
    }
    push_string(L, net.ladder(to_node(L, 2, net).name(), to_node(L, 3, net).name(), options));
    return 1;
}

std::string requested_ladder(const Network& net, const std::string& name,
                             const LadderRequest& request) {
    LadderOptions options = request.options;
    LadderPair pair{request.left, request.right, 0, 0};
    std::string which;
    if (pair.left.empty()) {
        const std::vector<LadderPair> pairs = net.ladder_pairs();
        if (pairs.empty()) {
            return "ladder of " + name + ": no TCP segment between hosts\n";
        }
        pair = pairs.front();
        options.connections_max = 1;
        options.rows_max = options.rows_max == 0 ? kRowsUnasked : options.rows_max;
        which =
            place_of(pair.connections, "connections") +
            (pairs.size() > 1 ? ", the busiest of " + std::to_string(pairs.size()) + " pairs" : "");
        which += which.empty() ? "" : " (--ladder A[:PORT],B chooses)";
    }
    const std::string drawn = net.ladder(pair.left, pair.right, options);
    const std::string head = "ladder of " + name + ": " + pair.left + " and " + pair.right + which;
    switch (options.format) {
        case LadderFormat::kText:
            return head + '\n' + drawn;
        case LadderFormat::kMermaid:
            return drawn + "    %% " + head + '\n';
        case LadderFormat::kSvg:
            break;
    }
    return drawn;
}

}  // namespace netsim::lua
