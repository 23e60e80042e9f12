// A temporary file beside it takes its name when all is written.
#include "cli/whole_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "netsim/result.hpp"

namespace netsim::cli {

namespace fs = std::filesystem;

void WholeFile::refuse() const {
    const int error = errno;
    throw InputError(flag_ + " " + path_ + ": " + std::strerror(error != 0 ? error : EIO));
}

WholeFile::WholeFile(std::string flag, std::string path)
    : flag_(std::move(flag)), path_(std::move(path)) {
    std::error_code unknown;  // what may not even be looked at is refused below, by its errno
    if (fs::is_directory(path_, unknown)) {
        errno = EISDIR;
        refuse();
    }
    errno = 0;
    if (fs::exists(path_, unknown) && !fs::is_regular_file(path_, unknown)) {
        if (!std::ofstream(path_, std::ios::app)) {
            refuse();
        }
        return;
    }
    temporary_ = path_ + ".partial-" + std::to_string(getpid());
    if (!std::ofstream(temporary_, std::ios::binary)) {
        temporary_.clear();
        refuse();
    }
    // It can be written: that was the question. A run that is killed leaves nothing behind.
    std::error_code ignored;
    fs::remove(temporary_, ignored);
}

WholeFile::~WholeFile() {
    if (!temporary_.empty()) {
        std::error_code ignored;
        fs::remove(temporary_, ignored);
    }
}

void WholeFile::write(std::string_view text) {
    errno = 0;
    std::ofstream file(temporary_.empty() ? path_ : temporary_, std::ios::binary);
    file << text;
    file.close();
    if (!file) {
        refuse();
    }
    if (!temporary_.empty()) {
        std::error_code error;
        fs::rename(temporary_, path_, error);
        if (error) {
            throw InputError(flag_ + " " + path_ + ": " + error.message());
        }
        temporary_.clear();
    }
}

}  // namespace netsim::cli
