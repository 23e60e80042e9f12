// The processes of a host and their descriptors. Linux struct files_struct, alloc_fd(),
// exit_files().
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "netsim/process.hpp"
#include "netsim/result.hpp"

namespace netsim::host {

/// What runs in a process: a native application, a tool, a script's function.
class Program {
 public:
    virtual ~Program() = default;
    /// It was killed, or its host lost power: it does nothing any more.
    virtual void on_end() = 0;

 protected:
    Program() = default;
    Program(const Program&) = default;
    Program& operator=(const Program&) = default;
    Program(Program&&) = default;
    Program& operator=(Program&&) = default;
};

/// The numbers of a process's descriptors: the lowest free one is next, found in two steps.
class DescriptorTable {
 public:
    static constexpr int kFirst = 3;  // after stdin, stdout, stderr

    /// Takes the lowest free number for it.
    int open(DescriptorInfo what);
    void close(int fd);

    /// The number that open() would take.
    int lowest_free() const;

    /// Open ones by number; fd -1: free.
    const std::vector<DescriptorInfo>& slots() const { return slots_; }

 private:
    std::vector<DescriptorInfo> slots_;  // by number - kFirst
    std::vector<std::uint64_t> used_;    // a bit for each
    std::vector<std::uint64_t> full_;    // a bit for each word of used_ that is all ones
};

struct Process {
    std::uint32_t pid = 0;
    std::string name;
    std::uint64_t nofile = 0;
    Program* program = nullptr;
    DescriptorTable descriptors;
};

class Processes {
 public:
    /// Pids count up, as after a boot.
    Process& start(const ProcessOptions& options, Program* program);
    /// Null: there is none, or none any more.
    Process* find(std::uint32_t pid);

    void erase(std::uint32_t pid) { processes_.erase(pid); }

    /// EMFILE: the process has as many descriptors as it may have; ENFILE: the host has
    /// (fs.file-max). A socket of no process is bound by the host's limit only.
    Errno room(const Process* process, std::int64_t file_max) const;
    int open(Process* process, const DescriptorInfo& what);
    void close(Process* process, int fd);

    /// The host lost power: all are gone, and the programs that were in them.
    std::vector<Program*> clear();

    const std::map<std::uint32_t, Process>& all() const { return processes_; }

    std::uint64_t open_files() const { return open_files_; }

 private:
    static constexpr std::uint32_t kFirstPid = 301;

    std::map<std::uint32_t, Process> processes_;  // by pid; a process does not move
    std::uint32_t next_pid_ = kFirstPid;
    std::uint64_t open_files_ = 0;
};

}  // namespace netsim::host
