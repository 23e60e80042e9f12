-- Lab 12: Two queues, one number
-- Chapter: Queues
-- Question: listen(fd, 4): four of what? How many connections does the kernel hold for a process?
-- Watch: ss -ltn: Recv-Q and Send-Q of the listener; how many clients believe they are connected.
-- Background:
--   A listener has two queues. The SYN queue holds handshakes that wait for their last ACK (SYN-
--   RECEIVED). The accept queue holds connections that are ESTABLISHED and wait for accept(). One
--   number, listen(2)'s backlog, limits both, and net.core.somaxconn limits it. Linux takes a
--   queue for full when it has more than the backlog, so each holds one more than one asked for. A
--   client is connected as soon as the SYN-ACK comes: it cannot know whether the server's process
--   has accepted it.
-- Try: --backlog 1
--   Predict first: how many of the ten clients are connected now?
-- Try: --set server.net.core.somaxconn=2
--   Predict first: what does ss show as Send-Q, and how many are connected?
-- Broken by: --without accept-queue-limit
-- Broken by: --without syn-queue-limit
local p = netsim.params {
  backlog = { 4,  "listen(2) backlog", min = 0, max = 4096 },
  clients = { 10, "clients that connect", min = 0, max = 1000 },
  spoofed = { 10, "SYNs whose sender never answers, before the clients", min = 0, max = 10000 },
}

netsim.run(function(net)
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_syncookies"] = 0 } })
  local client, bot, r = net:host("client"), net:host("bot"), net:router("r")
  for _, h in ipairs { server, client, bot } do
    net:link(h, r, { rate = "100mbit", delay = "5ms" })
  end
  for port = 80, 81 do                        -- one for each queue
    server:spawn(function(host)
      local l = assert(host:tcp())
      l:bind("*", port); l:listen(p.backlog)
      host:sleep("10min")                     -- and never accept
    end)
  end
  bot:synflood("server:81", { rate = "1000/s", spoof = "198.18.0.0/15", max = p.spoofed,
                              start = "10ms", spacing = "fixed" })
  local connected = 0
  for i = 1, p.clients do
    client:spawn(function(host)
      host:sleep(i / 20)                      -- one after the other
      local s = assert(host:tcp())
      if s:connect("server", 80) then connected = connected + 1 end
      host:sleep("10min")
    end)
  end
  net:run("900ms")
  print("The server after 0.9 s. Nobody calls accept():\n")
  print(server:ss("-ltn"))
  print(server:ss("-tan state established"))
  print(server:ss("-tan state syn-recv"))
  print(string.format("%d of %d clients are connected.", connected, p.clients))
  print(server:nstat("TcpExtListenOverflows TcpExtListenDrops TcpExtTCPReqQFullDrop"))
  local limit = math.min(p.backlog, math.tointeger(server:sysctl("net.core.somaxconn")))
  netsim.quiz("How many clients are connected?", connected, 0)
  netsim.quiz("How many of the spoofed SYNs does the SYN queue of port 81 hold?",
              server:syn_queue(81), 0)
  netsim.checks({ connected = connected, accept = server:accept_queue(80), limit = limit,
                  syn = server:syn_queue(81) }, function(r)
    netsim.expect_equal(r.accept, r.limit + 1, "the accept queue of port 80: one more than asked")
    netsim.expect_equal(r.connected, r.limit + 1, "clients that are connected")
    netsim.expect_equal(r.syn, r.limit + 1, "the SYN queue of port 81: one more, too")
  end)
end)
