-- Lab 22: SYN cookies: never, when needed, always
-- Chapter: Floods and defences
-- Question: What does net.ipv4.tcp_syncookies change during a flood, and what before it?
-- Watch: who connects at the first SYN; cookies sent; the SYN queue in each case.
-- Background:
--   A SYN cookie is a SYN-ACK whose sequence number says what a request would have remembered: a
--   hash of the addresses, a minute counter, and which of four values the MSS is rounded down to.
--   Nothing is stored; the ACK brings it back. With 1 (the default) Linux sends cookies only when
--   the listener's SYN queue is full; with 2 always; with 0 it drops SYNs then. The queue's places
--   stay filled with the flood's requests, but they no longer matter to anybody.
-- Try: --rate 10/s
--   Predict first: a flood that does not fill the queue. How many cookies does case 1 send?
-- Try: --set server.net.ipv4.tcp_synack_retries=0
--   Predict first: requests live 1 s. What does the first case look like now?
-- Broken by: --cookies false
local p = netsim.params {
  rate    = { "2000/s", "spoofed SYNs from 5 s to 15 s" },
  backlog = { 128,      "listen(2) backlog", min = 0, max = 4096 },
  cookies = { true,     "false: all three cases run with tcp_syncookies 0" },
}

local function scenario(net, cookies)
  local server = net:host("server", { sysctl = {
    ["net.ipv4.tcp_syncookies"] = p.cookies and cookies or 0 } })
  local user, bot, r = net:host("user"), net:host("bot"), net:router("r")
  for _, h in ipairs { server, user, bot } do
    net:link(h, r, { rate = "1gbit", delay = "5ms" })
  end
  server:serve { port = 80, backlog = p.backlog, request = 100, response = 100 }
  local load = user:load("server:80", { rate = "20/s", request = 100, response = 100,
                                        start = "6s", stop = "15s" })
  bot:synflood("server:80", { rate = p.rate, spoof = "198.18.0.0/15", start = "5s", stop = "15s" })
  net:run("20s")
  return { first = load.first_syn_connected / load.attempts,
           sent = server:counter("TcpExtSyncookiesSent"),
           received = server:counter("TcpExtSyncookiesRecv"), queue = server:syn_queue_peak(80),
           attempts = load.attempts }
end

local cases = netsim.compare {
  title = p.rate .. " of flood",
  show = { { "first", "users' first SYN answered" }, { "sent", "cookies sent" },
           { "received", "cookies that came back" }, { "queue", "longest SYN queue" } },
  { "tcp_syncookies 0", scenario, 0 },
  { "tcp_syncookies 1", scenario, 1 },
  { "tcp_syncookies 2", scenario, 2 },
}
local never, needed, always = cases[1].results, cases[2].results, cases[3].results
netsim.quiz("What is the longest SYN queue with tcp_syncookies 2?", always.queue, 0)
netsim.checks({ never = never, needed = needed, always = always, backlog = p.backlog }, function(r)
  netsim.expect(r.never.first < 0.2, "without cookies few first SYNs are answered")
  netsim.expect_equal(r.needed.first, 1, "share of first SYNs answered with cookies when needed")
  netsim.expect_equal(r.always.first, 1, "and with cookies always")
  netsim.expect_equal(r.always.queue, 0, "half-open requests with cookies always")
  netsim.expect_between(r.needed.queue, r.backlog, r.backlog + 10, "the queue fills all the same")
  netsim.expect_between(r.needed.received, 0.9 * r.needed.attempts, r.needed.attempts,
                        "cookies that came back")
end)
