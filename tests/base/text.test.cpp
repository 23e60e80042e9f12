// Names: nearest ones, addresses, errno and drop reasons.
#include "base/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "base/check.hpp"
#include "base/ring.hpp"
#include "netsim/address.hpp"
#include "netsim/link.hpp"
#include "netsim/result.hpp"
#include "netsim/rng.hpp"

namespace netsim {
namespace {

constexpr std::array<std::string_view, 5> kNames{"delay", "rate", "loss", "limit",
                                                 "net.ipv4.tcp_syncookies"};

TEST(Text, NearestName) {
    EXPECT_EQ(nearest_name("dealy", kNames), "delay");  // a swap counts once
    EXPECT_EQ(nearest_name("Rate", kNames), "rate");
    EXPECT_EQ(nearest_name("los", kNames), "loss");
    EXPECT_EQ(nearest_name("net.ipv4.tcp_syn_cookies", kNames), "net.ipv4.tcp_syncookies");
    EXPECT_EQ(nearest_name("bandwidth", kNames), "");
    EXPECT_EQ(nearest_name("", kNames), "");
    EXPECT_EQ(nearest_name(std::string(100'000, 'x'), kNames), "");
}

TEST(Text, DidYouMean) {
    EXPECT_EQ(did_you_mean("limti", kNames), ", did you mean \"limit\"?");
    EXPECT_EQ(did_you_mean("colour", kNames), "");
    EXPECT_EQ(join(std::span(kNames).first(3)), "delay, rate, loss");
}

TEST(Address, RoundTrip) {
    for (const char* const text : {"0.0.0.0", "10.0.0.1", "255.255.255.255", "198.18.0.0"}) {
        const auto address = parse_ipv4(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_string(*address), text);
    }
    EXPECT_EQ(parse_ipv4("10.1.2.3"), ipv4(10, 1, 2, 3));
}

TEST(Address, Malformed) {
    for (const char* const text :
         {"", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.04", "1.2.3.", " 1.2.3.4", "1.2.3.4 ",
          "1.-2.3.4", "+1.2.3.4", "a.b.c.d", "1.2.3.99999999999"}) {
        EXPECT_FALSE(parse_ipv4(text)) << text;
    }
}

TEST(Address, Prefixes) {
    const auto prefix = parse_prefix("198.18.0.0/15");
    ASSERT_TRUE(prefix);
    EXPECT_TRUE(prefix->contains(ipv4(198, 19, 255, 255)));
    EXPECT_FALSE(prefix->contains(ipv4(198, 20, 0, 0)));
    EXPECT_EQ(prefix->size(), 131'072U);
    EXPECT_EQ(to_string(*prefix), "198.18.0.0/15");
    EXPECT_EQ(parse_prefix("10.0.0.1"), (Prefix{ipv4(10, 0, 0, 1), 32}));
    EXPECT_TRUE(parse_prefix("0.0.0.0/0")->contains(ipv4(1, 2, 3, 4)));
    for (const char* const text : {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "/8"}) {
        EXPECT_FALSE(parse_prefix(text)) << text;
    }
    EXPECT_EQ(to_string(Endpoint{ipv4(10, 0, 0, 1), 80}), "10.0.0.1:80");
}

TEST(Errno, NumbersAndTextsAreLinuxs) {
    EXPECT_EQ(static_cast<int>(Errno::kECONNREFUSED), ECONNREFUSED);
    EXPECT_EQ(errno_name(Errno::kECONNREFUSED), "ECONNREFUSED");
    for (int number = 1; number < 134; ++number) {
        const auto value = static_cast<Errno>(number);
        if (errno_name(value) != "E?") {
            EXPECT_EQ(errno_text(value), std::strerror(number));
        }
    }
}

TEST(DropReason, EachHasItsWords) {
    std::set<std::string_view> words;
    for (int i = 0; i < static_cast<int>(DropReason::kCount); ++i) {
        words.insert(to_string(static_cast<DropReason>(i)));
    }
    EXPECT_EQ(words.size(), static_cast<std::size_t>(DropReason::kCount));
    EXPECT_EQ(to_string(DropReason::kQueueFull), "queue full");
    EXPECT_EQ(to_string(DropReason::kCorrupted), "corrupted");
    EXPECT_EQ(to_string(DropReason::kCpuBacklog), "CPU backlog full");
    EXPECT_EQ(to_string(DropReason::kHostOff), "host is off");
    EXPECT_EQ(to_string(DropReason::kSocketBuffer), "socket buffer full");
}

TEST(CheckDeathTest, SaysWhatWhereAndWhen) {
    check_context() = CheckContext{77, 1'500, 9, true};
    EXPECT_DEATH(CHECK(1 + 1 == 3),
                 "1 \\+ 1 == 3 at .*text.test.cpp.*\n.*seed 77.*1500 ns, event 9");
    check_context() = CheckContext{};
}

TEST(Ring, AgreesWithAVector) {
    Rng rng(1, "ring");
    Ring<int> ring;
    std::vector<int> expected;
    for (int i = 0; i < 20'000; ++i) {
        if (!expected.empty() && rng.chance(0.48)) {
            EXPECT_EQ(ring.pop_front(), expected.front());
            expected.erase(expected.begin());
        } else {
            const std::size_t place = rng.below(expected.size() + 1);
            ring.insert(place, i);
            expected.insert(expected.begin() + static_cast<std::ptrdiff_t>(place), i);
        }
        ASSERT_EQ(ring.size(), expected.size());
        if (!expected.empty()) {
            const std::size_t probe = rng.below(expected.size());
            ASSERT_EQ(ring[probe], expected[probe]);
        }
    }
}

}  // namespace
}  // namespace netsim
