// The work of some rows of `netsim bench`, written for ns-3: the same topology, traffic and
// counting rule. peer ROW AMOUNT SETTING prints what it did as a JSON line, as a row's run does.
// SETTING: "best" (no queue discs, MSL 1 ms) or "default" (ns-3's own); "count" is best, with the
// packets counted and so no time of any worth.
#include <ns3/core-module.h>
#include <ns3/internet-module.h>
#include <ns3/network-module.h>
#include <ns3/point-to-point-module.h>
#include <ns3/traffic-control-module.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace {

using ns3::Ptr;

constexpr int kClients = 32;
constexpr std::uint16_t kPort = 80;

struct Setting {
    bool queue_discs = false;
    bool count = false;
};

struct Work {
    double units = 0;
    double seconds = 0;
    double bytes = 0;
    double packets = 0;
};

double cpu_seconds() {
    timespec spent{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) + 1e-9 * static_cast<double>(spent.tv_nsec);
}

double resident() {
    std::ifstream file("/proc/self/statm");
    double total = 0;
    double pages = 0;
    file >> total >> pages;
    return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::uint64_t packets_seen = 0;

void see_packet(Ptr<const ns3::Packet> packet) {
    static_cast<void>(packet);
    ++packets_seen;
}

/// Runs until `until`; its CPU seconds.
double run_until(ns3::Time until) {
    ns3::Simulator::Stop(until - ns3::Simulator::Now());
    const double begun = cpu_seconds();
    ns3::Simulator::Run();
    return cpu_seconds() - begun;
}

/// Clients around a router, and a server behind it. Routes are static: default ones at the ends.
struct Star {
    ns3::NodeContainer clients;
    Ptr<ns3::Node> router = ns3::CreateObject<ns3::Node>();
    Ptr<ns3::Node> server = ns3::CreateObject<ns3::Node>();
    ns3::Ipv4Address server_address;

    Star(int count, const Setting& setting, const std::string& rate, ns3::Time link_delay) {
        clients.Create(static_cast<std::uint32_t>(count));
        ns3::InternetStackHelper stack;
        const ns3::Ipv4StaticRoutingHelper routing;
        stack.SetRoutingHelper(routing);
        stack.SetIpv6StackInstall(false);
        stack.Install(clients);
        stack.Install(router);
        stack.Install(server);
        ns3::PointToPointHelper wire;
        wire.SetDeviceAttribute("DataRate", ns3::StringValue(rate));
        wire.SetChannelAttribute("Delay", ns3::TimeValue(link_delay));
        if (!setting.queue_discs) {
            // The queue that is left must hold what the discs would have.
            wire.SetQueue("ns3::DropTailQueue", "MaxSize", ns3::StringValue("100000p"));
        }
        ns3::Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.252");
        server_address = connect(server, wire, addresses, setting);
        for (std::uint32_t i = 0; i < clients.GetN(); ++i) {
            connect(clients.Get(i), wire, addresses, setting);
        }
        run_until(ns3::NanoSeconds(1));  // devices and queue discs are made ready by the first run
    }

 private:
    ns3::Ipv4Address connect(Ptr<ns3::Node> end, ns3::PointToPointHelper& wire,
                             ns3::Ipv4AddressHelper& addresses, const Setting& setting) {
        const ns3::NetDeviceContainer devices = wire.Install(end, router);
        const ns3::Ipv4InterfaceContainer interfaces = addresses.Assign(devices);
        addresses.NewNetwork();
        if (!setting.queue_discs) {
            ns3::TrafficControlHelper().Uninstall(devices);
        }
        if (setting.count) {
            for (std::uint32_t i = 0; i < devices.GetN(); ++i) {
                devices.Get(i)->TraceConnectWithoutContext("MacRx", ns3::MakeCallback(&see_packet));
            }
        }
        const ns3::Ipv4StaticRoutingHelper routing;
        routing.GetStaticRouting(end->GetObject<ns3::Ipv4>())
            ->SetDefaultRoute(interfaces.GetAddress(1), 1);
        return interfaces.GetAddress(0);
    }
};

Ptr<ns3::Socket> new_socket(Ptr<ns3::Node> node) {
    return ns3::Socket::CreateSocket(node, ns3::TcpSocketFactory::GetTypeId());
}

Ptr<ns3::Socket> listen(Ptr<ns3::Node> server,
                        const std::function<void(Ptr<ns3::Socket>)>& accepted) {
    static std::function<void(Ptr<ns3::Socket>)> on_accept;
    on_accept = accepted;
    Ptr<ns3::Socket> listener = new_socket(server);
    listener->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), kPort));
    listener->Listen();
    listener->SetAcceptCallback(
        ns3::MakeNullCallback<bool, Ptr<ns3::Socket>, const ns3::Address&>(),
        ns3::Callback<void, Ptr<ns3::Socket>, const ns3::Address&>(
            [](Ptr<ns3::Socket> socket, const ns3::Address& from) {
                static_cast<void>(from);
                on_accept(socket);
            }));
    return listener;
}

