// The codec: round trips, Linux's option layout, hostile input.
#include "wire/codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "random_packet.hpp"

namespace netsim::wire {
namespace {

using Bytes = std::vector<std::uint8_t>;

Packet syn() {
    Packet packet{};
    packet.source = ipv4(10, 0, 0, 1);
    packet.destination = ipv4(10, 0, 0, 2);
    packet.tcp.source_port = 40000;
    packet.tcp.destination_port = 80;
    packet.tcp.seq = SeqNum(123);
    packet.tcp.flags = flag::kSyn;
    packet.tcp.window = 64240;
    packet.tcp.options = option::kMss;
    packet.tcp.mss = 1460;
    return packet;
}

Bytes options_of(const Packet& packet) {
    const Bytes bytes = encode(packet);
    const std::size_t header = std::size_t{bytes.at(32)} / 16 * 4;
    const auto begin = bytes.begin() + 40;
    return {begin, begin + static_cast<std::ptrdiff_t>(header - 20)};
}

void expect_same_tcp(const TcpHeader& a, const TcpHeader& b) {
    EXPECT_EQ(a.source_port, b.source_port);
    EXPECT_EQ(a.destination_port, b.destination_port);
    EXPECT_EQ(a.seq, b.seq);
    EXPECT_EQ(a.ack, b.ack);
    EXPECT_EQ(a.flags, b.flags);
    EXPECT_EQ(a.window, b.window);
    EXPECT_EQ(a.urgent, b.urgent);
    EXPECT_EQ(a.options, b.options);
    EXPECT_EQ(a.mss, b.mss);
    EXPECT_EQ(a.window_scale, b.window_scale);
    EXPECT_EQ(a.tsval, b.tsval);
    EXPECT_EQ(a.tsecr, b.tsecr);
    EXPECT_EQ(a.payload.length, b.payload.length);
    ASSERT_EQ(a.sack_count, b.sack_count);
    for (std::size_t i = 0; i < a.sack_count; ++i) {
        EXPECT_EQ(a.sack.at(i), b.sack.at(i));
    }
    if ((a.options & (option::kFastOpen | option::kFastOpenExp)) != 0) {
        EXPECT_EQ(a.cookie.length, b.cookie.length);
        EXPECT_EQ(a.cookie.bytes, b.cookie.bytes);
    }
}

void expect_same_icmp(const IcmpHeader& a, const IcmpHeader& b) {
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.code, b.code);
    EXPECT_EQ(a.mtu, b.mtu);
    EXPECT_EQ(a.echo_id, b.echo_id);
    EXPECT_EQ(a.echo_seq, b.echo_seq);
    EXPECT_EQ(a.echo_length, b.echo_length);
    EXPECT_EQ(a.quoted.source, b.quoted.source);
    EXPECT_EQ(a.quoted.destination, b.quoted.destination);
    EXPECT_EQ(a.quoted.ttl, b.quoted.ttl);
    EXPECT_EQ(a.quoted.id, b.quoted.id);
    EXPECT_EQ(a.quoted.total_length, b.quoted.total_length);
    EXPECT_EQ(a.quoted.source_port, b.quoted.source_port);
    EXPECT_EQ(a.quoted.destination_port, b.quoted.destination_port);
    EXPECT_EQ(a.quoted.seq, b.quoted.seq);
}

void expect_same(const Packet& a, const Packet& b) {
    EXPECT_EQ(a.source, b.source);
    EXPECT_EQ(a.destination, b.destination);
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.ttl, b.ttl);
    EXPECT_EQ(a.ecn, b.ecn);
    EXPECT_EQ(a.dscp, b.dscp);
    EXPECT_EQ(a.dont_fragment, b.dont_fragment);
    ASSERT_EQ(a.protocol, b.protocol);
    if (a.protocol == Protocol::kTcp) {
        expect_same_tcp(a.tcp, b.tcp);
    } else if (a.protocol == Protocol::kIcmp) {
        expect_same_icmp(a.icmp, b.icmp);
    } else {
        EXPECT_EQ(a.udp.source_port, b.udp.source_port);
        EXPECT_EQ(a.udp.destination_port, b.udp.destination_port);
        EXPECT_EQ(a.udp.payload.length, b.udp.payload.length);
    }
}

