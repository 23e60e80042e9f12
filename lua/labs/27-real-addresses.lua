-- Lab 27: A flood that completes its handshakes
-- Chapter: Floods and defences
-- Question: Bots with addresses of their own connect and say nothing. What do cookies do about it?
-- Watch: which of the two queues fills; that cookies change nothing.
-- Background:
--   Cookies make the SYN queue unimportant, but a handshake that is completed ends in the accept
--   queue, and from there in the server's process, where it holds a descriptor and a worker until
--   somebody gives up. This needs real addresses, a botnet in place of spoofing, so that limits
--   for each address (a firewall's, as in lab 29) can help, and time-outs in the application:
--   who says nothing in 5 s is shown the door.
-- Try: --patience 1s
--   Predict first: the server waits one second for a request. Who is served now?
-- Try: --workers 4000
--   Predict first: more workers than the bots have connections. Who is served now?
-- Broken by: --without accept-queue-limit
-- Broken by: --workers 4000
local p = netsim.params {
  bots     = { 20,    "bot hosts, each with 20 connections held open", min = 0, max = 1000 },
  workers  = { 100,   "connections that the server serves at a time", min = 1, max = 10000 },
  patience = { "60s", "how long the server waits for a request" },
}

local function scenario(net, cookies, bots)
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_syncookies"] = cookies } })
  local r, user, fast = net:router("r"), net:host("user"), { rate = "1gbit", delay = "5ms" }
  net:link(server, r, fast); net:link(user, r, fast)
  server:spawn(function(host)
    local l = host:tcp(); l:bind("*", 80); l:listen(128)
    local busy = 0
    while true do
      while busy >= p.workers do host:sleep("100ms") end
      local c = l:accept(); busy = busy + 1
      host:spawn(function()
        c:settimeout(p.patience)
        if c:receive("*l") then c:send("hello\n") end
        c:close(); busy = busy - 1
      end)
    end end)
  for i = 1, bots do
    local bot = net:host("bot" .. i); net:link(bot, r, fast)
    for _ = 1, 20 do
      bot:spawn(function(host)
        while host:sleep("100ms") or true do
          local s <close> = host:tcp()
          if s:connect("server", 80) then s:receive("*a") end
        end
      end)
    end
  end
  local served, asked = 0, 0
  for i = 1, 50 do
    user:spawn(function(host)
      host:sleep(5 + i / 5); asked = asked + 1
      local s <close> = host:tcp(); s:settimeout("3s")
      local line = s:connect("server", 80) and s:send("hello\n") and s:receive("*l")
      served = served + (line and 1 or 0)
    end)
  end
  net:run("20s")
  return { served = served / asked, accept = server:accept_queue_peak(80),
           syn = server:syn_queue_peak(80), cookies = server:counter("TcpExtSyncookiesSent") }
end

local cases = netsim.compare {
  title = p.bots * 20 .. " silent connections",
  show = { { "served", "users served" }, { "accept", "longest accept queue" },
           { "syn", "longest SYN queue" }, { "cookies", "cookies sent" } },
  { "no bots",          scenario, 1, 0 },
  { "tcp_syncookies 1", scenario, 1, p.bots },
  { "tcp_syncookies 2", scenario, 2, p.bots },
}
local calm, one, two = cases[1].results, cases[2].results, cases[3].results
netsim.quiz("Which share of the users is served with tcp_syncookies 2?", two.served, 0.1)
netsim.checks({ calm = calm, one = one, two = two }, function(r)
  netsim.expect_equal(r.calm.served, 1, "users served without bots")
  netsim.expect(r.one.served < 0.2 and r.two.served < 0.2, "hardly anybody is served")
  netsim.expect_equal(r.two.accept, 129, "the accept queue is full: backlog and one")
end)
