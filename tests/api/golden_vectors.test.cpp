// Two golden vectors that need both ends, as a running Linux 6.18 showed them between two network
// namespaces (facts §14). The others are exchanges: tests/tcp/in_listen, in_syn_received,
// in_syn_sent, syn_cookie; tests/api/flood.
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Veth : public testing::Test {
 protected:
    Veth() { net_.link(client_, server_, {.delay = microseconds(20)}); }

    Socket listener(int backlog) {
        Socket s = *server_.tcp();
        EXPECT_TRUE(s.bind({Ipv4{}, 80}));
        EXPECT_TRUE(s.listen(backlog));
        return s;
    }

    Socket connect_from(std::uint16_t port) {
        Socket s = *client_.tcp();
        EXPECT_TRUE(s.bind({Ipv4{}, port}));
        EXPECT_EQ(s.connect({server_.address(), 80}).error(), Errno::kEINPROGRESS);
        return s;
    }

    void run(Duration by) { net_.run_until(net_.now() + by); }

    Network net_;
    HostRef client_ = net_.host("client");
    HostRef server_ = net_.host("server");
};

std::size_t lines_with(const std::string& text, const std::string& word) {
    std::istringstream in(text);
    std::size_t count = 0;
    for (std::string line; std::getline(in, line);) {
        count += line.find(word) != std::string::npos ? 1U : 0U;
    }
    return count;
}

// Golden vector 8: listen(2), six connects, nobody accepts.
TEST_F(Veth, ThreeWaitInTheAcceptQueueThreeInSynSent) {
    listener(2);
    std::vector<Socket> sockets;
    for (std::uint16_t port = 5000; port < 5006; ++port) {
        sockets.push_back(connect_from(port));
        run(milliseconds(1));
    }
    EXPECT_EQ(server_.accept_queue(80), 3U);
    EXPECT_EQ(lines_with(server_.ss("-tan"), "ESTAB"), 3U);
    EXPECT_EQ(lines_with(client_.ss("-tan"), "ESTAB"), 3U);
    EXPECT_EQ(lines_with(client_.ss("-tan"), "SYN-SENT"), 3U);
    std::istringstream row(server_.ss("-ltnH"));
    std::string state;
    int receive_queue = 0;
    int send_queue = 0;
    row >> state >> receive_queue >> send_queue;
    EXPECT_EQ(state, "LISTEN");
    EXPECT_EQ(receive_queue, 3);
    EXPECT_EQ(send_queue, 2);
    for (std::uint64_t syns = 3; syns <= 9; syns += 3) {  // again at 1 and 2 s
        EXPECT_EQ(server_.counter("TcpExtListenOverflows"), syns);
        EXPECT_EQ(server_.counter("TcpExtListenDrops"), syns);
        run(seconds(1));
    }
}

// Golden vector 11: the server never closes; a minute later the client's port is used again.
TEST_F(Veth, ASynIntoCloseWaitMakesANewConnectionAfterAll) {
    Socket listening = listener(5);
    Socket first = connect_from(5000);
    run(milliseconds(10));
    ASSERT_TRUE(listening.accept());  // and its descriptor is forgotten
    ASSERT_TRUE(first.close());
    run(seconds(61));  // FIN-WAIT-2 is over, CLOSE-WAIT never is
    EXPECT_EQ(lines_with(server_.ss("-tan"), "CLOSE-WAIT"), 1U);
    EXPECT_EQ(lines_with(client_.ss("-tan"), "FIN-WAIT-2"), 0U);

    std::ostringstream trace;
    net_.trace(trace);
    const std::uint64_t resets = client_.counter("TcpOutRsts");
    Socket second = connect_from(5000);
    run(milliseconds(9));
    EXPECT_EQ(second.poll() & poll::kOut, poll::kOut);
    EXPECT_EQ(server_.counter("TcpExtTCPChallengeACK"), 1U);
    EXPECT_EQ(server_.counter("TcpExtTCPSYNChallenge"), 1U);
    EXPECT_EQ(server_.counter("TcpEstabResets"), 1U);
    EXPECT_EQ(client_.counter("TcpOutRsts"), resets + 1);
    EXPECT_EQ(client_.counter("TcpExtTCPSynRetrans"), 1U);
    EXPECT_TRUE(listening.accept());

    std::vector<std::string> flags;
    std::istringstream in(trace.str());
    for (std::string line; std::getline(in, line);) {
        const std::size_t at = line.find("Flags [");
        if (at != std::string::npos && line.find(" Out ") != std::string::npos) {
            flags.push_back(line.substr(at + 7, line.find(']', at) - at - 7));
        }
    }
    EXPECT_EQ(flags, (std::vector<std::string>{"S", ".", "R", "S", "S.", "."})) << trace.str();
}

}  // namespace
}  // namespace netsim
