// iptables -L and conntrack -L, column for column as iptables 1.8.9 and conntrack-tools 1.4.7 print
// them (the expected rules were printed by those).
#include "observe/netfilter_views.hpp"

#include <gtest/gtest.h>

#include "net/elements.hpp"
#include "net/router.hpp"

namespace netsim::observe {
namespace {

struct ViewBench {
    ViewBench() {
        r.add_interface(ipv4(10, 0, 0, 9), 32, 1500);
        r.add_interface(ipv4(10, 0, 0, 9), 32, 1500);
    }

    sim::Simulation sim{1};
    wire::PacketPool pool;
    net::Fabric fabric{sim, pool};
    net::Router r{fabric, "r", ipv4(10, 0, 0, 9)};
};

FirewallRule tcp_rule(Target target) {
    FirewallRule rule;
    rule.target = target;
    rule.protocol = IpProtocol::kTcp;
    return rule;
}

FirewallOptions many_rules() {
    FirewallOptions options;
    FirewallRule rule = tcp_rule(Target::kDrop);
    rule.source = Prefix{ipv4(10, 0, 0, 1), 32};
    rule.destination_port = PortRange{80, 80};
    rule.flags = {"S.", FlagMatch::How::kAllOf};
    options.rules.push_back(rule);
    rule = tcp_rule(Target::kReject);
    rule.reject = RejectWith::kTcpReset;
    rule.in = {"eth0"};
    rule.out = {"eth1"};
    rule.source_port = PortRange{1000, 2000};
    rule.flags = {"S."};
    options.rules.push_back(rule);
    rule = {};
    rule.target = Target::kAccept;
    rule.states = ct_state::kNew | ct_state::kEstablished;
    rule.limit = PacketLimit{100, 20, false, false};
    options.rules.push_back(rule);
    rule = {};
    rule.protocol = IpProtocol::kUdp;
    rule.log = "x ";
    rule.limit = PacketLimit{100, 20, true, false};
    options.rules.push_back(rule);
    rule = {};
    rule.target = Target::kReject;
    rule.protocol = IpProtocol::kIcmp;
    rule.destination = *parse_prefix("198.18.0.0/15");
    options.rules.push_back(rule);
    rule = {};
    rule.target = Target::kReject;
    rule.limit = PacketLimit{5.0 / 60, 5, true, true};
    rule.comment = "hi there";
    rule.reject = RejectWith::kHostProhibited;
    options.rules.push_back(rule);
    return options;
}

// parse_rate() does not round: 10000 / 15 is 666, of which a second has 15.
TEST(Iptables, ARateThatIsNoWholePeriodKeepsItsUnit) {
    for (const auto& [rate, text] : {std::pair{15.0, "avg 15/sec "},
                                     {7.0, "avg 7/sec "},
                                     {1.0 / 3, "avg 20/min "},
                                     {1.0 / 60, "avg 1/min "}}) {
        ViewBench t;
        FirewallOptions options;
        FirewallRule rule;
        rule.target = Target::kAccept;
        rule.limit = PacketLimit{rate, 5, false, false};
        options.rules.push_back(rule);
        t.r.elements().set_firewall(options);
        EXPECT_NE(iptables_tool(t.r, std::vector<std::string>{"-L", "FORWARD", "-n"}).find(text),
                  std::string::npos)
            << text;
    }
}

TEST(Iptables, ListsAsTheRealOneDoes) {
    ViewBench t;
    t.r.elements().set_firewall(many_rules());
    EXPECT_EQ(
        iptables_tool(t.r, std::vector<std::string>{"-L", "FORWARD", "-v", "-n"}),
        "Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)\n"
        " pkts bytes target     prot opt in     out     source               destination         \n"
        "    0     0 DROP       6    --  *      *       10.0.0.1             0.0.0.0/0            "
        "tcp dpt:80 flags:0x12/0x12\n"
        "    0     0 REJECT     6    --  eth0   eth1    0.0.0.0/0            0.0.0.0/0            "
        "tcp spts:1000:2000 flags:0x3F/0x12 reject-with tcp-reset\n"
        "    0     0 ACCEPT     0    --  *      *       0.0.0.0/0            0.0.0.0/0            "
        "ctstate NEW,ESTABLISHED limit: avg 100/sec burst 20\n"
        "    0     0 LOG        17   --  *      *       0.0.0.0/0            0.0.0.0/0            "
        "limit: up to 100/sec burst 20 mode srcip LOG flags 0 level 4 prefix \"x \"\n"
        "    0     0 REJECT     1    --  *      *       0.0.0.0/0            198.18.0.0/15        "
        "reject-with icmp-port-unreachable\n"
        "    0     0 REJECT     0    --  *      *       0.0.0.0/0            0.0.0.0/0            "
        "limit: above 5/min burst 5 mode srcip /* hi there */ reject-with icmp-host-prohibited\n");
    EXPECT_EQ(iptables_tool(t.r, std::vector<std::string>{"-nL", "FORWARD"}).substr(0, 194),
              "Chain FORWARD (policy ACCEPT)\n"
              "target     prot opt source               destination         \n"
              "DROP       6    --  10.0.0.1             0.0.0.0/0            tcp dpt:80 "
              "flags:0x12/0x12\n"
              "REJECT     6 ");
}

TEST(Iptables, AllChainsExactlyAndNumbered) {
    ViewBench t;
    EXPECT_EQ(iptables_tool(t.r, std::vector<std::string>{"-Lvnx", "--line-numbers"}),
              "Chain INPUT (policy ACCEPT 0 packets, 0 bytes)\n"
              "num      pkts      bytes target     prot opt in     out     source               "
              "destination         \n"
              "\n"
              "Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)\n"
              "num      pkts      bytes target     prot opt in     out     source               "
              "destination         \n"
              "\n"
              "Chain OUTPUT (policy ACCEPT 0 packets, 0 bytes)\n"
              "num      pkts      bytes target     prot opt in     out     source               "
              "destination         \n");
    t.r.elements().set_firewall(many_rules());
    const std::string text =
        iptables_tool(t.r, std::vector<std::string>{"-Lvnx", "--line-numbers"});
    EXPECT_NE(text.find("\n1           0        0 DROP       6    --  *      *       10.0.0.1    "
                        "         0.0.0.0/0            tcp dpt:80 flags:0x12/0x12\n"),
              std::string::npos)
        << text;
}

TEST(Conntrack, ListsAsTheRealOneDoes) {
    ViewBench t;
    net::ConntrackSettings& settings = t.r.elements().conntrack_settings();
    net::Conntrack& table = t.r.elements().need_conntrack();
    const auto pass = [&](const wire::Packet& packet) {
        table.confirm(table.track(packet, t.sim.now()), t.sim.now());
    };
    wire::Packet packet{};
    packet.source = ipv4(10, 0, 0, 1);
    packet.destination = ipv4(10, 0, 0, 2);
    packet.tcp.source_port = 40000;
    packet.tcp.destination_port = 80;
    packet.tcp.flags = wire::flag::kSyn;
    pass(packet);
    packet.protocol = wire::Protocol::kUdp;
    packet.udp = wire::UdpHeader{5000, 53, {}};
    pass(packet);
    packet.protocol = wire::Protocol::kIcmp;
    packet.icmp = wire::IcmpHeader{};
    packet.icmp.type = wire::icmp::kEchoRequest;
    packet.icmp.echo_id = 7;
    packet.icmp.echo_length = 56;
    pass(packet);
    const std::vector<std::string> list{"-L"};
    EXPECT_EQ(conntrack_tool(t.r, list),
              "tcp      6 120 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=80 [UNREPLIED] "
              "src=10.0.0.2 dst=10.0.0.1 sport=80 dport=40000 mark=0 use=1\n"
              "udp      17 30 src=10.0.0.1 dst=10.0.0.2 sport=5000 dport=53 [UNREPLIED] "
              "src=10.0.0.2 dst=10.0.0.1 sport=53 dport=5000 mark=0 use=1\n"
              "icmp     1 30 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 [UNREPLIED] "
              "src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=7 mark=0 use=1\n");
    EXPECT_EQ(conntrack_text(&table, t.sim.now()).summary,
              "conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.\n");
    settings.acct = 1;
    EXPECT_NE(conntrack_tool(t.r, list).find("dport=53 packets=1 bytes=28 [UNREPLIED] src=10.0.0.2 "
                                             "dst=10.0.0.1 sport=53 dport=5000 packets=0 bytes=0 "),
              std::string::npos);
    EXPECT_EQ(conntrack_tool(t.r, std::vector<std::string>{"-C"}), "3\n");
    conntrack_tool(t.r, std::vector<std::string>{"-F"});
    EXPECT_EQ(conntrack_tool(t.r, list), "");
}

}  // namespace
}  // namespace netsim::observe