/// Connections at random times; the server closes as soon as it has accepted, the client after it.
class Handshakes {
 public:
    Handshakes(const Setting& setting, double rate, double concurrent)
        : round_trip_(ns3::Seconds(concurrent / rate / 3)),
          star_(kClients, setting, "10000Gbps", ns3::Seconds(round_trip_.GetSeconds() / 4)),
          rate_(rate) {
        gaps_ = ns3::CreateObject<ns3::ExponentialRandomVariable>();
        gaps_->SetAttribute("Mean", ns3::DoubleValue(kClients / rate));
        listener_ = listen(star_.server, [this](Ptr<ns3::Socket> socket) {
            ++closed_by_server_;
            socket->Close();
        });
        for (std::uint32_t i = 0; i < kClients; ++i) {
            next(i);
        }
        run_until(6 * round_trip_);
    }

    Work run(std::uint64_t connections) {
        const std::uint64_t before = closed_by_both();
        const std::uint64_t packets_before = packets_seen;
        Work work;
        work.seconds = run_until(ns3::Simulator::Now() +
                                 ns3::Seconds(static_cast<double>(connections) / rate_));
        work.units = static_cast<double>(closed_by_both() - before);
        work.packets = static_cast<double>(packets_seen - packets_before);
        return work;
    }

 private:
    void next(std::uint32_t client) {
        ns3::Simulator::Schedule(ns3::Seconds(gaps_->GetValue()), &Handshakes::start, this, client);
    }

    void start(std::uint32_t client) {
        Ptr<ns3::Socket> socket = new_socket(star_.clients.Get(client));
        socket->SetCloseCallbacks(ns3::MakeCallback(&Handshakes::server_closed, this),
                                  ns3::MakeCallback(&Handshakes::failed, this));
        socket->Bind();
        socket->Connect(ns3::InetSocketAddress(star_.server_address, kPort));
        next(client);
    }

    void server_closed(Ptr<ns3::Socket> socket) {
        ++closed_by_client_;
        socket->Close();
    }

    void failed(Ptr<ns3::Socket> socket) {
        static_cast<void>(socket);
        std::fputs("a connection failed\n", stderr);
        std::exit(1);
    }

    std::uint64_t closed_by_both() const { return std::min(closed_by_server_, closed_by_client_); }

    ns3::Time round_trip_;
    Star star_;
    double rate_;
    Ptr<ns3::ExponentialRandomVariable> gaps_;
    Ptr<ns3::Socket> listener_;
    std::uint64_t closed_by_server_ = 0;
    std::uint64_t closed_by_client_ = 0;
};

/// Spoofed SYNs with a Linux client's options through the router; nobody has those addresses.
class Flood {
 public:
    explicit Flood(const Setting& setting)
        : star_(1, setting, "10000Gbps", ns3::MicroSeconds(100)),
          ip_(star_.clients.Get(0)->GetObject<ns3::Ipv4L3Protocol>()),
          route_(ns3::Create<ns3::Ipv4Route>()) {
        random_ = ns3::CreateObject<ns3::UniformRandomVariable>();
        listener_ = listen(star_.server, [](Ptr<ns3::Socket> socket) { socket->Close(); });
        route_->SetDestination(star_.server_address);
        route_->SetGateway(ns3::Ipv4Address("10.0.0.6"));
        route_->SetOutputDevice(ip_->GetNetDevice(1));
    }

