// The state diagram drawn: characters on a grid, or SVG's lines at nine by eighteen pixels per
// character.
#include "observe/state_diagram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "observe/state_layout.hpp"
#include "observe/text_plot.hpp"

namespace netsim::observe {
namespace {

class Grid {
 public:
    Grid() : lines_(kDiagramLines, std::string(kDiagramColumns, ' ')) {}

    void put(int x, int y, char c) {
        if (x >= 0 && x < kDiagramColumns && y >= 0 && y < kDiagramLines) {
            lines_[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] = c;
        }
    }

    void words(Spot at, bool ends, const std::string& text) {
        int x = ends ? at.x - static_cast<int>(text.size()) + 1 : at.x;
        for (const char c : text) {
            put(x++, at.y, c);
        }
    }

    void line(Spot from, Spot to, bool taken) {
        const int dx = (to.x > from.x) - (to.x < from.x);
        const int dy = (to.y > from.y) - (to.y < from.y);
        const char c = dx != 0 ? (taken ? '-' : '.') : (taken ? '|' : ':');
        for (Spot at = from; at.x != to.x || at.y != to.y; at.x += dx, at.y += dy) {
            put(at.x, at.y, c);
        }
    }

    void arrow(const std::vector<Spot>& way, bool taken) {
        for (std::size_t i = 1; i < way.size(); ++i) {
            line(way[i - 1], way[i], taken);
            if (i > 1) {
                put(way[i - 1].x, way[i - 1].y, taken ? '+' : '.');
            }
        }
        const Spot last = way.back();
        const Spot before = way[way.size() - 2];
        const char head = last.y > before.y   ? 'v'
                          : last.y < before.y ? '^'
                          : last.x > before.x ? '>'
                                              : '<';
        put(last.x, last.y, head);
    }

    void box(const StateBox& box, bool visited) {
        const std::string name(tcp::rfc_name(box.state));
        const int left = box.top.x - kBoxHalf;
        const int right = box.top.x + kBoxHalf;
        for (const int y : {box.top.y, box.top.y + 2}) {
            for (int x = left; x <= right; ++x) {
                put(x, y, visited ? (x == left || x == right ? '+' : '-') : '.');
            }
        }
        put(left, box.top.y + 1, visited ? '|' : ':');
        put(right, box.top.y + 1, visited ? '|' : ':');
        words({box.top.x - static_cast<int>(name.size()) / 2, box.top.y + 1}, false, name);
    }

    std::string text() const {
        std::string out;
        for (const std::string& line : lines_) {
            const std::size_t end = line.find_last_not_of(' ');
            out += line.substr(0, end == std::string::npos ? 0 : end + 1) + "\n";
        }
        return out;
    }

