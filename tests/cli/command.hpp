// Runs the built program and keeps what it printed and how it ended.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace netsim::cli {

struct Outcome {
    int code = -1;   // exit code, if it exited
    int signal = 0;  // else what killed it
    std::string out;
    std::string err;

    std::size_t err_lines() const;
};

std::string read_whole(const std::filesystem::path& path);

/// A program that runs beside the test; it is gone when this is.
class Background {
 public:
    Background(const std::vector<std::string>& words, const std::filesystem::path& folder);
    ~Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    Background(Background&&) = delete;
    Background& operator=(Background&&) = delete;

    /// Until its standard output ends a line with `sign` in it: the output so far. Or all it wrote.
    const std::string& line_with(const std::string& sign);
    /// Sends the signal (0: none) and waits for its end.
    Outcome end(int signal);

 private:
    int pid_ = -1;
    int out_ = -1;
    int err_ = -1;
    std::string text_;
};

/// A folder of its own for each test, gone afterwards; the program runs in it.
class CommandTest : public testing::Test {
 protected:
    void SetUp() override;
    void TearDown() override;

    std::filesystem::path file(const std::string& name) const { return folder_ / name; }

    void write(const std::string& name, const std::string& text) const;
    /// Names in the folder, sorted, separated by blanks.
    std::string listing() const;

    Outcome netsim(const std::vector<std::string>& arguments) const;
    /// A line for bash, where $NETSIM is the program.
    Outcome bash(const std::string& line) const;
    /// Sends SIGINT as soon as the program has written `sign` to standard error.
    Outcome interrupt_after(const std::vector<std::string>& arguments,
                            const std::string& sign) const;
    std::unique_ptr<Background> beside(const std::vector<std::string>& arguments) const;

 private:
    std::filesystem::path folder_;
};

}  // namespace netsim::cli
