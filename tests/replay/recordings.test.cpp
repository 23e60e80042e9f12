// Every recording of the real kernel, replayed: those not on the list of known mismatches must
// agree in every packet, call, sample and counter; those on it must differ in just so many, so that
// the list only shrinks.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "netsim/result.hpp"
#include "replay/replay.hpp"

namespace netsim::replay {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(NETSIM_SOURCE_DIR) / "tests/recordings";

/// "name  differences  reason"
std::map<std::string, std::size_t> known_mismatches() {
    std::map<std::string, std::size_t> known;
    std::ifstream file(kFolder / "known_mismatches.txt");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string name;
        std::size_t differences = 0;
        if (line.empty() || line.front() == '#') {
            continue;
        }
        std::string reason;
        if (!(words >> name >> differences >> reason)) {
            ADD_FAILURE() << "known_mismatches.txt: expected NAME COUNT REASON: " << line;
        }
        known[name] = differences;
    }
    return known;
}

std::vector<std::string> recording_names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
        if (entry.path().extension() == ".json" && is_recording(entry.path().string())) {
            names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

class Recordings : public testing::TestWithParam<std::string> {};

TEST_P(Recordings, Agree) {
    const std::map<std::string, std::size_t> known = known_mismatches();
    const auto allowed = known.find(GetParam());
    const Report report = replay(read_recording((kFolder / (GetParam() + ".json")).string()));
    EXPECT_GT(report.packets, 0U);
    std::string text;
    for (const Mismatch& mismatch : report.mismatches) {
        text += "\n" + mismatch.kind + " " + mismatch.text;
    }
    EXPECT_EQ(report.mismatches.size(), allowed == known.end() ? 0 : allowed->second)
        << "known_mismatches.txt must say what differs, no more and no less" << text;
}

INSTANTIATE_TEST_SUITE_P(Kernel, Recordings, testing::ValuesIn(recording_names()),
                         [](const auto& parameter) { return parameter.param; });

TEST(KnownMismatches, NameRecordingsThatExist) {
    const std::vector<std::string> names = recording_names();
    for (const auto& [name, differences] : known_mismatches()) {
        EXPECT_TRUE(std::binary_search(names.begin(), names.end(), name)) << name;
    }
}

// The comparison itself can fail: a recording whose outcome is changed by hand no longer agrees.
TEST(Replay, TellsWhatDiffers) {
    Recording r = read_recording((kFolder / "handshake_and_close.json").string());
    ASSERT_TRUE(replay(r).passed());
    r.packets[1].window += 1;
    r.packets[2].sent += 20;
    r.calls.back().error = "EPIPE";
    r.counters[0]["TcpActiveOpens"] += 1;
    r.samples[0].sockets.clear();
    const Report report = replay(r);
    const auto has = [&](const std::string& kind, const std::string& part) {
        return std::any_of(report.mismatches.begin(), report.mismatches.end(),
                           [&](const Mismatch& m) {
                               return m.kind == kind && m.text.find(part) != std::string::npos;
                           });
    };
    EXPECT_TRUE(has("packet", "window"));
    EXPECT_TRUE(has("packet", "time"));
    EXPECT_TRUE(has("call", "EPIPE"));
    EXPECT_TRUE(has("counter", "TcpActiveOpens"));
    EXPECT_TRUE(has("state", "ESTAB"));
}

// What is inferred is when processes ran, never what TCP did then: no schedule makes the model
// acknowledge half a segment.
TEST(Replay, NoScheduleExplainsWhatTcpDoesNot) {
    Recording r = read_recording((kFolder / "tail_loss_one.json").string());
    ASSERT_TRUE(replay(r).passed());
    const auto together = std::find_if(r.packets.begin(), r.packets.end(),
                                       [](const RecordedPacket& p) { return p.number == 21; });
    ASSERT_EQ(together->ack, 14481);
    together->ack = 14481 - 724;
    EXPECT_FALSE(replay(r).passed());
}

RecordedCall call_at(const Recording& r, Milliseconds at, const std::string& app,
                     const std::string& socket, const std::string& call) {
    const auto like = std::find_if(r.calls.begin(), r.calls.end(),
                                   [&](const RecordedCall& c) { return c.app == app; });
    RecordedCall made = *like;
    made.socket = socket;
    made.call = call;
    made.args = "";
    made.result = "ok";
    made.error = "";
    made.start = at;
    made.end = at + 0.01;
    made.acts = at + 0.01;
    return made;
}

void insert_call(Recording& r, const RecordedCall& call) {
    const auto after = std::find_if(r.calls.begin(), r.calls.end(), [&](const RecordedCall& c) {
        return c.app == call.app && c.start > call.start;
    });
    r.calls.insert(after, call);
}

std::string texts(const Report& report) {
    std::string all;
    for (const Mismatch& m : report.mismatches) {
        all += m.kind + " " + m.text + "\n";
    }
    return all;
}

// Calls that no recording here has, in one that has been made to have them.
TEST(Replay, KnowsCallsThatOthersMayHave) {
    Recording r = read_recording((kFolder / "handshake_and_close.json").string());
    RecordedCall option = call_at(r, 31.7, "server", "conn", "setsockopt");
    option.args = "TCP_NODELAY=1";  // of the socket that accept() gave
    insert_call(r, option);
    option.start = 31.71;
    option.args = "TCP_CONGESTION=cubic";
    insert_call(r, option);
    RecordedCall asked = call_at(r, 31.75, "server", "conn", "getsockopt TCP_NODELAY");
    asked.result = "1";
    insert_call(r, asked);
    RecordedCall peer = call_at(r, 21.49, "client", "c", "getpeername");
    peer.result = "10.0.2.1:13720";
    insert_call(r, peer);
    RecordedCall empty = call_at(r, 21.5, "client", "c", "recv");  // the socket does not block
    empty.args = "65536";
    empty.result = "";
    empty.error = "EAGAIN";
    insert_call(r, empty);
    EXPECT_TRUE(replay(r).passed()) << texts(replay(r));
}

RecordedCall& call_of(Recording& r, const std::string& app, const std::string& call) {
    return *std::find_if(r.calls.begin(), r.calls.end(),
                         [&](const RecordedCall& c) { return c.app == app && c.call == call; });
}

TEST(Replay, KnowsFlags) {
    Recording r = read_recording((kFolder / "handshake_and_close.json").string());
    call_of(r, "client", "send").args = "1 bytes MSG_NOSIGNAL|MSG_DONTWAIT";
    call_of(r, "client", "recv").args = "1 MSG_WAITALL";
    call_of(r, "server", "send").args = "1 bytes, MSG_EOR";
    RecordedCall look = call_at(r, 31.75, "server", "conn", "recv");
    look.args = "65536 MSG_PEEK";
    look.result = "1 bytes";
    insert_call(r, look);
    EXPECT_TRUE(replay(r).passed()) << texts(replay(r));

    call_of(r, "server", "send").args = "1 bytes MSG_OOB";
    EXPECT_NE(texts(replay(r)).find("[PU.] seq 1 ack 2"), std::string::npos) << texts(replay(r));
}

TEST(Replay, AHostMayHaveSeveralAddresses) {
    Recording r = read_recording((kFolder / "handshake_and_close.json").string());
    RecordedCall bound = call_at(r, 0.2, "client", "c", "bind");
    bound.args = "10.0.1.1:0";
    insert_call(r, bound);
    RecordedCall name = call_at(r, 21.49, "client", "c", "getsockname");
    name.result = "10.0.1.1:38964";  // in the recording's terms
    insert_call(r, name);
    r.clients = {parse_ipv4("10.0.1.9").value(), r.clients.front()};
    EXPECT_TRUE(replay(r).passed()) << texts(replay(r));
}

// accept() tells the peer of a connection that was reset in the queue.
TEST(Replay, AcceptTellsThePeerOfWhatWasReset) {
    Recording r = read_recording((kFolder / "linger_zero.json").string());
    RecordedCall& accept = call_of(r, "server", "accept");
    accept.start = accept.acts = r.run - 100;
    accept.end = accept.start + 0.1;
    std::erase_if(r.calls, [](const RecordedCall& c) { return c.socket == "conn"; });
    const std::string said = texts(replay(r));
    EXPECT_EQ(said.find("accept"), std::string::npos) << said;
}

// Of a name that comes again, and of sockets that no call but accept() ever used.
TEST(Replay, KnowsWhichAcceptedSocketIsMeant) {
    Recording r = read_recording((kFolder / "time_wait_server_reuse.json").string());
    for (RecordedCall& call : r.calls) {
        call.socket = call.socket == "conn2" ? "conn1" : call.socket;
    }
    EXPECT_TRUE(replay(r).passed()) << texts(replay(r));

    r = read_recording((kFolder / "defer_accept.json").string());
    std::erase_if(r.calls, [](const RecordedCall& c) { return c.socket == "conn1"; });
    const std::string said = texts(replay(r));
    EXPECT_EQ(said.find("recv until EOF() on conn2"), std::string::npos) << said;
}

// A socket that does not block takes what there is room for.
TEST(Replay, APartOfAWriteReturnsAtOnce) {
    Recording r = read_recording((kFolder / "rto_backoff.json").string());
    RecordedCall& send = call_of(r, "client", "send");
    send.args = "100000000 bytes";
    const std::string said = texts(replay(r));
    const std::string returned = "kernel: 10 at 22.670 ms\n    model:  46336 at 22.670 ms";
    EXPECT_NE(said.find(returned), std::string::npos) << said;
}

// The router of this recording answers each SYN; here both are on their way before it does.
TEST(Replay, AnIcmpErrorIsAboutThePacketThatTheRouterDropped) {
    Recording r = read_recording((kFolder / "icmp_during_connect.json").string());
    std::erase_if(r.calls, [](const RecordedCall& c) { return c.start > 600; });
    std::erase_if(r.packets, [](const RecordedPacket& p) { return p.sent > 600; });
    std::erase_if(r.transitions, [](const RecordedTransition& t) { return t.at > 600; });
    constexpr Milliseconds kEarlier = 497;
    for (RecordedCall& call : r.calls) {
        const Milliseconds by = call.app == "code1" ? kEarlier : 0;
        call.start -= by;
        call.acts -= by;
        *call.end -= by;
    }
    for (RecordedPacket& p : r.packets) {
        const Milliseconds by = p.number > 2 ? kEarlier : 0;
        p.sent -= by;
        p.received = p.received ? std::optional(*p.received - by) : std::nullopt;
    }
    const std::string said = texts(replay(r));
    EXPECT_EQ(said.find("call "), std::string::npos) << said;
}

// Two calls of one process at a time are made by two threads.
TEST(Replay, CallsThatOverlapWaitForThemselvesOnly) {
    Recording r = read_recording((kFolder / "handshake_and_close.json").string());
    RecordedCall& accept = call_of(r, "server", "accept");
    RecordedCall second = accept;
    second.start = 31.75;
    second.acts = second.start;
    second.end = std::nullopt;
    second.result = "still blocked when the run ended";
    insert_call(r, second);
    EXPECT_TRUE(replay(r).passed()) << texts(replay(r));
}

TEST(Replay, SaysOfWhatItDoesNotKnow) {
    Recording r = read_recording((kFolder / "handshake_and_close.json").string());
    insert_call(r, call_at(r, 31.7, "server", "conn", "ioctl"));
    RecordedCall peek = call_at(r, 21.49, "client", "c", "recv");
    peek.args = "65536 MSG_TRUNC";
    insert_call(r, peek);
    const std::string said = texts(replay(r));
    EXPECT_NE(said.find("ioctl() on conn: the model has no such call"), std::string::npos) << said;
    EXPECT_NE(said.find("MSG_TRUNC) on c: the model has no such call"), std::string::npos) << said;
    std::ifstream file(kFolder / "handshake_and_close.json");
    std::ostringstream whole;
    whole << file.rdbuf();
    std::string text = whole.str();
    const std::string known = "\"ca_state\"";
    text.replace(text.find(known), known.size(), "\"rcvbuf_grow\"");
    EXPECT_EQ(texts(replay(parse_recording(text, "x.json"))),
              "unknown kernel_events: unknown event \"rcvbuf_grow\"\n");
}

TEST(Replay, ANegativeBacklogIsTheLargest) {
    Recording r = read_recording((kFolder / "close_by_server.json").string());
    for (RecordedCall& call : r.calls) {
        call.args = call.call == "listen" ? "-1" : call.args;
    }
    const std::string said = texts(replay(r));
    EXPECT_NE(said.find("sendq: kernel 128, model 4096"), std::string::npos) << said;
}

TEST(Recording, BadFilesAreRefusedInOneLine) {
    const auto path = std::filesystem::temp_directory_path() / "netsim_bad_recording.json";
    const auto refused = [&](const std::string& text) {
        std::ofstream(path) << text;
        try {
            read_recording(path.string());
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_NE(refused("{").find("not a recording"), std::string::npos);
    EXPECT_NE(refused("{}").find("one_way_delay_ms"), std::string::npos);
    EXPECT_NE(refused(R"({"one_way_delay_ms": 10, "run_ms": 5, "client": ["x"]})").find("\"x\""),
              std::string::npos);
    std::filesystem::remove(path);
    EXPECT_THROW(read_recording(path.string()), InputError);
}

}  // namespace
}  // namespace netsim::replay
