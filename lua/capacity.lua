-- How many connections a server takes per second: offered load against what is served, on a server
-- with a CPU, without a flood and under one with SYN cookies off (0), when needed (1), always (2).
-- The curve rises with the load until the cores are busy; a flood's SYNs are softirq work, which
-- goes before the processes that accept and close. Costs: those of Linux on the machine that
-- docs/cpu.md names; --cpu FILE takes your own (netsim calibrate --json FILE).
local p = netsim.params {
  cores   = { 1,         "cores of the server" },
  flood   = { "150kpps", "rate of spoofed SYNs in the cases with a flood" },
  points  = { 6,         "offered loads per case" },
  highest = { 1.5,       "the highest load, in capacities" },
  backlog = { 1024,      "listen(2) backlog" },
  users   = { 4,         "client hosts" },
  warm    = { "60ms",    "time before counting" },
  length  = { "100ms",   "time counted at each load" },
}

local warm, length = netsim.seconds(p.warm), netsim.seconds(p.length)
local flood_rate = netsim.per_second(p.flood)

-- What the costs say: the time of one connection without data (a SYN, an ACK, and a FIN that also
-- acknowledges the server's, as clients close at once), and what a flood's SYNs leave when each is
-- answered by a cookie.
local function theory(cost)
  local connection = 3 * cost.packet + cost.syn + cost.establish + cost.fin + cost.accept + cost.close
  return { capacity = p.cores / connection,
           left_by_cookies = 1 - flood_rate * (cost.packet + cost.cookie) / p.cores }
end

local function server(net, case)
  local web = net:host("web", {
    cpu = { cores = p.cores },
    sysctl = { ["net.ipv4.tcp_syncookies"] = case.cookies,
               ["net.ipv4.tcp_max_syn_backlog"] = 4 * p.backlog,
               ["net.core.somaxconn"] = math.max(4096, p.backlog) },
  })
  web:serve { port = 80, backlog = p.backlog }  -- accepts, closes
  return web
end

-- A series as it is now, for when its network has gone.
local function keep(series)
  return { values = series.values, label = series.name, start = series.start, step = series.interval }
end

local function measure(net, case, load)
  local web, r = server(net, case), net:router("r")
  net:link(web, r, { rate = "10gbit", delay = "250us" })
  for i = 1, p.users do
    local user = net:host("user" .. i)
    net:link(user, r, { rate = "10gbit", delay = "250us" })
    user:load("web:80", { rate = load / p.users })
  end
  if case.flood then
    local bot = net:host("bot")
    net:link(bot, r, { rate = "10gbit", delay = "250us" })
    bot:synflood("web:80", { rate = p.flood, spoof = "198.18.0.0/15" })
  end
  local cpu = web:record_cpu("5ms")
  net:run(warm)
  local function served() return web:counter("TcpPassiveOpens") - web:accept_queue(80) end
  local before = served()
  net:run(length)
  local busy, soft, dropped, peak = 0, 0, 0, 0
  for i, core in ipairs(web:cpu().cores) do
    busy = busy + (core.softirq + core.process) / (warm + length) / p.cores
    soft = soft + core.softirq / (warm + length) / p.cores
    dropped, peak = dropped + core.dropped, math.max(peak, core.backlog_peak)
  end
  return {
    offered = load,
    handshakes_per_simulated_second = (served() - before) / length,
    cpu = busy, softirq = soft, backlog_drops = dropped, backlog_peak = peak,
    listen_drops = web:counter("TcpExtListenDrops"),
    cookies_sent = web:counter("TcpExtSyncookiesSent"),
    softnet_stat = web:softnet_stat("readable"),
    utilisation = keep(cpu.utilisation[1]), backlog = keep(cpu.backlog[1]),
  }
end

local cases = {
  { name = "no flood", cookies = 1 },
  { name = "flood, syncookies 0", cookies = 0, flood = true },
  { name = "flood, syncookies 1", cookies = 1, flood = true },
  { name = "flood, syncookies 2", cookies = 2, flood = true },
}

local says
netsim.run({ name = "costs" }, function(net)
  local costs = server(net, cases[1]):cpu().costs
  says = theory(costs)
  return { capacity = says.capacity }
end)

local step = p.highest * says.capacity / p.points
local curves, tops = {}, {}
for _, case in ipairs(cases) do
  local values, rows = { 0 }, { { "offered/s", "served/s", "CPU", "softirqs", "SYNs lost",
                                  "cookies", "backlog peak", "dropped" } }
  local last
  for i = 1, p.points do
    local load = i * step
    netsim.run({ name = ("%s, %.0f/s"):format(case.name, load) }, function(net)
      last = measure(net, case, load)
      return last
    end)
    values[#values + 1] = last.handshakes_per_simulated_second
    rows[#rows + 1] = { load, last.handshakes_per_simulated_second, last.cpu, last.softirq,
                        last.listen_drops, last.cookies_sent, last.backlog_peak, last.backlog_drops }
  end
  print(("\n=== %s"):format(case.name))
  netsim.table(rows)
  curves[#curves + 1] = { values = values, label = case.name, start = 0, step = step }
  tops[#tops + 1] = { top = math.max(table.unpack(values)), at = values, last = last }
end

print("\n=== served against offered connections per second")
netsim.plot { curves[1], curves[2], curves[3], curves[4], height = 14, limit = says.capacity,
              limit_label = "capacity by the costs", x_unit = "offered/s" }
print(("\ncpu0 at %.0f/s under the flood with syncookies 1:"):format(p.points * step))
netsim.plot { tops[3].last.utilisation, height = 4, max = 1, title = "share of time in work" }
netsim.plot { tops[3].last.backlog, height = 4, title = "packets that wait for the softirq" }
print(tops[3].last.softnet_stat)

-- What it claims.
local quiet, off, when_needed, always = tops[1], tops[2], tops[3], tops[4]
for i = 1, p.points do
  local offered = i * step
  local served = quiet.at[i + 1]
  if offered < 0.9 * says.capacity then
    netsim.expect_near(served, offered, 0.06 * offered, "served below the capacity")
  else
    netsim.expect_between(served, 0.85 * says.capacity, 1.06 * says.capacity, "served when saturated")
  end
end
if flood_rate >= 100000 and says.left_by_cookies > 0.2 and p.cores == 1 then
  netsim.expect(off.top < 0.25 * quiet.top, "a flood without cookies keeps clients out (%.0f/s)", off.top)
  netsim.expect(when_needed.top < 0.9 * quiet.top, "a flood lowers the capacity (%.0f/s)", when_needed.top)
  netsim.expect(when_needed.top > 2 * off.top, "cookies restore service (%.0f/s)", when_needed.top)
  netsim.expect_near(when_needed.top, says.left_by_cookies * quiet.top, 0.15 * quiet.top,
                     "... up to what the flood's SYNs leave of the CPU")
  netsim.expect_near(always.top, when_needed.top, 0.15 * quiet.top, "cookies always: the same")
end
