// What was started by a command line at a host's prompt: HostRef::sh() (network.hpp). Views are
// done at once; tools that take time go on in simulated time, as events of their host.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace netsim::shell {

class Job {
 public:
    virtual ~Job() = default;
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    Job(Job&&) = delete;
    Job& operator=(Job&&) = delete;

    bool done() const { return done_; }

    /// The tool's own; 0 while it runs.
    int exit_code() const { return exit_code_; }

    /// All it has printed so far, errors in between as a terminal shows them.
    const std::string& out() const { return out_; }

    /// Calls `f` once, when it is done; at once if it is already. `f` may destroy the job.
    void on_done(std::function<void()> f) {
        on_done_ = std::move(f);
        if (done_) {
            call_on_done();
        }
    }

    /// As ^C: the tool prints its summary and is done. Nothing if it is done already.
    void interrupt() {
        if (!done_) {
            on_interrupt();
        }
    }

 protected:
    Job() = default;

    void put(std::string_view text) { out_ += text; }

    /// The last thing a job does: it may be destroyed by who waited for it.
    void finish(int exit_code) {
        done_ = true;
        exit_code_ = exit_code;
        call_on_done();
    }

    virtual void on_interrupt() = 0;

 private:
    void call_on_done() {
        const std::function<void()> f = std::exchange(on_done_, nullptr);
        if (f) {
            f();
        }
    }

    bool done_ = false;
    int exit_code_ = 0;
    std::string out_;
    std::function<void()> on_done_;
};

}  // namespace netsim::shell
