-- Lab 16: The SYN queue's limit
-- Chapter: Queues
-- Question: How many half-open connections does it take to shut a listener, and for how long?
-- Watch: the SYN queue against its limit, and which of the user's attempts succeed.
-- Background:
--   A request whose last ACK does not come stays while its SYN-ACK is repeated: after 1, 3, 7, 15
--   and 31 s, and goes after 63 s (tcp_synack_retries 5), or after 7 s when the queue is crowded
--   (lab 18). While more wait than the backlog says, further SYNs are dropped without an answer
--   (TCPReqQFullDrop): a client repeats its SYN after 1, 2, 3 ... s and connects late, or gives
--   up. Backlog / 7 s is all it takes: 18 SYNs a second shut a listener of 128. With cookies the
--   limit is only where cookies begin.
-- Try: --rate 10/s
--   Predict first: 128 places, 7 s each under pressure. Do ten SYNs a second fill them?
-- Try: --set server.net.ipv4.tcp_synack_retries=1
--   Predict first: a request then lives 3 s. Which rate fills the queue now?
-- Broken by: --without syn-queue-limit
-- Broken by: --set server.net.ipv4.tcp_syncookies=1
local p = netsim.params {
  backlog = { 128,    "listen(2) backlog", min = 0, max = 4096 },
  rate    = { "50/s", "spoofed SYNs" },
}

netsim.run(function(net)
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_syncookies"] = 0,
                                                 ["net.ipv4.tcp_max_syn_backlog"] = 4096 } })
  local user, bot, r = net:host("user"), net:host("bot"), net:router("r")
  for _, h in ipairs { server, user, bot } do
    net:link(h, r, { rate = "100mbit", delay = "5ms" })
  end
  server:serve { port = 80, backlog = p.backlog, request = 10, response = 10 }
  local load = user:load("server:80", { rate = "2/s", spacing = "fixed", request = 10,
                                       response = 10 })
  bot:synflood("server:80", { rate = p.rate, spoof = "198.18.0.0/15", start = "10s",
                              spacing = "fixed" })
  local queue = net:record("SYN queue", "1s", function() return server:syn_queue(80) end)
  net:run("10s")
  local before = load.first_syn_connected / load.attempts
  net:run("110s")
  netsim.plot { queue, title = "half-open connections", limit = p.backlog, limit_label = "backlog" }
  print(server:nstat("TcpExtTCPReqQFullDrop TcpExtListenDrops TcpExtTCPTimeouts"))
  local first = load.first_syn_connected / load.attempts
  print(string.format("The user's first SYN was answered: %.0f %% before, %.0f %% over all.",
                      before * 100, first * 100))
  local full = 0                               -- the first sample at the limit
  for i = #queue.values, 1, -1 do
    if queue.values[i] >= p.backlog then full = i - 1 end
  end
  netsim.quiz("After how many seconds of flood is the queue full?", full - 10, 1)
  netsim.checks({ peak = server:syn_queue_peak(80), limit = p.backlog, first = first,
                  before = before, drops = server:counter("TcpExtTCPReqQFullDrop") }, function(r)
    netsim.expect_between(r.peak, r.limit + 1, r.limit + 3, "the SYN queue at its longest")
    netsim.expect(r.before > 0.9, "before the flood the user's first SYNs are answered")
    netsim.expect(r.first < 0.7, "most first SYNs are dropped once the queue is full")
    netsim.expect(r.drops > 100, "SYNs dropped at a full queue")
  end)
end)
