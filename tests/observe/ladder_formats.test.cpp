// The same rows as Mermaid and as SVG.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "netsim/result.hpp"
#include "observe/ladder_story.hpp"
#include "observe/svg_text.hpp"

namespace netsim::observe {
namespace {

using namespace testing;  // NOLINT: the helpers of ladder_story.hpp
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count_of(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++count;
    }
    return count;
}

/// A handshake, a lost request and its retransmission.
Story story_with_loss() {
    Story story;
    open_connection(story);
    const wire::Packet lost = segment(wire::flag::kAck, 1001, 5001, 100);
    story.send(50, lost);
    story.ladder.on_packet(dropped(ms(50), kUserNode, lost, "loss"));
    const wire::Packet again = segment(wire::flag::kAck, 1001, 5001, 100);
    story.send(1050, again);
    story.arrive(1060, again);
    return story;
}

TEST(LadderMermaid, WholeDiagram) {
    const Story story = story_with_loss();
    EXPECT_EQ(story.draw({.format = LadderFormat::kMermaid}), R"(
sequenceDiagram
    participant P0 as user
    participant P1 as web
    Note over P0,P1: user 10.0.0.1#58;40000 and web 10.0.0.2#58;80
    Note left of P0: CLOSED
    Note right of P1: LISTEN
    Note left of P0: connect(web#58;80)<br/>SYN-SENT
    P0->>P1: 0.000 SYN seq=0
    Note right of P1: SYN-RECEIVED
    P1->>P0: 0.010 SYN,ACK seq=0 ack=1
    Note left of P0: ESTABLISHED
    Note left of P0: connect() = 0
    P0->>P1: 0.020 ACK seq=1 ack=1
    Note right of P1: accept() = 4<br/>ESTABLISHED
    P0-xP1: 0.050 ACK seq=1 ack=1 len=100 x loss
    Note over P0,P1: 1.000 s later
    P0-->>P1: 1.050 ACK seq=1 ack=1 len=100 (again)
)");
}

TEST(LadderMermaid, NamesStayText) {
    Story story;
    story.send(0, syn(1000));
    story.call(1, kUserNode, "send(\"<script>;%%#\")");
    const std::string text = story.draw({.format = LadderFormat::kMermaid});
    EXPECT_THAT(text, HasSubstr("send(#34;#60;script#62;#59;#37;#37;#35;#34;)"));
}

TEST(LadderSvg, SaysEverythingInWordsToo) {
    const Story story = story_with_loss();
    const std::string svg = story.draw({.format = LadderFormat::kSvg});
    for (const char* const word : {"<svg xmlns=", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED",
                                   "connect() = 0", "(again)", ">loss<", "... 1.000 s ...",
                                   "prefers-color-scheme:dark", "user 10.0.0.1:40000 and web"}) {
        EXPECT_THAT(svg, HasSubstr(word));
    }
    EXPECT_EQ(count_of(svg, "class=\"line again\""), 1U);
    EXPECT_EQ(count_of(svg, "class=\"cross\""), 1U);
    EXPECT_THAT(svg, Not(HasSubstr("<script")));
    EXPECT_EQ(count_of(svg, "<text"), count_of(svg, "</text>"));
}

TEST(LadderSvg, LinesThatCrossAreWholeLines) {
    Story story;
    const wire::Packet a = segment(wire::flag::kSyn, 1000);
    const wire::Packet b = turned(segment(wire::flag::kSyn, 5000));
    story.send(0, a);
    story.send(0, b);
    story.arrive(10, a);
    story.arrive(10, b);
    const std::string svg = story.draw({.format = LadderFormat::kSvg});
    EXPECT_EQ(count_of(svg, "class=\"line\""), 2U);
}

TEST(SvgText, IsWellFormedWhateverItSays) {
    EXPECT_EQ(svg_text("<script>&\"'"), "&lt;script&gt;&amp;&quot;&#39;");
    EXPECT_EQ(svg_text("h\xc3\xa9"), "h\xc3\xa9");
    EXPECT_EQ(svg_text(std::string("\x01\xff\xc3", 3)), "???");
    EXPECT_EQ(svg_text("\xed\xa0\x80"), "???");  // a surrogate
}

TEST(LadderFormat, NamesAreKnown) {
    EXPECT_EQ(parse_ladder_format("svg"), LadderFormat::kSvg);
    EXPECT_THAT([] { parse_ladder_format("mermade"); },
                ::testing::ThrowsMessage<InputError>(
                    "unknown format of a ladder \"mermade\", did you mean \"mermaid\"? (known: "
                    "text, mermaid, svg)"));
}

}  // namespace
}  // namespace netsim::observe