    Work run(std::uint64_t syns) {
        left_ = syns;
        ns3::Simulator::ScheduleNow(&Flood::send, this);
        Work work;
        work.seconds = run_until(ns3::MicroSeconds(static_cast<std::int64_t>(syns) + 1000));
        work.units = static_cast<double>(syns);
        work.packets = static_cast<double>(packets_seen);
        return work;
    }

 private:
    std::uint32_t draw(std::uint32_t low, std::uint32_t high) {
        return random_->GetInteger(low, high);
    }

    void send() {
        ns3::TcpHeader tcp;
        tcp.SetFlags(ns3::TcpHeader::SYN);
        tcp.SetSourcePort(static_cast<std::uint16_t>(draw(1024, 65535)));
        tcp.SetDestinationPort(kPort);
        tcp.SetSequenceNumber(ns3::SequenceNumber32(draw(0, 0x7fffffff)));
        tcp.SetWindowSize(64240);
        const auto mss = ns3::CreateObject<ns3::TcpOptionMSS>();
        mss->SetMSS(1460);
        tcp.AppendOption(mss);
        tcp.AppendOption(ns3::CreateObject<ns3::TcpOptionSackPermitted>());
        const auto stamp = ns3::CreateObject<ns3::TcpOptionTS>();
        stamp->SetTimestamp(draw(0, 0x7fffffff));
        tcp.AppendOption(stamp);
        const auto scale = ns3::CreateObject<ns3::TcpOptionWinScale>();
        scale->SetScale(7);
        tcp.AppendOption(scale);
        Ptr<ns3::Packet> packet = ns3::Create<ns3::Packet>();
        packet->AddHeader(tcp);
        ns3::Ipv4Header ip;
        ip.SetSource(ns3::Ipv4Address(0xc6120000U + draw(0, 0x1ffff)));
        ip.SetDestination(star_.server_address);
        ip.SetProtocol(6);
        ip.SetTtl(64);
        ip.SetPayloadSize(static_cast<std::uint16_t>(packet->GetSize()));
        ip_->SendWithHeader(packet, ip, route_);
        if (--left_ > 0) {
            ns3::Simulator::Schedule(ns3::MicroSeconds(1), &Flood::send, this);
        }
    }

    Star star_;
    Ptr<ns3::Ipv4L3Protocol> ip_;
    Ptr<ns3::Ipv4Route> route_;
    Ptr<ns3::UniformRandomVariable> random_;
    Ptr<ns3::Socket> listener_;
    std::uint64_t left_ = 0;
};

/// CUBIC flows from 32 clients that never run out of data.
class Bulk {
 public:
    Bulk(int flows, const Setting& setting)
        : star_(kClients, setting, "10Gbps", ns3::MicroSeconds(250)) {
        listener_ = listen(star_.server, [this](Ptr<ns3::Socket> socket) {
            socket->SetRecvCallback(ns3::MakeCallback(&Bulk::read, this));
        });
        for (int i = 0; i < flows; ++i) {
            Ptr<ns3::Socket> socket =
                new_socket(star_.clients.Get(static_cast<std::uint32_t>(i % kClients)));
            socket->SetSendCallback(ns3::MakeCallback(&Bulk::write, this));
            socket->SetConnectCallback(ns3::MakeCallback(&Bulk::connected, this),
                                       ns3::MakeNullCallback<void, Ptr<ns3::Socket>>());
            socket->Bind();
            socket->Connect(ns3::InetSocketAddress(star_.server_address, kPort));
            sockets_.push_back(socket);
        }
        run_until(ns3::MilliSeconds(50));
    }

    Work run(std::uint64_t segments) {
        const double before = delivered();
        const std::uint64_t packets_before = packets_seen;
        Work work;
        while (delivered() - before < static_cast<double>(segments)) {
            work.seconds += run_until(ns3::Simulator::Now() + ns3::MicroSeconds(500));
        }
        work.units = delivered() - before;
        work.packets = static_cast<double>(packets_seen - packets_before);
        return work;
    }

