// Reading labs and finding them.
#include "cli/lab_file.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>

#include "base/text.hpp"
#include "cli/shipped.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

namespace fs = std::filesystem;

std::string_view trim(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
        text.remove_prefix(1);
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
        text.remove_suffix(1);
    }
    return text;
}

bool read_number(std::string_view text, int& number) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && stop == text.data() + text.size() && number > 0;
}

// A field of the header, as lines are read.
struct Header {
    Lab& lab;
    std::string* text = nullptr;                // continued by the next line
    std::vector<std::string>* lines = nullptr;  // gets the next lines

    void fault(const std::string& what) const {
        lab.faults.push_back(lab.path + ':' + std::to_string(lab.header_lines) + ": " + what);
    }

    void begin(std::string_view key, std::string_view value);
    void go_on(std::string_view value);
};

void append(std::string& text, std::string_view more) {
    text += text.empty() || more.empty() ? "" : " ";
    text += more;
}

void Header::begin(std::string_view key, std::string_view value) {
    text = nullptr;
    lines = nullptr;
    if (key == "Chapter") {
        text = &lab.chapter;
    } else if (key == "Question") {
        text = &lab.question;
    } else if (key == "Watch") {
        text = &lab.watch;
    } else if (key == "Background") {
        lines = &lab.background;
    } else if (key == "Try") {
        lab.tries.push_back({std::string(value), {}});
        lines = &lab.tries.back().prediction;
        return;
    } else if (key == "Broken by") {
        lab.broken_by.emplace_back(value);
        return;
    } else {
        constexpr std::string_view kKeys[] = {"Chapter",    "Question", "Watch",
                                              "Background", "Try",      "Broken by"};
        fault("the header has no field \"" + std::string(key) + "\"" + did_you_mean(key, kKeys) +
              " (fields: " + join(kKeys) + ")");
        return;
    }
    if (!value.empty()) {
        go_on(value);
    }
}

void Header::go_on(std::string_view value) {
    if (text != nullptr) {
        append(*text, value);
    } else if (lines != nullptr && !value.empty()) {
        lines->emplace_back(value);
    } else if (!value.empty()) {
        fault("the header's line \"" + std::string(value) +
              "\" belongs to no field: \"-- Field: text\", then \"--   more\"");
    }
}

// "Lab 13: Accept-queue overflow", "Lab: My own"
void read_heading(std::string_view line, const Header& header) {
    Lab& lab = header.lab;
    constexpr std::string_view kLab = "-- Lab";
    const std::size_t colon = line.find(':');
    if (!line.starts_with(kLab) || colon == std::string_view::npos) {
        header.fault("the first line is not \"-- Lab: TITLE\"");
        return;
    }
    const std::string_view number = trim(line.substr(kLab.size(), colon - kLab.size()));
    if (!number.empty() && !read_number(number, lab.number)) {
        header.fault("\"" + std::string(number) + "\" is no number of a lab");
    }
    lab.title = trim(line.substr(colon + 1));
    if (lab.title.empty()) {
        header.fault("the lab has no title: \"-- Lab: TITLE\"");
    }
}