TEST(Codec, RandomPacketsSurviveTheRoundTrip) {
    Rng rng(1, "codec/round-trip");
    for (int i = 0; i < 3000 && !::testing::Test::HasFailure(); ++i) {
        SCOPED_TRACE(i);
        const Packet packet = testing::random_packet(rng);
        const Bytes bytes = encode(packet);
        ASSERT_EQ(bytes.size(), packet.length());
        const auto decoded = decode(bytes);
        ASSERT_TRUE(decoded) << decoded.error().reason << " at " << decoded.error().offset;
        expect_same(packet, decoded->packet);
    }
}

TEST(Codec, SyntheticPayloadIsTheStreamsBytes) {
    Packet packet = syn();
    packet.tcp.payload = PayloadRef{.offset = 1000, .stream = 7, .length = 33};
    const Bytes bytes = encode(packet);
    const auto decoded = decode(bytes);
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->payload.size(), 33U);
    for (std::size_t i = 0; i < 33; ++i) {
        EXPECT_EQ(decoded->payload[i], synthetic_byte(7, 1000 + i));
    }
}

TEST(Codec, RealPayloadComesFromTheStore) {
    ByteStore store;
    const StreamId stream = store.open();
    store.append(stream, "GET / HTTP/1.0\r\n");
    Packet packet = syn();
    packet.tcp.payload = PayloadRef{.offset = 4, .stream = stream, .length = 5};
    const Bytes bytes = encode(packet, &store);
    const auto decoded = decode(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(std::string(decoded->payload.begin(), decoded->payload.end()), "/ HTT");
    const Bytes without = encode(packet, nullptr);
    const auto zeros = decode(without);
    ASSERT_TRUE(zeros);
    EXPECT_EQ(std::count(zeros->payload.begin(), zeros->payload.end(), 0), 5);
}

// Layouts as Linux sends them; see also tests/recordings.
TEST(Codec, OptionsOfALinuxSyn) {
    Packet packet = syn();
    packet.tcp.options =
        option::kMss | option::kSackPermitted | option::kTimestamps | option::kWindowScale;
    packet.tcp.tsval = 1;
    packet.tcp.window_scale = 10;
    EXPECT_EQ(options_of(packet),
              (Bytes{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 10}));
}

TEST(Codec, OptionsWithoutTimestampsPadSackPermitted) {
    Packet packet = syn();
    packet.tcp.options = option::kMss | option::kSackPermitted | option::kWindowScale;
    packet.tcp.window_scale = 7;
    EXPECT_EQ(options_of(packet), (Bytes{2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7}));
}

TEST(Codec, OptionsWithTimestampsButWithoutSackArePaddedInFront) {
    Packet packet = syn();
    packet.tcp.options = option::kMss | option::kTimestamps;
    EXPECT_EQ(options_of(packet), (Bytes{2, 4, 5, 0xb4, 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Codec, FastOpenCookieIsPaddedBehind) {
    Packet packet = syn();
    packet.tcp.options |= option::kFastOpen;
    packet.tcp.cookie = FastOpenCookie{};
    EXPECT_EQ(options_of(packet), (Bytes{2, 4, 5, 0xb4, 34, 2, 1, 1}));
    packet.tcp.cookie.length = 4;
    packet.tcp.cookie.bytes = {0xde, 0xad, 0xbe, 0xef};
    EXPECT_EQ(options_of(packet), (Bytes{2, 4, 5, 0xb4, 34, 6, 0xde, 0xad, 0xbe, 0xef, 1, 1}));
}

TEST(Codec, OptionsOfAnEstablishedSegmentWithSack) {
    Packet packet = syn();
    packet.tcp.flags = flag::kAck;
    packet.tcp.options = option::kTimestamps | option::kSack;
    packet.tcp.sack_count = 1;
    packet.tcp.sack.at(0) = SeqRange{SeqNum(0x10), SeqNum(0x20)};
    EXPECT_EQ(options_of(packet), (Bytes{1, 1, 8, 10, 0, 0, 0, 0,    0, 0, 0, 0,  //
                                         1, 1, 5, 10, 0, 0, 0, 0x10, 0, 0, 0, 0x20}));
}

/// Puts options into a SYN and mends data offset, length and checksums.
Bytes with_options(const Bytes& options) {
    Packet packet = syn();
    packet.tcp.options = 0;
    Bytes bytes = encode(packet);
    bytes.insert(bytes.end(), options.begin(), options.end());
    bytes.at(3) = static_cast<std::uint8_t>(bytes.size());
    bytes.at(32) = static_cast<std::uint8_t>((20 + options.size()) / 4 * 16);
    const auto sum = [&](std::size_t at, std::size_t from, std::size_t to, std::uint32_t start) {
        bytes.at(at) = bytes.at(at + 1) = 0;
        const std::uint16_t c = internet_checksum({bytes.data() + from, to - from}, start);
        bytes.at(at) = static_cast<std::uint8_t>(c >> 8U);
        bytes.at(at + 1) = static_cast<std::uint8_t>(c);
    };
    sum(10, 0, 20, 0);
    const auto tcp_length = static_cast<std::uint32_t>(bytes.size() - 20);
    sum(36, 20, bytes.size(), 0x0a00 + 1 + 0x0a00 + 2 + 6 + tcp_length);
    return bytes;
}

TEST(Codec, UnknownOptionsAreSkipped) {
    const auto decoded = decode(with_options({77, 4, 9, 9, 2, 4, 5, 0xb4}));
    ASSERT_TRUE(decoded) << decoded.error().reason;
    EXPECT_EQ(decoded->packet.tcp.options, option::kMss);
    EXPECT_EQ(decoded->packet.tcp.mss, 1460);
}

TEST(Codec, AnImpossibleOptionLengthEndsTheList) {
    for (const Bytes& options :
         {Bytes{77, 0, 2, 4, 5, 0xb4, 0, 0}, Bytes{77, 1, 2, 4, 5, 0xb4, 0, 0},
          Bytes{77, 99, 2, 4, 5, 0xb4, 0, 0}, Bytes{0, 0, 2, 4, 5, 0xb4, 0, 0},
          Bytes{1, 1, 1, 2}}) {
        const auto decoded = decode(with_options(options));
        ASSERT_TRUE(decoded) << decoded.error().reason;
        EXPECT_EQ(decoded->packet.tcp.options, 0);
    }
}

TEST(Codec, AKnownOptionOfWrongLengthIsIgnored) {
    for (const Bytes& options :
         {Bytes{2, 3, 5, 1}, Bytes{3, 4, 5, 5}, Bytes{4, 4, 0, 0}, Bytes{8, 4, 0, 0},
          Bytes{5, 4, 0, 0}, Bytes{34, 3, 7, 1}, Bytes{254, 4, 0, 0}, Bytes{19, 4, 0, 0}}) {
        const auto decoded = decode(with_options(options));
        ASSERT_TRUE(decoded) << decoded.error().reason;
        EXPECT_EQ(decoded->packet.tcp.options, 0) << unsigned{options.at(0)};
    }
}

TEST(Codec, EveryDamagedOctetIsNoticed) {
    Packet packet = syn();
    packet.tcp.payload = PayloadRef{.offset = 0, .stream = 1, .length = 40};
    for (std::uint32_t i = 1; i <= packet.length(); ++i) {
        packet.corrupted = static_cast<std::uint8_t>(i);
        EXPECT_FALSE(decode(encode(packet))) << "octet " << i;
    }
}

TEST(Codec, DamageIsToldByWhatCoversIt) {
    Packet packet = syn();
    packet.corrupted = 9;  // TTL
    EXPECT_EQ(decode(encode(packet)).error().reason, "bad IPv4 header checksum");
    packet.corrupted = 25;  // sequence number
    EXPECT_EQ(decode(encode(packet)).error().reason, "bad TCP checksum");
}

TEST(Codec, ReasonsNameWhatIsWrong) {
    Bytes bytes = encode(syn());
    EXPECT_EQ(decode({}).error().reason, "truncated IPv4 header");
    EXPECT_EQ(decode(Bytes(40, 0x60)).error().reason, "not IPv4");
    EXPECT_EQ(decode(std::span(bytes).first(30)).error().reason, "truncated IPv4 packet");
    EXPECT_EQ(decode(with_options({})).has_value(), true);
    Packet udp{};
    udp.protocol = Protocol::kUdp;
    udp.udp = UdpHeader{1, 2, PayloadRef{}};
    Bytes no_checksum = encode(udp);
    no_checksum.at(26) = no_checksum.at(27) = 0;  // RFC 768: not computed
    EXPECT_TRUE(decode(no_checksum));
    no_checksum.at(25) = 99;
    EXPECT_EQ(decode(no_checksum).error().reason, "bad UDP length");
}

TEST(Codec, OctetsPastTheTotalLengthAreIgnored) {
    Bytes bytes = encode(syn());
    bytes.resize(bytes.size() + 6, 0xee);
    const auto decoded = decode(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->packet.tcp.payload.length, 0U);
}

TEST(Codec, TruncatedPacketsAreRefusedAtEveryLength) {
    Rng rng(2, "codec/truncated");
    for (int i = 0; i < 200; ++i) {
        const Bytes bytes = encode(testing::random_packet(rng));
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            ASSERT_FALSE(decode(Bytes(bytes.begin(), bytes.begin() + static_cast<int>(n))));
        }
    }
}

TEST(Codec, RandomBytesNeverCrash) {
    Rng rng(3, "codec/random");
    std::size_t accepted = 0;
    for (int i = 0; i < 100000; ++i) {
        Bytes bytes(rng.below(90));
        std::generate(bytes.begin(), bytes.end(), [&] { return testing::any8(rng); });
        if (bytes.size() >= 20) {
            bytes.at(0) = static_cast<std::uint8_t>(0x45 + rng.below(3));
            bytes.at(2) = 0;
            bytes.at(3) = static_cast<std::uint8_t>(bytes.size());
            bytes.at(6) = 0x40;
            bytes.at(7) = 0;
            bytes.at(9) = std::array<std::uint8_t, 3>{1, 6, 17}.at(rng.below(3));
            bytes.at(10) = bytes.at(11) = 0;
            const std::size_t header = std::size_t{bytes.at(0)} % 16 * 4;
            if (header <= bytes.size()) {
                const std::uint16_t sum = internet_checksum({bytes.data(), header});
                bytes.at(10) = static_cast<std::uint8_t>(sum >> 8U);
                bytes.at(11) = static_cast<std::uint8_t>(sum);
            }
        }
        accepted += decode(bytes) ? 1U : 0U;
    }
    EXPECT_LT(accepted, 1000U);
}

TEST(Codec, RandomOptionsNeverCrash) {
    Rng rng(4, "codec/options");
    for (int i = 0; i < 50000; ++i) {
        Bytes options(4 * rng.below(11));
        for (std::uint8_t& octet : options) {
            octet = rng.chance(0.5) ? static_cast<std::uint8_t>(rng.below(12)) : testing::any8(rng);
        }
        const auto decoded = decode(with_options(options));
        ASSERT_TRUE(decoded) << decoded.error().reason;
        ASSERT_LE(decoded->packet.tcp.sack_count, 4);
        const Bytes again = encode(decoded->packet);
        ASSERT_TRUE(decode(again));
    }
}

std::uint32_t little32(const Bytes& in, std::size_t at) {
    return in.at(at) | (std::uint32_t{in.at(at + 1)} << 8U) |
           (std::uint32_t{in.at(at + 2)} << 16U) | (std::uint32_t{in.at(at + 3)} << 24U);
}

/// Decodes a packet of the real kernel and encodes it again: the same bytes.
void expect_identical_again(const Bytes& bytes) {
    const auto decoded = decode(bytes);
    ASSERT_TRUE(decoded) << decoded.error().reason;
    if (decoded->packet.protocol != Protocol::kTcp) {
        return;  // the kernel's ICMP quotes more than the model keeps
    }
    ByteStore store;
    Packet packet = decoded->packet;
    packet.tcp.payload.stream = store.open();
    store.append(packet.tcp.payload.stream,
                 std::string(decoded->payload.begin(), decoded->payload.end()));
    EXPECT_EQ(encode(packet, &store), bytes);
}

TEST(Codec, RecordingsOfLinuxAreReproducedByteForByte) {
    const std::filesystem::path folder =
        std::filesystem::path(NETSIM_SOURCE_DIR) / "tests/recordings";
    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << "no recordings in " << folder;
    }
    std::size_t packets = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".pcap") {
            continue;
        }
        SCOPED_TRACE(entry.path().filename());
        std::ifstream in(entry.path(), std::ios::binary);
        const Bytes file{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        for (std::size_t at = 24; at + 16 <= file.size();) {
            const std::size_t length = little32(file, at + 8);
            const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at + 16);
            expect_identical_again(Bytes(begin, begin + static_cast<std::ptrdiff_t>(length)));
            at += 16 + length;
            ++packets;
        }
    }
    EXPECT_GT(packets, 0U);
}

}  // namespace
}  // namespace netsim::wire
