// Plots and tables for a terminal.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/series.hpp"

namespace netsim::observe {

/// One curve: values at start, start + step, ... seconds.
struct Curve {
    std::string label;
    double start_s = 0;
    double step_s = 1;
    std::vector<double> values;
};

Curve curve_of(const Series& series);

struct PlotOptions {
    std::string title{};
    std::size_t width = 72;         // of the drawing area, columns; 10..400
    std::size_t height = 12;        // lines; 3..100
    bool utf8 = false;              // finer dots and box drawing; else ASCII
    std::optional<double> y_max{};  // none: the largest value or limit
    std::optional<double> limit{};  // a dotted line across, e.g. the backlog
    std::string limit_label{};
    std::string x_unit = "s";  // what the curves' start and step are in
};

/// Every column shows the largest and the smallest value of its time span, joined, so that short
/// peaks stay visible; between samples the last value holds. One curve in UTF-8 is drawn in
/// braille, several (or ASCII) in a mark each; where they meet, the first one shows.
std::string text_plot(const std::vector<Curve>& curves, const PlotOptions& options = {});

/// Rows of text in aligned columns; columns of numbers are right-aligned, heads with them.
class TextTable {
 public:
    explicit TextTable(std::vector<std::string> heads) : heads_(std::move(heads)) {}

    /// As many cells as heads; missing ones are blank.
    void add(std::vector<std::string> cells);
    /// A line between the rows before and after.
    void rule();
    std::string text(bool utf8 = false) const;

 private:
    bool is_numeric(std::size_t column) const;

    std::vector<std::string> heads_;
    std::vector<std::vector<std::string>> rows_;  // an empty row is a rule
};

/// Columns a UTF-8 text takes, at one per code point.
std::size_t display_width(std::string_view text);

/// "0", "128", "1.5k", "2M", "0.25": at most four digits, for axes.
std::string short_number(double value);

}  // namespace netsim::observe
