// netsim exec: a tool of a host, at a time of a script's run.
#include <algorithm>
#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/look.hpp"
#include "cli/quantity.hpp"
#include "cli/terminal.hpp"
#include "netsim/network.hpp"

namespace netsim::cli {
namespace {

/// The words as one line. One word is a line already: netsim exec ... web 'netstat -nat'.
std::string line_of(const std::vector<std::string>& words) {
    if (words.size() == 1) {
        return words.front();
    }
    std::string line;
    for (const std::string& word : words) {
        const bool plain =
            !word.empty() && word.find_first_of(" \t'\"\\|<>&;$") == std::string::npos;
        std::string quoted = word;
        for (std::size_t at = 0; (at = quoted.find('\'', at)) != std::string::npos; at += 4) {
            quoted.replace(at, 1, "'\\''");
        }
        line += (line.empty() ? "" : " ") + (plain ? word : "'" + quoted + "'");
    }
    return line;
}

std::optional<Time> time_of(const Options& options) {
    return options.at ? std::optional(Time(*options.at)) : std::nullopt;
}

class Exec final : public Visit {
 public:
    explicit Exec(const Options& options)
        : Visit(options.case_name, time_of(options)),
          host_(options.host),
          line_(line_of(options.words)) {}

    int exit_code() const { return exit_code_; }

 protected:
    bool look(Network& network) override {
        if (const std::optional<RouterRef> router = router_of(network, host_)) {
            std::cout << router->netfilter_tool(line_);
            return false;
        }
        job_ = host_of(network, host_).sh(line_);
        return !print();
    }

    bool go_on(Network& network, Time until, const RunLimits& limits) override {
        RunLimits watched = limits;
        watched.pause = [this] { return print(); };
        set_running(&network);
        const RunResult result = network.run_until(until, watched);
        if (result.reason == "interrupted") {
            job_->interrupt();
            print();
            return true;
        }
        return job_->done();
    }

    void let_go() override { job_.reset(); }

 private:
    /// What is new; true: it is done.
    bool print() {
        const std::string& out = job_->out();
        if (out.size() > printed_) {
            std::cout.write(out.data() + printed_,
                            static_cast<std::streamsize>(out.size() - printed_));
            printed_ = out.size();
            if (!std::cout.flush()) {
                die_of_broken_pipe();
            }
        }
        exit_code_ = job_->exit_code();
        return job_->done();
    }

    std::string host_;
    std::string line_;
    std::unique_ptr<shell::Job> job_;
    std::size_t printed_ = 0;
    int exit_code_ = kExitDone;
};

class Explain final : public Visit {
 public:
    explicit Explain(const Options& options)
        : Visit(options.case_name, time_of(options)), endpoints_(options.words) {}

    const std::string& text() const { return text_; }

 protected:
    bool look(Network& network) override {
        for (const std::string& endpoint : endpoints_) {
            text_ += (text_.empty() ? "" : "\n") + explain(network, endpoint);
        }
        return false;
    }

 private:
    std::vector<std::string> endpoints_;
    std::string text_;
};

}  // namespace

int exec_command(const Options& options) {
    Exec exec(options);
    const int code = visit(options, exec);
    return finish_stdout(code == kExitDone ? exec.exit_code() : code);
}

int explain_command(const Options& options) {
    Explain visitor(options);
    const int code = visit(options, visitor);
    std::cout << visitor.text();
    return finish_stdout(code);
}

}  // namespace netsim::cli
