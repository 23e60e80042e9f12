// Finding and reading scripts.
#include "cli/shipped.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/text.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

namespace fs = std::filesystem;

// Those in the shipped lua/ folder, or in one within it: "labs".
std::vector<std::string> shipped_scripts(const fs::path& prefix) {
    std::vector<std::string> names;
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(fs::path(shipped_folder("lua")) / prefix, error)) {
        const fs::path& path = entry.path();
        if (path.extension() == ".lua" && path.stem().extension() != ".d") {
            names.push_back((prefix / path.filename()).string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string read_text(const fs::path& path, const std::string& name) {
    if (fs::is_directory(path)) {
        throw InputError(name + ": is a folder, not a file");
    }
    errno = 0;
    std::ifstream input(path, std::ios::binary);
    std::ostringstream text;
    if (input) {
        text << input.rdbuf();
    }
    if (!input || input.bad()) {
        throw InputError(name + ": " + std::strerror(errno != 0 ? errno : EIO));
    }
    return text.str();
}

/// Is it the lab "13"? ("labs/13-accept-overflow.lua")
bool is_lab(const std::string& name, const std::string& number) {
    const std::string_view folder = "labs/";
    const bool digits =
        !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
    return digits && name.starts_with(folder) &&
           std::string_view(name)
               .substr(folder.size())
               .starts_with(std::string(number.size() == 1 ? "0" : "") + number + "-");
}

}  // namespace

std::string read_file(const std::string& path) {
    return read_text(path, path);
}

std::string shipped_folder(const std::string& name) {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error) {
        const fs::path installed = program.parent_path().parent_path() / "share" / "netsim" / name;
        if (fs::is_directory(installed, error)) {
            return installed.string();
        }
    }
    return (fs::path(NETSIM_SOURCE_DIR) / name).string();
}

Script read_script(const std::string& word) {
    if (fs::exists(word)) {
        return {word, read_text(word, word)};
    }
    const std::vector<std::string> names = shipped_scripts("");
    std::vector<std::string> all = shipped_scripts("labs");
    all.insert(all.begin(), names.begin(), names.end());
    for (const std::string& name : {word, word + ".lua"}) {
        if (std::find(all.begin(), all.end(), name) != all.end()) {
            return {name, read_text(fs::path(shipped_folder("lua")) / name, name)};
        }
    }
    const auto lab = std::find_if(all.begin(), all.end(),
                                  [&](const std::string& name) { return is_lab(name, word); });
    if (lab != all.end()) {
        return {*lab, read_text(fs::path(shipped_folder("lua")) / *lab, *lab)};
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::vector<std::string_view> every(all.begin(), all.end());
    const std::string hint = did_you_mean(word, every);
    throw InputError("no script \"" + word + "\" here or among the shipped ones" +
                     (hint.empty() ? did_you_mean(word + ".lua", every) : hint) +
                     " (shipped: " + join(known) + "; netsim lab lists the labs)");
}

}  // namespace netsim::cli
