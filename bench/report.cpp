// Layout of the table (80 columns) and of the JSON object.
#include "report.hpp"

#include <fmt/format.h>

namespace netsim::bench {
namespace {

/// Three digits that count, in the unit's usual scale: "1,234,567", "12.3".
std::string number(double value) {
    if (value < 100) {
        return fmt::format("{:.{}f}", value, value < 10 ? 2 : 1);
    }
    const std::string digits = fmt::format("{:.0f}", value);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) {
            text += ',';
        }
        text += digits[i];
    }
    return text;
}

std::string cell(const std::optional<double>& value) {
    return value ? number(*value) : "-";
}

std::string peer_notes(const Report& report) {
    std::string text = "ns-3 " + report.peer +
                       ".\nIts best setting is shown: no queue discs, MSL 1 ms. As it comes:\n";
    for (const Figure& figure : report.figures) {
        if (figure.peer_default) {
            text += fmt::format("{:<48}{:>3}{:>22}{:>7}\n", figure.row->what,
                                to_string(figure.row->unit), number(*figure.peer_default),
                                figure.netsim ? number(ratio(figure.row->unit, *figure.netsim,
                                                             *figure.peer_default))
                                              : "-");
        }
    }
    text += "Packets that links delivered, per unit of work (netsim, ns-3):\n";
    for (const Figure& figure : report.figures) {
        if (figure.peer_packets > 0) {
            text += fmt::format("{:<51}{:>12.2f}{:>10.2f}\n", figure.row->what, figure.packets,
                                figure.peer_packets);
        }
    }
    return text;
}

}  // namespace

double figure_of(Unit unit, const Work& work) {
    switch (unit) {
        case Unit::kPerSecond:
            return work.units / work.seconds;
        case Unit::kNanoseconds:
        case Unit::kPercent:  // of the times per unit, once both are known
            return 1e9 * work.seconds / work.units;
        case Unit::kMilliseconds:
            return 1e3 * work.seconds / work.units;
        case Unit::kBytes:
            return work.bytes / work.units;
    }
    return 0;
}

double ratio(Unit unit, double netsim, double peer) {
    return unit == Unit::kPerSecond ? netsim / peer : peer / netsim;
}

std::string table(const Report& report) {
    const bool peers = !report.peer.empty();
    std::string text = fmt::format("{:<48}{:>3}{:>12}", "", "", "netsim");
    if (peers) {
        text += fmt::format("{:>10}{:>7}", "ns-3", "ratio");
    } else if (report.instructions) {
        text += fmt::format("{:>15}", "instr./unit");
    }
    text += '\n';
    for (const Figure& figure : report.figures) {
        const Unit unit = figure.row->unit;
        text += fmt::format("{:<48}{:>3}{:>12}", figure.row->what, to_string(unit),
                            cell(figure.netsim));
        if (peers && figure.peer && figure.netsim) {
            text += fmt::format("{:>10}{:>7}", number(*figure.peer),
                                number(ratio(unit, *figure.netsim, *figure.peer)));
        } else if (!peers && figure.instructions) {
            text += fmt::format("{:>15}", number(*figure.instructions));
        }
        text += '\n';
    }
    if (peers) {
        text += peer_notes(report);
    }
    return text;
}

nlohmann::ordered_json to_json(const Report& report) {
    nlohmann::ordered_json json;
    json["repeats"] = report.repeats;
    json["compiler"] = compiler();
    nlohmann::ordered_json ns3;
    nlohmann::ordered_json ratios;
    nlohmann::ordered_json instructions;
    nlohmann::ordered_json packets;
    for (const Figure& figure : report.figures) {
        const std::string& name = figure.row->name;
        json[name] = figure.netsim ? nlohmann::ordered_json(*figure.netsim) : nullptr;
        if (figure.packets > 0) {
            packets[name] = figure.packets;
        }
        if (figure.instructions) {
            instructions[name] = *figure.instructions;
        }
        if (figure.peer) {
            ns3[name] = *figure.peer;
        }
        if (figure.peer_default) {
            ns3["as_it_comes"][name] = *figure.peer_default;
        }
        if (figure.peer_packets > 0) {
            ns3["packets_per_unit"][name] = figure.peer_packets;
        }
        if (figure.peer && figure.netsim) {
            ratios[name] = ratio(figure.row->unit, *figure.netsim, *figure.peer);
        }
    }
    json["packets_per_unit"] = packets;
    if (report.instructions) {
        json["instructions_per_unit"] = instructions;
    }
    if (!report.peer.empty()) {
        ns3["build"] = report.peer;
        json["ns3"] = ns3;
        json["ratio"] = ratios;
    }
    return json;
}

std::string compiler() {
    return NETSIM_COMPILER " " NETSIM_FLAGS;
}

}  // namespace netsim::bench
