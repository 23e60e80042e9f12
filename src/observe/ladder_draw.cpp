// Drawing: call, state, time | arrow | time, state, call; each as wide as its longest. The times
// are those of the two ends: when a segment left the one, when it reached the other.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "observe/ladder.hpp"
#include "observe/ladder_rows.hpp"

namespace netsim::observe {
namespace {

constexpr std::size_t kWidthMin = 80;
constexpr std::size_t kWidthMax = 120;
constexpr std::size_t kArrowMin = 30;
constexpr std::size_t kArrowMax = 64;
constexpr Duration kSilenceMin = std::chrono::milliseconds(100);
constexpr int kSilenceFlights = 10;

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
    Drawing(const LadderConnection& connection, const std::array<LadderEnd, 2>& hosts,
            const LadderOptions& options)
        : connection_(connection), glyphs_(options.utf8 ? kUtf8 : kAscii) {
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            title_.at(side) = hosts.at(side).name + ' ' + to_string(connection.ends.at(side));
            state_width_.at(side) = connection.first_state.at(side).size();
        }
        measure(std::clamp(options.width, kWidthMin, kWidthMax));
    }

    std::string draw() {
        const std::size_t margin = call_width_[0] + state_width_[0] + time_width_ + 3;
        const std::size_t between = arrow_width_ + 2;
        const std::size_t gap = std::max(between, title_[0].size() + title_[1].size() + 1) -
                                title_[0].size() - title_[1].size();
        out_ += repeat(" ", margin) + title_[0] + repeat(" ", gap) + title_[1] + '\n';
        if (!connection_.first_state[0].empty() || !connection_.first_state[1].empty()) {
            line({}, {}, connection_.first_state, repeat(" ", arrow_width_));
        }
        Time before = kNever;
        for (const LadderRow& row : connection_.rows) {
            silence(before, row.at);
            before = row.at;
            draw_row(row);
        }
        return std::move(out_);
    }

