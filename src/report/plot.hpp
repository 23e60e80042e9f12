// Curves of a run as a picture for papers and slides: one panel for each case, one time axis.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/model.hpp"

namespace netsim::report {

struct NamedCase {
    std::string name;
    const Case* picture = nullptr;
};

struct StaticPlot {
    std::string title;
    std::vector<std::string> series;  // names or groups of curves, "dropped: REASON"
    int width = 760;                  // pixels
};

/// Names of curves that a plot can show, each once; groups first.
std::vector<std::string> plot_names(const std::vector<NamedCase>& cases);

/// An SVG document for light and dark pages, without a script. InputError: there is no such series.
std::string plot_svg(const std::vector<NamedCase>& cases, const StaticPlot& plot);

}  // namespace netsim::report
