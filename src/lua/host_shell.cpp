// host:sh(line): a command line at a host's prompt; host:file(): what its tools read.
#include <memory>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"
#include "shell/shell.hpp"

namespace netsim::lua {
namespace {

/// The exit code only where it is not 0, so that print(host:sh(...)) prints what the tool does.
int push_job(lua_State* L, const shell::Job& job) {
    push_string(L, job.out());
    if (job.exit_code() == 0) {
        return 1;
    }
    lua_pushinteger(L, job.exit_code());
    return 2;
}

/// A tool that takes time, until it is done.
class ShellOperation final : public Operation {
 public:
    explicit ShellOperation(std::unique_ptr<shell::Job> job) : job_(std::move(job)) {}

    std::optional<int> attempt(lua_State* L) override {
        return job_->done() ? std::optional(push_job(L, *job_)) : std::nullopt;
    }

    int timed_out(lua_State* L) override { return push_job(L, *job_); }

    void each_socket(
        const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>&) override {}

    void arm(std::function<void()> wake) override { job_->on_done(std::move(wake)); }

 private:
    std::unique_ptr<shell::Job> job_;
};

}  // namespace

int host_sh(lua_State* L) {
    HostHandle& self = self_host(L);
    const std::string line = to_text(L, 2, "sh: command line");
    Scheduler& scheduler = self.box->scheduler();
    const shell::Tool& tool = shell::tool_of(line);
    if (tool.takes_time && !scheduler.may_block(L)) {
        throw MisuseError("sh: " + std::string(tool.name) +
                          " takes time: call it inside host:spawn(function(host) ... end)");
    }
    std::unique_ptr<shell::Job> job = self.host.sh(line);
    if (!tool.takes_time) {
        return push_job(L, *job);
    }
    return scheduler.block(L, std::make_unique<ShellOperation>(std::move(job)), "sh");
}

int host_file(lua_State* L) {
    HostHandle& self = self_host(L);
    const std::string path = to_text(L, 2, "file: path");
    if (!lua_isnoneornil(L, 3)) {
        self.host.set_file(path, to_text(L, 3, "file: text"));
    }
    const std::optional<std::string> text = self.host.file(path);
    if (text) {
        push_string(L, *text);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

}  // namespace netsim::lua
