// Ladders of captures: real ones, ones made octet by octet in every format, and netsim's own.
#include "observe/capture_ladder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "netsim/result.hpp"
#include "observe/capture_reader.hpp"
#include "observe/packets.hpp"
#include "wire/codec.hpp"

namespace netsim::observe {
namespace {

using namespace testing;  // NOLINT: the helpers of packets.hpp
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;
namespace flag = wire::flag;

std::string real_capture(const std::string& name) {
    std::ifstream in(NETSIM_SOURCE_DIR "/tests/observe/captures/" + name, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

CaptureLadder ladder_of(const std::string& octets, const CaptureLadderOptions& options = {}) {
    std::istringstream in(octets);
    return capture_ladder(in, "x.pcap", options);
}

/// Octets of a file in one byte order.
struct Octets {
    explicit Octets(bool big_endian) : big(big_endian) {}

    void put16(std::uint32_t v) {
        text += static_cast<char>(big ? v >> 8U : v);
        text += static_cast<char>(big ? v : v >> 8U);
    }

    void put32(std::uint32_t v) {
        put16(big ? v >> 16U : v & 0xffffU);
        put16(big ? v & 0xffffU : v >> 16U);
    }

    void put(const std::string& octets) { text += octets; }

    void pad() { text.resize((text.size() + 3) / 4 * 4, '\0'); }

    bool big;
    std::string text;
};

std::string ip_of(const wire::Packet& packet) {
    const std::vector<std::uint8_t> octets = wire::encode(packet);
    return {octets.begin(), octets.end()};
}

struct Frame {
    std::uint64_t ns = 0;
    std::string octets;
};

std::vector<Frame> handshake(const std::string& link_header) {
    return {{10'001'001, link_header + ip_of(syn(1000))},
            {20'002'002, link_header + ip_of(syn_ack(5000, 1001))},
            {30'003'003, link_header + ip_of(segment(flag::kAck, 1001, 5001))}};
}

/// `snap`: octets kept of each frame.
std::string pcap(bool big, bool nanos, std::uint32_t link_type, const std::vector<Frame>& frames,
                 std::size_t snap = 65535) {
    Octets out(big);
    out.put32(nanos ? 0xa1b23c4d : 0xa1b2c3d4);
    out.put16(2);
    out.put16(4);
    out.put32(0);
    out.put32(0);
    out.put32(65535);
    out.put32(link_type);
    for (const Frame& frame : frames) {
        out.put32(static_cast<std::uint32_t>(frame.ns / 1'000'000'000));
        out.put32(static_cast<std::uint32_t>(frame.ns % 1'000'000'000 / (nanos ? 1 : 1000)));
        out.put32(static_cast<std::uint32_t>(std::min(frame.octets.size(), snap)));
        out.put32(static_cast<std::uint32_t>(frame.octets.size()));
        out.put(frame.octets.substr(0, snap));
    }
    return out.text;
}

std::string block(bool big, std::uint32_t type, const std::string& body) {
    Octets out(big);
    out.put32(type);
    out.put32(static_cast<std::uint32_t>(body.size() + 12));
    out.put(body);
    out.put32(static_cast<std::uint32_t>(body.size() + 12));
    return out.text;
}

std::string section(bool big, std::uint32_t link_type, std::uint8_t resolution) {
    Octets head(big);
    head.put32(0x1a2b3c4d);
    head.put16(1);
    head.put16(0);
    head.put32(0xffffffff);
    head.put32(0xffffffff);
    Octets interface(big);
    interface.put16(link_type);
    interface.put16(0);
    interface.put32(0);
    interface.put16(9);  // if_tsresol
    interface.put16(1);
    interface.put(std::string(1, static_cast<char>(resolution)));
    interface.pad();
    interface.put32(0);
    return block(big, 0x0a0d0d0a, head.text) + block(big, 1, interface.text);
}

std::string enhanced(bool big, std::uint64_t units, const std::string& octets,
                     std::uint32_t interface = 0) {
    Octets body(big);
    body.put32(interface);
    body.put32(static_cast<std::uint32_t>(units >> 32U));
    body.put32(static_cast<std::uint32_t>(units));
    body.put32(static_cast<std::uint32_t>(octets.size()));
    body.put32(static_cast<std::uint32_t>(octets.size()));
    body.put(octets);
    body.pad();
    return block(big, 6, body.text);
}

constexpr const char* kHandshake = R"((~ states are inferred from the segments alone)
                       10.0.0.1:40000          10.0.0.2:80
 ~CLOSED               |                                 |          ~LISTEN
 ~SYN-SENT    0.010001 |-- SYN seq=0 ------------------->|
 ~ESTABLISHED 0.020002 |<--------- SYN,ACK seq=0 ack=1 --|          ~SYN-RECEIVED
              0.030003 |-- ACK seq=1 ack=1 ------------->|          ~ESTABLISHED
)";

TEST(CaptureLadder, EveryPcapOrderAndResolution) {
    for (const bool big : {false, true}) {
        for (const bool nanos : {false, true}) {
            const CaptureLadder ladder = ladder_of(pcap(big, nanos, 101, handshake("")));
            EXPECT_EQ(ladder.text, kHandshake);
            EXPECT_EQ(ladder.trouble, "");
        }
    }
}

TEST(CaptureLadder, EveryLinkType) {
    const std::string mac(12, '\x02');
    const std::string ip4("\x08\x00", 2);
    const std::string vlan("\x81\x00\x00\x07", 4);
    const std::string cooked = std::string("\x00\x04\x00\x01\x00\x06", 6) + std::string(8, 0) + ip4;
    const std::string cooked2 = ip4 + std::string(2, 0) + std::string("\x00\x00\x00\x02", 4) +
                                std::string("\x00\x01\x04\x06", 4) + std::string(8, 0);
    const std::string text = ladder_of(pcap(false, false, 101, handshake(""))).text;
    const std::vector<std::pair<std::uint32_t, std::string>> links{
        {1, mac + ip4},
        {1, mac + vlan + ip4},
        {228, ""},
        {113, cooked},
        {276, cooked2},
        {0, std::string("\x02\x00\x00\x00", 4)},
        {108, std::string("\x00\x00\x00\x02", 4)}};
    for (const auto& [type, header] : links) {
        EXPECT_EQ(ladder_of(pcap(false, false, type, handshake(header))).text, text) << type;
    }
}

TEST(CaptureLadder, SectionsOfAnyOrderAndResolution) {
    const std::vector<Frame> frames = handshake("");
    std::string file;
    file += section(true, 101, 9) + enhanced(true, frames[0].ns, frames[0].octets);
    file += section(false, 101, 6) + enhanced(false, frames[1].ns / 1000, frames[1].octets);
    file += section(true, 101, 0x80 | 20) +
            enhanced(true, (frames[2].ns << 20U) / 1'000'000'000, frames[2].octets);
    const std::string text = ladder_of(file).text;
    EXPECT_THAT(text, HasSubstr("0.010001 |-- SYN seq=0"));
    EXPECT_THAT(text, HasSubstr("0.020002 |<"));
    EXPECT_THAT(text, HasSubstr("0.03000"));
}

TEST(CaptureLadder, SimplePacketsHaveNoTimeOfTheirOwn) {
    Octets simple(false);
    const std::string octets = ip_of(syn(1000));
    simple.put32(static_cast<std::uint32_t>(octets.size()));
    simple.put(octets);
    simple.pad();
    const std::string text = ladder_of(section(false, 101, 6) + block(false, 3, simple.text)).text;
    EXPECT_THAT(text, HasSubstr("0.000 |-- SYN seq=0"));
}

TEST(CaptureLadder, ARealExchange) {
    const std::string text = ladder_of(real_capture("loopback-ethernet.pcap")).text;
    for (const char* const row :
         {"127.0.0.1:42536", "127.0.0.1:28765", "-- SYN seq=0 --", "PSH,ACK seq=1 ack=1 len=6",
          "PSH,ACK seq=1 ack=7 len=15", "FIN,ACK seq=7 ack=16", "~FIN-WAIT-1", "~LAST-ACK",
          "~TIME-WAIT", "RST,ACK seq=", "127.0.0.1:42544"}) {
        EXPECT_THAT(text, HasSubstr(row));
    }
    EXPECT_EQ(ladder_of(real_capture("loopback-ethernet.pcapng")).text, text);
    EXPECT_THAT(ladder_of(real_capture("loopback-cooked2-ns.pcap")).text,
                HasSubstr("PSH,ACK seq=1 ack=7 len=15"));
    // Cut off in the payload: lengths are those of the headers.
    EXPECT_THAT(ladder_of(real_capture("loopback-cooked-cut.pcap")).text,
                HasSubstr("PSH,ACK seq=1 ack=7 len=15"));
}

TEST(CaptureLadder, StreamsPortsHostsAndMost) {
    const std::string file = real_capture("loopback-ethernet.pcap");
    CaptureLadderOptions options;
    options.stream = 1;
    EXPECT_THAT(ladder_of(file, options).text, Not(HasSubstr("42536")));
    options.stream = 2;
    EXPECT_THAT([&] { ladder_of(file, options); },
                ThrowsMessage<InputError>("x.pcap: no stream 2; there are 2, counted from 0"));
    options = {};
    options.ladder.port = 42544;
    EXPECT_THAT(ladder_of(file, options).text, Not(HasSubstr("42536")));
    options = {};
    options.host = "127.0.0.2";
    EXPECT_THAT([&] { ladder_of(file, options); },
                ThrowsMessage<InputError>("x.pcap: no host \"127.0.0.2\", did you mean "
                                          "\"127.0.0.1\"? (hosts: 127.0.0.1)"));
    options.host = "127.0.0.1";
    options.ladder.rows_max = 2;
    EXPECT_THAT(ladder_of(file, options).text, HasSubstr("(8 more rows not drawn)"));
}

TEST(CaptureLadder, WhatIsNotDrawnIsCounted) {
    const std::string mac(12, '\x02');
    std::vector<Frame> frames = handshake(mac + std::string("\x08\x00", 2));
    frames.push_back({40'000'000, mac + std::string("\x86\xdd", 2) + std::string(40, '\x60')});
    frames.push_back({40'000'000, mac + std::string("\x08\x06", 2) + std::string(28, 0)});
    frames.push_back({50'000'000, mac + std::string("\x08\x00", 2) + "\x45"});
    EXPECT_THAT(ladder_of(pcap(false, false, 1, frames)).text,
                HasSubstr("(not drawn: 3 packets: 1 IPv6, 1 of other protocols, 1 cut off, "
                          "fragments or damaged)"));
}

TEST(CaptureLadder, OptionsThatTheSnapLengthCutOffAreNotNone) {
    CaptureLadderOptions options;
    options.ladder.options = true;
    options.ladder.width = 120;
    const auto drawn = [&](std::size_t snap) {
        return ladder_of(pcap(false, false, 101, handshake(""), snap), options).text;
    };
    EXPECT_THAT(drawn(65535), HasSubstr("wscale 10>"));
    EXPECT_THAT(drawn(44), HasSubstr("SYN seq=0 <mss 1460, cut off>"));
    EXPECT_THAT(drawn(40), HasSubstr("SYN seq=0 <cut off>"));
}

TEST(CaptureLadder, SaysPlainlyWhatItCannotRead) {
    EXPECT_THAT([] { ladder_of(""); }, ThrowsMessage<InputError>("x.pcap: not a capture: empty"));
    EXPECT_THAT([] { ladder_of("-- a script"); },
                ThrowsMessage<InputError>("x.pcap: not a capture (pcap and pcapng are read)"));
    EXPECT_THAT([] { ladder_of(pcap(false, false, 127, handshake(""))); },
                ThrowsMessage<InputError>(
                    "x.pcap: link type 127 (802.11 with radiotap) is not read (known: Ethernet, "
                    "raw IP, Linux cooked v1 and v2, BSD loopback)"));
    EXPECT_THAT([] { ladder_of(pcap(false, false, 101, {})); },
                ThrowsMessage<InputError>("x.pcap: no TCP over IPv4 in it (no packets)"));
    const std::string whole = pcap(false, false, 101, handshake(""));
    const CaptureLadder cut = ladder_of(whole.substr(0, whole.size() - 5));
    EXPECT_THAT(cut.text, HasSubstr("SYN,ACK seq=0 ack=1"));
    EXPECT_THAT(cut.trouble, HasSubstr("x.pcap: truncated in a packet (octet "));
    EXPECT_THAT([&] { ladder_of(whole.substr(0, 30)); },
                ThrowsMessage<InputError>(HasSubstr("truncated in a header")));
}

TEST(CaptureLadder, AHostThatTalksToItselfIsTwoParticipants) {
    CaptureLadderOptions options;
    options.ladder.format = LadderFormat::kMermaid;
    const std::string text = ladder_of(real_capture("loopback-ethernet.pcap"), options).text;
    EXPECT_THAT(text, HasSubstr("participant P0 as 127.0.0.1#58;42536"));
    EXPECT_THAT(text, HasSubstr("P0->>P2: 0.000000 SYN seq=0"));
}

}  // namespace
}  // namespace netsim::observe
