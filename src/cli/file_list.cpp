// Files named on the command line.
#include "cli/file_list.hpp"

#include <algorithm>
#include <filesystem>

#include "netsim/result.hpp"

namespace netsim::cli {

namespace fs = std::filesystem;

std::vector<std::string> expand_folders(const std::vector<std::string>& paths,
                                        const std::string& extension, const std::string& command) {
    std::vector<std::string> all;
    for (const std::string& path : paths) {
        std::error_code error;
        if (!fs::is_directory(path, error)) {
            all.push_back(path);
            continue;
        }
        std::vector<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
            if (entry.path().extension() == extension && entry.is_regular_file()) {
                found.push_back(entry.path().string());
            }
        }
        if (error || found.empty()) {
            throw InputError(command + ": no " + extension + " file in " + path);
        }
        std::sort(found.begin(), found.end());
        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

}  // namespace netsim::cli
