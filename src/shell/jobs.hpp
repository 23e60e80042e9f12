// The two kinds of jobs: views, done when they are made, and tools that take simulated time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "netsim/result.hpp"
#include "netsim/shell.hpp"
#include "netsim/time.hpp"
#include "shell/shell.hpp"

namespace netsim::host {
class Host;
}

namespace netsim::shell {

/// A view: its text is there at once.
class View final : public Job {
 public:
    explicit View(std::string_view text, int exit_code = 0) {
        put(text);
        finish(exit_code);
    }

 private:
    void on_interrupt() override {}
};

inline std::unique_ptr<Job> view(std::string_view text, int exit_code = 0) {
    return std::make_unique<View>(text, exit_code);
}

/// A name that nobody has, to a tool of the network: it says so, and its exit code is not 0.
class UnknownName : public InputError {
 public:
    UnknownName(const std::string& name, std::string_view hint)
        : InputError(name + ": Name or service not known" + std::string(hint)), name_(name) {}

    const std::string& name() const { return name_; }

 private:
    std::string name_;
};

/// Directory::address_of(), but UnknownName.
inline Ipv4 resolved(const Directory& directory, const std::string& name) {
    try {
        return directory.address_of(name);
    } catch (const InputError& error) {
        const std::string_view text = error.what();
        const std::size_t hint = text.find(", did you mean");
        throw UnknownName(name, hint == std::string_view::npos ? "" : text.substr(hint));
    }
}

/// A tool with a clock: wakes itself. A job that is gone, or done, is not woken any more; one whose
/// host lost power is over when it would be.
class TimedJob : public Job {
 protected:
    explicit TimedJob(host::Host& host);

    host::Host& host() const { return host_; }

    Time now() const;
    /// on_wake() as an event of the host, at `when` or now if that is past. Several may be pending.
    void wake_at(Time when);
    virtual void on_wake() = 0;

 private:
    void wake();

    host::Host& host_;
    std::uint32_t boot_;  // of its host, in which it was started
    std::shared_ptr<TimedJob*> self_;
};

}  // namespace netsim::shell
