// The diagram follows the transition table: each row has its place, and no place is invented.
#include "observe/state_diagram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "observe/state_layout.hpp"

namespace netsim::observe {
namespace {

using testing::HasSubstr;

TEST(StateDiagram, EveryRowOfTheTableIsDrawnOnceOrListed) {
    StateCoverage coverage;
    std::size_t rows = edges_beside(coverage).size();
    for (const StateArrow& arrow : state_arrows(coverage)) {
        rows += arrow.edges.size();
        EXPECT_FALSE(arrow.edges.empty());
    }
    EXPECT_EQ(rows, tcp::transitions().size());
    EXPECT_EQ(state_arrows(coverage).size(), 19U);  // no place without an edge
}

TEST(StateDiagram, EachTransitionTakenAddsItsNumber) {
    for (const tcp::Transition& t : tcp::transitions()) {
        StateCoverage coverage;
        coverage.add(tcp::rfc_name(t.from), tcp::rfc_name(t.to), tcp::to_string(t.cause), 4711);
        EXPECT_THAT(state_diagram_text(coverage), HasSubstr("4711"))
            << tcp::rfc_name(t.from) << tcp::to_string(t.cause);
        EXPECT_THAT(state_diagram_svg(coverage), HasSubstr("4711"));
        EXPECT_THAT(coverage_summary(coverage), HasSubstr("1 of "));
    }
}

TEST(StateDiagram, WordsStandOnTheirArrowsAndNowhereElse) {
    StateCoverage all;
    for (const tcp::Transition& t : tcp::transitions()) {
        all.add(tcp::rfc_name(t.from), tcp::rfc_name(t.to), tcp::to_string(t.cause), 1'000'000);
    }
    const std::string text = state_diagram_text(all);
    for (const StateArrow& arrow : state_arrows(all)) {
        for (const StateEdge& edge : arrow.edges) {
            EXPECT_THAT(text, HasSubstr(edge_label(edge)));  // none is written over
        }
    }
    for (const StateBox& box : state_boxes()) {
        EXPECT_THAT(text, HasSubstr(std::string(tcp::rfc_name(box.state))));
    }
}

TEST(StateDiagram, AWayThatIsNoneIsNotCounted) {
    StateCoverage coverage;
    coverage.add("LISTEN", "ESTABLISHED", "magic", 1);
    EXPECT_THAT(coverage_summary(coverage), HasSubstr("0 of "));
}

}  // namespace
}  // namespace netsim::observe
