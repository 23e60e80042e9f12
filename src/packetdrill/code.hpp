// %{ code }%: the little of Python that scripts use to look at tcp_info. All blocks of a script are
// one program, run at its end, each on the tcp_info taken when its line was reached.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace netsim::packetdrill {

struct CodeValue;
using Tuple = std::vector<CodeValue>;

struct CodeValue {
    std::variant<std::int64_t, double, std::string, Tuple> v = std::int64_t{0};
};

using Names = std::map<std::string, CodeValue, std::less<>>;

class CodeProgram {
 public:
    CodeProgram();

    /// Runs one block; `info` are the names of its tcp_info. A failing assertion or an error is
    /// thrown as Mismatch, with the line within the block (counted from 0) in `line`.
    void run(const std::string& text, const Names& info, int& line);

    /// What print wrote.
    const std::string& printed() const { return printed_; }

 private:
    void statement(std::string_view text, const Names& info);

    Names variables_;
    std::string printed_;
};

}  // namespace netsim::packetdrill
