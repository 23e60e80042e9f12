-- Lab 50: What tcp_fin_timeout is for
-- Chapter: CLOSE_WAIT and half-open
-- Question: The peer has our FIN and never sends its own. Who waits, how long, and for whom?
-- Watch: the three rows of ss: who holds the socket, which timer runs. Then how long each lasts.
-- Background:
--   The end that closed first is in FIN-WAIT-2 until the peer's FIN comes. After shutdown(SHUT_WR)
--   a process still holds the socket and may read for hours: that is its own affair. After close()
--   nobody holds it, it is an orphan, and nobody could ever end it: so the kernel does, without a
--   word to the peer, after net.ipv4.tcp_fin_timeout (60 s; a socket's own TCP_LINGER2 instead).
--   An orphan's FIN-WAIT-2 is a small record, as TIME-WAIT is, which is why ss gives both the same
--   timer, and many tell one for the other. TIME-WAIT is TCP_TIMEWAIT_LEN, a constant: 60 s.
-- Try: --linger2 30
--   Predict first: does TCP_LINGER2 = 30 of each socket change one case, or both?
-- Try: --timeout 70
--   Predict first: the kernel counts what is above 60 s twice and forgets the rest. How long?
-- Try: --closes 40s
--   Predict first: the peer closes after 40 s. Which one of its four FINs is answered by a RST?
-- Broken by: --set client.net.ipv4.tcp_fin_timeout=60
-- Broken by: --without time-wait
-- Broken by: --linger2 30
local p = netsim.params {
  timeout = { 10,    "tcp_fin_timeout of the second case, in seconds", min = 1, max = 3600 },
  linger2 = { 0,     "TCP_LINGER2 of the client's sockets; 0: not set", min = -1, max = 3600 },
  closes  = { "1h",  "when the server that forgets to close does so after all" },
}

local function scenario(net, timeout)
  local client = net:host("client", { sysctl = { ["net.ipv4.tcp_fin_timeout"] = timeout } })
  local server = net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  for port, wait in pairs { [81] = p.closes, [82] = p.closes, [83] = "100ms" } do
    server:spawn(function(host)
      local l = assert(host:tcp()); l:bind("*", port); l:listen(8)
      local c = l:accept()
      c:receive("*a"); host:sleep(wait); c:close()
    end)
    client:spawn("port " .. port, function(host)
      host:sleep("1ms")
      local s = assert(host:tcp())
      if p.linger2 > 0 then s:setoption("TCP_LINGER2", p.linger2) end
      s:connect("server", port)
      if port == 82 then s:shutdown("send"); s:receive("*a") end
      s:close()
    end)
  end
  local last = { [81] = 0, [82] = 0, [83] = 0 }        -- when each connection was seen last
  net:every("50ms", function()
    for port in client:ss("-tanH"):gmatch(":(8%d)") do last[tonumber(port)] = net:now() end
  end)
  net:run("1s")
  if timeout ~= 60 then print(client:ss("-tanop")) end
  net:run("4min")
  return { orphan = last[81], held = last[82], time_wait = last[83],
           rsts = client:counter("TcpOutRsts") }
end

local cases = netsim.compare {
  title = "seconds that the client is there (over 240: for ever)",
  show = { { "orphan", "FIN-WAIT-2 after close()" }, { "held", "FIN-WAIT-2 after shutdown()" },
           { "time_wait", "TIME-WAIT" }, { "rsts", "RSTs" } },
  { "tcp_fin_timeout 60", scenario, 60 },
  { "tcp_fin_timeout " .. p.timeout, scenario, p.timeout },
}
local usual, short = cases[1].results, cases[2].results
netsim.quiz("tcp_fin_timeout is " .. p.timeout .. ". How many seconds is the orphan there?",
            short.orphan, 0.5)
netsim.quiz("And how many seconds TIME-WAIT?", short.time_wait, 0.5)
netsim.checks({ usual = usual, short = short, timeout = p.timeout }, function(r)
  netsim.expect_near(r.usual.orphan, 60, 0.2, "seconds of an orphan's FIN-WAIT-2")
  netsim.expect_near(r.short.orphan, r.timeout, 0.2, "seconds of it with a lower tcp_fin_timeout")
  netsim.expect(r.short.held > 239, "FIN-WAIT-2 that a process holds does not end")
  netsim.expect_near(r.short.time_wait, r.usual.time_wait, 0.2, "TIME-WAIT is the same with both")
  netsim.expect_near(r.short.time_wait, 60.2, 0.2, "seconds of TIME-WAIT")
end)
