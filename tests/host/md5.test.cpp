// TCP_MD5SIG between two hosts (RFC 2385): both must have the same key.
#include "host/host_bench.hpp"

namespace netsim::host {
namespace {

using namespace std::chrono_literals;
using tcp::Mib;

struct SignedBench : HostBench {
    using HostBench::HostBench;

    /// The server's key for the client's net, the client's for the server; "": none.
    void open(std::string_view server_key, std::string_view client_key) {
        listener = listen(179);
        connecting = *client.socket();
        if (!server_key.empty()) {
            EXPECT_TRUE(server.set_md5_key(listener, *parse_prefix("10.0.0.0/24"), server_key));
        }
        if (!client_key.empty()) {
            EXPECT_TRUE(client.set_md5_key(connecting, {kServer, 32}, client_key));
        }
        EXPECT_EQ(client.connect(connecting, {kServer, 179}).error(), Errno::kEINPROGRESS);
        run(2s);
    }

    bool connected() { return (client.poll(connecting) & poll::kOut) != 0; }

    SocketId listener;
    SocketId connecting;
};

TEST(Md5Signature, SignedBytesArriveOverALossyPath) {
    SignedBench b({.delay = 5ms, .loss = 0.02}, {.delay = 5ms, .jitter = 2ms, .reorder = 0.05});
    b.open("a shared secret", "a shared secret");
    b.run(20s);
    ASSERT_TRUE(b.connected());
    const SocketId s = *b.server.accept(b.listener);
    std::string what;
    for (int i = 0; what.size() < 100000; ++i) {
        what += std::to_string(i) + " ";
    }
    std::string got;
    std::size_t sent = 0;
    for (int i = 0; i < 6000 && got.size() < what.size(); ++i) {
        sent += b.client.send(b.connecting, std::string_view(what).substr(sent)).value_or(0);
        b.run(10ms);
        got += b.server.receive(s, 1U << 20U).value_or("");
    }
    EXPECT_EQ(got, what);
    EXPECT_EQ(b.count(b.server, Mib::kTcpExtTCPMD5Failure), 0U);
    EXPECT_EQ(b.count(b.server, Mib::kTcpExtTCPMD5NotFound), 0U);
    // To the last ACK of TIME-WAIT all is signed.
    EXPECT_TRUE(b.client.close(b.connecting));
    b.run(1s);
    EXPECT_TRUE(b.server.close(s));
    b.run(5s);
    EXPECT_EQ(b.count(b.server, Mib::kTcpExtTCPMD5NotFound), 0U);
}

TEST(Md5Signature, AnotherKeyIsNoKey) {
    SignedBench b;
    b.open("a shared secret", "another secret");
    EXPECT_FALSE(b.connected());
    EXPECT_GE(b.count(b.server, Mib::kTcpExtTCPMD5Failure), 2U);  // each SYN
    EXPECT_EQ(b.count(b.server, Mib::kTcpOutSegs), 0U);           // in silence
}

TEST(Md5Signature, WhoDoesNotSignIsNotHeard) {
    SignedBench b;
    b.open("a shared secret", "");
    EXPECT_FALSE(b.connected());
    EXPECT_GE(b.count(b.server, Mib::kTcpExtTCPMD5NotFound), 2U);
    EXPECT_EQ(b.count(b.server, Mib::kTcpOutSegs), 0U);
}

TEST(Md5Signature, WhoSignsUnaskedIsNotHeardEither) {
    SignedBench b;
    b.open("", "a shared secret");
    EXPECT_FALSE(b.connected());
    EXPECT_GE(b.count(b.server, Mib::kTcpExtTCPMD5Unexpected), 2U);
}

TEST(Md5Signature, KeysAreSetReplacedAndRemoved) {
    HostBench b;
    const SocketId s = *b.server.socket();
    const Prefix peer{HostBench::kClient, 32};
    EXPECT_EQ(b.server.set_md5_key(s, peer, "").error(), Errno::kENOENT);
    EXPECT_EQ(b.server.set_md5_key(s, peer, std::string(81, 'x')).error(), Errno::kEINVAL);
    EXPECT_EQ(b.server.set_md5_key(s, {HostBench::kClient, 33}, "x").error(), Errno::kEINVAL);
    EXPECT_TRUE(b.server.set_md5_key(s, peer, std::string(80, 'x')));
    EXPECT_TRUE(b.server.set_md5_key(s, peer, "shorter"));
    EXPECT_TRUE(b.server.set_md5_key(s, peer, ""));
    EXPECT_EQ(b.server.set_md5_key(s, peer, "").error(), Errno::kENOENT);
}

}  // namespace
}  // namespace netsim::host
