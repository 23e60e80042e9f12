// A program outside the tree: two hosts, a link, ten connections.
#include <iostream>
#include <netsim/network.hpp>

int main() {
    using namespace std::chrono_literals;
    netsim::Network net({.seed = 7});
    netsim::HostRef web = net.host("web");
    netsim::HostRef user = net.host("user");
    netsim::LinkOptions wire;
    wire.delay = 5ms;
    net.link(web, user, wire);
    web.serve({.port = 80, .request = 100, .response = 1000});
    netsim::LoadOptions load;
    load.rate = 10;
    load.request = 100;
    load.response = 1000;
    load.max_connections = 10;
    const netsim::LoadStats* stats = user.load("web:80", load);
    net.run_until(netsim::Time(60s));
    std::cout << stats->completed << " of " << stats->attempts << " completed\n";
    return stats->completed == 10 && net.handshakes() == 10 ? 0 : 1;
}
