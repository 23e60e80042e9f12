// A ladder as Mermaid's sequenceDiagram. Whatever comes from a script or a capture is written so
// that it stays text: Mermaid reads #NN; as a character.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "observe/ladder_draw.hpp"

namespace netsim::observe {
namespace {

using MermaidOut = std::back_insert_iterator<std::string>;

/// Letters, digits and what Mermaid never takes for syntax stay; the rest become #NN;.
std::string mermaid_text(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        const bool plain = octet >= 0x80 || std::isalnum(octet) != 0 ||
                           std::string_view(" .,_-=()[]/+*'!?").find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            fmt::format_to(MermaidOut(out), "#{};", octet < 0x20 ? 32U : unsigned{octet});
        }
    }
    return out;
}

class MermaidDrawing {
 public:
    explicit MermaidDrawing(const LadderPicture& picture) : picture_(picture) {}

    std::string draw() {
        out_ = "sequenceDiagram\n";
        participants();
        if (picture_.inferred && !participants_.empty()) {
            over(picture_.connections.front(), "states are inferred from the segments alone");
        }
        for (const LadderConnection& connection : picture_.connections) {
            draw_connection(connection);
        }
        for (const std::string& note : picture_.notes) {
            out_ += "    %% " + mermaid_text(note) + '\n';
        }
        if (participants_.empty()) {  // a diagram of nothing would be an error to Mermaid
            out_ += "    participant P0 as nothing\n";
        }
        return std::move(out_);
    }

 private:
    /// Left hosts, what stands between, right hosts: in this order from left to right.
    void participants() {
        for (const LadderConnection& connection : picture_.connections) {
            declare(name_of(connection, 0));
        }
        for (const LadderConnection& connection : picture_.connections) {
            for (const LadderRow& row : connection.rows) {
                if (!row.origin.empty()) {
                    declare(row.origin);
                }
            }
        }
        for (const LadderConnection& connection : picture_.connections) {
            declare(name_of(connection, 1));
        }
    }

    /// A host that talks to itself is two participants, told apart by port.
    static const std::string& name_of(const LadderConnection& connection, std::size_t side) {
        const bool same = connection.hosts[0].name == connection.hosts[1].name;
        return same ? connection.title.at(side) : connection.hosts.at(side).name;
    }

    void declare(const std::string& name) {
        if (std::find(participants_.begin(), participants_.end(), name) != participants_.end()) {
            return;
        }
        fmt::format_to(MermaidOut(out_), "    participant P{} as {}\n", participants_.size(),
                       mermaid_text(name));
        participants_.push_back(name);
    }

    std::string id(const std::string& name) const {
        const auto found = std::find(participants_.begin(), participants_.end(), name);
        return fmt::format("P{}", found - participants_.begin());
    }

    void over(const LadderConnection& connection, const std::string& text) {
        fmt::format_to(MermaidOut(out_), "    Note over {},{}: {}\n", id(name_of(connection, 0)),
                       id(name_of(connection, 1)), mermaid_text(text));
    }

    /// States and calls of both sides, one note each.
    void margin(const LadderConnection& connection, std::size_t side, const std::string& call,
                const std::string& state) {
        if (call.empty() && state.empty()) {
            return;
        }
        const std::string both = call.empty() || state.empty() ? "" : "<br/>";
        fmt::format_to(MermaidOut(out_), "    Note {} of {}: {}{}{}\n",
                       side == 0 ? "left" : "right", id(name_of(connection, side)),
                       mermaid_text(call), both, mermaid_text(state));
    }

    void draw_connection(const LadderConnection& connection) {
        over(connection, connection.title[0] + " and " + connection.title[1]);
        for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
            margin(connection, side, "", connection.first_state.at(side));
        }
        for (const LadderRow& row : connection.rows) {
            if (row.silence != Duration{0}) {
                over(connection, fmt::format("{:.3f} s later", to_seconds(row.silence)));
            }
            draw_row(connection, row);
        }
        if (connection.rows_left_out > 0) {
            over(connection, fmt::format("{} more rows not drawn", connection.rows_left_out));
        }
    }

    void draw_row(const LadderConnection& connection, const LadderRow& row) {
        // What the sending side does stands above its arrow, what the other does below.
        const std::size_t from = row.leftwards ? 1 : 0;
        const bool arrow = row.arrow != Arrow::kNone;
        if (!arrow || row.arrow != Arrow::kArrives) {
            margin(connection, from, row.call.at(from), row.state.at(from));
        }
        if (arrow) {
            draw_arrow(connection, row, from);
        }
        if (arrow && row.arrow == Arrow::kArrives) {
            margin(connection, from, row.call.at(from), row.state.at(from));
        }
        margin(connection, 1 - from, row.call.at(1 - from), row.state.at(1 - from));
    }

    void draw_arrow(const LadderConnection& connection, const LadderRow& row, std::size_t from) {
        const std::string sender = row.origin.empty() ? name_of(connection, from) : row.origin;
        const bool lost = row.arrow == Arrow::kLost || row.refused;
        const std::string line = row.again ? "--" : "-";
        const bool open = row.arrow == Arrow::kDeparts || row.arrow == Arrow::kInFlight;
        const std::string head = lost ? "x" : open ? ")" : ">>";
        std::string label = row.label;
        label += row.arrow == Arrow::kDeparts    ? " (leaves)"
                 : row.arrow == Arrow::kArrives  ? " (arrives)"
                 : row.arrow == Arrow::kInFlight ? " (in flight)"
                                                 : "";
        if (lost) {
            label += " x " + row.reason;
        }
        fmt::format_to(MermaidOut(out_), "    {}{}{}{}: {} {}\n", id(sender), line, head,
                       id(name_of(connection, 1 - from)), ladder_time(row.at, connection.digits),
                       mermaid_text(label));
    }

    const LadderPicture& picture_;
    std::vector<std::string> participants_;
    std::string out_;
};

}  // namespace

std::string ladder_mermaid(const LadderPicture& picture) {
    return MermaidDrawing(picture).draw();
}

}  // namespace netsim::observe
