// A ladder as one SVG document. Two bars, coloured and named by state, are the lifelines; arrows
// slant, lines that cross cross; times stand beside the bars, silences break them.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "observe/ladder_draw.hpp"
#include "observe/svg_text.hpp"

namespace netsim::observe {
namespace {

using SvgOut = std::back_insert_iterator<std::string>;

// Pixels.
constexpr int kMargin = 18;
constexpr int kChar = 74;  // tenths: of the monospaced font at 12px
constexpr int kBar = 12;
constexpr int kRowHeight = 34;
constexpr int kSilenceHeight = 30;
constexpr int kSlant = 12;
constexpr int kHead = 46;
constexpr int kWayMin = 340;
constexpr int kWayMax = 860;
constexpr std::size_t kCallMax = 46;  // characters; the whole text is the tooltip

constexpr std::string_view kStyle = R"(<style>
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328}
.paper{fill:#ffffff}.host{font-weight:bold;font-size:14px}.soft{fill:#59636e}.bad{fill:#b42318}
.line{stroke:#1f2328;stroke-width:1.5;fill:none}.head{fill:#1f2328}.lost{stroke:#b42318}
.again{stroke-dasharray:6 4}.cross{stroke:#b42318;stroke-width:2.5}.gap{stroke:#ffffff;stroke-width:4;fill:none}
.label,.bad{paint-order:stroke;stroke:#ffffff;stroke-width:4px;stroke-linejoin:round}
.edge{fill:none;stroke:#8c959f;stroke-width:.75}.tick{stroke:#8c959f}
.sNONE{fill:#eaeef2}.sCLOSED{fill:#d8dee4}.sLISTEN{fill:#b6d7ff}.sSYN{fill:#ffd76e}.sESTABLISHED{fill:#7fd396}
.sFIN{fill:#ffae80}.sPASSIVE{fill:#f3a9d0}.sTIME{fill:#c8b4f7}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.paper{fill:#0d1117}.soft{fill:#9198a1}.bad{fill:#ff8f85}
.line{stroke:#e6edf3}.head{fill:#e6edf3}.lost,.cross{stroke:#ff7b72}.gap,.label,.bad{stroke:#0d1117}.edge,.tick{stroke:#656c76}
.sNONE{fill:#21262d}.sCLOSED{fill:#3d444d}.sLISTEN{fill:#1f5aa6}.sSYN{fill:#8a6500}.sESTABLISHED{fill:#1f7a3c}
.sFIN{fill:#a84a12}.sPASSIVE{fill:#94357a}.sTIME{fill:#6846b8}
}
</style>
)";

/// Colour classes: like states have like colours; names are always written beside them.
std::string_view state_class(std::string_view state) {
    if (state.starts_with('~')) {
        state.remove_prefix(1);
    }
    if (state.starts_with("SYN")) {
        return "sSYN";
    }
    if (state.starts_with("FIN-WAIT") || state == "CLOSING") {
        return "sFIN";
    }
    return state == "CLOSED"                              ? "sCLOSED"
           : state == "LISTEN"                            ? "sLISTEN"
           : state == "ESTABLISHED"                       ? "sESTABLISHED"
           : state == "CLOSE-WAIT" || state == "LAST-ACK" ? "sPASSIVE"
           : state == "TIME-WAIT"                         ? "sTIME"
                                                          : "sNONE";
}

int text_width(std::size_t characters) {
    return (static_cast<int>(characters) * kChar + 9) / 10;
}

class SvgDrawing {
 public:
    SvgDrawing(const LadderConnection& connection, int top) : c_(connection), y_(top) { measure(); }

    std::string draw() {
        head();
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            bar_from_.at(side) = y_;
            bar_state_.at(side) = c_.first_state.at(side);
            state_name(side, y_ + 4, c_.first_state.at(side));
        }
        y_ += kRowHeight * 2 / 3;
        place_rows();
        for (std::size_t i = 0; i < c_.rows.size(); ++i) {
            row(i);
        }
        y_ += kSlant;
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            close_bar(side, y_);
        }
        if (c_.rows_left_out > 0) {
            y_ += 18;
            put_text(left_x() + kBar, y_, "start", "soft",
                     fmt::format("{} more rows not drawn", c_.rows_left_out));
        }
        return bars_ + lines_ + out_;
    }

    int bottom() const { return y_ + kMargin; }

    int width() const {
        return right_x() + kBar + 10 + time_ + 10 + state_[1] + 10 + call_[1] + kMargin;
    }

 private:
    void measure() {
        std::size_t way = 0;
        std::array<std::size_t, 2> calls{};
        std::array<std::size_t, 2> states{c_.first_state[0].size(), c_.first_state[1].size()};
        std::size_t time = 5;
        for (const LadderRow& row : c_.rows) {
            const std::size_t words = row.label.size() + row.reason.size() + 4;
            const bool half = !row.origin.empty() || row.arrow == Arrow::kLost;
            way = std::max(way, row.origin.empty() ? words : words * 3 / 2 + row.origin.size());
            way = std::max(way, half ? words + 8 : 0);
            for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
                calls.at(side) = std::max(calls.at(side), row.call.at(side).size());
                states.at(side) = std::max(states.at(side), row.state.at(side).size());
                time = std::max(time, ladder_time(row.side_at.at(side), c_.digits).size());
            }
        }
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            call_.at(side) = text_width(std::min(calls.at(side), kCallMax));
            state_.at(side) = text_width(states.at(side));
        }
        time_ = text_width(time);
        const std::size_t titles = c_.title[0].size() + c_.title[1].size() + 4;
        way_ = std::clamp(std::max(text_width(way) + 60, text_width(titles)), kWayMin, kWayMax);
    }

    /// The left edges of the two bars.
    int left_x() const { return kMargin + call_[0] + 10 + state_[0] + 10 + time_ + 10; }

    int right_x() const { return left_x() + kBar + way_; }

    /// Where arrows begin and end.
    int end_x(std::size_t side) const { return side == 0 ? left_x() + kBar : right_x(); }

    void put_text(int x, int y, std::string_view anchor, std::string_view css,
                  const std::string& text) {
        if (!text.empty()) {
            fmt::format_to(SvgOut(out_),
                           "<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n", x,
                           y, anchor, css, svg_text(text));
        }
    }

    void head() {
        y_ += 16;
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            const std::string& title = c_.title.at(side);
            const std::size_t gap = title.rfind(' ');
            const int x = side == 0 ? left_x() : right_x() + kBar;
            const std::string_view anchor = side == 0 ? "start" : "end";
            put_text(x, y_, anchor, "host", title.substr(0, gap));
            put_text(x, y_ + 16, anchor, "soft",
                     gap == std::string::npos ? "" : title.substr(gap + 1));
        }
        y_ += kHead - 16;
    }

    void place_rows() {
        int y = y_;
        for (const LadderRow& row : c_.rows) {
            y += row.silence == Duration{0} ? 0 : kSilenceHeight;
            row_y_.push_back(y);
            y += kRowHeight;
        }
    }

    /// What happens at this side in this row: below the middle for what arrives.
    int side_y(const LadderRow& row, std::size_t i, std::size_t side) const {
        const std::size_t to = row.leftwards ? 0 : 1;
        const bool arrives =
            row.arrow == Arrow::kArrives || (row.arrow == Arrow::kWhole && !row.once);
        return row_y_[i] + (arrives && side == to ? kSlant : 0);
    }

    void row(std::size_t i) {
        const LadderRow& row = c_.rows[i];
        if (row.silence != Duration{0}) {
            silence(row, row_y_[i] - kSilenceHeight / 2 - 8);
        }
        y_ = row_y_[i];
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            const int y = side_y(row, i, side);
            if (!row.state.at(side).empty()) {
                close_bar(side, y);
                bar_state_.at(side) = row.state.at(side);
                state_name(side, y + 4, row.state.at(side));
            }
            if (side == 0 || !row.once) {
                time(side, y, row.side_at.at(side));
            }
            call(side, y + 4, row.call.at(side));
        }
        arrow(row, i);
        y_ += kRowHeight / 2;
    }

    void time(std::size_t side, int y, Time at) {
        if (at == kNever) {
            return;
        }
        const int x = side == 0 ? left_x() - 8 : right_x() + kBar + 8;
        put_text(x, y + 4, side == 0 ? "end" : "start", "soft", ladder_time(at, c_.digits));
        const int edge = side == 0 ? left_x() : right_x() + kBar;
        fmt::format_to(SvgOut(out_), "<path class=\"tick\" d=\"M{} {}h{}\"/>\n", edge, y,
                       side == 0 ? -5 : 5);
    }

    void state_name(std::size_t side, int y, const std::string& state) {
        const int x = side == 0 ? left_x() - 18 - time_ : right_x() + kBar + 18 + time_;
        put_text(x, y, side == 0 ? "end" : "start", "state", state);
    }

    void call(std::size_t side, int y, const std::string& text) {
        if (text.empty()) {
            return;
        }
        const int x = side == 0 ? left_x() - 28 - time_ - state_[0]
                                : right_x() + kBar + 28 + time_ + state_[1];
        const bool cut = text.size() > kCallMax;
        const std::string shown = cut ? text.substr(0, kCallMax - 3) + "..." : text;
        fmt::format_to(SvgOut(out_), "<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">", x, y,
                       side == 0 ? "end" : "start");
        if (cut) {
            out_ += "<title>" + svg_text(text) + "</title>";
        }
        out_ += svg_text(shown) + "</text>\n";
    }

    void close_bar(std::size_t side, int y) {
        if (y <= bar_from_.at(side)) {
            return;
        }
        const std::string& state = bar_state_.at(side);
        fmt::format_to(
            SvgOut(bars_),
            "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title>"
            "</rect>\n",
            state_class(state), side == 0 ? left_x() : right_x(), bar_from_.at(side), kBar,
            y - bar_from_.at(side), svg_text(state.empty() ? "state not known" : state));
        fmt::format_to(
            SvgOut(bars_), "<rect class=\"edge\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
            side == 0 ? left_x() : right_x(), bar_from_.at(side), kBar, y - bar_from_.at(side));
        bar_from_.at(side) = y;
    }

    void silence(const LadderRow& row, int y) {
        put_text(left_x() + kBar + way_ / 2, y + 4, "middle", "soft",
                 fmt::format("... {:.3f} s ...", to_seconds(row.silence)));
        for (const int x : {left_x(), right_x()}) {
            fmt::format_to(SvgOut(out_), "<path class=\"gap\" d=\"M{} {}l{} -6\"/>\n", x - 3, y + 3,
                           kBar + 6);
        }
    }

    /// Where the line of a segment that leaves in row i ends: the row of its second half.
    int arrival_y(std::size_t i) const {
        for (std::size_t j = i + 1; j < c_.rows.size(); ++j) {
            if (c_.rows[j].arrow == Arrow::kArrives && c_.rows[j].key == c_.rows[i].key) {
                return row_y_[j] + kSlant;
            }
        }
        return row_y_[i] + kSlant;
    }

    bool has_departure(std::size_t i) const {
        return std::any_of(c_.rows.begin(), c_.rows.begin() + static_cast<std::ptrdiff_t>(i),
                           [&](const LadderRow& row) {
                               return row.arrow == Arrow::kDeparts && row.key == c_.rows[i].key;
                           });
    }

    void arrow(const LadderRow& row, std::size_t i) {
        const std::size_t from = row.leftwards ? 1 : 0;
        int x = end_x(from);
        const int goal = end_x(1 - from);
        const int y = row_y_[i];
        switch (row.arrow) {
            case Arrow::kNone:
                return;
            case Arrow::kArrives:
                if (has_departure(i)) {  // its line was drawn where it left
                    return;
                }
                break;
            case Arrow::kLost:
                return lost(row, x, goal, y);
            case Arrow::kWhole:
            case Arrow::kDeparts:
            case Arrow::kInFlight:
                break;
        }
        if (!row.origin.empty()) {
            x = origin(row, y);
        }
        const int end_y = row.arrow == Arrow::kDeparts ? arrival_y(i) : row.once ? y : y + kSlant;
        const bool flying = row.arrow == Arrow::kInFlight;
        segment_line(row, x, y, flying ? (x + goal) / 2 : goal, flying ? y + kSlant / 2 : end_y);
        std::string label = row.label + (flying ? " (in flight)" : "");
        if (row.refused) {
            label += " [" + row.reason + "]";
        }
        const bool crossing = row.arrow == Arrow::kDeparts;
        const int label_x = crossing ? x + (row.leftwards ? -14 : 14) : (x + goal) / 2;
        put_text(label_x, y - 5 + (crossing || row.once ? 0 : kSlant / 3),
                 crossing ? (row.leftwards ? "end" : "start") : "middle",
                 row.refused ? "bad" : "label", label);
    }

    /// The node between the two hosts from which an arrow comes; returns where.
    int origin(const LadderRow& row, int y) {
        const int x = left_x() + kBar + (row.leftwards ? way_ * 3 / 4 : way_ / 4);
        fmt::format_to(SvgOut(out_), "<circle class=\"head\" cx=\"{}\" cy=\"{}\" r=\"4\"/>\n", x,
                       y);
        put_text(x + (row.leftwards ? 10 : -10), y + 4, row.leftwards ? "start" : "end", "label",
                 row.origin);
        return x;
    }

    void segment_line(const LadderRow& row, int x1, int y1, int x2, int y2) {
        const bool lost = row.refused || row.arrow == Arrow::kLost;
        fmt::format_to(SvgOut(lines_), "<path class=\"line{}{}\" d=\"M{} {}L{} {}\"/>\n",
                       lost ? " lost" : "", row.again ? " again" : "", x1, y1, x2, y2);
        if (lost) {
            fmt::format_to(SvgOut(lines_),
                           "<path class=\"cross\" d=\"M{0} {1}l10 10M{0} {2}l10 -10\"/>\n",
                           x2 - 5 + (row.refused ? (row.leftwards ? 6 : -6) : 0), y2 - 5, y2 + 5);
        } else if (row.arrow != Arrow::kInFlight) {
            fmt::format_to(SvgOut(lines_), "<path class=\"head\" d=\"M{} {}l{} -4.5v9z\"/>\n", x2,
                           y2, row.leftwards ? 10 : -10);
        }
    }

    void lost(const LadderRow& row, int x, int goal, int y) {
        if (!row.origin.empty()) {
            x = origin(row, y);
        }
        const int reason = text_width(row.reason.size()) + 14;
        const int room = std::abs(goal - x) - reason;
        const int length = std::max(40, std::min(room, std::abs(goal - x) * 3 / 5));
        const int end = x + (row.leftwards ? -length : length);
        segment_line(row, x, y, end, y + kSlant / 2);
        put_text(x + (row.leftwards ? -14 : 14), y - 5, row.leftwards ? "end" : "start", "label",
                 row.label);
        put_text(end + (row.leftwards ? -12 : 12), y + kSlant / 2 + 4,
                 row.leftwards ? "end" : "start", "bad", row.reason);
    }

    const LadderConnection& c_;
    int y_;
    std::array<int, 2> call_{};
    std::array<int, 2> state_{};
    int time_ = 0;
    int way_ = 0;
    std::vector<int> row_y_;
    std::array<int, 2> bar_from_{};
    std::array<std::string, 2> bar_state_;
    std::string bars_;   // under everything else
    std::string lines_;  // under what is written on them
    std::string out_;
};

}  // namespace

std::string ladder_svg(const LadderPicture& picture) {
    std::string body;
    int y = kMargin;
    int width = kWayMin;
    std::string title;
    for (const LadderConnection& connection : picture.connections) {
        SvgDrawing drawing(connection, y);
        body += drawing.draw();
        y = drawing.bottom();
        width = std::max(width, drawing.width());
        title += (title.empty() ? "" : "; ") + connection.title[0] + " and " + connection.title[1];
    }
    std::vector<std::string> notes = picture.notes;
    if (picture.inferred && !picture.connections.empty()) {
        notes.insert(notes.begin(), "~ states are inferred from the segments alone");
    }
    for (const std::string& note : notes) {
        y += 16;
        body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"soft\">{}</text>\n", kMargin, y,
                            svg_text(note));
        width = std::max(width, text_width(note.size()) + 2 * kMargin);
    }
    y += kMargin;
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
               "height=\"{1}\" role=\"img\">\n<title>{2}</title>\n",
               width, y, svg_text(title.empty() ? "no connection" : title)) +
           std::string(kStyle) +
           fmt::format("<rect class=\"paper\" width=\"{}\" height=\"{}\"/>\n", width, y) + body +
           "</svg>\n";
}

}  // namespace netsim::observe
