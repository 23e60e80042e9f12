// A grid of dots per curve, then characters.
#include "observe/text_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace netsim::observe {
namespace {

constexpr std::array<std::string_view, 6> kAsciiMarks{"*", "+", "o", "#", "x", "@"};
constexpr std::array<std::string_view, 6> kUtf8Marks{"•", "○", "▲", "△", "■", "□"};
constexpr int kNothing = -1;

struct Range {
    double low = 0;
    double high = 0;
    bool any = false;

    void take(double value) {
        if (std::isfinite(value)) {
            low = any ? std::min(low, value) : value;
            high = any ? std::max(high, value) : value;
            any = true;
        }
    }
};

double end_of(const Curve& curve) {
    return curve.start_s + curve.step_s * static_cast<double>(curve.values.size());
}

class Plot {
 public:
    Plot(const std::vector<Curve>& curves, const PlotOptions& options)
        : curves_(curves),
          options_(options),
          width_(std::clamp<std::size_t>(options.width, 10, 400)),
          height_(std::clamp<std::size_t>(options.height, 3, 100)),
          fine_(options.utf8 && curves.size() == 1) {
        measure();
    }

    std::string draw() {
        const std::size_t across = fine_ ? 2 * width_ : width_;
        const std::size_t up = fine_ ? 4 * height_ : height_;
        grid_.assign(up, std::vector<int>(across, kNothing));
        for (std::size_t c = 0; c < curves_.size(); ++c) {
            trace(curves_[c], static_cast<int>(c));
        }
        std::string out = options_.title.empty() ? "" : options_.title + '\n';
        for (std::size_t line = 0; line < height_; ++line) {
            out += label(line) + row(line) + '\n';
        }
        return out + axis() + legend();
    }

 private:
    void measure() {
        Range values;
        bool first = true;
        for (const Curve& curve : curves_) {
            if (curve.values.empty()) {
                continue;
            }
            begin_ = first ? curve.start_s : std::min(begin_, curve.start_s);
            end_ = first ? end_of(curve) : std::max(end_, end_of(curve));
            first = false;
            std::for_each(curve.values.begin(), curve.values.end(),
                          [&](double v) { values.take(v); });
        }
        if (end_ <= begin_) {
            end_ = begin_ + 1;
        }
        bottom_ = std::min(0.0, values.low);
        top_ = std::max(values.high, options_.limit.value_or(values.high));
        top_ = options_.y_max.value_or(top_);
        if (top_ <= bottom_) {
            top_ = bottom_ + 1;
        }
        label_width_ = 0;
        for (const double value : {bottom_, (top_ + bottom_) / 2, top_}) {
            label_width_ = std::max(label_width_, short_number(value).size());
        }
    }

    /// The row, counted from the bottom, that shows a value; beyond the axis: its nearest end.
    std::size_t level(double value) const {
        const auto rows = static_cast<double>(grid_.size() - 1);
        const double at = (value - bottom_) / (top_ - bottom_) * rows;
        return static_cast<std::size_t>(std::lround(std::clamp(at, 0.0, rows)));
    }

    void trace(const Curve& curve, int mark) {
        if (curve.values.empty() || !(curve.step_s > 0)) {
            return;
        }
        const std::size_t across = grid_.front().size();
        const double span = (end_ - begin_) / static_cast<double>(across);
        const auto last = static_cast<double>(curve.values.size() - 1);
        for (std::size_t x = 0; x < across; ++x) {
            const double from = begin_ + span * static_cast<double>(x);
            // A sample at a column's edge belongs to the column that begins there.
            constexpr double kEdge = 1e-9;
            const double first = std::floor((from - curve.start_s) / curve.step_s + kEdge);
            const double until = std::ceil((from + span - curve.start_s) / curve.step_s - kEdge);
            if (until < 1 || first > last) {
                continue;
            }
            Range range;
            for (auto i = static_cast<std::size_t>(std::max(0.0, first));
                 i < static_cast<std::size_t>(std::min(until, last + 1)); ++i) {
                range.take(curve.values[i]);
            }
            for (std::size_t y = level(range.low); range.any && y <= level(range.high); ++y) {
                int& dot = grid_[y][x];
                dot = dot == kNothing ? mark : dot;
            }
        }
    }

    std::string label(std::size_t line) const {
        std::string text;
        if (line == 0) {
            text = short_number(top_);
        } else if (line == height_ - 1) {
            text = short_number(bottom_);
        } else if (line == height_ / 2 && height_ % 2 == 1) {
            text = short_number((top_ + bottom_) / 2);
        }
        const std::string_view bar = options_.utf8 ? "│" : "|";
        return fmt::format("{:>{}} {}", text, label_width_, bar);
    }

