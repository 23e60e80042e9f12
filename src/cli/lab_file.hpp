// Labs: Lua scripts whose first comment says what they teach (docs/labs-writing.md).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace netsim::cli {

/// Something to change, and what to predict before looking.
struct LabTry {
    std::string flags;  // "--backlog 4"
    std::vector<std::string> prediction;
};

struct Lab {
    int number = 0;    // 0: not one of the shipped course
    std::string name;  // "05-syn-lost"
    std::string path;
    std::string text;  // the whole file
    std::string title;
    std::string chapter;
    std::string question;
    std::string watch;
    std::vector<std::string> background;
    std::vector<LabTry> tries;
    std::vector<std::string> broken_by;  // flags under which its own checks must fail
    std::vector<std::string> faults;     // "FILE:3: what of the header could not be read"
    std::size_t header_lines = 0;

    /// InputError if the header has a fault.
    void insist_on_header() const;
    /// "Lab 5: SYN lost"
    std::string heading() const;
    /// "netsim lab 5", to be pasted.
    std::string command() const;
};

/// What its header says; missing fields are empty.
Lab parse_lab(const std::string& text, const std::string& path);

/// A file. InputError naming it, and the scripts beside where it should be.
Lab read_lab(const std::string& path);

/// Those that come with netsim, by number.
std::vector<Lab> shipped_labs();

/// "7", "07", "07-last-ack-lost", "last-ack-lost", or a file's path. InputError naming what exists.
Lab find_lab(const std::string& word);

/// A line of flags as the shell splits it: blanks, 'quotes' and "quotes". InputError if a quote is
/// open.
std::vector<std::string> split_flags(const std::string& line);

/// How one starts this program: "netsim", or as it was started from a clone.
std::string program_name();

}  // namespace netsim::cli
