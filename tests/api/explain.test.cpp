// Connections in words: every state is reached by an exchange, and its sentences go when it goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

/// web and user, 10 ms apart; the listener takes `backlog`.
class Words : public testing::Test {
 protected:
    Words() {
        listener_ = *web_.tcp();
        EXPECT_TRUE(listener_.bind({Ipv4{}, 80}));
        EXPECT_TRUE(listener_.listen(1));
    }

    void run(Duration by) { net_.run_until(net_.now() + by); }

    Socket connect() {
        Socket socket = *user_.tcp();
        static_cast<void>(socket.connect({web_.address(), 80}));
        port_ = socket.local()->port;
        return socket;
    }

    /// Both ends of an open connection, at 0.1 s.
    void open() {
        client_ = connect();
        run(milliseconds(100));
        server_ = *listener_.accept();
    }

    void lose(int direction, double share) {
        link_.set_options(direction, {.delay = milliseconds(10), .loss = share});
    }

    /// What there is to say of the port's connections (not of its listener).
    std::string web() const { return without_listener(web_.explain(":80")); }

    std::string user() const { return net_.explain("user:" + std::to_string(port_)); }

    static std::string without_listener(const std::string& text) {
        const std::size_t end = text.find("\n\n");
        return end == std::string::npos ? std::string() : text.substr(end + 2);
    }

    Network net_;
    HostRef web_ = net_.host("web");
    HostRef user_ = net_.host("user");
    LinkRef link_ = net_.link(web_, user_, {.delay = milliseconds(10)});
    Socket listener_;
    Socket client_;
    Socket server_;
    std::uint16_t port_ = 0;  // of the last connect()
};

TEST_F(Words, NothingOnAPortIsClosed) {
    const std::string text = web_.explain(":81");
    EXPECT_THAT(text, HasSubstr("web:81: CLOSED"));
    EXPECT_THAT(text, HasSubstr("answered by a RST"));
    EXPECT_THAT(text, HasSubstr("ports in use: 80."));
}

TEST_F(Words, AListenerAndItsQueues) {
    EXPECT_THAT(web_.explain(":80"), HasSubstr("web:80: LISTEN"));
    EXPECT_THAT(web_.explain(":80"), HasSubstr("0 of at most 2 wait for accept() (backlog 1)"));
    EXPECT_THAT(web_.explain(":80"), Not(HasSubstr("Unusual")));
    connect();
    connect();
    run(milliseconds(100));
    EXPECT_THAT(web_.explain(":80"), HasSubstr("2 of at most 2 wait for accept()"));
    EXPECT_THAT(web_.explain(":80"), HasSubstr("Unusual: the accept queue is full"));
    EXPECT_THAT(web_.explain(":80"), HasSubstr("tcp_abort_on_overflow 0"));
    web_.set_sysctl("net.ipv4.tcp_abort_on_overflow", "1");
    EXPECT_THAT(web_.explain(":80"), HasSubstr("answered by a RST (tcp_abort_on_overflow 1)"));
}

