// Drawing: call, state, time | arrow | time, state, call; each as wide as its longest. The times
// are those of the two ends: when a segment left the one, when it reached the other.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "observe/ladder_draw.hpp"

namespace netsim::observe {
namespace {

constexpr std::size_t kArrowMin = 30;
constexpr std::size_t kArrowNarrow = 24;  // where calls' words need the room
constexpr std::size_t kArrowMax = 64;

/// What arrows and lifelines are drawn with.
struct Glyphs {
    std::string_view line, right, left, bar, cross;
};

constexpr Glyphs kAscii{"-", ">", "<", "|", "x"};
constexpr Glyphs kUtf8{"─", "►", "◄", "│", "×"};

/// Part of an arrow, from its tail on: text, or one of the letters - > x and space as art.
struct Piece {
    std::string text;
    bool art = false;
};

std::string repeat(std::string_view text, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
        out += text;
    }
    return out;
}

std::string padded(const std::string& text, std::size_t width, bool right = false) {
    const std::string blanks(width - std::min(width, text.size()), ' ');
    return right ? blanks + text : text + blanks;
}

class Drawing {
 public:
    Drawing(const LadderConnection& connection, const LadderOptions& options)
        : connection_(connection), glyphs_(options.utf8 ? kUtf8 : kAscii) {
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            state_width_.at(side) = connection.first_state.at(side).size();
        }
        measure(std::clamp(options.width, LadderOptions::kWidthMin, LadderOptions::kWidthMax));
    }

    std::string draw() {
        titles();
        if (!connection_.first_state[0].empty() || !connection_.first_state[1].empty()) {
            line({}, {}, connection_.first_state, repeat(" ", arrow_width_));
        }
        for (const LadderRow& row : connection_.rows) {
            silence(row);
            draw_row(row);
        }
        if (connection_.rows_left_out > 0) {
            out_ += fmt::format("({} more rows not drawn)\n", connection_.rows_left_out);
        }
        return std::move(out_);
    }

 private:
    /// Above the two bars; on lines of their own where one line has no room for both.
    void titles() {
        const std::string& left = connection_.title[0];
        const std::string& right = connection_.title[1];
        const std::size_t margin = call_width_[0] + state_width_[0] + time_width_ + 3;
        const std::size_t between = arrow_width_ + 2;
        const std::size_t both = left.size() + right.size() + 1;
        const std::size_t wide = margin + std::max(between, both);
        const std::size_t lead = margin - std::min(margin, wide - std::min(wide, width_));
        if (lead + both > width_) {
            out_ += left + '\n';
            out_ += repeat(" ", width_ - std::min(width_, right.size())) + right + '\n';
            return;
        }
        const std::size_t gap = std::max(between, both) - left.size() - right.size();
        out_ += repeat(" ", lead) + left + repeat(" ", gap) + right + '\n';
    }

