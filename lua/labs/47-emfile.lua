-- Lab 47: Too many open files
-- Chapter: CLOSE_WAIT and half-open
-- Question: A server has no descriptor left. Who notices: the server, the kernel, the clients?
-- Watch: ss -tanp: connections with and without a process; the clients that are in neither list.
-- Background:
--   accept() needs a descriptor for the connection. If the process has as many as ulimit -n allows
--   (0, 1, 2 and the listener count), accept() fails with EMFILE before it looks at the queue, and
--   the connection stays there. The kernel goes on: it completes handshakes and acknowledges what
--   clients send, until the accept queue is full, too; then it drops SYNs (lab 13). The listener
--   stays readable, so a server that only tries again is busy doing nothing. nginx waits 500 ms,
--   as here; others keep a spare descriptor to let the connection in and close it at once.
-- Try: --spare true
--   Predict first: what do the clients see that found no descriptor, and how soon?
-- Try: --backlog 8
--   Predict first: a longer queue. Is anybody helped by it?
-- Broken by: --nofile 100
-- Broken by: --without accept-queue-limit
-- Broken by: --spare true
local p = netsim.params {
  nofile  = { 10,    "the server's ulimit -n", min = 0, max = 1048576 },
  backlog = { 3,     "listen(2) backlog", min = 0, max = 4096 },
  clients = { 15,    "clients, ten a second, who want to stay", min = 0, max = 1000 },
  spare   = { false, "the server keeps a spare descriptor" },
}

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "5ms" })
  local emfile = 0
  server:spawn({ name = "chat", nofile = p.nofile }, function(host)
    local l, open, spare = assert(host:tcp()), {}, p.spare and host:tcp()
    l:bind("*", 80); l:listen(p.backlog)
    while true do
      local c, _, errno = l:accept()
      if c then
        c:send("welcome\n"); open[#open + 1] = c
      elseif spare then                        -- let one in, show it the door
        spare:close(); l:accept():close(); spare = host:tcp()
      else
        emfile = emfile + (errno == "EMFILE" and 1 or 0)
        host:sleep("500ms")
      end
    end
  end)
  local n = { welcomed = 0, told = 0, waiting = p.clients, connected = 0, sent = 0 }
  for i = 1, p.clients do
    client:spawn(function(host)
      host:sleep(i / 10)
      local s = assert(host:tcp())
      if s:connect("server", 80) then
        n.connected = n.connected + 1
        n.sent = n.sent + (s:send("hello\n") and 1 or 0)
        local got = s:receive("*l") and "welcomed" or "told"
        n[got] = n[got] + 1; n.waiting = n.waiting - 1
        host:sleep("1h")
      end
    end)
  end
  net:run("10s")
  print("The server after 10 s, ss -tanp:\n")
  print((server:sh("ss -tanp")))
  netsim.table { { p.clients .. " clients", "" }, { "welcomed", n.welcomed },
                 { "closed by the server", n.told },
                 { "connected, sent, still waiting", n.connected - n.welcomed - n.told },
                 { "not connected", p.clients - n.connected } }
  local overflows = server:counter("TcpExtListenOverflows")
  print("accept() said EMFILE " .. emfile .. " times; ListenOverflows " .. overflows)
  netsim.quiz("How many clients are connected, as far as they know?", n.connected, 0)
  netsim.quiz("How many of them have been welcomed?", n.welcomed, 0)
  netsim.checks({ n = n, emfile = emfile, queue = server:accept_queue(80), overflows = overflows,
                  descriptors = p.nofile - 4, backlog = p.backlog }, function(r)
    netsim.expect_equal(r.n.welcomed, r.descriptors, "welcomed: one for each descriptor left")
    netsim.expect_equal(r.queue, r.backlog + 1, "connections that stay in the accept queue")
    netsim.expect_equal(r.n.connected, r.n.welcomed + r.queue, "clients that are connected")
    netsim.expect_equal(r.n.sent, r.n.connected, "clients whose send() succeeded")
    netsim.expect(r.emfile > 10, "accept() fails as often as it is tried")
    netsim.expect(r.overflows > 0, "in the end the kernel drops SYNs")
  end)
end)
