-- Lab 44: TIME-WAIT assassination
-- Chapter: TIME_WAIT
-- Question: How does a harmless late segment end TIME-WAIT 59 s too early, and what prevents it?
-- Watch: the late copy, the ACK that answers it, the RST that answers the ACK, its effect.
-- Background:
--   The client has closed first and waits. A copy of the server's data comes a second late. It is
--   old, so the client answers as TCP answers anything it cannot use: with an ACK of what it has.
--   The server's socket is gone long ago; to its kernel this ACK belongs to nothing, so it sends a
--   RST, with the number the ACK asked for, which makes it exactly right. The RST ends TIME-WAIT:
--   nobody meant it, and the four-tuple is unprotected while old segments are evidently still about
--   (RFC 1337, 1992). net.ipv4.tcp_rfc1337 = 1 ignores such a RST; the default is 0. Segments that
--   come in TIME-WAIT also start its 60 s again.
-- Try: --late 70s
--   Predict first: the copy comes after TIME-WAIT is over. How many RSTs are sent, and by whom?
-- Try: --late 30s
--   Predict first: when does TIME-WAIT end with tcp_rfc1337 = 1?
-- Broken by: --without time-wait
-- Broken by: --set client.net.ipv4.tcp_rfc1337=1
local p = netsim.params { late = { "1s", "how late the copy of the server's data comes" } }

local function scenario(net, rfc1337)
  local client = net:host("client", { sysctl = { ["net.ipv4.tcp_rfc1337"] = rfc1337 } })
  local server = net:host("server")
  local link = net:link(client, server, { rate = "100mbit", delay = "10ms" })
  link:drop { from = server, data = true, copy = true, delay = p.late, comment = "late copy" }
  net:watch_ladder()
  server:spawn(function(host)
    local l <close> = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    local c = l:accept()
    c:send("hello\n")
    c:receive("*a")
    c:close()
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:connect("server", 80)
    s:receive("*l")
    s:close()
  end)
  local first, last
  net:every("10ms", function()
    if client:ss("-tanH"):find("TIME%-WAIT") then first, last = first or net:now(), net:now() end
  end)
  net:run("150s")
  if rfc1337 == 0 then print(net:ladder(client, server)) end
  return { life = (last or 0) - (first or 0), rsts = server:counter("TcpOutRsts") }
end

local cases = netsim.compare {
  title = "a late copy in TIME-WAIT",
  show = { { "life", "TIME-WAIT lasts, s" }, { "rsts", "RSTs of the server" } },
  { "tcp_rfc1337 0", scenario, 0 }, { "tcp_rfc1337 1", scenario, 1 },
}
local open, guarded = cases[1].results, cases[2].results
local late = netsim.seconds(p.late)
netsim.quiz("How many seconds does TIME-WAIT last by default?", open.life, 0.2)
netsim.quiz("And with tcp_rfc1337 = 1?", guarded.life, 0.2)
netsim.checks({ late = late, open = open, guarded = guarded }, function(r)
  netsim.expect_near(r.open.life, r.late, 0.1, "seconds of TIME-WAIT that the RST ended")
  netsim.expect_near(r.guarded.life, r.late + 60, 0.1, "seconds of TIME-WAIT that ignored it")
  netsim.expect_equal(r.open.rsts, 1, "RSTs of the server")
end)
