// Least and most are a band, the mean a line in it; curves differ by colour and by dashes.
#include "report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <tuple>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "observe/svg_text.hpp"
#include "report/recorder.hpp"

namespace netsim::report {
namespace {

using PlotOut = std::back_insert_iterator<std::string>;

constexpr int kLeft = 64;  // room for numbers
constexpr int kRight = 16;
constexpr int kTop = 34;
constexpr int kLegendLine = 18;
constexpr int kPanelTop = 24;  // of each panel: its case
constexpr int kGap = 14;
constexpr int kBottom = 40;
constexpr std::size_t kPlotPoints = 700;
constexpr std::size_t kStyles = 8;

// Okabe and Ito's colours, darker where they would be faint on white; rsvg knows no CSS variables.
constexpr std::string_view kPlotStyle = R"(<style>
text { font: 12px 'DejaVu Sans', Verdana, sans-serif; fill: #1f2328; }
.back { fill: #ffffff; }
.head { font-size: 15px; font-weight: bold; }
.case { font-weight: bold; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.faint { fill: #59636e; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.frame { stroke: #59636e; stroke-width: 1; fill: none; }
.limit { stroke: #59636e; stroke-width: 1.2; stroke-dasharray: 2 3; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.band { stroke: none; opacity: 0.22; }
.c0 { stroke: #0072b2; fill: #0072b2; } .c1 { stroke: #d55e00; fill: #d55e00; }
.c2 { stroke: #007a5a; fill: #007a5a; } .c3 { stroke: #a8558a; fill: #a8558a; }
.c4 { stroke: #8a6d00; fill: #8a6d00; } .c5 { stroke: #2b7bb9; fill: #2b7bb9; }
.c6 { stroke: #6e40c9; fill: #6e40c9; } .c7 { stroke: #444c56; fill: #444c56; }
.line { fill: none; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.back { fill: #0d1117; }
.faint { fill: #9198a1; }
.grid { stroke: #30363d; }
.frame { stroke: #9198a1; }
.limit { stroke: #9198a1; }
.c0 { stroke: #56b4e9; fill: #56b4e9; } .c1 { stroke: #e69f00; fill: #e69f00; }
.c2 { stroke: #2bbf96; fill: #2bbf96; } .c3 { stroke: #e08fc2; fill: #e08fc2; }
.c4 { stroke: #f0e442; fill: #f0e442; } .c5 { stroke: #9ecbff; fill: #9ecbff; }
.c6 { stroke: #b392f0; fill: #b392f0; } .c7 { stroke: #c9d1d9; fill: #c9d1d9; }
.line { fill: none; }
}
</style>
)";

constexpr std::array<std::string_view, kStyles> kDashes{"",     "7 3", "2 3",         "9 3 2 3",
                                                        "12 4", "4 4", "9 3 2 3 2 3", "1 4"};

Curve drop_rate(const DropCurve& drop) {
    Curve curve;
    curve.name = "dropped: " + drop.reason;
    curve.group = "drops";
    curve.unit = "1/s";
    curve.start = drop.start;
    curve.interval = drop.interval;
    for (const double count : drop.counts) {
        curve.mean.push_back(drop.interval > 0 ? count / drop.interval : 0);
    }
    curve.low = curve.high = curve.mean;
    return curve;
}

void add_curve(Curve& into, const Curve& other) {
    const auto add = [](std::vector<double>& a, const std::vector<double>& b) {
        a.resize(std::max(a.size(), b.size()));
        for (std::size_t i = 0; i < b.size(); ++i) {
            a[i] += b[i];
        }
    };
    add(into.low, other.low);
    add(into.high, other.high);
    add(into.mean, other.mean);
}

/// All that can be drawn; drops of one reason are one curve.
std::vector<Curve> drawable(const Case& one) {
    std::vector<Curve> curves = one.series;
    const std::size_t first_drop = curves.size();
    for (const DropCurve& drop : one.drops) {
        const Curve rate = drop_rate(drop);
        const auto same =
            std::find_if(curves.begin() + static_cast<std::ptrdiff_t>(first_drop), curves.end(),
                         [&](const Curve& curve) { return curve.name == rate.name; });
        same == curves.end() ? curves.push_back(rate) : add_curve(*same, rate);
    }
    return curves;
}

struct Panel {
    std::string name;
    std::vector<Curve> curves;
};

/// The largest of 1, 2, 5 times a power of ten of which `most` steps still reach as far.
double step_of(double range, int most) {
    double step = 1;
    if (!(range > 0)) {
        return step;
    }
    while (step * most < range) {
        step *= 10;
    }
    while (step / 10 * most >= range) {
        step /= 10;
    }
    for (const double smaller : {step / 5, step / 2}) {
        if (smaller * most >= range) {
            return smaller;
        }
    }
    return step;
}

/// As all numbers of an axis that goes to `top`.
std::string tick_text(double value, double top) {
    return std::fabs(value) < 1e-12 ? "0"
           : top >= 1e7             ? fmt::format("{:g} M", value / 1e6)
           : top >= 1e4             ? fmt::format("{:g} k", value / 1e3)
                                    : fmt::format("{:g}", value);
}

class Drawing {
 public:
    Drawing(std::vector<Panel> panels, const StaticPlot& plot)
        : panels_(std::move(panels)), plot_(plot) {
        constexpr std::size_t kFewPanels = 2;
        constexpr int kTall = 170;
        constexpr int kFlat = 90;
        panel_height_ = panels_.size() > kFewPanels ? kFlat : kTall;
        for (Panel& panel : panels_) {
            for (Curve& curve : panel.curves) {
                while (curve.low.size() > kPlotPoints) {
                    fold(curve);
                }
                measure(curve);
                if (std::find(names_.begin(), names_.end(), curve.name) == names_.end()) {
                    names_.push_back(curve.name);
                }
            }
        }
        legend_ = std::max(1, (static_cast<int>(names_.size()) + 1) / 2);
        x_step_ = step_of(end_ - begin_, 10);
        y_step_ = step_of(top_, 5);
        top_ = top_ > 0 ? y_step_ * std::ceil(top_ / y_step_ - 1e-9) : 1;
    }

    std::string svg() {
        const int first = kTop + legend_ * kLegendLine;
        const int each = kPanelTop + panel_height_ + kGap;
        const int height = first + each * static_cast<int>(panels_.size()) + kBottom - kGap;
        fmt::format_to(PlotOut(out_),
                       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
                       "viewBox=\"0 0 {0} {1}\" role=\"img\">\n<title>{2}</title>\n",
                       plot_.width, height, observe::svg_text(plot_.title));
        out_ += kPlotStyle;
        fmt::format_to(PlotOut(out_), "<rect class=\"back\" width=\"{}\" height=\"{}\"/>\n",
                       plot_.width, height);
        words(kLeft, 22, "head", plot_.title);
        legend();
        for (std::size_t i = 0; i < panels_.size(); ++i) {
            panel(panels_[i], first + each * static_cast<int>(i) + kPanelTop,
                  i + 1 == panels_.size());
        }
        return out_ + "</svg>\n";
    }

 private:
    void measure(const Curve& curve) {
        for (const double value : curve.high) {
            top_ = std::isfinite(value) ? std::max(top_, value) : top_;
        }
        const double limit = curve.limit.value_or(0);
        top_ = limit <= 20 * top_ ? std::max(top_, limit) : top_;  // a far limit is not drawn
        const double end = curve.start + curve.interval * static_cast<double>(curve.low.size());
        end_ = std::max(end_, end);
        unit_ = unit_.empty() ? curve.unit : unit_;
    }

    void words(double x, double y, std::string_view classes, std::string_view text) {
        fmt::format_to(PlotOut(out_), "<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x,
                       y, classes, observe::svg_text(text));
    }

    void rule(std::string_view classes, double x1, double y1, double x2, double y2) {
        fmt::format_to(PlotOut(out_),
                       "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" "
                       "y2=\"{:.1f}\"/>\n",
                       classes, x1, y1, x2, y2);
    }

    std::string line_classes(const std::string& name) const {
        const auto style = style_of(name);
        const std::string_view dashes = kDashes.at(style);
        return fmt::format("class=\"c{} line\"{}", style,
                           dashes.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dashes));
    }

    std::size_t style_of(const std::string& name) const {
        return static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) -
                                        names_.begin()) %
               kStyles;
    }

    void legend() {
        const int column = (plot_.width - kLeft - kRight) / 2;
        for (std::size_t i = 0; i < names_.size(); ++i) {
            const double x = kLeft + static_cast<int>(i % 2) * column;
            const double y = kTop + 6 + static_cast<int>(i / 2) * kLegendLine;
            fmt::format_to(PlotOut(out_), "<path {} d=\"M{:.1f} {:.1f}h30\"/>\n",
                           line_classes(names_[i]), x, y);
            words(x + 36, y + 4, "", names_[i]);
        }
    }

    double x_of(double seconds) const {
        const double span = end_ > begin_ ? end_ - begin_ : 1;
        return kLeft + (seconds - begin_) / span * (plot_.width - kLeft - kRight);
    }

    double y_of(double value, int y) const {
        return y + panel_height_ * (1 - std::clamp(value / top_, 0.0, 1.0));
    }

    void axes(int y, bool last) {
        for (int i = 0; i * y_step_ <= top_ * (1 + 1e-9); ++i) {
            const double at = y_of(i * y_step_, y);
            rule("grid", kLeft, at, plot_.width - kRight, at);
            words(kLeft - 6, at + 4, "end faint", tick_text(i * y_step_, top_));
        }
        for (int i = 0; begin_ + i * x_step_ <= end_ + 1e-9; ++i) {
            const double at = x_of(begin_ + i * x_step_);
            rule("grid", at, y, at, y + panel_height_);
            if (last) {
                words(at, y + panel_height_ + 16, "middle faint",
                      tick_text(begin_ + i * x_step_, end_));
            }
        }
        if (last) {
            words(plot_.width - kRight, y + panel_height_ + 33, "end faint", "simulated time (s)");
        }
        fmt::format_to(PlotOut(out_),
                       "<rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                       kLeft, y, plot_.width - kLeft - kRight, panel_height_);
    }

    void panel(const Panel& one, int y, bool last) {
        words(kLeft, y - 7, "case", one.name);
        if (!unit_.empty()) {
            words(plot_.width - kRight, y - 7, "end faint", unit_);
        }
        axes(y, last);
        for (const Curve& curve : one.curves) {
            band(curve, y);
        }
        std::vector<double> limits;
        for (const Curve& curve : one.curves) {
            if (curve.limit && *curve.limit <= top_ &&
                std::find(limits.begin(), limits.end(), *curve.limit) == limits.end()) {
                limits.push_back(*curve.limit);
                const double at = y_of(*curve.limit, y);
                rule("limit", kLeft, at, plot_.width - kRight, at);
                words(kLeft + 6, at - 4, "faint", "limit " + tick_text(*curve.limit, 0));
            }
        }
        for (const Curve& curve : one.curves) {
            line(curve, y);
        }
    }

    /// [first, last) of the points from `from` on between which there is no gap.
    static std::pair<std::size_t, std::size_t> stretch(const Curve& curve, std::size_t from) {
        std::size_t first = from;
        while (first < curve.mean.size() && std::isnan(curve.mean[first])) {
            ++first;
        }
        std::size_t last = first;
        while (last < curve.mean.size() && !std::isnan(curve.mean[last])) {
            ++last;
        }
        return {first, last};
    }

    double time_of(const Curve& curve, std::size_t i) const {
        return curve.start + curve.interval * (static_cast<double>(i) + 0.5);
    }

    void band(const Curve& curve, int y) {
        if (curve.low == curve.high) {
            return;
        }
        for (auto [first, last] = stretch(curve, 0); first < last;
             std::tie(first, last) = stretch(curve, last)) {
            fmt::format_to(PlotOut(out_), "<path class=\"c{} band\" d=\"", style_of(curve.name));
            for (std::size_t i = first; i < last; ++i) {
                fmt::format_to(PlotOut(out_), "{}{:.1f} {:.1f}", i == first ? "M" : "L",
                               x_of(time_of(curve, i)), y_of(curve.high[i], y));
            }
            for (std::size_t i = last; i-- > first;) {
                fmt::format_to(PlotOut(out_), "L{:.1f} {:.1f}", x_of(time_of(curve, i)),
                               y_of(curve.low[i], y));
            }
            out_ += "Z\"/>\n";
        }
    }

    void line(const Curve& curve, int y) {
        for (auto [first, last] = stretch(curve, 0); first < last;
             std::tie(first, last) = stretch(curve, last)) {
            fmt::format_to(PlotOut(out_), "<path {} d=\"", line_classes(curve.name));
            for (std::size_t i = first; i < last; ++i) {
                fmt::format_to(PlotOut(out_), "{}{:.1f} {:.1f}", i == first ? "M" : "L",
                               x_of(time_of(curve, i)), y_of(curve.mean[i], y));
            }
            out_ += last - first == 1 ? "h0.1\"/>\n" : "\"/>\n";
        }
    }

    std::vector<Panel> panels_;
    const StaticPlot& plot_;
    std::string out_;
    std::vector<std::string> names_;  // in the legend's order
    std::string unit_;
    int legend_ = 1;
    int panel_height_ = 0;
    double begin_ = 0;
    double end_ = 0;
    double top_ = 0;
    double x_step_ = 1;
    double y_step_ = 1;
};

}  // namespace

std::vector<std::string> plot_names(const std::vector<NamedCase>& cases) {
    std::vector<std::string> groups;
    std::vector<std::string> names;
    const auto add = [](std::vector<std::string>& list, const std::string& name) {
        if (std::find(list.begin(), list.end(), name) == list.end()) {
            list.push_back(name);
        }
    };
    for (const NamedCase& one : cases) {
        for (const Curve& curve : drawable(*one.picture)) {
            add(groups, curve.group);
            add(names, curve.name);
        }
    }
    groups.insert(groups.end(), names.begin(), names.end());
    return groups;
}

std::string plot_svg(const std::vector<NamedCase>& cases, const StaticPlot& plot) {
    const std::vector<std::string> known = plot_names(cases);
    for (const std::string& name : plot.series) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            const std::vector<std::string_view> views(known.begin(), known.end());
            throw InputError("there is no series \"" + name + "\"" + did_you_mean(name, views) +
                             " (there are: " + join(views) + ")");
        }
    }
    std::vector<Panel> panels;
    for (const NamedCase& one : cases) {
        Panel& panel = panels.emplace_back();
        panel.name = one.name;
        const std::vector<Curve> all = drawable(*one.picture);
        for (const std::string& name : plot.series) {
            for (const Curve& curve : all) {
                if (curve.name == name || curve.group == name) {
                    panel.curves.push_back(curve);
                }
            }
        }
    }
    return Drawing(std::move(panels), plot).svg();
}

}  // namespace netsim::report