 private:
    void measure(std::size_t width) {
        bool whole_ms = true;
        std::array<std::size_t, 2> calls{};
        std::size_t label = 0;
        std::int64_t latest = 0;
        for (const LadderRow& row : connection_.rows) {
            label = std::max(label, row.label.size() + row.reason.size());
            for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
                if (row.side_at.at(side) != kNever) {
                    whole_ms = whole_ms && to_ns(row.side_at.at(side)) % 1'000'000 == 0;
                    latest = std::max(latest, to_ns(row.side_at.at(side)));
                }
                calls.at(side) = std::max(calls.at(side), row.call.at(side).size());
                state_width_.at(side) = std::max(state_width_.at(side), row.state.at(side).size());
            }
        }
        digits_ = whole_ms ? 3 : 6;
        time_width_ = time_text(at_ns(latest)).size();
        const std::size_t fixed = state_width_[0] + state_width_[1] + 2 * time_width_ + 8;
        const std::size_t left_over = width - std::min(width, fixed);
        const std::size_t share = left_over - std::min(left_over, kArrowMin);
        call_width_[0] = std::min(calls[0], std::max(share / 2, share - std::min(share, calls[1])));
        call_width_[1] = std::min(calls[1], share - call_width_[0]);
        const std::size_t room = left_over - call_width_[0] - call_width_[1];
        arrow_width_ = std::clamp(std::min(room, label + 14), kArrowMin, kArrowMax);
    }

    /// Milliseconds where that says it all, else microseconds.
    std::string time_text(Time at) const {
        constexpr std::int64_t kSecond = 1'000'000'000;
        const std::int64_t ns = at == kNever ? 0 : to_ns(at);
        const std::string text =
            digits_ == 3 ? fmt::format("{}.{:03}", ns / kSecond, ns % kSecond / 1'000'000)
                         : fmt::format("{}.{:06}", ns / kSecond, ns % kSecond / 1000);
        return at == kNever ? "" : text;
    }

    void silence(Time before, Time now) {
        if (before == kNever || now - before < kSilenceMin ||
            now - before < kSilenceFlights * connection_.flight) {
            return;
        }
        const std::string text = fmt::format("... {:.3f} s ...", to_seconds(now - before));
        const std::size_t lead = (arrow_width_ - std::min(arrow_width_, text.size())) / 2;
        line({}, {}, {}, repeat(" ", lead) + padded(text, arrow_width_ - lead));
    }

    /// One line of text; `art` is exactly arrow_width_ columns.
    void line(const std::string& left_call, const std::string& right_call,
              const std::array<std::string, 2>& states, const std::string& art,
              const std::array<Time, 2>& times = {kNever, kNever}) {
        const std::string bar(glyphs_.bar);
        std::string text = padded(left_call, call_width_[0]) + ' ' +
                           padded(states[0], state_width_[0]) + ' ' +
                           padded(time_text(times[0]), time_width_, true) + ' ' + bar + art + bar +
                           ' ' + padded(time_text(times[1]), time_width_, true) + ' ' +
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
        for (std::size_t i = 0; i < lines; ++i) {
            const bool here = i == main;
            line(i < left.size() ? left[i] : "", i < right.size() ? right[i] : "",
                 here ? row.state : std::array<std::string, 2>{},
                 i < art.size() ? art[i] : repeat(" ", arrow_width_),
                 here ? row.side_at : std::array<Time, 2>{kNever, kNever});
        }
    }

    /// Breaks after a blank or comma where there is one in the second half of the line.
    static std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < text.size() && width > 0;) {
            std::size_t end = std::min(text.size(), at + width);
            if (end < text.size()) {
                const std::size_t gap = text.find_last_of(" ,(", end - 1);
                end = gap != std::string::npos && gap >= at + width / 2 ? gap + 1 : end;
            }
            lines.push_back(text.substr(at, end - at));
            at = end;
        }
        return lines;
    }

    std::vector<std::string> arrow_lines(const LadderRow& row) const {
        if (row.arrow == Arrow::kNone) {
            return {repeat(" ", arrow_width_)};
        }
        std::string label = row.label;
        if (row.arrow == Arrow::kInFlight) {
            label += " (in flight)";
        }
        if (row.refused) {
            label += " [" + row.reason + "]";
        }
        const std::size_t reason = row.arrow == Arrow::kLost ? row.reason.size() + 2 : 0;
        constexpr std::size_t kFrame = 9;  // tail, blanks, a bit of shaft, head
        if (label.size() + reason + kFrame <= arrow_width_) {
            return {art(row, label)};
        }
        std::vector<std::string> lines;
        for (const std::string& part : wrapped(label, arrow_width_ - 2)) {
            lines.push_back(padded(' ' + part, arrow_width_));
        }
        lines.push_back(art(row, ""));
        return lines;
    }

    std::string art(const LadderRow& row, const std::string& label) const {
        const std::string inner = label.empty() ? "" : ' ' + label + ' ';
        const std::size_t rest = arrow_width_ - inner.size() - 2;  // less a tail of two
        const std::string reason = ' ' + row.reason;
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
        return joined(std::move(pieces), row.leftwards);
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
    std::array<std::string, 2> title_;
    std::array<std::size_t, 2> call_width_{};
    std::array<std::size_t, 2> state_width_{};
    std::size_t time_width_ = 0;
    std::size_t arrow_width_ = 0;
    int digits_ = 6;
    std::string out_;
};

}  // namespace

std::string Ladder::draw(const LadderEnd& left, const LadderEnd& right,
                         const LadderOptions& options) const {
    const auto connections = ladder_connections(*this, left, right);
    const std::array<LadderEnd, 2> hosts{left, right};
    std::string out;
    for (std::size_t i = 0; i < std::min(connections.size(), options.connections_max); ++i) {
        const LadderConnection rows = ladder_rows(*this, hosts, connections[i], options.absolute);
        out += (i == 0 ? "" : "\n") + Drawing(rows, hosts, options).draw();
    }
    if (connections.empty()) {
        out += fmt::format("no TCP segment between {} and {}\n", left.name, right.name);
    } else if (connections.size() > options.connections_max) {
        out += fmt::format("({} more connections not drawn)\n",
                           connections.size() - options.connections_max);
    }
    if (not_kept_ > 0) {
        out += fmt::format("({} later records not kept: limit {})\n", not_kept_, records_max_);
    }
    return out;
}

}  // namespace netsim::observe
