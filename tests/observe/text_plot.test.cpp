// Plots and tables, whole.
#include "observe/text_plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace netsim::observe {
namespace {

using ::testing::HasSubstr;

Curve ramp() {
    Curve curve{.label = "syn queue", .start_s = 0, .step_s = 1, .values = {}};
    for (int i = 0; i < 30; ++i) {
        curve.values.push_back(i < 20 ? 7.0 * i : 64);
    }
    return curve;
}

TEST(TextPlot, OneCurveWithALimit) {
    EXPECT_EQ('\n' + text_plot({ramp()}, {.title = "web:80",
                                          .width = 30,
                                          .height = 7,
                                          .limit = 128,
                                          .limit_label = "backlog 128"}),
              R"(
web:80
 133 |..................**..........
     |               ***
     |            ***
66.5 |        ****        **********
     |     ***
     |  ***
   0 |**
     +------------------------------
      0             15          30 s
      * syn queue   . backlog 128
)");
}

TEST(TextPlot, TwoCurves) {
    Curve flat{.label = "accept queue", .start_s = 10, .step_s = 2, .values = {}};
    flat.values.assign(10, 30.0);
    EXPECT_EQ('\n' + text_plot({ramp(), flat}, {.width = 30, .height = 5}), R"(
 133 |                 ***
     |            *****
66.5 |        ****        **********
     |   *****  ++++++++++++++++++++
   0 |***
     +------------------------------
      0             15          30 s
      * syn queue   + accept queue
)");
}

TEST(TextPlot, ALegendIsNoWiderThanThePlot) {
    Curve flat{.label = "accept queue", .start_s = 0, .step_s = 1, .values = {30.0}};
    EXPECT_THAT(text_plot({ramp(), flat}, {.width = 29, .height = 3, .limit = 128}),
                HasSubstr("30 s\n"
                          "      * syn queue   + accept queue\n"
                          "      . 128\n"));
}

TEST(TextPlot, BrailleForOneCurveInUtf8) {
    EXPECT_EQ('\n' + text_plot({ramp()}, {.width = 20, .height = 4, .utf8 = true, .limit = 133}),
              R"(
 133 │┄┄┄┄┄┄┄┄┄┄⣠⠤⠚⡇┄┄┄┄┄┄
     │      ⢀⡤⠴⠋   ⡇
     │   ⣀⠴⠒⠉      ⠉⠉⠉⠉⠉⠉⠉
   0 │⣠⠖⠚⠁
     └────────────────────
      0        15     30 s
      ⣀ syn queue   ┄ 133
)");
}

TEST(TextPlot, AShortPeakStaysVisible) {
    Curve curve{.label = "", .start_s = 0, .step_s = 0.001, .values = std::vector<double>(5000)};
    curve.values[2500] = 100;
    const std::string text = text_plot({curve}, {.width = 20, .height = 5});
    EXPECT_THAT(text.substr(0, text.find('\n')), HasSubstr("*"));
}

TEST(TextPlot, NothingAndNonsenseAreDrawnToo) {
    EXPECT_THAT(text_plot({}, {}), HasSubstr("+----"));
    EXPECT_THAT(text_plot({Curve{.label = "empty", .values = {}}}, {}), HasSubstr("empty"));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    EXPECT_THAT(text_plot({Curve{.label = "odd", .values = {nan, inf, -5, 1e300}}}, {}),
                HasSubstr("odd"));
}

TEST(ShortNumber, FourDigitsAtMost) {
    EXPECT_EQ(short_number(0), "0");
    EXPECT_EQ(short_number(128), "128");
    EXPECT_EQ(short_number(1024), "1024");
    EXPECT_EQ(short_number(20000), "20k");
    EXPECT_EQ(short_number(1.5e6), "1.5M");
    EXPECT_EQ(short_number(0.25), "0.25");
}

TEST(TextTable, NumbersAtTheRight) {
    TextTable table({"case", "success", "p99", "note"});
    table.add({"no defence", "9.8 %", "3021.5 ms", "flood"});
    table.add({"syncookies", "100 %", "40.1 ms"});
    table.rule();
    table.add({"größer", "-", "1 ms", "ünï"});
    EXPECT_EQ('\n' + table.text(), R"(
case        success        p99  note
-------------------------------------
no defence    9.8 %  3021.5 ms  flood
syncookies    100 %    40.1 ms
-------------------------------------
größer            -       1 ms  ünï
)");
    EXPECT_THAT(table.text(true), HasSubstr("────"));
}

}  // namespace
}  // namespace netsim::observe
