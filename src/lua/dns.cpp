// DNS servers, and asking them.
#include "lua/dns.hpp"

#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"
#include "lua/socket.hpp"
#include "lua/stats.hpp"

namespace netsim::lua {
namespace {

/// Shared with the answer, which may come when the process is gone.
struct LookupState {
    std::optional<Result<Ipv4>> result;
    std::function<void()> wake;
};

class LookupOperation final : public Operation {
 public:
    LookupOperation(HostRef& host, const std::string& name)
        : state_(std::make_shared<LookupState>()) {
        host.lookup(name, [state = state_](const Result<Ipv4>& result) {
            state->result = result;
            if (state->wake) {
                state->wake();
            }
        });
    }

    std::optional<int> attempt(lua_State* L) override {
        if (!state_->result) {
            return std::nullopt;
        }
        const Result<Ipv4>& result = *state_->result;
        if (result) {
            push_string(L, to_string(**state_->result));
            return 1;
        }
        switch (result.error()) {  // getaddrinfo(3)'s words
            case Errno::kENOENT:
                return push_failure(L, "name or service not known", "EAI_NONAME");
            case Errno::kETIMEDOUT:
                return push_failure(L, "timeout", "EAI_AGAIN");
            default:
                return push_errno(L, result.error());
        }
    }

    int timed_out(lua_State* L) override { return push_failure(L, "timeout", "EAI_AGAIN"); }

    void each_socket(const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>&
                     /*visit*/) override {}

    void arm(std::function<void()> wake) override { state_->wake = std::move(wake); }

 private:
    std::shared_ptr<LookupState> state_;
};

}  // namespace

int host_dns(lua_State* L) {
    HostHandle& self = self_host(L);
    DnsOptions dns;
    Options options(L, 2, "dns");
    options.with("zone", [&](const std::string& what) {
        if (!lua_istable(L, -1)) {
            throw InputError(what +
                             ": expected a table such as {[\"web.example\"] = \"10.0.0.2\"}");
        }
        const int table = lua_gettop(L);
        for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING) {
                throw InputError(what + ": its keys are names");
            }
            std::string name = to_text(L, -2, what);
            for (char& c : name) {
                c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            }
            if (name.ends_with('.')) {
                name.pop_back();
            }
            const std::string target = to_text(L, -1, what + ": " + name);
            dns.zone[name] = self.box->net().resolve(target + ":1").address;
        }
    });
    options.get("domain", dns.domain);
    options.integer("ttl", dns.ttl, 0, std::numeric_limits<std::int32_t>::max());
    options.get("authoritative", dns.authoritative);
    options.integer("port", dns.port, 1, 65535);
    options.finish();
    push_stats(L, self.box, self.host.dns(dns));
    return 1;
}

int host_nameserver(lua_State* L) {
    HostHandle& self = self_host(L);
    if (!lua_isnoneornil(L, 2)) {
        const std::string server = to_text(L, 2, "nameserver");
        self.host.set_nameserver(self.box->net().resolve(server + ":1").address);
    }
    push_string(L, to_string(self.host.nameserver()));
    return 1;
}

int host_lookup(lua_State* L) {
    HostHandle& self = self_host(L);
    const std::string name = to_text(L, 2, "lookup: name");
    Scheduler& scheduler = self.box->scheduler();
    if (!scheduler.may_block(L)) {
        throw MisuseError("lookup() takes time: call it inside host:spawn(function(host) ... end)");
    }
    return scheduler.block(L, std::make_unique<LookupOperation>(self.host, name), "lookup()");
}

}  // namespace netsim::lua
