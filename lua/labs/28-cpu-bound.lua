-- Lab 28: When the processor is the limit
-- Chapter: Floods and defences
-- Question: Cookies need no memory. Do they need nothing?
-- Watch: connections served per second as the flood grows, with cookies and without.
-- Background:
--   Each SYN costs an interrupt's share, a lookup, a hash and a SYN-ACK: about a microsecond of a
--   core, whether a request is queued or a cookie sent. A SYN dropped at a full queue costs less,
--   as no answer is built; but then only peers known from before get in (lab 17: this user is
--   one). Softirqs go before processes: when the flood's SYNs take all of a core, accept() never
--   runs, and what arrives beyond is dropped in the backlog (softnet_stat). More cores help, since
--   RSS spreads flows; so does dropping before TCP sees it (lab 29). Costs here: docs/cpu.md.
-- Try: --cores 2
--   Predict first: two cores share the work. What is left at the highest flood now?
-- Try: --highest 100kpps
--   Predict first: which share of a core is that with cookies?
-- Broken by: --costs false
-- Broken by: --highest 1kpps
local p = netsim.params {
  cores   = { 1,         "cores of the server", min = 1, max = 64 },
  costs   = { true,      "false: the server's work takes no time" },
  highest = { "900kpps", "the strongest flood" },
  offered = { "10000/s", "connections of users" },
}

local function scenario(net, cookies, share)
  local server = net:host("server", {
    cpu = p.costs and { cores = p.cores } or nil,
    sysctl = { ["net.ipv4.tcp_syncookies"] = cookies, ["net.core.somaxconn"] = 4096 } })
  local r, user, bot = net:router("r"), net:host("user"), net:host("bot")
  for _, h in ipairs { server, user, bot } do
    net:link(h, r, { rate = "10gbit", delay = "250us" })
  end
  server:serve { port = 80, backlog = 1024 }
  user:load("server:80", { rate = p.offered })
  local flood = netsim.per_second(p.highest) * share
  if flood > 0 then bot:synflood("server:80", { rate = flood, spoof = "198.18.0.0/15" }) end
  net:run("40ms")
  local before = server:counter("TcpPassiveOpens")
  net:run("60ms")
  local core = p.costs and server:cpu().cores[1] or { softirq = 0, dropped = 0 }
  return { served = (server:counter("TcpPassiveOpens") - before) / 0.06,
           softirq = core.softirq / 0.1, dropped = core.dropped }
end

local cases = netsim.compare {
  title = p.cores .. " core(s), users offer " .. p.offered,
  show = { { "served", "connections per second" }, { "softirq", "core 1 in softirqs" },
           { "dropped", "packets dropped in its backlog" } },
  { "no flood",            scenario, 1, 0 },
  { "half, cookies",       scenario, 1, 0.5 },
  { "highest, cookies",    scenario, 1, 1 },
  { "highest, no cookies", scenario, 0, 1 },
}
local calm, half, all, none = cases[1].results, cases[2].results, cases[3].results, cases[4].results
netsim.quiz("Which share of the connections is left at the highest flood, with cookies?",
            all.served / calm.served, 0.15)
netsim.checks({ calm = calm, half = half, all = all, none = none }, function(r)
  netsim.expect(r.calm.softirq < 0.5, "without a flood the core is not busy")
  netsim.expect(r.half.softirq > r.calm.softirq, "half the flood takes its share")
  netsim.expect(r.all.served < 0.5 * r.calm.served, "the highest leaves less than half")
  netsim.expect(r.none.softirq < 0.8 * r.all.softirq, "a SYN that is only dropped costs less")
  netsim.expect(r.none.served > 2 * r.all.served, "and leaves room for those who are known")
end)
