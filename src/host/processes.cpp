// Processes and descriptors.
#include "host/processes.hpp"

#include <bit>

#include "base/check.hpp"

namespace netsim::host {
namespace {

constexpr std::size_t kWord = 64;
constexpr std::uint64_t kFull = ~std::uint64_t{0};

/// The first zero bit, in words that stand for more bits than there are: those beyond are zero.
std::size_t first_zero(const std::vector<std::uint64_t>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] != kFull) {
            return i * kWord + static_cast<std::size_t>(std::countr_one(words[i]));
        }
    }
    return words.size() * kWord;
}

void grow_to(std::vector<std::uint64_t>& words, std::size_t bit) {
    if (bit / kWord >= words.size()) {
        words.resize(bit / kWord + 1, 0);
    }
}

}  // namespace

int DescriptorTable::lowest_free() const {
    const std::size_t word = first_zero(full_);
    const std::size_t in_word =
        word < used_.size() ? static_cast<std::size_t>(std::countr_one(used_[word])) : 0;
    return kFirst + static_cast<int>(word * kWord + in_word);
}

int DescriptorTable::open(DescriptorInfo what) {
    const int fd = lowest_free();
    const auto at = static_cast<std::size_t>(fd - kFirst);
    grow_to(used_, at);
    grow_to(full_, at / kWord);
    used_[at / kWord] |= std::uint64_t{1} << (at % kWord);
    if (used_[at / kWord] == kFull) {
        full_[at / kWord / kWord] |= std::uint64_t{1} << (at / kWord % kWord);
    }
    if (at >= slots_.size()) {
        slots_.resize(at + 1);
    }
    what.fd = fd;
    slots_[at] = what;
    return fd;
}

void DescriptorTable::close(int fd) {
    const auto at = static_cast<std::size_t>(fd - kFirst);
    CHECK(at < slots_.size() && slots_[at].fd == fd);
    slots_[at] = {};
    used_[at / kWord] &= ~(std::uint64_t{1} << (at % kWord));
    full_[at / kWord / kWord] &= ~(std::uint64_t{1} << (at / kWord % kWord));
}

Process& Processes::start(const ProcessOptions& options, Program* program) {
    const std::uint32_t pid = next_pid_++;
    Process& process = processes_[pid];
    process.pid = pid;
    process.name = options.name;
    process.nofile = options.nofile;
    process.program = program;
    return process;
}

Process* Processes::find(std::uint32_t pid) {
    const auto found = processes_.find(pid);
    return found != processes_.end() ? &found->second : nullptr;
}

Errno Processes::room(const Process* process, std::int64_t file_max) const {
    if (process != nullptr && process->nofile != 0 &&
        static_cast<std::uint64_t>(process->descriptors.lowest_free()) >= process->nofile) {
        return Errno::kEMFILE;
    }
    return open_files_ >= static_cast<std::uint64_t>(file_max) ? Errno::kENFILE : Errno::kOk;
}

int Processes::open(Process* process, const DescriptorInfo& what) {
    ++open_files_;
    return process != nullptr ? process->descriptors.open(what) : -1;
}

void Processes::close(Process* process, int fd) {
    --open_files_;
    if (process != nullptr) {
        process->descriptors.close(fd);
    }
}

std::vector<Program*> Processes::clear() {
    std::vector<Program*> programs;
    for (const auto& [pid, process] : processes_) {
        if (process.program != nullptr) {
            programs.push_back(process.program);
        }
    }
    processes_.clear();
    next_pid_ = kFirstPid;
    open_files_ = 0;
    return programs;
}

}  // namespace netsim::host
