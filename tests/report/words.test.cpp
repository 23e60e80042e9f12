// Every counter and every reason of a drop has its sentence.
#include "report/words.hpp"

#include <gtest/gtest.h>

#include "netsim/link.hpp"
#include "tcp/drop.hpp"
#include "tcp/mib.hpp"

namespace netsim::report {
namespace {

bool is_sentence(std::string_view text) {
    const bool begins = !text.empty() && ((text[0] >= 'A' && text[0] <= 'Z') || text[0] == '(');
    return begins && text.ends_with('.') && text.find("..") == std::string_view::npos &&
           text.find(' ') != std::string_view::npos;
}

TEST(Words, EachCounterHasASentenceOfItsOwn) {
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        const std::string_view name = tcp::describe(static_cast<tcp::Mib>(i)).name;
        const std::string sentence = counter_sentence(name);
        EXPECT_TRUE(is_sentence(sentence)) << name << ": " << sentence;
        for (const char* back : {"Such ", "then.", "could not.", "skb did."}) {  // what it follows
            EXPECT_EQ(sentence.find(back), std::string::npos) << name << ": " << sentence;
        }
    }
    EXPECT_EQ(counter_sentence("TcpExtListenDrops"),
              "SYNs and handshake ACKs a listener dropped, for any reason.");
    EXPECT_EQ(counter_sentence("NoSuchCounter"), "");
}

TEST(Words, EachReasonOfADropHasASentence) {
    for (std::size_t i = 0; i < tcp::kDropCount; ++i) {
        const std::string_view reason = tcp::to_string(static_cast<tcp::Drop>(i));
        EXPECT_TRUE(is_sentence(drop_sentence(reason))) << reason;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(DropReason::kCount); ++i) {
        const std::string_view reason = to_string(static_cast<DropReason>(i));
        EXPECT_TRUE(is_sentence(drop_sentence(reason))) << reason;
    }
    EXPECT_TRUE(is_sentence(drop_sentence("rule: 3rd S.")));
    EXPECT_TRUE(is_sentence(drop_sentence("firewall rule 2 (ssh): reject with tcp-reset")));
    EXPECT_TRUE(is_sentence(drop_sentence("middlebox: option sack")));
    EXPECT_EQ(drop_sentence("something else"), "");
}

}  // namespace
}  // namespace netsim::report
