// Closed forms against values known from tables.
#include "model/queueing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "model/statistics.hpp"

namespace netsim::model {
namespace {

TEST(ErlangB, KnownValues) {
    EXPECT_DOUBLE_EQ(erlang_b(1, 1.0), 0.5);
    EXPECT_DOUBLE_EQ(erlang_b(2, 1.0), 0.2);
    // Erlang B tables: 10 servers lose 1 % at 4.461 E, 100 servers 1 % at 84.06 E.
    EXPECT_NEAR(erlang_b(10, 4.461), 0.01, 1e-5);
    EXPECT_NEAR(erlang_b(100, 84.06), 0.01, 1e-5);
}

TEST(ErlangB, Edges) {
    EXPECT_EQ(erlang_b(0, 3.0), 1.0);
    EXPECT_EQ(erlang_b(0, 0.0), 1.0);
    EXPECT_EQ(erlang_b(5, 0.0), 0.0);
    EXPECT_EQ(erlang_b(100000, 1.0), 0.0) << "underflows to nothing, not to NaN";
    EXPECT_NEAR(erlang_b(129, 1e7), 1.0, 1e-4);
}

TEST(Waiting, PollaczekKhinchine) {
    EXPECT_DOUBLE_EQ(mm1_wait(0.5, 1.0), 1.0);
    EXPECT_DOUBLE_EQ(md1_wait(0.5, 1.0), 0.5);
    EXPECT_DOUBLE_EQ(md1_wait(900, 1000), 0.0045);
    EXPECT_TRUE(std::isinf(mm1_wait(1.0, 1.0)));
}

TEST(Intervals, Binomial) {
    // Wilson 99 % for 5 of 10: centre 0.5, half width z/(1+z2/n) sqrt(1/40 + z2/400).
    const Interval i = binomial_interval(5, 10);
    EXPECT_NEAR(i.low, 0.1842, 1e-3);
    EXPECT_NEAR(i.high, 0.8158, 1e-3);
    EXPECT_EQ(binomial_interval(0, 100).low, 0.0);
    EXPECT_GT(binomial_interval(0, 100).high, 0.0);
}

TEST(Intervals, MeanWithStudentT) {
    const Interval i = mean_interval(std::vector<double>{1, 2, 3, 4, 5});
    const double half = 4.604 * std::sqrt(2.5 / 5);
    EXPECT_NEAR(i.low, 3 - half, 1e-9);
    EXPECT_NEAR(i.high, 3 + half, 1e-9);
    EXPECT_NEAR(student_t99(31), 2.744, 1e-3);
    EXPECT_NEAR(student_t99(100), 2.626, 1e-3);
    EXPECT_NEAR(student_t99(1000000), kZ99, 1e-4);
}

}  // namespace
}  // namespace netsim::model