    std::string row(std::size_t line) const {
        const std::size_t y = height_ - 1 - line;
        const bool limit = options_.limit && level(*options_.limit) / (fine_ ? 4 : 1) == y;
        std::string out;
        for (std::size_t x = 0; x < width_; ++x) {
            if (fine_) {
                const unsigned dots = braille(x, y);
                out += dots != 0 ? code_point(0x2800 + dots) : limit_mark(limit);
            } else {
                const int mark = grid_[y][x];
                const auto& marks = options_.utf8 ? kUtf8Marks : kAsciiMarks;
                out += mark >= 0 ? std::string(marks.at(static_cast<std::size_t>(mark) % 6))
                                 : limit_mark(limit);
            }
        }
        out.erase(out.find_last_not_of(' ') + 1);
        return out;
    }

    std::string limit_mark(bool limit) const { return !limit ? " " : options_.utf8 ? "┄" : "."; }

    unsigned braille(std::size_t x, std::size_t y) const {
        // Unicode's numbering of the dots, from the bottom row up: left, right.
        constexpr std::array<std::array<unsigned, 2>, 4> kDots{
            {{0x40, 0x80}, {0x04, 0x20}, {0x02, 0x10}, {0x01, 0x08}}};
        unsigned dots = 0;
        for (std::size_t dy = 0; dy < 4; ++dy) {
            for (std::size_t dx = 0; dx < 2; ++dx) {
                if (grid_[4 * y + dy][2 * x + dx] >= 0) {
                    dots |= kDots.at(dy).at(dx);
                }
            }
        }
        return dots;
    }

    static std::string code_point(unsigned code) {
        std::string text;
        text += static_cast<char>(0xE0U | (code >> 12U));
        text += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
        text += static_cast<char>(0x80U | (code & 0x3FU));
        return text;
    }

    std::string axis() const {
        std::string line(label_width_ + 1, ' ');
        line += options_.utf8 ? "└" : "+";
        for (std::size_t x = 0; x < width_; ++x) {
            line += options_.utf8 ? "─" : "-";
        }
        const std::string left = fmt::format("{:g}", begin_);
        const std::string middle = fmt::format("{:g}", (begin_ + end_) / 2);
        const std::string right = fmt::format("{:g} {}", end_, options_.x_unit);
        std::string times(label_width_ + 2, ' ');
        times += fmt::format("{:<{}}", left, width_ / 2 - middle.size() / 2);
        times += middle;
        const std::size_t used = times.size() - label_width_ - 2;
        times += fmt::format("{:>{}}", right, width_ - std::min(width_, used));
        return line + '\n' + times + '\n';
    }

    std::string legend() const {
        std::string out;
        std::size_t used = 0;  // of this line
        const auto& marks = options_.utf8 ? kUtf8Marks : kAsciiMarks;
        const auto put = [&](std::string_view mark, const std::string& text) {
            const std::size_t needed = 2 + display_width(text);
            const bool fits = used > 0 && used + 3 + needed <= width_;
            out += fits ? "   " : (out.empty() ? "" : "\n") + std::string(label_width_ + 2, ' ');
            used = (fits ? used + 3 : 0) + needed;
            out += mark;
            out += ' ';
            out += text;
        };
        for (std::size_t c = 0; c < curves_.size(); ++c) {
            if (!curves_[c].label.empty()) {
                put(fine_ ? "⣀" : marks.at(c % marks.size()), curves_[c].label);
            }
        }
        if (options_.limit) {
            put(limit_mark(true), options_.limit_label.empty() ? short_number(*options_.limit)
                                                               : options_.limit_label);
        }
        return out.empty() ? out : out + '\n';
    }

    const std::vector<Curve>& curves_;
    const PlotOptions& options_;
    std::size_t width_;
    std::size_t height_;
    bool fine_;
    double begin_ = 0;
    double end_ = 0;
    double bottom_ = 0;
    double top_ = 1;
    std::size_t label_width_ = 0;
    std::vector<std::vector<int>> grid_;  // from the bottom up: the curve's index or kNothing
};

}  // namespace

Curve curve_of(const Series& series) {
    return Curve{series.name, to_seconds(series.start), to_seconds(series.interval), series.values};
}

std::string text_plot(const std::vector<Curve>& curves, const PlotOptions& options) {
    return Plot(curves, options).draw();
}

std::string short_number(double value) {
    constexpr std::array<std::pair<double, std::string_view>, 4> kUnits{
        {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
    for (const auto& [unit, letter] : kUnits) {
        if (std::abs(value) >= unit * (unit > 1e3 ? 1 : 10)) {  // 1024 stays 1024
            return fmt::format("{:.3g}{}", value / unit, letter);
        }
    }
    return fmt::format("{:.4g}", value);
}

std::size_t display_width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

}  // namespace netsim::observe
