// /proc/net/softnet_stat, column by column.
#include <gtest/gtest.h>

#include "observe/views.hpp"

namespace netsim::observe {
namespace {

using namespace std::chrono_literals;

CpuStats two_cores() {
    CpuStats cpu;
    cpu.cores.resize(2);
    cpu.cores[1] = {.processed = 0xdde,
                    .dropped = 17,
                    .time_squeeze = 3,
                    .input_queue = 5,
                    .process_queue = 10,
                    .backlog_peak = 99,
                    .softirq = 1500ms,
                    .process = 250us};
    return cpu;
}

TEST(SoftnetStatTest, AsTheKernelPrintsIt) {
    EXPECT_EQ(softnet_stat_text(two_cores(), false),
              "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
              "00000000 00000000 00000000 00000000 00000000 00000000\n"
              "00000dde 00000011 00000003 00000000 00000000 00000000 00000000 00000000 00000000 "
              "00000000 00000000 0000000f 00000001 00000005 0000000a\n");
    EXPECT_EQ(softnet_stat_text({}, false), "");
    EXPECT_EQ(softnet_stat_text({}, true), "");
}

TEST(SoftnetStatTest, ForReading) {
    EXPECT_EQ(softnet_stat_text(two_cores(), true),
              "cpu  processed  dropped  time_squeeze  backlog  peak  softirq (s)  process (s)\n"
              "------------------------------------------------------------------------------\n"
              "  0          0        0             0        0     0     0.000000     0.000000\n"
              "  1       3550       17             3       15    99     1.500000     0.000250\n");
}

}  // namespace
}  // namespace netsim::observe
