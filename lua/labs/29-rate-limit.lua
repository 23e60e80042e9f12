-- Lab 29: A firewall that counts SYNs
-- Chapter: Floods and defences
-- Question: A firewall lets ten SYNs a second through. Whom does it protect from a flood?
-- Watch: the SYN queue and the users' luck: with the limit the queue is never full.
-- Background:
--   iptables -p tcp --syn -m limit --limit 10/s gives a token to each SYN that it lets pass, and
--   gets ten new ones a second (and keeps at most a burst of them); who finds none is dropped. Ten
--   a second are more than the users need, and too few to fill the server's queue. But a token
--   does not ask who takes it, and a spoofed SYN looks like any other. A bucket for each source
--   address (-m hashlimit) tells a greedy address from a modest one. A cookie needs no limit: it
--   takes no place, and who cannot receive it does not come back.
-- Try: --spoof 198.18.0.1
--   Predict first: the whole flood has one address. Which of the two limits helps now?
-- Try: --limit 1kpps
--   Predict first: every second SYN gets through. Who connects with cookies, who without?
-- Broken by: --limit 10kpps
-- Broken by: --set server.net.ipv4.tcp_syncookies=0
local p = netsim.params {
  rate  = { "2kpps",         "spoofed SYNs, from 10 s on" },
  spoof = { "198.18.0.0/15", "whose addresses they have" },
  limit = { "10/s",          "SYNs that the firewall lets through" },
}

local function scenario(net, cookies, limited, per)
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_syncookies"] = cookies } })
  local user, bot, firewall = net:host("user"), net:host("bot"), net:router("firewall")
  for _, host in ipairs { server, user, bot } do
    net:link(host, firewall, { rate = "1gbit", delay = "5ms" })
  end
  if limited then
    firewall:firewall { policy = "accept",
      { accept = true, proto = "tcp", dport = 80, flags = "S", limit = p.limit, burst = 20,
        per = per },
      { drop = true, proto = "tcp", dport = 80, flags = "S" } }
  end
  server:serve { port = 80, backlog = 128, request = 100, response = 100 }
  local function users(start, stop)
    return user:load("server:80", { rate = "5/s", request = 100, response = 100, start = start,
                                    stop = stop, connect_timeout = "3s" })
  end
  local before, during = users("0s", "10s"), users("12s", "40s")
  bot:synflood("server:80", { rate = p.rate, spoof = p.spoof, start = "10s", stop = "43s" })
  net:run("45s")
  return { dropped = limited and firewall:firewall():rules("FORWARD")[2].packets or 0,
           before = before.first_syn_success, first = during.first_syn_success,
           during = during.connect_success, queue = server:syn_queue_peak(80) }
end

local cases = netsim.compare {
  title = "limit " .. p.limit,
  show = { { "before", "before the flood: first SYN answered" },
           { "first", "in the flood: first SYN answered" },
           { "during", "in the flood: connected in 3 s" }, { "queue", "longest SYN queue" },
           { "dropped", "the firewall dropped" } },
  { "neither",    scenario, 0, false },
  { "limit",      scenario, 0, true },
  { "per source", scenario, 0, true, "source" },
  { "cookies",    scenario, 1, false },
  { "both",       scenario, 1, true },
}
local r = {}
for _, case in ipairs(cases) do r[case.name] = case.results end
netsim.quiz("What share of the users' first SYNs is answered with the limit, without cookies?",
            r.limit.first, 0.1)
netsim.quiz("And with the limit and cookies?", r.both.first, 0.1)
netsim.checks({ cases = r, limit = netsim.per_second(p.limit), rate = netsim.per_second(p.rate),
              }, function(r)
  local c, share = r.cases, r.limit / (r.limit + r.rate)
  for name, one in pairs(c) do
    netsim.expect_equal(one.before, 1, name .. ": share answered before the flood")
  end
  netsim.expect(c.neither.first < 0.1, "a full queue shuts users out")
  netsim.expect(c.limit.queue < 129, "the limit keeps the queue from filling")
  netsim.expect(c.limit.first < 0.1, "and users out, as the full queue did")
  netsim.expect(c["per source"].first < 0.1, "a limit per source does not see spoofed SYNs")
  netsim.expect_equal(c.cookies.first, 1, "share answered with cookies")
  netsim.expect_near(c.both.first, share, 0.05, "with cookies and the limit: limit / all SYNs")
end)
