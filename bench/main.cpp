// netsim bench: runs the rows in turn, several times, and reports medians.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "baseline.hpp"
#include "child.hpp"
#include "netsim/result.hpp"
#include "options.hpp"
#include "peers.hpp"
#include "report.hpp"
#include "rows.hpp"

namespace netsim::bench {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr std::uint64_t kQuick = 10;  // --quick does so much less

std::vector<Row> chosen_rows(const Options& options) {
    std::vector<Row> rows = all_rows();
    if (options.only.empty()) {
        return rows;
    }
    for (const std::string& part : options.only) {
        if (std::none_of(rows.begin(), rows.end(), [&](const Row& row) {
                return row.name.find(part) != std::string::npos;
            })) {
            throw InputError("bench: no row has \"" + part +
                             "\" in its name; see netsim bench --list");
        }
    }
    std::erase_if(rows, [&](const Row& row) {
        return std::none_of(options.only.begin(), options.only.end(), [&](const std::string& part) {
            return row.name.find(part) != std::string::npos;
        });
    });
    return rows;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// One line that moves, on a terminal only.
class Progress {
 public:
    void say(const std::string& text) const {
        if (on_) {
            fmt::print(stderr, "\r\033[K{}", text);
        }
    }

    ~Progress() { say(""); }

    Progress() = default;
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    Progress(Progress&&) = delete;
    Progress& operator=(Progress&&) = delete;

 private:
    bool on_ = isatty(STDERR_FILENO) == 1;
};

class Session {
 public:
    explicit Session(const Options& options) : options_(options), rows_(chosen_rows(options)) {}

    const std::vector<Row>& rows() const { return rows_; }

    /// Round after round over all rows, so that a slow minute of a shared machine meets each alike.
    Report run() {
        const Progress progress;
        Report report{.repeats = options_.repeats};
        find_peer(report);
        for (std::uint64_t round = 0; round < options_.repeats && !options_.no_times; ++round) {
            for (const Row& row : rows_) {
                progress.say(fmt::format("{}/{} {}", round + 1, options_.repeats, row.what));
                run_once(row);
            }
        }
        for (const Row& row : rows_) {
            report.figures.push_back(figure(row));
        }
        if (options_.instructions) {
            count(report, progress);
        }
        return report;
    }

 private:
    void run_once(const Row& row) {
        const Work work = run_in_child(row, sized(row.amount));
        values_[row.name].push_back(figure_of(row.unit, work));
        packets_[row.name] = work.packets / work.units;
        if (ns3_ && !row.peer.empty()) {
            for (const PeerSetting setting : {PeerSetting::kBest, PeerSetting::kDefault}) {
                peer_values_[setting][row.name].push_back(
                    figure_of(row.unit, ns3_->run(row, sized(row.peer_amount), setting)));
            }
        }
    }

    std::uint64_t sized(std::uint64_t amount) const {
        return options_.quick ? std::max<std::uint64_t>(1, amount / kQuick) : amount;
    }

    void find_peer(Report& report) {
        if (!options_.peers) {
            return;
        }
        ns3_ = Ns3::find();
        if (!ns3_) {
            fmt::print(stderr,
                       "netsim: bench: ns-3 is not here (Debian: libns3-dev; NS3=DIR): netsim "
                       "alone is measured\n");
            return;
        }
        report.peer = ns3_->build();
    }

    Figure figure(const Row& row) {
        Figure figure{.row = &row, .packets = packets_[row.name]};
        if (!values_[row.name].empty()) {
            figure.netsim = median(values_[row.name]);
            if (row.unit == Unit::kPercent) {
                figure.netsim = 100 * (*figure.netsim / median(values_[row.base]) - 1);
            }
        }
        if (ns3_ && !row.peer.empty()) {
            figure.peer = median(peer_values_[PeerSetting::kBest][row.name]);
            figure.peer_default = median(peer_values_[PeerSetting::kDefault][row.name]);
            figure.peer_packets = figure.packets > 0 ? ns3_->packets_per_unit(row) : 0;
        }
        return figure;
    }

    void count(Report& report, const Progress& progress) {
        if (!can_count_instructions()) {
            fmt::print(stderr,
                       "netsim: bench: valgrind is not installed: instructions are not "
                       "counted\n");
            return;
        }
        report.instructions = true;
        for (Figure& figure : report.figures) {
            if (figure.row->counted > 0) {
                progress.say("callgrind " + figure.row->what);
                figure.instructions = count_instructions(*figure.row);
            }
        }
    }

    Options options_;
    std::vector<Row> rows_;
    std::map<std::string, std::vector<double>> values_;
    std::map<std::string, double> packets_;
    std::optional<Ns3> ns3_;
    std::map<PeerSetting, std::map<std::string, std::vector<double>>> peer_values_;
};

void write_json(const std::string& path, const Report& report) {
    const std::string text = to_json(report).dump(2) + "\n";
    if (path.empty() || path == "-") {
        std::cout << text;
        return;
    }
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) {
        throw InputError("bench: cannot write " + path);
    }
}

int run(const Options& options) {
    if (options.done) {
        return kExitDone;
    }
    if (options.child) {
        for (const Row& row : all_rows()) {
            if (row.name == *options.child) {
                return run_row(row, options.amount);
            }
        }
        throw InputError("bench: no row " + *options.child);
    }
    Session session(options);
    if (options.list) {
        for (const Row& row : session.rows()) {
            fmt::print("{:<36} {}\n", row.name, row.what);
        }
        return kExitDone;
    }
    if (options.check) {
        return check_baseline(session.rows());
    }
    if (options.update_baseline) {
        return update_baseline(session.rows(), *options.update_baseline);
    }
    const Report report = session.run();
    if (options.json) {
        write_json(*options.json, report);
    } else {
        std::cout << table(report);
    }
    return std::cout.flush() ? kExitDone : kExitFailed;
}

}  // namespace
}  // namespace netsim::bench

int main(int argc, char** argv) {
    try {
        return netsim::bench::run(netsim::bench::parse_options(argc, argv));
    } catch (const std::exception& error) {
        fmt::print(stderr, "netsim: {}\n", error.what());
        return netsim::bench::kExitUsage;
    }
}
