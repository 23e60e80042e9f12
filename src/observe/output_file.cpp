// Writing with POSIX calls: errno is exact, a closed pipe is an error and not a signal, and a full
// disk leaves the file cut back to its last whole record.
#include "observe/output_file.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "netsim/result.hpp"

namespace netsim::observe {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

/// write(2) to a pipe nobody reads raises SIGPIPE, which would end the program: block it on this
/// thread and swallow it.
class NoSigpipe {
 public:
    NoSigpipe() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        sigemptyset(&pending);
        sigpending(&pending);
        pending_before_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }

    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;
    NoSigpipe(NoSigpipe&&) = delete;
    NoSigpipe& operator=(NoSigpipe&&) = delete;

    ~NoSigpipe() {
        const timespec now{0, 0};
        if (!pending_before_) {
            sigtimedwait(&pipe_, nullptr, &now);
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

 private:
    sigset_t pipe_{};
    sigset_t before_{};
    bool pending_before_ = false;
};

/// Octets written before an error; errno tells which, 0 if none.
std::size_t write_all(int fd, std::span<const std::uint8_t> bytes, int& error) {
    const NoSigpipe guard;
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (n >= 0) {
            done += static_cast<std::size_t>(n);
        } else if (errno != EINTR) {
            error = errno;
            break;
        }
    }
    return done;
}

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
    constexpr int kMode = 0666;
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);  // NOLINT
    if (fd_ < 0) {
        keep_error(errno);
        throw_if_failed();
    }
    buffer_.reserve(kBufferBytes);
}

OutputFile::~OutputFile() {
    if (fd_ >= 0) {
        write_out();
        ::close(fd_);
    }
}

void OutputFile::append(std::span<const std::uint8_t> record) {
    if (failed() || closed()) {
        return;
    }
    if (buffer_.size() + record.size() > kBufferBytes) {
        write_out();
    }
    buffer_.insert(buffer_.end(), record.begin(), record.end());
}

void OutputFile::write_out() {
    if (failed() || buffer_.empty()) {
        return;
    }
    int error = 0;
    const std::size_t done = write_all(fd_, buffer_, error);
    if (error == 0) {
        committed_ += done;
        buffer_.clear();
        return;
    }
    keep_error(error);
    if (done > 0 && ::ftruncate(fd_, static_cast<off_t>(committed_)) != 0) {
        return;  // a pipe: nothing to cut back
    }
    ::lseek(fd_, static_cast<off_t>(committed_), SEEK_SET);
}

void OutputFile::flush() {
    if (!closed()) {
        write_out();
    }
    throw_if_failed();
}

void OutputFile::close() {
    if (closed()) {
        return;
    }
    write_out();
    if (::close(fd_) != 0) {
        keep_error(errno);  // NFS tells a full disk here
    }
    fd_ = -1;
    throw_if_failed();
}

void OutputFile::keep_error(int error) {
    if (error_ == 0) {
        error_ = error;
    }
}

void OutputFile::throw_if_failed() {
    if (error_ != 0) {
        throw InputError("cannot write " + path_ + ": " + std::strerror(error_));  // NOLINT
    }
}

}  // namespace netsim::observe
