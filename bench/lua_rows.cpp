// What a script costs: processes, callbacks, a blocking server.
#include <fmt/format.h>

#include <sstream>

#include "lua/run.hpp"
#include "rows.hpp"

namespace netsim::bench {
namespace {

lua::RunReport run_text(const std::string& text) {
    std::ostringstream out;
    std::ostringstream err;
    lua::RunOptions options;
    options.script = "bench.lua";
    options.text = text;
    options.library_dir = NETSIM_SOURCE_DIR "/lua";
    options.topology_dir = NETSIM_SOURCE_DIR "/topologies";
    options.quiet = true;
    options.out = &out;
    options.err = &err;
    lua::RunReport report = lua::run_script(options);
    if (report.failure.ending != lua::Ending::kNone || report.expectations_failed()) {
        throw InputError("bench.lua: " + report.failure.message + err.str());
    }
    return report;
}

Work script(std::uint64_t count, const char* text) {
    const std::string whole = fmt::format("local count = {}\n{}", count, text);
    Work work;
    work.seconds = measure([&] { run_text(whole); });
    work.units = static_cast<double>(count);
    return work;
}

constexpr const char* kSwitches = R"(
netsim.run(function(net)
  net:host("web"):spawn(function(host)
    for _ = 1, count do host:sleep(1e-6) end
  end)
  net:run()
end)
)";

constexpr const char* kCallbacks = R"(
netsim.run(function(net)
  local calls = 0
  net:host("web")
  net:every(1e-6, function() calls = calls + 1 return calls < count end)
  net:run(count * 1e-6 + 1)
  netsim.expect(calls == count, "%d calls", calls)
end)
)";

constexpr const char* kEcho = R"(
netsim.run(function(net)
  local web, user = net:host("web"), net:host("user")
  net:link(web, user, { delay = "100us" })
  web:spawn(function(host)
    local listener = assert(host:tcp())
    assert(listener:bind("*", 80))
    assert(listener:listen(1024))
    while true do
      local c = listener:accept()
      host:spawn(function() c:send(c:receive(100)) c:close() end)
    end
  end)
  local load = user:load("web:80", { rate = 100000, request = 100, response = 100, max = count, start = "1ms" })
  net:run(count / 100000 + 5)
  netsim.expect(load.completed == count, "%d of %d", load.completed, count)
end)
)";

}  // namespace

void add_lua_rows(std::vector<Row>& rows) {
    const auto add = [&](const char* name, const char* what, std::uint64_t amount,
                         const char* text) {
        rows.push_back({.name = name,
                        .what = what,
                        .amount = amount,
                        .counted = 2'000,
                        .run = [text](std::uint64_t n) { return script(n, text); }});
    };
    add("lua_switches_per_s", "Lua: a process sleeps and goes on", 1'000'000, kSwitches);
    add("lua_callbacks_per_s", "Lua: callbacks", 1'000'000, kCallbacks);
    add("lua_echo_per_s", "Lua: connections of a blocking echo server", 50'000, kEcho);
    rows.back().counted = 500;
}

}  // namespace netsim::bench
