// A buffered output file whose errors are kept and told, and which never ends in half a record: the
// caller commits whole records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace netsim::observe {

class OutputFile {
 public:
    /// Creates or empties the file. Throws InputError "cannot write PATH: Permission denied".
    explicit OutputFile(std::string path);
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    OutputFile(OutputFile&&) = delete;
    OutputFile& operator=(OutputFile&&) = delete;
    /// Writes out what is buffered; says nothing if that fails.
    ~OutputFile();

    /// One whole record. Nothing happens after an error.
    void append(std::span<const std::uint8_t> record);
    /// Throws InputError if this or an earlier write failed.
    void flush();
    /// As flush(), then closes; does nothing if closed.
    void close();

    bool failed() const { return error_ != 0; }

    bool closed() const { return fd_ < 0; }

 private:
    void write_out();
    void keep_error(int error);
    void throw_if_failed();

    std::string path_;
    int fd_ = -1;
    int error_ = 0;
    std::vector<std::uint8_t> buffer_;
    std::uint64_t committed_ = 0;  // octets in the file, whole records
};

}  // namespace netsim::observe
