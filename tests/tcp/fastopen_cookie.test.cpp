// Fast Open's cookies against vectors of the kernel, and the forms its keys are written in.
#include "tcp/fastopen_cookie.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace netsim::tcp {
namespace {

constexpr Ipv4 kClient = ipv4(192, 0, 2, 1);
constexpr Ipv4 kServer = ipv4(192, 168, 0, 1);

std::string hex(const wire::FastOpenCookie& cookie) {
    std::string out;
    for (std::size_t i = 0; i < cookie.length; ++i) {
        out += fmt::format("{:02x}", cookie.bytes.at(i));
    }
    return out;
}

// RFC 7413 §4.1.2; Linux __tcp_fastopen_cookie_gen_cipher().
TEST(FastOpenCookie, IsTheKernels) {
    const auto keys = parse_fastopen_keys("a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4");
    ASSERT_TRUE(keys);
    EXPECT_EQ(hex(make_fastopen_cookie(keys->key[0], kClient, kServer)), "3021b9d889017eeb");
    EXPECT_EQ(hex(make_fastopen_cookie({}, kClient, kServer)), "b7c12350a90dc8f5");
    EXPECT_NE(hex(make_fastopen_cookie({}, kServer, kClient)), "b7c12350a90dc8f5");
}

TEST(FastOpenCookie, MatchesUnderEitherKey) {
    const auto old = parse_fastopen_keys("1-2-3-4");
    const auto both = parse_fastopen_keys("5-6-7-8,1-2-3-4");
    ASSERT_TRUE(old && both);
    const auto fresh = make_fastopen_cookie(both->key[0], kClient, kServer);
    const auto earlier = make_fastopen_cookie(old->key[0], kClient, kServer);
    EXPECT_EQ(match_fastopen_cookie(*both, kClient, kServer, fresh), CookieMatch::kPrimary);
    EXPECT_EQ(match_fastopen_cookie(*both, kClient, kServer, earlier), CookieMatch::kBackup);
    EXPECT_EQ(match_fastopen_cookie(*old, kClient, kServer, fresh), CookieMatch::kNone);
    wire::FastOpenCookie shorter = fresh;
    shorter.length = 6;
    EXPECT_EQ(match_fastopen_cookie(*both, kClient, kServer, shorter), CookieMatch::kNone);
    EXPECT_EQ(match_fastopen_cookie({}, kClient, kServer, fresh), CookieMatch::kNone);
}

// Linux proc_tcp_fastopen_key(): groups of hex digits, printed with eight.
TEST(FastOpenCookie, KeysAsTheSysctlWritesThem) {
    EXPECT_EQ(to_text(*parse_fastopen_keys("1-2-3-a0")), "00000001-00000002-00000003-000000a0");
    EXPECT_EQ(to_text(*parse_fastopen_keys("1-2-3-4,5-6-7-8")),
              "00000001-00000002-00000003-00000004,00000005-00000006-00000007-00000008");
    EXPECT_EQ(to_text({}), "00000000-00000000-00000000-00000000");
    for (const char* wrong : {"", "1-2-3", "1-2-3-4-5", "1-2-3-g", "123456789-2-3-4", "1-2-3-4,",
                              "1-2-3-4,5-6-7", "-1-2-3-4"}) {
        EXPECT_FALSE(parse_fastopen_keys(wrong)) << wrong;
    }
}

// tcp(7) TCP_FASTOPEN_KEY: the same key as octets, least significant first.
TEST(FastOpenCookie, KeysAsTheSocketOptionWritesThem) {
    const auto keys = parse_fastopen_keys("a0bf63f7-ed803d81-cd641d30-cebc4a90");
    const std::vector<std::uint8_t> octets{0xf7, 0x63, 0xbf, 0xa0, 0x81, 0x3d, 0x80, 0xed,
                                           0x30, 0x1d, 0x64, 0xcd, 0x90, 0x4a, 0xbc, 0xce};
    EXPECT_EQ(octets_of(*keys), octets);
    const auto back = fastopen_keys_from(octets);
    ASSERT_TRUE(back);
    EXPECT_EQ(to_text(*back), to_text(*keys));
    EXPECT_FALSE(fastopen_keys_from(std::vector<std::uint8_t>(17)));
    EXPECT_EQ(fastopen_keys_from(std::vector<std::uint8_t>(32))->count, 2);
}

}  // namespace
}  // namespace netsim::tcp
