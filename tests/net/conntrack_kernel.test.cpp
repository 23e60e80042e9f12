// Connection tracking against Linux 6.18: random segments, and what its nf_conntrack made of each
// (kernel/conntrack.txt, recorded by kernel/record_conntrack.py).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "net/conntrack.hpp"

namespace netsim::net {
namespace {

constexpr Ipv4 kRecordedA = ipv4(10, 9, 0, 1);
constexpr Ipv4 kRecordedB = ipv4(10, 9, 0, 2);

/// "a 24 1000 2000 65535 100 4 - -": side, flags, seq, ack, window, length, options, SACK block.
wire::Packet recorded_segment(std::istream& in) {
    char side = 0;
    unsigned flags = 0;
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    unsigned window = 0;
    unsigned length = 0;
    unsigned options = 0;
    std::string from;
    std::string to;
    in >> side >> flags >> seq >> ack >> window >> length >> options >> from >> to;
    wire::Packet packet{};
    const bool a = side == 'a';
    packet.source = a ? kRecordedA : kRecordedB;
    packet.destination = a ? kRecordedB : kRecordedA;
    packet.tcp.source_port = a ? 20000 : 80;
    packet.tcp.destination_port = a ? 80 : 20000;
    packet.tcp.flags = static_cast<std::uint16_t>(flags);
    packet.tcp.seq = wire::SeqNum(seq);
    packet.tcp.ack = wire::SeqNum(ack);
    packet.tcp.window = static_cast<std::uint16_t>(window);
    packet.tcp.payload.length = length;
    packet.tcp.window_scale = 7;
    packet.tcp.options =
        static_cast<std::uint8_t>(((options & 1U) != 0 ? wire::option::kWindowScale : 0U) |
                                  ((options & 2U) != 0 ? wire::option::kSackPermitted : 0U) |
                                  ((options & 4U) != 0 ? wire::option::kTimestamps : 0U));
    if (from != "-") {
        packet.tcp.options |= wire::option::kSack;
        packet.tcp.sack_count = 1;
        packet.tcp.sack[0] = {wire::SeqNum(static_cast<std::uint32_t>(std::stoul(from))),
                              wire::SeqNum(static_cast<std::uint32_t>(std::stoul(to)))};
    }
    return packet;
}

/// As the recording says it: state, seconds left, assured, unreplied, who began.
struct Recorded {
    std::string state{};
    std::int64_t left = 0;
    std::string assured{};
    std::string unreplied{};
    std::string began{};
};

Recorded of_entry(Conntrack& table, Time now) {
    Recorded seen{"none"};
    table.for_each(now, [&](const CtEntry& entry) {
        seen = {std::string(to_string(entry.tcp.state)),
                std::chrono::duration_cast<std::chrono::seconds>(entry.expires - now).count(),
                entry.assured ? "assured" : "-", entry.seen_reply ? "-" : "unreplied",
                entry.tuple[0].source == kRecordedA ? "a" : "b"};
    });
    return seen;
}

TEST(Conntrack, MakesOfRandomSegmentsWhatLinuxMakes) {
    std::ifstream file(std::string(NETSIM_SOURCE_DIR) + "/tests/net/kernel/conntrack.txt");
    ASSERT_TRUE(file.is_open());
    const ConntrackSettings settings;
    Conntrack table(settings, 1);
    std::string line;
    std::string run;
    std::size_t segments = 0;
    while (std::getline(file, line)) {
        if (line == "run") {
            table.flush();
            run.clear();
            continue;
        }
        run += line + '\n';
        std::istringstream in(line);
        const wire::Packet packet = recorded_segment(in);
        char bar = 0;
        int invalid = 0;
        Recorded expected;
        in >> bar >> invalid >> expected.state >> expected.left >> expected.assured >>
            expected.unreplied >> expected.began;
        ASSERT_EQ(bar, '|') << line;
        const Conntrack::Tracking tracking = table.track(packet, Time{});
        table.confirm(tracking, Time{});
        const Recorded seen = of_entry(table, Time{});
        ASSERT_EQ(tracking.state == ct_state::kInvalid, invalid > 0) << run;
        ASSERT_EQ(seen.state, expected.state) << run;
        ++segments;
        if (seen.state == "none") {
            continue;
        }
        ASSERT_LE(std::abs(seen.left - expected.left), 3) << seen.left << '\n' << run;
        ASSERT_EQ(seen.assured, expected.assured) << run;
        ASSERT_EQ(seen.unreplied, expected.unreplied) << run;
        ASSERT_EQ(seen.began, expected.began) << run;
    }
    EXPECT_GT(segments, 1000U);
}

}  // namespace
}  // namespace netsim::net
