// Quantities with units: what is read, what is refused and how, and that printing reads back.
#include "base/units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "netsim/result.hpp"
#include "netsim/rng.hpp"

namespace netsim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& call) {
    try {
        call();
    } catch (const InputError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Units, Durations) {
    EXPECT_EQ(parse_duration("10ms"), milliseconds(10));
    EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
    EXPECT_EQ(parse_duration("200us"), microseconds(200));
    EXPECT_EQ(parse_duration("5ns"), Duration(5));
    EXPECT_EQ(parse_duration("2min"), minutes(2));
    EXPECT_EQ(parse_duration("1h"), minutes(60));
    EXPECT_EQ(parse_duration("0"), Duration(0));
    EXPECT_EQ(parse_duration("-3MS"), milliseconds(-3));
    EXPECT_EQ(parse_duration(" 0.1 s "), milliseconds(100));
}

TEST(Units, Rates) {
    EXPECT_EQ(parse_rate("1gbit"), 1'000'000'000U);
    EXPECT_EQ(parse_rate("100mbit"), 100'000'000U);
    EXPECT_EQ(parse_rate("64kbit"), 64'000U);
    EXPECT_EQ(parse_rate("1.544mbit"), 1'544'000U);
    EXPECT_EQ(parse_rate("2mibit"), 2U * 1024 * 1024);
    EXPECT_EQ(parse_rate("125kbps"), 1'000'000U);  // tc: bps are octets per second
    EXPECT_EQ(parse_rate("9600"), 9600U);
}

TEST(Units, Frequencies) {
    EXPECT_DOUBLE_EQ(parse_frequency("20kpps"), 20'000);
    EXPECT_DOUBLE_EQ(parse_frequency("100/s"), 100);
    EXPECT_DOUBLE_EQ(parse_frequency("5pps"), 5);
    EXPECT_DOUBLE_EQ(parse_frequency("1.5mpps"), 1.5e6);
    EXPECT_EQ(parse_frequency("60/min"), 1);
    EXPECT_EQ(parse_frequency("3600/h"), 1);
}

TEST(Units, SizesArePowersOf1024AsInTc) {
    EXPECT_EQ(parse_bytes("10b"), 10U);
    EXPECT_EQ(parse_bytes("64kb"), 65'536U);
    EXPECT_EQ(parse_bytes("1kib"), 1'024U);
    EXPECT_EQ(parse_bytes("1mb"), 1'048'576U);
    EXPECT_EQ(parse_bytes("1500"), 1'500U);
    EXPECT_EQ(parse_bytes("8kbit"), 1'000U);
}

TEST(Units, PacketsAndProbabilities) {
    EXPECT_EQ(parse_packets("1000p"), 1000U);
    EXPECT_EQ(parse_packets("7"), 7U);
    EXPECT_TRUE(counts_packets("1000p"));
    EXPECT_FALSE(counts_packets("64kb"));
    EXPECT_DOUBLE_EQ(parse_probability("50%"), 0.5);
    EXPECT_DOUBLE_EQ(parse_probability("0.01"), 0.01);
    EXPECT_EQ(parse_probability("100%"), 1);
    EXPECT_EQ(parse_probability("0"), 0);
}

TEST(Units, RefusalsNameTheValueAndWhatIsAllowed) {
    EXPECT_THAT(refusal([] { parse_duration("10"); }),
                AllOf(HasSubstr("\"10\""), HasSubstr("unit is missing"), HasSubstr("ns, us, ms")));
    EXPECT_THAT(refusal([] { parse_duration("10msec"); }), HasSubstr("unknown unit \"msec\""));
    EXPECT_THAT(refusal([] { parse_duration("fast"); }), HasSubstr("e.g. \"10ms\""));
    EXPECT_THAT(refusal([] { parse_duration(""); }), HasSubstr("expected a number"));
    EXPECT_THAT(refusal([] { parse_duration("1e30s"); }), HasSubstr("too large"));
    EXPECT_THAT(refusal([] { parse_rate("10gbits"); }), HasSubstr("did you mean \"gbit\"?"));
    EXPECT_THAT(refusal([] { parse_rate("-1mbit"); }), HasSubstr("must not be negative"));
    EXPECT_THAT(refusal([] { parse_frequency("20"); }), HasSubstr("pps"));
    EXPECT_THAT(refusal([] { parse_frequency("-1pps"); }), HasSubstr("negative"));
    EXPECT_THAT(refusal([] { parse_bytes("64qb"); }), HasSubstr("unknown unit \"qb\""));
    EXPECT_THAT(refusal([] { parse_packets("1.5p"); }), HasSubstr("whole number"));
    EXPECT_THAT(refusal([] { parse_packets("5000000000p"); }), HasSubstr("too large"));
    EXPECT_THAT(refusal([] { parse_probability("101%"); }), HasSubstr("between 0 and 1"));
    EXPECT_THAT(refusal([] { parse_probability("-0.1"); }), HasSubstr("between 0 and 1"));
    EXPECT_THAT(refusal([] { parse_number("0x10"); }), HasSubstr("decimal number"));
    for (const char* const odd : {"inf", "nan", "0x1p3", "--1", "1..2ms", ".", "-"}) {
        EXPECT_THROW(parse_duration(odd), InputError) << odd;
        EXPECT_THROW(parse_number(odd), InputError) << odd;
    }
}

TEST(Units, Printing) {
    EXPECT_EQ(format_duration(milliseconds(10)), "10ms");
    EXPECT_EQ(format_duration(milliseconds(1500)), "1.5s");
    EXPECT_EQ(format_duration(Duration(0)), "0ns");
    EXPECT_EQ(format_duration(Duration(-1)), "-1ns");
    EXPECT_EQ(format_duration(seconds(120)), "120s");
    EXPECT_EQ(format_rate(1'000'000'000), "1gbit");
    EXPECT_EQ(format_rate(1'544'000), "1.544mbit");
    EXPECT_EQ(format_rate(1), "1bit");
    EXPECT_EQ(format_bytes(65'536), "64kb");
    EXPECT_EQ(format_bytes(1'500), "1500b");
    EXPECT_EQ(format_number(0.1), "0.1");
}

TEST(Units, NumbersForPeopleAreRounded) {
    const auto text = [](double value) { return format_number(rounded_for_people(value)); };
    EXPECT_EQ(text(20.008000000000003), "20.008");
    EXPECT_EQ(text(0.19999999999999998), "0.2");
    EXPECT_EQ(text(2.0000000000000004), "2");
    EXPECT_EQ(text(-0.0015723270440251573), "-0.00157233");
    EXPECT_EQ(text(204800), "204800");
    EXPECT_EQ(text(4294967295), "4294967295");
    EXPECT_EQ(text(12345678.9), "12345679");
    EXPECT_EQ(text(999999.4), "999999");
    EXPECT_EQ(text(0), "0");
    EXPECT_TRUE(std::isnan(rounded_for_people(std::nan(""))));
    EXPECT_EQ(rounded_for_people(1e300), 1e300);
}

TEST(Units, WhatIsPrintedReadsBack) {
    Rng rng(1, "units");
    for (int i = 0; i < 20'000; ++i) {
        const std::int64_t bound = std::int64_t{1} << rng.between(1, 52);
        const Duration duration(rng.between(-bound, bound));
        EXPECT_EQ(parse_duration(format_duration(duration)), duration);
        const std::uint64_t whole = rng.below(static_cast<std::uint64_t>(bound));
        EXPECT_EQ(parse_rate(format_rate(whole)), whole);
        EXPECT_EQ(parse_bytes(format_bytes(whole)), whole);
    }
}

}  // namespace
}  // namespace netsim