 private:
    static constexpr std::uint32_t kMss = 1448;

    double delivered() const { return static_cast<double>(bytes_) / kMss; }

    void connected(Ptr<ns3::Socket> socket) { write(socket, socket->GetTxAvailable()); }

    void write(Ptr<ns3::Socket> socket, std::uint32_t room) {
        static_cast<void>(room);
        for (std::uint32_t n = socket->GetTxAvailable(); n > 0; n = socket->GetTxAvailable()) {
            if (socket->Send(ns3::Create<ns3::Packet>(std::min(n, 16 * kMss))) <= 0) {
                return;
            }
        }
    }

    void read(Ptr<ns3::Socket> socket) {
        while (Ptr<ns3::Packet> packet = socket->Recv()) {
            bytes_ += packet->GetSize();
        }
    }

    Star star_;
    Ptr<ns3::Socket> listener_;
    std::vector<Ptr<ns3::Socket>> sockets_;
    std::uint64_t bytes_ = 0;
};

/// Established connections at rest.
Work endpoints(std::uint64_t connections, const Setting& setting) {
    Star star(kClients, setting, "10000Gbps", ns3::MicroSeconds(10));
    std::vector<Ptr<ns3::Socket>> sockets;
    sockets.reserve(2 * connections + 64);
    const Ptr<ns3::Socket> listener =
        listen(star.server, [&](Ptr<ns3::Socket> socket) { sockets.push_back(socket); });
    const auto open = [&](std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            Ptr<ns3::Socket> socket =
                new_socket(star.clients.Get(static_cast<std::uint32_t>(i % kClients)));
            socket->Bind();
            socket->Connect(ns3::InetSocketAddress(star.server_address, kPort));
            sockets.push_back(socket);
        }
        run_until(ns3::Simulator::Now() + ns3::MilliSeconds(1));
    };
    open(kClients);  // what the first ones cost is not theirs
    const double before = resident();
    open(connections);
    if (sockets.size() != 2 * (connections + kClients)) {
        std::fputs("not all connections are there\n", stderr);
        std::exit(1);
    }
    return {2.0 * static_cast<double>(connections), 0, resident() - before, 0};
}

Work run(const std::string& row, std::uint64_t amount, const Setting& setting) {
    if (row == "handshake_star") {
        return Handshakes(setting, 1e6 / 3, 1000).run(amount);
    }
    if (row == "flood") {
        return Flood(setting).run(amount);
    }
    if (row == "bulk") {
        return Bulk(100, setting).run(amount);
    }
    return endpoints(amount, setting);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string(argv[1]) == "--build") {
        std::puts(NS3_BUILD);
        return 0;
    }
    if (argc != 4) {
        std::fputs("peer handshake_star|flood|bulk|endpoints AMOUNT best|default|count\n", stderr);
        return 2;
    }
    const std::string word = argv[3];
    Setting setting;
    setting.queue_discs = word == "default";
    setting.count = word == "count";
    if (!setting.queue_discs) {
        ns3::Config::SetDefault("ns3::TcpSocketBase::MaxSegLifetime", ns3::DoubleValue(0.001));
    }
    ns3::Config::SetDefault("ns3::TcpL4Protocol::SocketType",
                            ns3::TypeIdValue(ns3::TcpCubic::GetTypeId()));
    ns3::Config::SetDefault("ns3::TcpSocket::SegmentSize", ns3::UintegerValue(1448));
    ns3::Config::SetDefault("ns3::TcpSocket::SndBufSize", ns3::UintegerValue(131072));
    ns3::Config::SetDefault("ns3::TcpSocket::RcvBufSize", ns3::UintegerValue(65536));
    const Work work = run(argv[1], std::strtoull(argv[2], nullptr, 10), setting);
    std::printf("{\"units\":%.0f,\"seconds\":%.9f,\"bytes\":%.0f,\"packets\":%.0f}\n", work.units,
                work.seconds, work.bytes, work.packets);
    std::fflush(stdout);
    std::_Exit(0);  // tearing down ten thousand sockets is no part of the work
}
