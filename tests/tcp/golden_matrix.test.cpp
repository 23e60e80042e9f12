// What each state does with each kind of segment at each place of both sequence spaces, generated
// exhaustively and compared with golden_matrix.txt. After a change that is meant, look at the diff:
//   NETSIM_UPDATE_GOLDEN=1 netsim_test_tcp --gtest_filter='GoldenMatrix.*'
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

namespace flag = wire::flag;
using Reach = TcpBench (*)();

BenchConfig config(std::uint32_t iss) {
    BenchConfig c;
    c.iss = iss;
    return c;
}

std::uint32_t g_iss = 0;  // of all benches of one run

TcpBench closed() {
    return TcpBench(config(g_iss));
}

TcpBench listening() {
    return TcpBench::in_listen(config(g_iss));
}

TcpBench syn_sent() {
    return TcpBench::in_syn_sent(config(g_iss));
}

TcpBench syn_received() {
    return TcpBench::in_syn_received(config(g_iss));
}

TcpBench established() {  // with data in flight, so that an ACK can fall inside
    auto t = TcpBench::in_established(config(g_iss));
    EXPECT_EQ(t.send(2000), 2000U);
    return t;
}

TcpBench fin_wait_1() {
    auto t = established();
    t.shutdown(Shutdown::kWrite);
    return t;
}

TcpBench fin_wait_2() {
    auto t = fin_wait_1();
    t.recv(ack(2002));
    return t;
}

TcpBench fin_wait_2_orphan() {
    auto t = fin_wait_2();
    t.close();
    return t;
}

TcpBench close_wait() {
    auto t = established();
    t.recv(fin(1).ack(1));
    return t;
}

TcpBench closing() {
    auto t = fin_wait_1();
    t.recv(fin(1).ack(1));
    return t;
}

TcpBench last_ack() {
    auto t = close_wait();
    t.shutdown(Shutdown::kWrite);
    return t;
}

TcpBench time_wait() {
    auto t = fin_wait_2();
    t.recv(fin(1).ack(2002));
    return t;
}

struct Row {
    const char* name;
    Reach reach;
    State state;
    std::int64_t rcv_nxt;
    std::int64_t una;
    std::int64_t nxt;
};

constexpr std::array kRows{
    Row{"CLOSED", closed, State::kClosed, 1, 1, 1},
    Row{"LISTEN", listening, State::kClosed, 1, 1, 1},
    Row{"SYN-SENT", syn_sent, State::kSynSent, 0, 0, 1},
    Row{"SYN-RECEIVED", syn_received, State::kSynReceived, 1, 0, 1},
    Row{"ESTABLISHED", established, State::kEstablished, 1, 1, 2001},
    Row{"FIN-WAIT-1", fin_wait_1, State::kFinWait1, 1, 1, 2002},
    Row{"FIN-WAIT-2", fin_wait_2, State::kFinWait2, 1, 2002, 2002},
    Row{"FIN-WAIT-2 (orphan)", fin_wait_2_orphan, State::kFinWait2, 1, 2002, 2002},
    Row{"CLOSE-WAIT", close_wait, State::kCloseWait, 2, 1, 2001},
    Row{"CLOSING", closing, State::kClosing, 2, 1, 2002},
    Row{"LAST-ACK", last_ack, State::kLastAck, 2, 1, 2002},
    Row{"TIME-WAIT", time_wait, State::kTimeWait, 2, 2002, 2002},
};

struct Kind {
    const char* name;
    std::uint16_t flags;
    std::uint32_t length;
};

constexpr std::array kKinds{
    Kind{"none", 0, 0},
    Kind{"F", flag::kFin, 0},
    Kind{"S", flag::kSyn, 0},
    Kind{"SF", flag::kSyn | flag::kFin, 0},
    Kind{"R", flag::kRst, 0},
    Kind{"data", 0, 10},
    Kind{"A", flag::kAck, 0},
    Kind{"FA", flag::kFin | flag::kAck, 0},
    Kind{"SA", flag::kSyn | flag::kAck, 0},
    Kind{"SFA", flag::kSyn | flag::kFin | flag::kAck, 0},
    Kind{"RA", flag::kRst | flag::kAck, 0},
    Kind{"SRA", flag::kSyn | flag::kRst | flag::kAck, 0},
    Kind{"A data", flag::kAck, 10},
    Kind{"FA data", flag::kFin | flag::kAck, 10},
    Kind{"SA data", flag::kSyn | flag::kAck, 10},
    Kind{"RA data", flag::kRst | flag::kAck, 10},
};

