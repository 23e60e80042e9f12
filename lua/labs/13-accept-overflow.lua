-- Lab 13: A full accept queue
-- Chapter: Queues
-- Question: The accept queue is full and tcp_abort_on_overflow is 0. What does a client see?
-- Watch: the ladder: the client is ESTABLISHED, the server is not; data sent again and again.
-- Background:
--   Linux drops the handshake's last ACK when the accept queue is full, but keeps the request, as
--   if the ACK had been lost. Five things follow, in every capture of such a server: the client
--   sends data right after its ACK; nobody acknowledges it, so it is sent again; the server
--   repeats its SYN-ACK; the client answers each with an ACK; and when the server has given the
--   request up, the next segment of the client is answered by a RST. If there is room again in
--   time, the next data completes the handshake, and the client notices nothing but the delay.
-- Try: --room 2500ms
--   Predict first: a process accepts after 2.5 s. When is the client's data acknowledged?
-- Try: --set server.net.ipv4.tcp_synack_retries=1
--   Predict first: fewer SYN-ACKs. How soon does the RST come?
-- Broken by: --without accept-queue-limit
-- Broken by: --set server.net.ipv4.tcp_abort_on_overflow=1
local p = netsim.params {
  room = { "0s", "the server's process begins to accept after this; 0s: never" },
}

netsim.run(function(net)
  local server = net:host("server", { sysctl = {
    ["net.core.somaxconn"] = 2, ["net.ipv4.tcp_syncookies"] = 0 } })
  local client, others = net:host("client"), net:host("others")
  local r = net:router("r")
  net:link(server, r, { rate = "100mbit", delay = "10ms" })
  net:link(others, r, { rate = "100mbit", delay = "10ms" })
  net:link(client, r, { rate = "100mbit", delay = "50ms" })  -- its ACK comes when the queue is full
  server:spawn(function(host)
    local l = assert(host:tcp())
    l:bind("*", 80); l:listen(100)             -- somaxconn makes it 2
    host:sleep(netsim.seconds(p.room) > 0 and p.room or "1h")
    while true do l:accept() end
  end)
  others:load("server:80", { rate = "100/s", spacing = "fixed", max = 3, hold = "1h" })
  net:watch_ladder()
  local seen = { data = 0, syn_acks = 0, acks = 0 }
  client:sniff("tcp and host server", function(packet)
    local mine = packet.source == client.address
    if packet.length > 0 and mine then
      seen.data, seen.first = seen.data + 1, seen.first or packet.time
    end
    if packet.flags == "S." then seen.syn_acks = seen.syn_acks + 1 end
    if packet.flags == "." and mine then
      seen.acks, seen.ack = seen.acks + 1, seen.ack or packet.time
    end
    if packet.flags:find("R") and not mine then seen.rst = packet.time end
  end)
  local errno
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    if s:connect("server", 80) then
      s:send("hello\n")
      errno = select(4, s:receive("*l"))
    end
  end)
  net:run("3min")
  print(net:ladder(client, server))
  print(server:nstat("TcpExtListenOverflows TcpExtListenDrops TcpExtTCPTimeouts"))
  netsim.quiz("How often does the server send its SYN-ACK?", seen.syn_acks, 0)
  netsim.quiz("What does the client's read return in the end?",
              { "ECONNRESET", "ETIMEDOUT", "nothing yet" }, errno or "nothing yet")
  netsim.checks({ seen = seen, errno = errno or "nothing",
                  retries = tonumber(server:sysctl("net.ipv4.tcp_synack_retries")) }, function(r)
    netsim.expect(r.seen.data >= 2, "the client's data is sent, and sent again")
    netsim.expect_near(r.seen.first, r.seen.ack, 0.001, "the first right after the ACK (s)")
    netsim.expect_between(r.seen.syn_acks, 2, r.retries + 1, "SYN-ACKs")
    netsim.expect(r.seen.acks >= r.seen.syn_acks, "each SYN-ACK is answered by an ACK")
    netsim.expect((r.seen.rst or 0) > 63, "a RST when the request is gone, after 63 s")
    netsim.expect_equal(r.errno, "ECONNRESET", "what the client's read returns")
  end)
end)
