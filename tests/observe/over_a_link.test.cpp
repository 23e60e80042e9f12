// The observers on a real link: what net publishes is what they expect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <sstream>

#include "net/link.hpp"
#include "observe/ladder.hpp"
#include "observe/packets.hpp"
#include "observe/pcapng_writer.hpp"
#include "observe/trace_text.hpp"
#include "observe/tracers.hpp"

namespace netsim::observe {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Sink final : public net::Node {
 public:
    using net::Node::Node;

    void receive(wire::PacketPtr packet, std::uint32_t interface) override {
        static_cast<void>(interface);
        packet.reset();
        ++arrived;
    }

    bool forwards() const override { return false; }

    int arrived = 0;
};

/// user --10 ms--> web, with all observers watching.
struct Bench {
    explicit Bench(const LinkOptions& options)
        : capture(file, nullptr), text(out, PacketFilter("")) {
        tracers.add(capture);
        tracers.add(text);
        tracers.add(ladder);
        user.add_interface(testing::kUser, 24, 1500);
        web.add_interface(testing::kWeb, 24, 1500);
        link.emplace(fabric, user, 0, web, 0, options);
    }

    ~Bench() { std::filesystem::remove(file); }

    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;

    void send(std::uint32_t seq) {
        wire::Packet packet = testing::syn(seq);
        packet.uid = sim.next_uid(user.id());
        link->transmit(packets.make(packet));
    }

    std::string file = (std::filesystem::temp_directory_path() /
                        ("netsim-link-" + std::to_string(::getpid()) + ".pcapng"))
                           .string();
    sim::Simulation sim{1};
    wire::PacketPool packets;
    Tracers tracers;
    PcapngWriter capture;
    std::ostringstream out;
    TraceText text;
    Ladder ladder;
    net::Fabric fabric{sim, packets, &tracers};
    Sink user{fabric, "user"};
    Sink web{fabric, "web"};
    std::optional<net::LinkDirection> link;
};

TEST(OverALink, ADeliveredPacketStandsOnBothInterfacesAndOnceInTheTrace) {
    LinkOptions options;
    options.delay = 10ms;
    Bench bench(options);
    bench.send(1000);
    bench.sim.run({});
    EXPECT_EQ(bench.web.arrived, 1);
    bench.capture.finish();
    EXPECT_EQ(bench.capture.packets(), 2U);
    EXPECT_EQ(bench.out.str().find("0.000000000 user.eth0 Out IP 10.0.0.1.40000"), 0U);
    EXPECT_EQ(bench.out.str().find('\n'), bench.out.str().size() - 1);
    EXPECT_THAT(bench.ladder.draw({"user", testing::kUser}, {"web", testing::kWeb}),
                HasSubstr("0.000 |-- SYN seq=0 ---------------->| 0.010"));
}

TEST(OverALink, ALostPacketIsOnePacketWithAComment) {
    LinkOptions options;
    options.loss = 1;
    Bench bench(options);
    bench.send(1000);
    bench.sim.run({});
    bench.capture.finish();
    EXPECT_EQ(bench.capture.packets(), 1U);
    EXPECT_THAT(bench.out.str(), HasSubstr(" dropped: loss\n"));
    EXPECT_THAT(bench.ladder.draw({"user", testing::kUser}, {"web", testing::kWeb}),
                HasSubstr("x loss"));
}

TEST(OverALink, AFullQueueSaysSo) {
    LinkOptions options;
    options.rate_bps = 8000;
    options.limit_packets = 1;
    Bench bench(options);
    for (std::uint32_t i = 0; i < 3; ++i) {
        bench.send(1000 + i);
    }
    bench.sim.run({});
    EXPECT_EQ(bench.web.arrived, 2);
    EXPECT_THAT(bench.out.str(), HasSubstr(" dropped: queue full\n"));
}

}  // namespace
}  // namespace netsim::observe