struct Position {
    const char* name;
    std::int64_t at;
};

std::string answer(TcpBench& t) {
    std::string text;
    for (const Sent& s : t.take_sent()) {
        std::string whole = t.describe(s.packet);
        if (s.packet.tcp.has(flag::kRst | flag::kAck) && s.packet.tcp.seq.raw() == 0) {
            whole = "R. =0(0)" + whole.substr(whole.find(" ack"));  // not a relative number
        }
        text += (text.empty() ? "" : " + ") + whole.substr(0, whole.find(" win "));
    }
    return text.empty() ? "-" : text;
}

std::string line(const Row& row, const Kind& kind, const Position& seq, const Position& ack) {
    TcpBench t = row.reach();
    EXPECT_EQ(t.state(), row.state) << t.exchange();
    t.take_sent();
    Seg seg = segment(kind.flags).seq(seq.at).len(kind.length);
    if ((kind.flags & flag::kAck) != 0) {
        seg.ack(ack.at);
    }
    t.recv(seg);
    std::string state(rfc_name(t.state()));
    if (t.state() == State::kClosed && t.listener && row.reach == listening) {
        state = "LISTEN";
    }
    std::ostringstream out;
    out << row.name << " | " << kind.name << " | seq " << seq.name << " | ack " << ack.name << " | "
        << answer(t) << " | " << state << " | " << (t.last_drop().empty() ? "taken" : t.last_drop())
        << "\n";
    return out.str();
}

std::string matrix(std::uint32_t iss) {
    g_iss = iss;
    std::string text = "state | segment | SEG.SEQ | SEG.ACK | answer | new state | verdict\n";
    constexpr std::int64_t kWindow = 64240;
    for (const Row& row : kRows) {
        const std::array<Position, 5> seqs{{{"old", row.rcv_nxt - 20},
                                            {"left edge", row.rcv_nxt},
                                            {"inside", row.rcv_nxt + 100},
                                            {"right edge", 1 + kWindow},
                                            {"beyond", 1 + kWindow + 1000}}};
        const std::array<Position, 5> acks{{{"old", row.una - 1},
                                            {"una", row.una},
                                            {"inside", row.una + 1000},
                                            {"nxt", row.nxt},
                                            {"beyond", row.nxt + 1}}};
        for (const Kind& kind : kKinds) {
            for (const Position& seq : seqs) {
                if ((kind.flags & flag::kAck) == 0) {
                    text += line(row, kind, seq, {"-", 0});
                    continue;
                }
                for (const Position& ack : acks) {
                    const bool same = ack.at >= row.nxt && std::string(ack.name) == "inside";
                    if (!same && !(row.una == row.nxt && std::string(ack.name) == "nxt")) {
                        text += line(row, kind, seq, ack);
                    }
                }
            }
        }
    }
    return text;
}

/// A SYN-ACK to a new incarnation has an ISN of its own: only the matrix at ISS 0 is kept, and what
/// the hash makes is as fixed as the rest.
TEST(GoldenMatrix, EverySegmentInEveryState) {
    const std::string path = NETSIM_SOURCE_DIR "/tests/tcp/golden_matrix.txt";
    const std::string got = matrix(0);
    if (std::getenv("NETSIM_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path) << got;
    }
    std::ifstream file(path);
    std::istringstream actual(got);
    std::string expected;
    std::string line;
    int differences = 0;
    while (std::getline(actual, line)) {
        std::getline(file, expected);
        if (line != expected && ++differences <= 10) {
            ADD_FAILURE() << "expected: " << expected << "\n  actual: " << line;
        }
    }
    EXPECT_FALSE(std::getline(file, expected)) << "golden_matrix.txt has more rows";
    EXPECT_EQ(differences, 0) << "meant? NETSIM_UPDATE_GOLDEN=1 writes the file anew";
}

TEST(GoldenMatrix, IsTheSameWhereSequenceNumbersWrap) {
    const std::string zero = matrix(0);
    for (const std::uint32_t iss : {0xffffffffU - 1500, 0x7fffffffU - 1500}) {
        std::istringstream expected(zero);
        std::istringstream actual(matrix(iss));
        std::string a;
        std::string b;
        int differences = 0;
        while (std::getline(expected, a) && std::getline(actual, b)) {
            if (a != b && ++differences <= 10) {
                ADD_FAILURE() << "at 0: " << a << "\n  at " << iss << ": " << b;
            }
        }
    }
}

}  // namespace
}  // namespace netsim::tcp
