-- Lab 42: tcp_tw_recycle behind a NAT
-- Chapter: TIME_WAIT
-- Question: Why did a setting that made TIME-WAIT short shut out some customers, and only some?
-- Watch: the two users in each case; PAWSPassive; no RST, no ICMP, just silence.
-- Background:
--   Up to Linux 4.11 a server could set net.ipv4.tcp_tw_recycle: TIME-WAIT then lasts 3.5 RTO
--   instead of 60 s. To be safe all the same, the server remembers the last timestamp of each peer
--   ADDRESS for a minute and drops SYNs with an older one: they must be old duplicates. Behind a
--   NAT many hosts share an address, and each host's timestamps count from its own start. Whoever
--   has the highest is served; the SYNs of the others vanish as long as he keeps coming. Here all
--   hosts are as Linux 3.10; which of the two users is ahead is chance (the seed).
-- Try: --seed 2
--   Predict first: other hosts, other start times. Who is shut out now, and can it be both?
-- Try: --leaves 30s
--   Predict first: ann leaves after 30 s. When is bob served, if she was ahead?
-- Broken by: --set web.net.ipv4.tcp_tw_recycle=0
-- Broken by: --set web.net.ipv4.tcp_timestamps=0
local p = netsim.params { leaves = { "120s", "ann makes no connections from then on" } }

local function scenario(net, recycle, behind_nat)
  local web = net:host("web", { profile = "linux-legacy",
                                sysctl = { ["net.ipv4.tcp_tw_recycle"] = recycle } })
  local gate = net:router("gate")
  net:link(gate, web, { rate = "100mbit", delay = "10ms" })
  local load, users = {}, {}
  for _, name in ipairs { "ann", "bob" } do
    users[#users + 1] = net:host(name, { profile = "linux-legacy" })
    net:link(users[#users], gate, { rate = "100mbit", delay = "1ms" })
  end
  if behind_nat then gate:nat { inside = users } end
  web:serve { port = 80, request = 100, response = 100 }   -- closes first: TIME-WAIT is its own
  for i, user in ipairs(users) do
    load[i] = user:load("web:80", { rate = "2/s", spacing = "fixed", request = 100, response = 100,
                                    connect_timeout = "5s", start = 1 + 0.1 * i,
                                    stop = i == 1 and p.leaves or "120s" })
  end
  net:run("130s")
  local percent = function(l) return math.floor(100 * l.connect_success + 0.5) end
  return { ann = percent(load[1]), bob = percent(load[2]),
           dropped = web:counter("TcpExtPAWSPassive"),
           time_wait = select(2, web:ss("-tanH"):gsub("TIME%-WAIT", "")) }
end

local cases = netsim.compare {
  title = "connections that succeed, %",
  show = { "ann", "bob", { "dropped", "web: PAWSPassive" }, { "time_wait", "web: in TIME-WAIT" } },
  { "0, NAT", scenario, 0, true },
  { "1, NAT", scenario, 1, true },
  { "1, own addresses", scenario, 1, false },
}
local r = {}
for _, case in ipairs(cases) do r[case.name] = case.results end
netsim.quiz("tcp_tw_recycle 1 behind a NAT: what percent of the worse user's connections succeed?",
            math.min(r["1, NAT"].ann, r["1, NAT"].bob), 5)
netsim.quiz("And if each user has an address of his own?",
            math.min(r["1, own addresses"].ann, r["1, own addresses"].bob), 5)
netsim.checks(r, function(r)
  local off, on, apart = r["0, NAT"], r["1, NAT"], r["1, own addresses"]
  netsim.expect_equal(math.min(off.ann, off.bob), 100, "percent, tcp_tw_recycle 0")
  netsim.expect_equal(math.max(on.ann, on.bob), 100, "percent of the user whose clock is ahead")
  netsim.expect(math.min(on.ann, on.bob) < 50, "the other one is shut out")
  netsim.expect(on.dropped > 0, "PAWSPassive rises")
  netsim.expect_equal(math.min(apart.ann, apart.bob), 100, "percent, each with his own address")
end)
