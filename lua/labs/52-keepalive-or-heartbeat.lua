-- Lab 52: Keepalive or heartbeat
-- Chapter: CLOSE_WAIT and half-open
-- Question: A server hangs, its host dies, or a cable is cut. Which does a TCP keepalive find out?
-- Watch: the two columns of the table; in the ladder, that the hung server's kernel answers on.
-- Background:
--   With SO_KEEPALIVE the kernel sends an empty segment with an old number when a connection has
--   been idle for TCP_KEEPIDLE (tcp_keepalive_time, 7200 s; here 4 s); the peer's kernel has to
--   acknowledge it. TCP_KEEPCNT (here 4) unanswered ones, TCP_KEEPINTVL (here 1 s) apart, end it.
--   A heartbeat is a message that the peer's application answers: here one each second, and 4 s
--   without an answer are the end. While data is unacknowledged no keepalive is sent: then
--   retransmission is the judge, with the patience of tcp_retries2 (lab 64), or TCP_USER_TIMEOUT,
--   which counts for both.
-- Try: --user_timeout 5000
--   Predict first: TCP_USER_TIMEOUT = 5 s. Which cells of the table change?
-- Try: --server crashes
--   Predict first: the server's process dies, its host lives. Who tells the client, and when?
-- Try: --idle 20
--   Predict first: TCP_KEEPIDLE = 20 s. How long until the dead host is found out, at worst?
-- Broken by: --server crashes
-- Broken by: --user_timeout 5000
-- Broken by: --idle 7200
local p = netsim.params {
  server       = { "hangs", "the server's process, after 10 s", one_of = { "hangs", "crashes" } },
  idle         = { 4, "TCP_KEEPIDLE, in seconds", min = 1, max = 32767 },
  user_timeout = { 0, "TCP_USER_TIMEOUT, in milliseconds; 0: none", min = 0, max = 1000000 },
}

local function scenario(net, heartbeat)
  local client, r, cable = net:host("client"), net:router("r"), { rate = "100mbit", delay = "5ms" }
  local found = { hung = "never", dead = "never", cut = "never" }   -- what fails at 10 s, where
  net:link(client, r, cable)
  net:watch_ladder()
  for name in pairs(found) do
    local server = net:host(name)
    local link = net:link(server, r, cable)
    local process = server:spawn(function(host)
      local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
      local c = l:accept()
      while c:receive("*l") do
        if name == "hung" and host:now() > 10 then host:sleep("1h") end
        c:send("pong\n")
      end
    end)
    net:at("10s", function()
      if name == "hung" and p.server == "crashes" then process:kill() end
      if name == "dead" then server:power_off() end
      if name == "cut" then link:set { loss = "100%" } end
    end)
    client:spawn(function(host)
      local s = assert(host:tcp())
      s:settimeout(heartbeat and "4s" or nil); s:setoption("keepalive", not heartbeat)
      s:setoption("TCP_USER_TIMEOUT", p.user_timeout); s:setoption("TCP_KEEPIDLE", p.idle)
      s:setoption("TCP_KEEPINTVL", 1); s:setoption("TCP_KEEPCNT", 4)
      host:sleep("1ms")
      s:connect(name, 80); s:send("ping\n")
      while s:receive("*l") do
        -- Without heartbeats all are idle, but there is data on its way when the cable is cut.
        host:sleep(heartbeat and 1 or name == "cut" and 10 or 0)
        if heartbeat or name == "cut" then s:send("ping\n") end
      end
      found[name] = math.floor((host:now() - 10) * 10 + 0.5) / 10
    end)
  end
  net:run("20min")
  if not heartbeat then print(net:ladder(client, "hung", { rows_max = 15, width = 100 })) end
  return found
end

local cases = netsim.compare {
  title = "seconds until the client knows",
  show = { { "hung", "server " .. p.server }, { "dead", "host dead, connection idle" },
           { "cut", "cable cut, data on its way" } },
  { "keepalive", scenario, false }, { "heartbeat", scenario, true } }
local keepalive, heartbeat = cases[1].results, cases[2].results
netsim.quiz("The server's process hangs. Who finds out?", { "heartbeat alone", "both" },
            keepalive.hung == "never" and "heartbeat alone" or "both")
netsim.quiz("Keepalive, cable cut, data on its way: after how many seconds?", keepalive.cut, 100)
netsim.checks({ keepalive = keepalive,
                slowest = math.max(heartbeat.hung, heartbeat.dead, heartbeat.cut) }, function(r)
  netsim.expect_equal(r.keepalive.hung, "never", "when keepalive finds a hung server")
  netsim.expect_between(r.keepalive.dead, 3, 4 + 4.1, "seconds until it finds a dead host")
  netsim.expect_between(r.keepalive.cut, 924, 1045, "seconds with data on its way: tcp_retries2")
  netsim.expect_between(r.slowest, 4, 5.1, "seconds of the slowest heartbeat")
end)
