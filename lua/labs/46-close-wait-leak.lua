-- Lab 46: CLOSE-WAIT for ever
-- Chapter: CLOSE_WAIT and half-open
-- Question: A server forgets to call close(). When does the kernel tidy up?
-- Watch: the table: whose side forgets, and whose never does; what ss and lsof say a day later.
-- Background:
--   CLOSE-WAIT says: the peer has sent its FIN, my process has been told (recv() returned 0), and
--   has not closed. It has no timer: the process may still want to send (lab 33), and how long is
--   its own affair. The peer that closed waits in FIN-WAIT-2 for our FIN; Linux drops it after
--   tcp_fin_timeout, 60 s, and says nothing to us. Each leak costs a descriptor, until the process
--   has none left (lab 47). So: many CLOSE-WAIT are never the network's fault, nor the peer's, and
--   no sysctl helps; ss -p names the program that has the bug. When a process ends, the kernel
--   closes what it held.
-- Try: --keepalive true
--   Predict first: after 2 h the kernel asks the peer. What is then left, of state and descriptor?
-- Try: --set client.net.ipv4.tcp_fin_timeout=5
--   Predict first: which column changes, and which does not?
-- Broken by: --closes true
-- Broken by: --keepalive true
local p = netsim.params {
  clients   = { 4,     "clients that connect, ask, and close", min = 0, max = 1000 },
  closes    = { false, "the server calls close() when it is told of the end" },
  keepalive = { false, "the server's sockets have SO_KEEPALIVE" },
}

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "5ms" })
  local worker = server:spawn("worker", function(host)
    local l, leaked = assert(host:tcp()), {}
    l:bind("*", 80); l:listen(16)
    while true do
      local c = l:accept()
      c:setoption("keepalive", p.keepalive)
      c:send(c:receive("*l") .. "\n")
      c:receive("*a")                          -- the end: the client's FIN
      if p.closes then c:close() else leaked[#leaked + 1] = c end
    end
  end)
  client:spawn("browser", function(host)
    for _ = 1, p.clients do
      local s = assert(host:tcp())
      s:connect("server", 80); s:send("hello\n"); s:receive("*l"); s:close()
    end
  end)

  local rows, at = { { "time", "client: FIN-WAIT-2", "server: CLOSE-WAIT", "descriptors" } }, {}
  local function look(time)
    local files = worker.alive and server:processes()[1].files or 0
    at[time] = { fin_wait = client:sockets("fin-wait-2"), descriptors = files,
                 close_wait = server:sockets("close-wait") }
    rows[#rows + 1] = { time, at[time].fin_wait, at[time].close_wait, files }
  end
  for _, time in ipairs { "0s", "10s", "30s", "2min", "1h", "24h" } do
    net:run_until(time); look(time)
  end
  local ss, lsof = server:sh("ss -tanp"), server:sh("lsof -nP -i TCP:80")
  worker:kill()
  net:run("1s"); look("killed")
  netsim.table(rows)
  print("\nThe server after 24 h, ss -tanp and lsof -nP -i TCP:80:\n")
  print(ss); print(lsof)

  netsim.quiz("How many of the server's sockets are in CLOSE-WAIT after a day?",
              at["24h"].close_wait, 0)
  netsim.quiz("And of the client's in FIN-WAIT-2, after two minutes?", at["2min"].fin_wait, 0)
  netsim.checks({ at = at, clients = p.clients }, function(r)
    netsim.expect_equal(r.at["10s"].close_wait, r.clients, "CLOSE-WAIT after 10 s: each of them")
    netsim.expect_equal(r.at["24h"].close_wait, r.clients, "CLOSE-WAIT after a day: still each")
    netsim.expect_equal(r.at["2min"].fin_wait, 0, "FIN-WAIT-2 after two minutes: forgotten")
    netsim.expect_equal(r.at["24h"].descriptors, r.at["0s"].descriptors + r.clients,
                        "the process's descriptors: one more for each")
    netsim.expect_equal(r.at.killed.close_wait, 0, "CLOSE-WAIT once the process is gone")
  end)
end)