    void measure(std::size_t width) {
        width_ = width;
        std::array<std::size_t, 2> calls{};
        std::array<std::size_t, 2> words{};
        std::size_t label = 0;
        std::int64_t latest = 0;
        for (const LadderRow& row : connection_.rows) {
            label = std::max(label, row.label.size() + row.reason.size() + row.origin.size());
            for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
                if (row.side_at.at(side) != kNever) {
                    latest = std::max(latest, to_ns(row.side_at.at(side)));
                }
                calls.at(side) = std::max(calls.at(side), row.call.at(side).size());
                words.at(side) = std::max(words.at(side), longest_word(row.call.at(side)));
                state_width_.at(side) = std::max(state_width_.at(side), row.state.at(side).size());
            }
        }
        time_width_ = ladder_time(at_ns(latest), connection_.digits).size();
        const std::size_t fixed = state_width_[0] + state_width_[1] + 2 * time_width_ + 8;
        const std::size_t left_over = width - std::min(width, fixed);
        // Calls have what arrows leave, but whole words first, as far as the narrowest arrow lets.
        const std::size_t most = left_over - std::min(left_over, kArrowNarrow);
        const std::size_t whole_words = std::min(words[0] + words[1], most);
        const std::size_t share = std::max(left_over - std::min(left_over, kArrowMin), whole_words);
        words[0] = std::min(words[0], std::max(share / 2, share - std::min(share, words[1])));
        words[1] = std::min(words[1], share - words[0]);
        const std::size_t rest = share - words[0] - words[1];
        const std::size_t right_wants = calls[1] - words[1];
        const std::size_t left_may = std::max(rest / 2, rest - std::min(rest, right_wants));
        call_width_[0] = words[0] + std::min(calls[0] - words[0], left_may);
        call_width_[1] = std::min(calls[1], share - call_width_[0]);
        const std::size_t room = left_over - call_width_[0] - call_width_[1];
        arrow_width_ = std::clamp(std::min(room, label + 14), kArrowNarrow, kArrowMax);
        arrow_width_ = std::max(arrow_width_, std::min(room, kArrowMin));
    }

    void silence(const LadderRow& row) {
        if (row.silence == Duration{0}) {
            return;
        }
        const std::string text = fmt::format("... {:.3f} s ...", to_seconds(row.silence));
        const std::size_t lead = (arrow_width_ - std::min(arrow_width_, text.size())) / 2;
        line({}, {}, {}, repeat(" ", lead) + padded(text, arrow_width_ - lead));
    }

    /// One line of text; `art` is exactly arrow_width_ columns.
    void line(const std::string& left_call, const std::string& right_call,
              const std::array<std::string, 2>& states, const std::string& art,
              const std::array<Time, 2>& times = {kNever, kNever}) {
        const std::string bar(glyphs_.bar);
        std::string text =
            padded(left_call, call_width_[0]) + ' ' + padded(states[0], state_width_[0]) + ' ' +
            padded(ladder_time(times[0], connection_.digits), time_width_, true) + ' ' + bar + art +
            bar + ' ' + padded(ladder_time(times[1], connection_.digits), time_width_, true) + ' ' +
            padded(states[1], state_width_[1]) + ' ' + right_call;
        text.erase(text.find_last_not_of(' ') + 1);
        out_ += text + '\n';
    }

    void draw_row(const LadderRow& row) {
        const std::vector<std::string> left = wrapped(row.call[0], call_width_[0]);
        const std::vector<std::string> right = wrapped(row.call[1], call_width_[1]);
        const std::vector<std::string> art = arrow_lines(row);
        const std::size_t lines = std::max({left.size(), right.size(), art.size()});
        // The arrow itself is the last line of `art`; time and states stand beside it.
        const std::size_t main = art.size() - 1;
        std::array<Time, 2> times = row.side_at;
        if (row.once) {
            times[1] = kNever;
        }
        for (std::size_t i = 0; i < lines; ++i) {
            const bool here = i == main;
            line(i < left.size() ? left[i] : "", i < right.size() ? right[i] : "",
                 here ? row.state : std::array<std::string, 2>{},
                 i < art.size() ? art[i] : repeat(" ", arrow_width_),
                 here ? times : std::array<Time, 2>{kNever, kNever});
        }
    }

    /// How much of the text goes on a line: up to the last blank or comma that fits; a word longer
    /// than the line is broken at a parenthesis, after an underline, or anywhere.
    static std::size_t first_line(const std::string& text, std::size_t at, std::size_t width) {
        if (text.size() - at <= width) {
            return text.size() - at;
        }
        if (const std::size_t blank = text.rfind(' ', at + width);
            blank != std::string::npos && blank > at) {
            return blank - at;
        }
        for (const char mark : {',', '(', '_'}) {
            const std::size_t found = text.rfind(mark, at + width - 1);
            if (found != std::string::npos && found > at) {
                return found - at + (mark == '(' ? 0 : 1);
            }
        }
        return width;
    }

    static std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < text.size() && width > 0;) {
            const std::size_t length = first_line(text, at, width);
            lines.push_back(text.substr(at, length));
            at = std::min(text.find_first_not_of(' ', at + length), text.size());
        }
        return lines;
    }

    static std::size_t longest_word(const std::string& text) {
        std::size_t longest = 0;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find(' ', at), text.size());
            longest = std::max(longest, end - at);
            at = end + 1;
        }
        return longest;
    }

    std::vector<std::string> arrow_lines(const LadderRow& row) const {
        if (row.arrow == Arrow::kNone) {
            return {repeat(" ", arrow_width_)};
        }
        // Tail, blanks, head; and a bit of shaft where it says what becomes of the arrow.
        const std::size_t frame = (row.arrow == Arrow::kWhole ? 6 : 9) + origin_text(row).size();
        std::string label = row.label;
        std::string why = row.arrow == Arrow::kLost ? row.reason : "";
        if (row.arrow == Arrow::kInFlight) {
            label += " (in flight)";
        }
        if (row.refused || why.size() + 2 + frame > arrow_width_) {
            label += " [" + row.reason + "]";
            why.clear();
        }
        if (label.size() + (why.empty() ? 0 : why.size() + 2) + frame <= arrow_width_) {
            return {art(row, label, why)};
        }
        std::vector<std::string> lines;
        for (const std::string& part : wrapped(label, arrow_width_ - 2)) {
            lines.push_back(padded(' ' + part, arrow_width_));
        }
        lines.push_back(art(row, "", why));
        return lines;
    }

    std::string art(const LadderRow& row, const std::string& label, const std::string& why) const {
        const std::string inner = label.empty() ? "" : ' ' + label + ' ';
        const std::string origin = origin_text(row);
        const std::size_t rest =
            arrow_width_ - inner.size() - origin.size() - 2;  // less a tail of two
        const std::string reason = ' ' + why;
        std::vector<Piece> pieces;
        switch (row.arrow) {
            case Arrow::kWhole:
                pieces = {{"--", true},
                          {inner},
                          {std::string(rest - 1, '-'), true},
                          {row.refused ? "x" : ">", true}};
                break;
            case Arrow::kDeparts:
            case Arrow::kInFlight: {
                const std::size_t shaft = rest / 2;
                pieces = {{"--", true},
                          {inner},
                          {std::string(shaft, '-'), true},
                          {dotted(rest - shaft, true), true}};
                break;
            }
            case Arrow::kArrives: {
                const std::size_t lead = rest / 2;
                pieces = {{dotted(lead, false), true},
                          {"--", true},
                          {inner},
                          {std::string(rest - lead - 1, '-'), true},
                          {row.refused ? "x" : ">", true}};
                break;
            }
            case Arrow::kLost: {
                const std::size_t room = rest - std::min(rest, reason.size() + 1);
                const std::size_t shaft = std::max<std::size_t>(1, room / 2);
                pieces = {
                    {"--", true},
                    {inner},
                    {std::string(shaft, '-'), true},
                    {"x", true},
                    {reason},
                    {std::string(rest - std::min(rest, shaft + 1 + reason.size()), ' '), true}};
                if (row.leftwards) {
                    std::rotate(pieces[4].text.begin(), pieces[4].text.begin() + 1,
                                pieces[4].text.end());  // the blank stays beside the x
                }
                break;
            }
            case Arrow::kNone:
                break;
        }
        const std::string way = joined(std::move(pieces), row.leftwards);
        return row.leftwards ? way + origin : origin + way;
    }

    /// What stands before the tail of an arrow that neither end made: a blank way, and who made it.
    std::string origin_text(const LadderRow& row) const {
        if (row.origin.empty()) {
            return {};
        }
        const std::string name = row.origin.substr(0, arrow_width_ / 3);
        return row.leftwards ? " [" + name + "]  " : "  [" + name + "] ";
    }

    /// "- -   ": half an arrow fades out, or (mirrored) in.
    static std::string dotted(std::size_t width, bool fades_out) {
        std::string text;
        for (const char c : {' ', '-', ' ', '-'}) {
            if (text.size() < width) {
                text += c;
            }
        }
        text.resize(width, ' ');
        if (!fades_out) {
            std::reverse(text.begin(), text.end());
        }
        return text;
    }

    std::string joined(std::vector<Piece> pieces, bool leftwards) const {
        if (leftwards) {
            std::reverse(pieces.begin(), pieces.end());
        }
        std::string out;
        for (Piece& piece : pieces) {
            if (!piece.art) {
                out += piece.text;
                continue;
            }
            if (leftwards) {
                std::reverse(piece.text.begin(), piece.text.end());
            }
            for (const char c : piece.text) {
                out += c == '-'   ? glyphs_.line
                       : c == '>' ? (leftwards ? glyphs_.left : glyphs_.right)
                       : c == 'x' ? glyphs_.cross
                                  : std::string_view(" ");
            }
        }
        return out;
    }

    const LadderConnection& connection_;
    const Glyphs& glyphs_;
    std::array<std::size_t, 2> call_width_{};
    std::array<std::size_t, 2> state_width_{};
    std::size_t time_width_ = 0;
    std::size_t arrow_width_ = 0;
    std::size_t width_ = 0;
    std::string out_;
};

}  // namespace

std::string draw_ladder(const LadderPicture& picture, const LadderOptions& options) {
    switch (options.format) {
        case LadderFormat::kMermaid:
            return ladder_mermaid(picture);
        case LadderFormat::kSvg:
            return ladder_svg(picture);
        case LadderFormat::kText:
            break;
    }
    return ladder_text(picture, options);
}

std::string ladder_text(const LadderPicture& picture, const LadderOptions& options) {
    std::string out;
    if (picture.inferred && !picture.connections.empty()) {
        out += "(~ states are inferred from the segments alone)\n";
    }
    for (const LadderConnection& connection : picture.connections) {
        out += (&connection == &picture.connections.front() ? "" : "\n") +
               Drawing(connection, options).draw();
    }
    for (const std::string& note : picture.notes) {
        out += note + '\n';
    }
    return out;
}

}  // namespace netsim::observe
