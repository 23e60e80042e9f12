// RFC 2385 §2.0 against digests that Python's hashlib gives for the same octets.
#include "wire/md5.hpp"

#include <gtest/gtest.h>

#include <string>

#include "wire/codec.hpp"

namespace netsim::wire {
namespace {

Packet segment() {
    Packet p{};
    p.source = ipv4(10, 0, 0, 1);
    p.destination = ipv4(10, 0, 0, 2);
    p.tcp.source_port = 179;
    p.tcp.destination_port = 40000;
    p.tcp.seq = SeqNum(0x01020304);
    p.tcp.ack = SeqNum(0x05060708);
    p.tcp.flags = flag::kAck;
    p.tcp.window = 1000;
    p.tcp.options = option::kMd5;
    return p;
}

std::string digest(const Packet& p, const ByteStore* store, std::string_view key) {
    std::string text;
    for (const std::uint8_t octet : tcp_md5_digest(p, store, key)) {
        text += "0123456789abcdef"[octet / 16];
        text += "0123456789abcdef"[octet % 16];
    }
    return text;
}

TEST(Md5, OfABareAck) {
    EXPECT_EQ(digest(segment(), nullptr, "secret"), "fee2f89c763af3099ea43dea2fed60b0");
}

TEST(Md5, LengthsCountTheOptionsThatTheDigestDoesNotCover) {
    Packet p = segment();
    p.tcp.flags = flag::kSyn;
    p.tcp.ack = SeqNum(0);
    p.tcp.options |= option::kMss | option::kSackPermitted | option::kWindowScale;
    p.tcp.mss = 1460;
    EXPECT_EQ(digest(p, nullptr, "secret"), "a52044fa7ca6df49ca3fbd1ee7faed27");
    p.tcp.mss = 536;
    EXPECT_EQ(digest(p, nullptr, "secret"), "a52044fa7ca6df49ca3fbd1ee7faed27");
}

TEST(Md5, CoversThePayload) {
    Packet p = segment();
    p.tcp.flags = flag::kPsh | flag::kAck;
    p.tcp.options |= option::kTimestamps;
    p.tcp.payload = {0, 0, 5};  // five zeros
    EXPECT_EQ(digest(p, nullptr, "another key"), "9b31acaedb11329a18bfc35bf4322c57");
    p.tcp.options = option::kMd5;
    ByteStore store;
    const StreamId stream = store.open();
    store.append(stream, "hello");
    p.tcp.payload = {0, stream, 5};
    EXPECT_EQ(digest(p, &store, "secret"), "d71ddb3a6abcc80630414c4e5873cd4f");
}

TEST(Md5, TheDigestTravelsWithWhatStandsBesideIt) {
    Packet p = segment();
    p.tcp.options |= option::kSack;
    p.tcp.sack_count = 2;
    p.tcp.sack[0] = {SeqNum(1), SeqNum(2)};
    p.tcp.sack[1] = {SeqNum(0x33445566), SeqNum(0x778899aa)};
    p.tcp.digest.bytes = tcp_md5_digest(p, nullptr, "secret");
    const auto decoded = decode(encode(p));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->packet.tcp.digest.bytes, p.tcp.digest.bytes);
    EXPECT_EQ(decoded->packet.tcp.sack[1], p.tcp.sack[1]);
    Packet syn = segment();
    syn.tcp.flags = flag::kSyn;
    syn.tcp.options |= option::kFastOpen | option::kMss;
    syn.tcp.cookie = FastOpenCookie{.length = 6, .bytes = {1, 2, 3, 4, 5, 6}};
    syn.tcp.digest.bytes = tcp_md5_digest(syn, nullptr, "secret");
    const auto again = decode(encode(syn));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->packet.tcp.digest.bytes, syn.tcp.digest.bytes);
    EXPECT_EQ(again->packet.tcp.cookie.length, 6);
    EXPECT_EQ(again->packet.tcp.cookie.bytes[5], 6);
}

}  // namespace
}  // namespace netsim::wire
