// TCP_MD5SIG: what is dropped, and which RSTs are sent. RFC 2385; Linux tcp_inbound_hash(),
// tcp_v4_send_reset(). Digests: tests/wire/md5.test.cpp.
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

class Md5Signature : public AtEachIss {};

NETSIM_AT_EACH_ISS(Md5Signature);

TEST_P(Md5Signature, EachReasonToDropHasItsCount) {
    auto t = TcpBench::in_listen(config());
    ASSERT_TRUE(t.stack().set_md5_key(t.listener, {kPeer, 32}, "a shared secret"));
    t.recv(syn());
    EXPECT_EQ(t.dropped(Drop::kMd5NotFound), 1U);
    t.recv(syn().options(wire::option::kMd5));  // its digest is zeros
    EXPECT_EQ(t.dropped(Drop::kMd5Failure), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMD5NotFound), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMD5Failure), 1U);
    EXPECT_TRUE(t.sends_nothing());
    ASSERT_TRUE(t.stack().set_md5_key(t.listener, {kPeer, 32}, ""));
    t.recv(syn());
    EXPECT_EQ(t.syn_queue(), 1U);
}

TEST_P(Md5Signature, AResetThatNobodyCouldCheckIsNotSent) {
    TcpBench t(config());
    t.recv(ack(1).seq(1).options(wire::option::kMd5));
    EXPECT_TRUE(t.sends_nothing());
    t.recv(ack(1).seq(1));
    EXPECT_TRUE(t.sends(rst(1)));
}

}  // namespace
}  // namespace netsim::tcp