TEST_F(Words, SynSentRepeatsAndGivesUpWhenItSaysSo) {
    lose(1, 1);  // towards web
    client_ = connect();
    run(milliseconds(500));
    EXPECT_THAT(user(), HasSubstr(": SYN-SENT"));
    EXPECT_THAT(user(), HasSubstr("1 SYN was sent so far"));
    EXPECT_THAT(user(), HasSubstr("repeats the SYN at 1 s (in 0.5 s)"));
    EXPECT_THAT(user(), HasSubstr("gives up at 131 s (in 130.5 s) with ETIMEDOUT"));
    EXPECT_THAT(user(), Not(HasSubstr("Unusual")));
    run(seconds(2));
    EXPECT_THAT(user(), HasSubstr("no answer to 3 SYNs"));
    net_.run_until(Time(milliseconds(130'999)));
    EXPECT_THAT(user(), HasSubstr(": SYN-SENT"));
    net_.run_until(Time(seconds(131)));
    EXPECT_THAT(user(), HasSubstr(": CLOSED"));
    EXPECT_THAT(user(), HasSubstr("ETIMEDOUT"));
}

TEST_F(Words, AHalfOpenRequestWaitsForTheLastAck) {
    lose(0, 1);  // from web
    client_ = connect();
    run(milliseconds(500));
    EXPECT_THAT(web(), HasSubstr(": SYN-RECEIVED"));
    EXPECT_THAT(web(), HasSubstr("In SYN-RECEIVED since 0.01 s, for 0.49 s."));
    EXPECT_THAT(web(), HasSubstr("in the SYN queue for the handshake's last ACK from user"));
    EXPECT_THAT(web(), HasSubstr("repeats the SYN-ACK at 1.01 s"));
    EXPECT_THAT(web(), HasSubstr("the request is dropped at 63.01 s"));
    EXPECT_THAT(web(), Not(HasSubstr("Unusual")));
    net_.run_until(Time(milliseconds(2'999)));
    EXPECT_THAT(web(), HasSubstr("Unusual: the SYN-ACK has been repeated"));
}

TEST_F(Words, ALastAckThatMeetsAFullQueue) {
    connect();
    run(milliseconds(40));
    connect();
    connect();  // both SYNs come before the queue is full, one last ACK after
    run(milliseconds(50));
    const std::string text = web_.explain(":80-user:" + std::to_string(port_));
    EXPECT_THAT(text, HasSubstr(": SYN-RECEIVED"));
    EXPECT_THAT(text, HasSubstr("last ACK came and was thrown away"));
    EXPECT_THAT(text, HasSubstr("At the other end user is in ESTABLISHED."));
}

TEST_F(Words, EstablishedInTheAcceptQueueAndThenNot) {
    client_ = connect();
    run(milliseconds(100));
    EXPECT_THAT(web(), HasSubstr("waits in the accept queue"));
    EXPECT_THAT(web(), Not(HasSubstr("Unusual")));
    run(seconds(3));
    EXPECT_THAT(web(),
                HasSubstr("Unusual: for 3.07 s the application on web has not called accept()"));
    server_ = *listener_.accept();
    EXPECT_THAT(web(), Not(HasSubstr("accept")));
    EXPECT_THAT(web(), HasSubstr("Opened by user; web is the listening side."));
    EXPECT_THAT(user(), HasSubstr("Opened by user."));
    EXPECT_THAT(web(), HasSubstr("No timer runs: it can stay like this for ever."));
    ASSERT_TRUE(server_.set_option(SocketOption::kSO_KEEPALIVE, 1));
    EXPECT_THAT(web(), HasSubstr("keepalive timer probes"));
    EXPECT_THAT(web(), Not(HasSubstr("No timer runs")));
}

TEST_F(Words, DataUnreadAndDataRetransmitted) {
    open();
    ASSERT_TRUE(server_.send_synthetic(100));
    run(milliseconds(300));
    EXPECT_THAT(user(), HasSubstr("for the application on user to read 100 bytes"));
    lose(0, 1);
    ASSERT_TRUE(server_.send_synthetic(50));
    run(milliseconds(1));
    EXPECT_THAT(web(), HasSubstr("for user to acknowledge 50 bytes"));
    EXPECT_THAT(web(), Not(HasSubstr("Unusual")));
    run(seconds(5));
    EXPECT_THAT(web(), HasSubstr("Unusual: the retransmission timer has expired"));
    EXPECT_THAT(web(), HasSubstr("gives up at"));
    EXPECT_THAT(web(), HasSubstr("with ETIMEDOUT"));
}

TEST_F(Words, AClosedWindowIsProbed) {
    open();
    for (int i = 0; i < 50; ++i) {
        static_cast<void>(server_.send_synthetic(1'000'000));
        run(milliseconds(100));
    }
    EXPECT_THAT(web(), HasSubstr("Unusual: user has closed its window"));
    EXPECT_THAT(web(), HasSubstr("persist timer sends the next probe of the closed window"));
    EXPECT_THAT(user(), HasSubstr("Unusual: user has closed its own window"));
    while (const auto got = client_.receive_discard(1U << 20U)) {
        if (*got == 0) {
            break;
        }
    }
    run(seconds(1));
    EXPECT_THAT(web(), HasSubstr(": ESTABLISHED"));
    EXPECT_THAT(user(), HasSubstr("for the application on user to read"));
}

TEST_F(Words, FinWait1WaitsForAnAckAndGivesUpAsAnOrphan) {
    open();
    lose(0, 1);
    ASSERT_TRUE(server_.close());
    run(milliseconds(1));
    EXPECT_THAT(web(), HasSubstr(": FIN-WAIT-1"));
    EXPECT_THAT(web(), HasSubstr("web closed first; user has not closed yet"));
    EXPECT_THAT(web(), HasSubstr("for user to acknowledge its FIN"));
    EXPECT_THAT(web(), HasSubstr("Unusual: an orphan"));
    run(seconds(2));
    const std::string text = web();
    const std::size_t at = text.find("gives up at ");
    ASSERT_NE(at, std::string::npos);
    const Time when(
        std::chrono::nanoseconds(static_cast<std::int64_t>(std::stod(text.substr(at + 12)) * 1e9)));
    net_.run_until(when - milliseconds(2));
    EXPECT_THAT(web(), HasSubstr(": FIN-WAIT-1"));
    net_.run_until(when + milliseconds(2));
    EXPECT_EQ(web(), "");
}

TEST_F(Words, FinWait2AndCloseWait) {
    open();
    ASSERT_TRUE(client_.shutdown(Shutdown::kWrite));
    run(milliseconds(100));
    EXPECT_THAT(user(), HasSubstr(": FIN-WAIT-2"));
    EXPECT_THAT(user(), HasSubstr("waits for web to close, too"));
    EXPECT_THAT(user(), HasSubstr("tcp_fin_timeout counts for orphans only"));
    EXPECT_THAT(web(), HasSubstr(": CLOSE-WAIT"));
    EXPECT_THAT(web(), HasSubstr("user closed first: its FIN is received"));
    EXPECT_THAT(web(), HasSubstr("application on web to call close(); no timer ends this state"));
    EXPECT_THAT(web() + user(), Not(HasSubstr("Unusual")));
    run(seconds(10));
    EXPECT_THAT(web(), HasSubstr("Unusual: the application on web has not called close() in 10"));
    EXPECT_THAT(user(), HasSubstr("Unusual: web has sent no FIN for 10"));
    ASSERT_TRUE(client_.close());
    run(milliseconds(1));
    EXPECT_THAT(user(), HasSubstr(": FIN-WAIT-2"));
    EXPECT_THAT(user(), HasSubstr("tcp_fin_timeout of an orphan"));
    EXPECT_THAT(user(), Not(HasSubstr("counts for orphans only")));
    run(seconds(60));
    EXPECT_THAT(user(), HasSubstr(": CLOSED"));
    EXPECT_THAT(web(), HasSubstr("user has no connection with these addresses and ports"));
}

TEST_F(Words, LastAckAndTimeWait) {
    open();
    ASSERT_TRUE(client_.shutdown(Shutdown::kWrite));
    run(milliseconds(100));
    ASSERT_TRUE(server_.close());
    run(milliseconds(1));
    EXPECT_THAT(web(), HasSubstr(": LAST-ACK"));
    EXPECT_THAT(web(), HasSubstr("user closed first, web now too."));
    run(milliseconds(99));
    EXPECT_EQ(web(), "");
    EXPECT_THAT(user(), HasSubstr(": TIME-WAIT"));
    EXPECT_THAT(user(), HasSubstr("Opened by user."));
    EXPECT_THAT(user(), HasSubstr("user closed first, web too."));
    EXPECT_THAT(user(), HasSubstr("The record goes at 60.21 s"));
    EXPECT_THAT(user(), HasSubstr("TIME-WAIT lasts 60 s"));
}

TEST_F(Words, ClosingWhenTheFinsCross) {
    open();
    ASSERT_TRUE(client_.shutdown(Shutdown::kWrite));
    ASSERT_TRUE(server_.shutdown(Shutdown::kWrite));
    run(milliseconds(15));
    EXPECT_THAT(web(), HasSubstr(": CLOSING"));
    EXPECT_THAT(web(), HasSubstr("closed at the same time: their FINs crossed"));
    run(milliseconds(100));
    EXPECT_THAT(web(), HasSubstr(": TIME-WAIT"));
    EXPECT_THAT(web(), HasSubstr("web and user closed at the same time."));
    EXPECT_THAT(web(), HasSubstr("Opened by user"));
}

TEST_F(Words, AResetConnectionSaysWhatTheNextCallReports) {
    open();
    ASSERT_TRUE(client_.set_option(SocketOption::kSO_LINGER, 0));
    ASSERT_TRUE(client_.close());
    run(milliseconds(100));
    EXPECT_THAT(net_.explain("web:80"), HasSubstr("reports ECONNRESET"));
}

TEST_F(Words, ManyAreCounted) {
    std::vector<Socket> sockets;
    ASSERT_TRUE(listener_.listen(100));
    for (int i = 0; i < 30; ++i) {
        sockets.push_back(connect());
    }
    run(milliseconds(100));
    EXPECT_THAT(web_.explain(":80"), HasSubstr("... and 11 more: 11 ESTABLISHED"));
}

TEST_F(Words, BadEndpointsAreRefused) {
    EXPECT_THROW(static_cast<void>(net_.explain("web")), InputError);
    EXPECT_THROW(static_cast<void>(net_.explain("wob:80")), InputError);
    EXPECT_THROW(static_cast<void>(net_.explain("web:80-user")), InputError);
    EXPECT_THROW(static_cast<void>(web_.explain("user:80")), InputError);
}

TEST_F(Words, SocketsAreCountedByState) {
    EXPECT_EQ(web_.sockets("listening", 80), 1U);
    EXPECT_EQ(web_.sockets("listening", 81), 0U);
    open();
    EXPECT_EQ(web_.sockets("established"), 1U);
    EXPECT_EQ(user_.sockets("established"), 1U);
    ASSERT_TRUE(client_.close());
    ASSERT_TRUE(server_.close());
    run(milliseconds(100));
    EXPECT_EQ(web_.sockets("established") + web_.sockets("time-wait"), 1U);
    EXPECT_EQ(web_.sockets("established"), 0U);
    EXPECT_THROW(static_cast<void>(web_.sockets("time-wiat")), InputError);
}

}  // namespace
}  // namespace netsim