std::vector<std::string> scripts_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(folder.empty() ? fs::path(".") : folder, error)) {
        if (entry.path().extension() == ".lua") {
            names.push_back(entry.path().filename().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

void Lab::insist_on_header() const {
    if (!faults.empty()) {
        throw InputError(faults.front() + "; netsim run runs any script");
    }
}

std::string Lab::heading() const {
    return number > 0 ? "Lab " + std::to_string(number) + ": " + title : "Lab: " + title;
}

std::string Lab::command() const {
    return program_name() + " lab " + (number > 0 ? std::to_string(number) : path);
}

Lab parse_lab(const std::string& text, const std::string& path) {
    Lab lab;
    lab.path = path;
    lab.name = fs::path(path).stem().string();
    lab.text = text;
    Header header{lab};
    std::istringstream source(text);
    for (std::string line; std::getline(source, line) && line.starts_with("--");) {
        if (++lab.header_lines == 1) {
            read_heading(line, header);
            continue;
        }
        const std::string_view body = std::string_view(line).substr(2);
        const std::size_t colon = body.find(": ");
        const bool ends = body.ends_with(':');
        const bool indented = body.starts_with("  ") || trim(body).empty();
        if (!indented && (colon != std::string_view::npos || ends)) {
            const std::size_t at = colon != std::string_view::npos ? colon : body.size() - 1;
            header.begin(trim(body.substr(0, at)), trim(body.substr(at + 1)));
        } else {
            header.go_on(trim(body));
        }
    }
    if (lab.header_lines == 0) {
        lab.header_lines = 1;
        header.fault("the first line is not \"-- Lab: TITLE\"");
        lab.header_lines = 0;
    }
    return lab;
}

Lab read_lab(const std::string& path) {
    if (!fs::exists(path)) {
        const std::vector<std::string> names = scripts_in(fs::path(path).parent_path());
        const std::vector<std::string_view> known(names.begin(), names.end());
        throw InputError(path + ": no such file" +
                         did_you_mean(fs::path(path).filename().string(), known) +
                         (known.empty() ? " (there is no .lua file there)"
                                        : " (there are: " + join(known) + ")"));
    }
    return parse_lab(read_script(path).text, path);
}

std::vector<Lab> shipped_labs() {
    std::vector<Lab> labs;
    const fs::path folder = fs::path(shipped_folder("lua")) / "labs";
    for (const std::string& name : scripts_in(folder)) {
        const fs::path file = folder / name;
        labs.push_back(parse_lab(read_script(file.string()).text, "labs/" + name));
    }
    std::stable_sort(labs.begin(), labs.end(),
                     [](const Lab& a, const Lab& b) { return a.number < b.number; });
    return labs;
}

Lab find_lab(const std::string& word) {
    if (fs::exists(word) && !fs::is_directory(word)) {
        return read_lab(word);
    }
    const bool is_path = word.ends_with(".lua") || word.find('/') != std::string::npos;
    std::vector<Lab> labs = shipped_labs();
    std::vector<std::string> names;
    int number = 0;
    const bool is_number = read_number(word, number);
    for (Lab& lab : labs) {
        const std::string bare = lab.name.substr(std::min(lab.name.find('-') + 1, lab.name.size()));
        if ((is_number && lab.number == number) || word == lab.name || word == bare ||
            word == "labs/" + lab.name || word == "labs/" + lab.name + ".lua" ||
            word == lab.name + ".lua") {
            return std::move(lab);
        }
        names.push_back(bare);
    }
    if (is_path) {
        return read_lab(word);  // says that there is none, and what is there
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string range = labs.empty() ? "none"
                                           : std::to_string(labs.front().number) + " to " +
                                                 std::to_string(labs.back().number);
    throw InputError("no lab \"" + word + "\"" + did_you_mean(word, known) + " (labs: " + range +
                     ", " + program_name() +
                     " lab lists them; or a file's path, or check, new, test, rules)");
}

std::vector<std::string> split_flags(const std::string& line) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (const char c : line) {
        if (quote != 0) {
            if (c == quote) {
                quote = 0;
            } else {
                word += c;
            }
        } else if (c == '"' || c == '\'') {
            quote = c;
            in_word = true;
        } else if (c == ' ') {
            if (in_word) {
                words.push_back(std::exchange(word, {}));
            }
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (quote != 0) {
        throw InputError("a quote is not closed: " + line);
    }
    if (in_word) {
        words.push_back(word);
    }
    return words;
}

std::string program_name() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread starts
    const char* name = std::getenv("NETSIM_COMMAND");
    return name != nullptr && *name != '\0' ? name : "netsim";
}

}  // namespace netsim::cli
