// Bulk transfer with CUBIC: data segments delivered and acknowledged, and packet-hops.
#include <string>

#include "workloads.hpp"

namespace netsim::bench {
namespace {

constexpr double kMss = 1448;  // 1500 less IP's 20, TCP's 20, timestamps' 12
constexpr int kClients = 32;

/// Flows from 32 clients through a router to one server, 10 Gbit/s each link. Windows of 64
/// KiB keep the queue short of any limit, so that without `loss` nothing is lost.
class Bulk {
 public:
    Bulk(int flows, double loss) {
        HostRef server = net_.host("server", host_options());
        const RouterRef router = net_.router("router");
        LinkOptions wire{.rate_bps = 10'000'000'000, .delay = std::chrono::microseconds(250)};
        LinkOptions lossy = wire;
        lossy.loss = loss;
        net_.link(router, server, lossy, wire);
        server.sink(9);
        std::vector<HostRef> clients;
        for (int i = 0; i < std::min(flows, kClients); ++i) {
            clients.push_back(net_.host("client" + std::to_string(i), host_options()));
            net_.link(clients.back(), router, wire);
        }
        for (int i = 0; i < flows; ++i) {
            HostRef& client = clients[static_cast<std::size_t>(i) % clients.size()];
            flows_.push_back(client.bulk("server:9", {}));
        }
        net_.run_until(net_.now() + std::chrono::milliseconds(loss > 0 ? 500 : 50));
    }

    Work run(std::uint64_t segments) {
        const double before = acked();
        const std::uint64_t hops_before = packet_hops(net_);
        Work work;
        work.seconds = measure([&] {
            while (acked() - before < static_cast<double>(segments)) {
                net_.run_until(net_.now() + std::chrono::microseconds(500));
            }
        });
        work.units = acked() - before;
        work.packets = static_cast<double>(packet_hops(net_) - hops_before);
        return work;
    }

 private:
    static const HostOptions& host_options() {
        static const HostOptions kOptions{.sysctl = {{"net.ipv4.tcp_rmem", "4096 131072 131072"},
                                                     {"net.ipv4.tcp_wmem", "4096 131072 131072"}}};
        return kOptions;
    }

    double acked() const {
        std::uint64_t bytes = 0;
        for (const auto* flow : flows_) {
            bytes += flow->bytes_acked;
        }
        return static_cast<double>(bytes) / kMss;
    }

    Network net_;
    std::vector<StatsRef<BulkStats>> flows_;
};

/// 100 flows between hosts of different pods: every link of the tree carries some.
Work hops(std::uint64_t packets) {
    Network net;
    constexpr std::size_t kFlows = 100;
    TopologyResult tree = net.generate("fat_tree", {.link = {.rate_bps = 10'000'000'000,
                                                             .delay = std::chrono::microseconds(10),
                                                             .limit_packets = 200},
                                                    .parameters = {{"k", 8}}});
    const std::size_t hosts = tree.hosts.size();
    for (std::size_t i = 0; i < kFlows; ++i) {
        HostRef to = tree.hosts[(i + hosts / 2) % hosts];
        to.sink(static_cast<std::uint16_t>(9));
        tree.hosts[i].bulk(to.name() + ":9", {});
    }
    net.run_until(net.now() + std::chrono::milliseconds(5));
    const std::uint64_t before = packet_hops(net);
    Work work;
    work.seconds = measure([&] {
        while (packet_hops(net) - before < packets) {
            net.run_until(net.now() + std::chrono::microseconds(500));
        }
    });
    work.packets = static_cast<double>(packet_hops(net) - before);
    work.units = work.packets;
    return work;
}

}  // namespace

void add_bulk_rows(std::vector<Row>& rows) {
    const auto add = [&](const char* name, const char* what, int flows, double loss) {
        rows.push_back({.name = name,
                        .what = what,
                        .amount = 1'000'000,
                        .counted = 20'000,
                        .run = [=](std::uint64_t n) { return Bulk(flows, loss).run(n); }});
    };
    add("bulk_1_flow_segments_per_s", "bulk segments, 1 CUBIC flow", 1, 0);
    add("bulk_segments_per_s", "bulk segments, 100 CUBIC flows", 100, 0);
    rows.back().peer = "bulk";
    rows.back().peer_amount = 50'000;
    add("bulk_1000_flows_segments_per_s", "bulk segments, 1,000 CUBIC flows", 1000, 0);
    add("bulk_1_flow_loss_segments_per_s", "bulk segments, 1 flow, 1 % loss", 1, 0.01);
    add("bulk_loss_segments_per_s", "bulk segments, 100 flows, 1 % loss", 100, 0.01);
    add("bulk_1000_flows_loss_segments_per_s", "bulk segments, 1,000 flows, 1 % loss", 1000, 0.01);
    rows.push_back({.name = "packet_hops_per_s",
                    .what = "packet-hops, 100 flows over a fat-tree k=8",
                    .amount = 3'000'000,
                    .counted = 100'000,
                    .run = hops});
}

}  // namespace netsim::bench
