// Connect, accept, close by both sides: the headline.
#include "workloads.hpp"

namespace netsim::bench {
namespace {

constexpr std::uint64_t kCounted = 5'000;  // connections under callgrind

Row handshake_row(const std::string& name, const std::string& what, const HandshakeLoad& load) {
    return {.name = name,
            .what = what,
            .unit = Unit::kPerSecond,
            .amount = 200'000,
            .counted = load.concurrent > 1e4 ? std::uint64_t{0} : kCounted,
            .run = [load](std::uint64_t connections) {
                HandshakeLoad sized = load;
                if (connections <= kCounted) {
                    sized.time_waits = kCounted / 4;  // the limit is to be reached soon
                }
                Handshakes handshakes(sized);
                handshakes.warm_up();
                return handshakes.run(connections);
            }};
}

}  // namespace

void add_handshake_rows(std::vector<Row>& rows) {
    rows.push_back(handshake_row("handshake_direct_per_s", "handshake + close, direct, 1e3 live",
                                 {.shape = Shape::kDirect}));
    rows.push_back(handshake_row("handshake_direct_1e5_per_s",
                                 "handshake + close, direct, 1e5 live",
                                 {.shape = Shape::kDirect, .concurrent = 1e5}));
    rows.push_back(handshake_row("handshake_star_per_s", "handshake + close, star, 1e3 live",
                                 {.shape = Shape::kStar}));
    rows.back().peer = "handshake_star";
    rows.back().peer_amount = 5'000;
    rows.push_back(handshake_row("handshake_star_1e5_per_s", "handshake + close, star, 1e5 live",
                                 {.shape = Shape::kStar, .concurrent = 1e5}));
    rows.push_back(handshake_row("handshake_fat_tree_per_s",
                                 "handshake + close, fat-tree, 1e3 live",
                                 {.shape = Shape::kFatTree}));
    rows.push_back(handshake_row("handshake_fat_tree_1e5_per_s",
                                 "handshake + close, fat-tree, 1e5 live",
                                 {.shape = Shape::kFatTree, .concurrent = 1e5}));
    rows.push_back(handshake_row("handshake_exchange_per_s",
                                 "handshake, 100 B each way, direct, 1e3 live",
                                 {.shape = Shape::kDirect, .request = 100, .response = 100}));
}

}  // namespace netsim::bench
