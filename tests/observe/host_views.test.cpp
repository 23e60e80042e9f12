// ss and nstat of a real host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/host.hpp"
#include "observe/views.hpp"

namespace netsim::observe {
namespace {

TEST(HostViews, AListenerAndNoCounters) {
    sim::Simulation sim(1);
    wire::PacketPool packets;
    wire::ByteStore bytes;
    net::Fabric fabric{sim, packets};
    host::Host web(fabric, bytes, {.name = "web", .address = ipv4(10, 0, 0, 2), .sysctl = {}});
    const auto s = web.socket();
    ASSERT_TRUE(s);
    ASSERT_TRUE(web.bind(*s, Endpoint{Ipv4{}, 80}));
    ASSERT_TRUE(web.listen(*s, 128));
    EXPECT_EQ(ss_text(web, "-ltnH"), "LISTEN 0      128    0.0.0.0:80 0.0.0.0:*\n");
    EXPECT_EQ(ss_text(web, "-tnH"), "");
    EXPECT_EQ(nstat_text(web, ""), "#kernel\n");
}

}  // namespace
}  // namespace netsim::observe
