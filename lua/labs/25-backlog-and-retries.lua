-- Lab 25: A larger backlog, fewer retries
-- Chapter: Floods and defences
-- Question: Without cookies: what do a larger backlog and fewer SYN-ACK retries buy?
-- Watch: which flood each setting carries before users notice.
-- Background:
--   The flood that fills a SYN queue is places / life of a request (lab 21). Twice the backlog
--   carries twice the flood, and costs memory: about 300 octets a request in Linux. Each
--   repetition of the SYN-ACK less halves the life: 63, 31, 15, 7, 3, 1 s; but a real client whose
--   SYN-ACK was lost then has only his own repeated SYN. A flood of 50,000 SYNs a second needs
--   50,000 places even at one second each: such settings help against small floods, cookies
--   against all.
-- Try: --rate 20/s
--   Predict first: a small flood. Which settings carry it?
-- Try: --loss 10%
--   Predict first: a tenth of the packets is lost. Which setting hurts users now, flood or not?
-- Broken by: --without syn-queue-limit
local p = netsim.params {
  rate = { "400/s", "spoofed SYNs" },
  loss = { "0%",    "loss on the user's link" },
}

local function scenario(net, backlog, retries)
  local server = net:host("server", { sysctl = {
    ["net.ipv4.tcp_syncookies"] = 0, ["net.ipv4.tcp_synack_retries"] = retries,
    ["net.ipv4.tcp_max_syn_backlog"] = 65536, ["net.core.somaxconn"] = 65535 } })
  local user, bot, r = net:host("user"), net:host("bot"), net:router("r")
  net:link(server, r, { rate = "1gbit", delay = "5ms" })
  net:link(bot, r, { rate = "1gbit", delay = "5ms" })
  net:link(user, r, { rate = "1gbit", delay = "5ms", loss = p.loss })
  server:serve { port = 80, backlog = backlog, request = 100, response = 100 }
  local load = user:load("server:80", { rate = "10/s", request = 100, response = 100,
                                        start = "20s", stop = "60s" })
  bot:synflood("server:80", { rate = p.rate, spoof = "198.18.0.0/15" })
  net:run("80s")
  return { first = load.first_syn_connected / load.attempts, queue = server:syn_queue_peak(80),
           carries = (backlog + 1) / (2 ^ (math.min(retries, 2) + 1) - 1) }
end

local cases = netsim.compare {
  title = p.rate .. " of flood; backlog, retries",
  show = { { "first", "users' first SYN answered" }, { "queue", "longest SYN queue" },
           { "carries", "carries (SYN/s)" } },
  { "128, 5",  scenario, 128, 5 },
  { "4096, 5", scenario, 4096, 5 },
  { "128, 0",  scenario, 128, 0 },
  { "1024, 0", scenario, 1024, 0 },
}
local r = {}
for i, case in ipairs(cases) do r[i] = case.results end
netsim.quiz("How many of the four settings carry this flood?",
            (r[1].first > 0.9 and 1 or 0) + (r[2].first > 0.9 and 1 or 0)
            + (r[3].first > 0.9 and 1 or 0) + (r[4].first > 0.9 and 1 or 0), 0)
netsim.checks({ settings = r, rate = netsim.per_second(p.rate) }, function(r)
  for i, one in ipairs(r.settings) do
    if one.carries > 1.2 * r.rate then
      netsim.expect(one.first > 0.9, "setting " .. i .. " carries the flood")
    else
      netsim.expect(one.first < 0.6, "setting " .. i .. " does not")
    end
  end
end)
