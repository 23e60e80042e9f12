// The declared tables: states and their transitions, sysctls, counters, drop reasons.
#include <gtest/gtest.h>

#include <set>

#include "netsim/result.hpp"
#include "tcp/drop.hpp"
#include "tcp/mib.hpp"
#include "tcp/state.hpp"
#include "tcp/sysctl.hpp"

namespace netsim::tcp {
namespace {

TEST(StateTable, EveryEdgeIsLegalAndNothingElse) {
    std::set<std::tuple<int, int, int>> edges;
    for (const Transition& t : transitions()) {
        EXPECT_TRUE(legal(t.from, t.cause, t.to));
        EXPECT_TRUE(edges
                        .insert({static_cast<int>(t.from), static_cast<int>(t.cause),
                                 static_cast<int>(t.to)})
                        .second)
            << "declared twice: " << rfc_name(t.from) << " " << to_string(t.cause);
    }
    for (int from = 1; from <= 11; ++from) {
        for (int cause = 0; cause < static_cast<int>(Cause::kCount); ++cause) {
            for (int to = 1; to <= 11; ++to) {
                EXPECT_EQ(legal(static_cast<State>(from), static_cast<Cause>(cause),
                                static_cast<State>(to)),
                          edges.contains({from, cause, to}));
            }
        }
    }
}

TEST(StateTable, EachOfTheElevenStatesCanBeEnteredAndLeft) {
    for (int i = 1; i <= 11; ++i) {
        const auto state = static_cast<State>(i);
        bool in = false;
        bool out = false;
        for (const Transition& t : transitions()) {
            in = in || t.to == state;
            out = out || t.from == state;
        }
        EXPECT_TRUE(in && out) << rfc_name(state);
    }
}

TEST(StateTable, TheTextbookEdges) {  // RFC 9293 figure 5
    using enum State;
    EXPECT_TRUE(legal(kClosed, Cause::kPassiveOpen, kListen));
    EXPECT_TRUE(legal(kClosed, Cause::kActiveOpen, kSynSent));
    EXPECT_TRUE(legal(kSynSent, Cause::kRcvSyn, kSynReceived));
    EXPECT_TRUE(legal(kSynSent, Cause::kRcvSynAck, kEstablished));
    EXPECT_TRUE(legal(kSynReceived, Cause::kRcvAckOfSyn, kEstablished));
    EXPECT_TRUE(legal(kEstablished, Cause::kClose, kFinWait1));
    EXPECT_TRUE(legal(kEstablished, Cause::kRcvFin, kCloseWait));
    EXPECT_TRUE(legal(kFinWait1, Cause::kRcvFin, kClosing));
    EXPECT_TRUE(legal(kFinWait1, Cause::kRcvAckOfFin, kFinWait2));
    EXPECT_TRUE(legal(kFinWait2, Cause::kRcvFin, kTimeWait));
    EXPECT_TRUE(legal(kClosing, Cause::kRcvAckOfFin, kTimeWait));
    EXPECT_TRUE(legal(kCloseWait, Cause::kClose, kLastAck));
    EXPECT_TRUE(legal(kLastAck, Cause::kRcvAckOfFin, kClosed));
    EXPECT_TRUE(legal(kTimeWait, Cause::kTimeWaitOver, kClosed));
    EXPECT_FALSE(legal(kListen, Cause::kRcvSyn, kEstablished));
    EXPECT_FALSE(legal(kTimeWait, Cause::kRcvFin, kEstablished));
}

TEST(StateTable, TheDiagramHasAnArrowForEachEdge) {
    const std::string dot = transitions_dot();
    std::size_t arrows = 0;
    for (std::size_t at = dot.find("->"); at != std::string::npos; at = dot.find("->", at + 2)) {
        ++arrows;
    }
    EXPECT_EQ(arrows, transitions().size());
    EXPECT_EQ(dot.substr(0, 13), "digraph tcp {");
    EXPECT_NE(dot.find("\"SYN-SENT\" -> \"ESTABLISHED\" [label=\"rcv SYN,ACK\"];"),
              std::string::npos);
}

TEST(StateTable, NamesAsEachToolSpellsThem) {
    EXPECT_EQ(rfc_name(State::kSynReceived), "SYN-RECEIVED");
    EXPECT_EQ(ss_name(State::kSynReceived), "SYN-RECV");
    EXPECT_EQ(netstat_name(State::kSynReceived), "SYN_RECV");
    EXPECT_EQ(ss_name(State::kEstablished), "ESTAB");
    EXPECT_EQ(ss_name(State::kClosed), "UNCONN");
    EXPECT_EQ(netstat_name(State::kClosed), "CLOSE");
    EXPECT_EQ(netstat_name(State::kFinWait1), "FIN_WAIT1");
    for (int i = 1; i <= 11; ++i) {
        EXPECT_FALSE(rfc_name(static_cast<State>(i)).empty());
    }
}

TEST(SysctlTable, EachRowSetsAndShowsItsDefault) {
    for (const SysctlEntry& e : sysctl_table()) {
        Sysctl s;
        EXPECT_TRUE(is_sysctl(e.name));
        EXPECT_EQ(get_sysctl(s, e.name), e.default_text) << e.name;
        EXPECT_NO_THROW(set_sysctl(s, e.name, e.default_text)) << e.name;
        EXPECT_EQ(get_sysctl(s, e.name), e.default_text) << e.name;
        EXPECT_FALSE(e.meaning.empty() || e.range.empty());
        const bool may_be_empty = e.name == "net.ipv4.tcp_allowed_congestion_control";
        if (!e.default_text.empty() && !may_be_empty) {
            EXPECT_THROW(set_sysctl(s, e.name, ""), InputError) << e.name;
        }
        EXPECT_THROW(set_sysctl(s, e.name, "maybe"), InputError) << e.name;
    }
}

TEST(SysctlTable, IsSortedByName) {
    std::string_view last;
    for (const SysctlEntry& e : sysctl_table()) {
        EXPECT_LT(last, e.name);
        last = e.name;
    }
}

TEST(SysctlTable, BadValuesLeaveItUnchangedAndSayWhatIsAllowed) {
    Sysctl s;
    for (const char* bad : {"3", "-1", "1 1", "1x", "99999999999999999999"}) {
        try {
            set_sysctl(s, "net.ipv4.tcp_syncookies", bad);
            FAIL() << bad;
        } catch (const InputError& e) {
            EXPECT_NE(std::string(e.what()).find("0..2"), std::string::npos) << e.what();
        }
    }
    EXPECT_EQ(s.tcp_syncookies, 1);
    EXPECT_THROW(set_sysctl(s, "net.ipv4.tcp_rmem", "3 2 1"), InputError);
    EXPECT_THROW(set_sysctl(s, "net.ipv4.tcp_rmem", "4096 131072"), InputError);
    set_sysctl(s, "net.ipv4.tcp_rmem", "4096\t131072 6291456");
    EXPECT_EQ(s.tcp_rmem[2], 6291456);
}

TEST(SysctlTable, AMisspeltNameGetsAHint) {
    Sysctl s;
    try {
        set_sysctl(s, "net.ipv4.tcp_syncookie", "1");
        FAIL();
    } catch (const InputError& e) {
        EXPECT_NE(std::string(e.what()).find("net.ipv4.tcp_syncookies"), std::string::npos);
    }
    EXPECT_THROW(get_sysctl(s, "net.nothing"), InputError);
    EXPECT_FALSE(is_sysctl("net.nothing"));
}

TEST(Counters, NamesAreUniqueAndFound) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kMibCount; ++i) {
        const MibEntry& e = describe(static_cast<Mib>(i));
        EXPECT_TRUE(names.insert(e.name).second) << e.name;
        EXPECT_EQ(find_mib(e.name), static_cast<Mib>(i));
        EXPECT_EQ(e.name.substr(0, e.group.size()), e.group);
        EXPECT_FALSE(e.meaning.empty());
    }
    EXPECT_EQ(find_mib("ListenOverflows"), Mib::kTcpExtListenOverflows);
    EXPECT_EQ(find_mib("TcpExtListenOverflows"), Mib::kTcpExtListenOverflows);
    EXPECT_EQ(find_mib("InErrors"), std::nullopt);  // ICMP's or UDP's?
    EXPECT_EQ(find_mib("nothing"), std::nullopt);
}

TEST(DropReasons, EachHasATextOfItsOwn) {
    std::set<std::string_view> texts;
    for (std::size_t i = 0; i < kDropCount; ++i) {
        EXPECT_TRUE(texts.insert(to_string(static_cast<Drop>(i))).second);
    }
}

}  // namespace
}  // namespace netsim::tcp
