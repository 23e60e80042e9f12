// Column widths and alignment of tables.
#include <algorithm>
#include <cctype>

#include "base/check.hpp"
#include "observe/text_plot.hpp"

namespace netsim::observe {
namespace {

/// "12", "-1.5", "98.7 %", "10 ms", "1,234", "-" (nothing measured): what belongs at the right.
bool looks_numeric(const std::string& cell) {
    return cell.empty() || cell == "-" || cell == "–" ||
           std::isdigit(static_cast<unsigned char>(cell.front())) != 0 ||
           ((cell.front() == '-' || cell.front() == '+' || cell.front() == '.') &&
            cell.size() > 1 && std::isdigit(static_cast<unsigned char>(cell[1])) != 0);
}

std::string aligned(const std::string& cell, std::size_t width, bool right) {
    const std::string blanks(width - std::min(width, display_width(cell)), ' ');
    return right ? blanks + cell : cell + blanks;
}

}  // namespace

void TextTable::add(std::vector<std::string> cells) {
    CHECK(!heads_.empty() && cells.size() <= heads_.size());
    cells.resize(heads_.size());
    rows_.push_back(std::move(cells));
}

void TextTable::rule() {
    rows_.emplace_back();
}

bool TextTable::is_numeric(std::size_t column) const {
    bool any = false;
    for (const auto& row : rows_) {
        if (!row.empty()) {
            if (!looks_numeric(row[column])) {
                return false;
            }
            any = any || !row[column].empty();
        }
    }
    return any;
}

std::string TextTable::text(bool utf8) const {
    constexpr std::string_view kGap = "  ";
    std::vector<std::size_t> width;
    std::vector<bool> right;
    std::size_t total = 0;
    for (std::size_t c = 0; c < heads_.size(); ++c) {
        width.push_back(display_width(heads_[c]));
        for (const auto& row : rows_) {
            width[c] = row.empty() ? width[c] : std::max(width[c], display_width(row[c]));
        }
        right.push_back(is_numeric(c));
        total += width[c] + (c == 0 ? 0 : kGap.size());
    }
    std::string out;
    const auto put_rule = [&] {
        for (std::size_t i = 0; i < total; ++i) {
            out += utf8 ? "─" : "-";
        }
        out += '\n';
    };
    const auto put_row = [&](const std::vector<std::string>& cells) {
        for (std::size_t c = 0; c < cells.size(); ++c) {
            out += c == 0 ? std::string_view() : kGap;
            out += aligned(cells[c], width[c], right[c]);
        }
        out.erase(out.find_last_not_of(' ') + 1);
        out += '\n';
    };
    put_row(heads_);
    put_rule();
    for (const auto& row : rows_) {
        row.empty() ? put_rule() : put_row(row);
    }
    return out;
}

}  // namespace netsim::observe
