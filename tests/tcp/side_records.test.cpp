// What an idle connection costs: no records beside itself (decision 11).
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

TEST(SideRecords, AHandshakeMakesNoneAtEitherEnd) {
    TcpBench passive = TcpBench::in_established();
    EXPECT_EQ(passive.stack().holdings().connections, 1U);
    EXPECT_EQ(passive.stack().holdings().side_records, 0U);
    TcpBench active = TcpBench::in_established_active();
    EXPECT_EQ(active.stack().holdings().side_records, 0U);
}

TEST(SideRecords, TheFirstDataMakesThemAndTheEndGivesThemBack) {
    TcpBench bench = TcpBench::in_established();
    ASSERT_EQ(bench.send(100), 100U);
    const Stack::Holdings held = bench.stack().holdings();
    EXPECT_GT(held.side_records, 0U);
    EXPECT_GT(held.side_bytes, 0U);
    bench.recv(rst(1));
    bench.close();
    EXPECT_EQ(bench.stack().holdings().connections, 0U);
    EXPECT_EQ(bench.stack().holdings().side_records, 0U);
}

}  // namespace
}  // namespace netsim::tcp