 private:
    std::vector<std::string> lines_;
};

constexpr int kCellX = 9;
constexpr int kCellY = 18;
constexpr int kDiagramMargin = 24;

int svg_x(int column) {
    return kDiagramMargin + column * kCellX + kCellX / 2;
}

int svg_y(int line) {
    return kDiagramMargin + line * kCellY + kCellY / 2;
}

// rsvg knows no CSS variables: each colour stands twice.
constexpr const char* kDiagramStyle = R"(<style>
text { font: 13px ui-monospace, 'DejaVu Sans Mono', monospace; fill: #1f2328; }
.back { fill: #ffffff; }
.box { fill: #ddf4ff; stroke: #0969da; stroke-width: 2; }
.boxoff { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1.2; stroke-dasharray: 5 4; }
.on { fill: none; stroke: #0969da; }
.off { fill: none; stroke: #8c959f; stroke-width: 1.2; stroke-dasharray: 5 4; }
.headon { fill: #0969da; }
.headoff { fill: #8c959f; }
.faint { fill: #6e7781; }
.name { font-weight: bold; text-anchor: middle; }
.end { text-anchor: end; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.back { fill: #0d1117; }
.box { fill: #12283f; stroke: #58a6ff; }
.boxoff { fill: #161b22; stroke: #6e7681; }
.on { stroke: #58a6ff; }
.off { stroke: #6e7681; }
.headon { fill: #58a6ff; }
.headoff { fill: #6e7681; }
.faint { fill: #8b949e; }
}
</style>
)";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '>' ? "&gt;" : std::string(1, c);
    }
    return out;
}

std::string svg_text(int x, int y, std::string_view classes, std::string_view text) {
    return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>\n", x, y + 5, classes,
                       escaped(text));
}

/// A head of the arrow's own colour, and a line that ends in it.
std::string svg_arrow(const StateArrow& arrow) {
    const bool taken = arrow.count() > 0;
    const double width =
        taken ? 2 + std::min(3.0, std::log10(static_cast<double>(arrow.count()))) : 1.2;
    const Spot last = arrow.way.back();
    const Spot before = arrow.way[arrow.way.size() - 2];
    const int dx = (last.x > before.x) - (last.x < before.x);
    const int dy = (last.y > before.y) - (last.y < before.y);
    const int tip_x = svg_x(last.x) + dx * kCellX / 2;
    const int tip_y = svg_y(last.y) + dy * kCellY / 2;
    std::string out = fmt::format("<polyline class=\"{}\"", taken ? "on" : "off");
    if (taken) {
        out += fmt::format(" stroke-width=\"{:.1f}\"", width);
    }
    out += " points=\"";
    for (std::size_t i = 0; i < arrow.way.size(); ++i) {
        int x = svg_x(arrow.way[i].x);
        int y = svg_y(arrow.way[i].y);
        if (i == 0) {  // from the edge of its box
            const Spot next = arrow.way[1];
            x -= ((next.x > arrow.way[0].x) - (next.x < arrow.way[0].x)) * kCellX / 2;
            y -= ((next.y > arrow.way[0].y) - (next.y < arrow.way[0].y)) * kCellY / 2;
        } else if (i + 1 == arrow.way.size()) {
            x = tip_x - dx * 9;
            y = tip_y - dy * 9;
        }
        fmt::format_to(std::back_inserter(out), "{}{},{}", i == 0 ? "" : " ", x, y);
    }
    out += "\"/>\n";
    const double half = taken ? 5 + width / 2 : 4.5;
    out += fmt::format("<polygon class=\"{}\" points=\"{},{} {:g},{:g} {:g},{:g}\"/>\n",
                       taken ? "headon" : "headoff", tip_x, tip_y, tip_x - dx * 11 + dy * half,
                       tip_y - dy * 11 + dx * half, tip_x - dx * 11 - dy * half,
                       tip_y - dy * 11 - dx * half);
    return out;
}

std::string svg_labels(const StateArrow& arrow) {
    std::string out;
    int line = arrow.label.y;
    for (const StateEdge& edge : arrow.edges) {
        const std::string classes =
            std::string(edge.count > 0 ? "" : "faint") + (arrow.label_ends ? " end" : "");
        const int x = svg_x(arrow.label.x) + (arrow.label_ends ? kCellX / 2 : -kCellX / 2);
        out += svg_text(x, svg_y(line++), classes, edge_label(edge));
    }
    return out;
}

std::string svg_box(const StateBox& box, bool visited) {
    const int x = svg_x(box.top.x - kBoxHalf) - kCellX / 2;
    const int y = svg_y(box.top.y) - kCellY / 2;
    return fmt::format(
               "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n",
               visited ? "box" : "boxoff", x, y, (2 * kBoxHalf + 1) * kCellX, 3 * kCellY) +
           svg_text(svg_x(box.top.x), svg_y(box.top.y + 1), visited ? "name" : "name faint",
                    tcp::rfc_name(box.state));
}

constexpr int kFirstColumn = 16;  // of the table beside, in characters

std::string svg_table(const std::vector<std::vector<std::string>>& table, int first_line) {
    std::string out;
    int line = first_line;
    for (const auto& cells : table) {
        int column = kFirstColumn;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const bool head = line == first_line;
            const bool taken = i > 0 && !head && cells[i] != ".";
            const std::string_view classes = taken || (i == 0 && !head) ? "end" : "end faint";
            if (i == 0) {
                out += svg_text(svg_x(0), svg_y(line), head ? "faint" : "", cells[i]);
            } else {
                column += static_cast<int>(std::max<std::size_t>(table[0][i].size(), 4)) + 2;
                out += svg_text(svg_x(column), svg_y(line), classes, cells[i]);
            }
        }
        ++line;
    }
    return out;
}

}  // namespace

std::string state_diagram_text(const StateCoverage& coverage) {
    Grid grid;
    const std::vector<StateArrow> arrows = state_arrows(coverage);
    for (const bool taken : {false, true}) {  // what was taken lies on top
        for (const StateArrow& arrow : arrows) {
            if ((arrow.count() > 0) == taken) {
                grid.arrow(arrow.way, taken);
            }
        }
    }
    for (const StateBox& box : state_boxes()) {
        grid.box(box, coverage.visited(box.state));
    }
    for (const StateArrow& arrow : arrows) {
        Spot at = arrow.label;
        for (const StateEdge& edge : arrow.edges) {
            grid.words(at, arrow.label_ends, edge_label(edge));
            ++at.y;
        }
    }
    const std::vector<std::vector<std::string>> cells = edges_beside_table(coverage);
    TextTable table(cells.front());
    for (std::size_t i = 1; i < cells.size(); ++i) {
        table.add(cells[i]);
    }
    return grid.text() + "\n" + table.text() + "\n" + coverage_summary(coverage) +
           " (dots: not in this run)\n";
}

std::string state_diagram_svg(const StateCoverage& coverage) {
    const std::vector<StateArrow> arrows = state_arrows(coverage);
    const std::vector<std::vector<std::string>> table = edges_beside_table(coverage);
    const int lines = kDiagramLines + 4 + static_cast<int>(table.size());
    std::size_t table_columns = kFirstColumn;
    for (std::size_t i = 1; i < table[0].size(); ++i) {
        table_columns += std::max<std::size_t>(table[0][i].size(), 4) + 2;
    }
    const int columns = std::max(kDiagramColumns, static_cast<int>(table_columns) + 1);
    const int width = 2 * kDiagramMargin + columns * kCellX;
    const int height = 2 * kDiagramMargin + lines * kCellY;
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
        "viewBox=\"0 0 {0} {1}\">\n<title>TCP states: {2}</title>\n",
        width, height, coverage_summary(coverage));
    out += kDiagramStyle;
    out += fmt::format("<rect class=\"back\" width=\"{}\" height=\"{}\"/>\n", width, height);
    for (const bool taken : {false, true}) {
        for (const StateArrow& arrow : arrows) {
            if ((arrow.count() > 0) == taken) {
                out += svg_arrow(arrow);
            }
        }
    }
    for (const StateBox& box : state_boxes()) {
        out += svg_box(box, coverage.visited(box.state));
    }
    for (const StateArrow& arrow : arrows) {
        out += svg_labels(arrow);
    }
    out += svg_table(table, kDiagramLines + 1);
    out += svg_text(svg_x(0), svg_y(lines - 1), "faint",
                    coverage_summary(coverage) + " (dashed: not in this run)");
    return out + "</svg>\n";
}

}  // namespace netsim::observe
