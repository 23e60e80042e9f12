-- Lab 2: The textbook's numbers
-- Chapter: Opening
-- Question: A client with ISN 1000 and a server with ISN 4000 send each other 499 bytes and
--   close. Which numbers close the connection?
-- Watch: the ladder counts from each ISN, the table has the numbers as sent: find each FIN and
--   its ACK. At which moment is each side ESTABLISHED?
-- Background:
--   SYN and FIN each consume one sequence number, as if they were a byte; so does every byte of
--   data. A segment with none of these consumes nothing: two bare ACKs carry the same number.
--   An ACK always names the next byte that is expected, not the last one that came.
--   Textbooks often write ESTABLISHED beside the server where it sends its SYN-ACK, or where the
--   client sends its ACK: a step early. The server becomes so only when that ACK has arrived.
-- Try: --bytes 0
--   Predict first: the numbers of both FINs when there is no data at all.
-- Try: --client 4294967290
--   Predict first: what comes after 4294967295? Where does the client's FIN stand?
-- Broken by: --without fin-counts
-- Broken by: --without syn-counts
-- Broken by: --client 2000
local p = netsim.params {
  client = { 1000, "the client's initial sequence number", min = 0, max = 4294967295 },
  server = { 4000, "the server's initial sequence number", min = 0, max = 4294967295 },
  bytes  = { 499, "bytes that each side sends", min = 0, max = 1000000 },
}

netsim.run(function(net)
  local server = net:host("server", { isn = p.server })
  local client = net:host("client", { isn = p.client })
  net:link(client, server, { rate = "1gbit", delay = "10ms" })
  net:watch_ladder()
  local rows = { { "ms", "from", "flags", "seq", "ack", "bytes" } }
  local fins, last, established = {}, -1, {}
  client:sniff("port 80", function(s)    -- all segments, with the numbers as they are sent
    local from = s.source_port == 80 and "server" or "client"
    rows[#rows + 1] = { ("%.0f"):format(s.time * 1000), from, s.flags, s.seq, s.ack, s.length }
    if s.flags:find("F") then fins[#fins + 1] = s.seq end
    last = s.ack
  end)
  server:spawn(function(host)
    local listener <close> = assert(host:tcp())
    assert(listener:bind("*", 80))
    assert(listener:listen(16))
    listener:settimeout("3s")
    local c = listener:accept()
    if not c then return end
    established.server = math.floor(host:now() * 1000 + 0.5)
    c:receive(p.bytes)
    host:sleep("50ms")                   -- so that answers do not ride on other segments
    c:send(("s"):rep(p.bytes))
    c:receive("*a")                      -- returns when the client's FIN has come
    host:sleep("100ms")
    c:close()
  end)
  client:spawn(function(host)
    local s <close> = assert(host:tcp())
    s:settimeout("1s")
    if not s:connect("server", 80) then return end
    established.client = math.floor(host:now() * 1000 + 0.5)
    host:sleep("40ms")
    s:send(("c"):rep(p.bytes))
    s:receive(p.bytes)
    host:sleep("50ms")
  end)
  net:run("3s")

  print(net:ladder(client, server))
  netsim.table(rows)

  netsim.quiz("Which sequence number has the client's FIN?", fins[1] or -1)
  netsim.quiz("And the server's?", fins[2] or -1)
  netsim.quiz("What does the very last ACK acknowledge?", last)
  netsim.checks({ fins = fins, last = last, client = established.client or -1,
                  server = established.server or -1 }, function(r)
    netsim.expect_equal(r.fins[1], 1500, "the client's FIN")
    netsim.expect_equal(r.fins[2], 4500, "the server's FIN")
    netsim.expect_equal(r.last, 4501, "the last ACK")
    netsim.expect_near(r.client, 20, 1, "ms until the client is ESTABLISHED: SYN-ACK has come")
    netsim.expect_near(r.server, 30, 1, "ms until the server is, half a round trip later")
  end)
end)
