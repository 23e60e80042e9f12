// Finding a topology by name.
#include "lua/topology.hpp"

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"

namespace netsim::lua {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGenerators[] = {"dumbbell", "star", "tree",   "fat_tree", "line",
                                            "ring",     "grid", "random", "internet"};

// A file here, one of the shipped ones, or nothing.
std::string find_file(const std::string& name, const std::string& shipped) {
    for (const fs::path& folder : {fs::path(), fs::path(shipped)}) {
        for (const char* ending : {"", ".graphml", ".dot", ".gv"}) {
            const fs::path path = folder / (name + ending);
            std::error_code error;
            if (path.has_extension() && fs::is_regular_file(path, error)) {
                return path.string();
            }
        }
    }
    return {};
}

}  // namespace

TopologyResult add_topology(Network& net, const std::string& name, const std::string& shipped,
                            const TopologyOptions& options) {
    if (std::find(std::begin(kGenerators), std::end(kGenerators), name) != std::end(kGenerators)) {
        return net.generate(name, options);
    }
    const std::string path = find_file(name, shipped);
    if (path.empty()) {
        if (fs::path(name).has_extension()) {
            throw InputError("topology: no file \"" + name + "\" here or among the shipped ones");
        }
        throw InputError("topology: no file or generator \"" + name + "\"" +
                         did_you_mean(name, kGenerators) + " (generators: " + join(kGenerators) +
                         ")");
    }
    if (!options.parameters.empty()) {
        throw InputError(
            "topology: \"" + options.parameters.begin()->first +
            "\" is no option of a file (generators have parameters: " + join(kGenerators) + ")");
    }
    return net.load_topology(path, options);
}

}  // namespace netsim::lua
