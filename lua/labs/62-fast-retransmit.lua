-- Lab 62: Fast retransmit
-- Chapter: Moving data
-- Question: One segment of many is lost. How does the sender learn of it, and how soon?
-- Watch: the ACKs with SACK blocks that repeat the same number, and the retransmission after them.
-- Background:
--   Each segment that arrives after a hole makes the receiver repeat its last ACK at once; SACK
--   blocks (RFC 2018) say what it has beyond the hole. Linux takes a segment for lost when others,
--   sent a quarter of a round trip later, have been acknowledged (RACK, RFC 8985), or three of
--   them are (RFC 6675). It sends the missing one again, without a timer, about one round trip
--   after the loss, and halves its window once. Without this it would wait for the retransmission
--   timer.
-- Try: --nth 9
--   Predict first: only two segments follow the lost one. Does fast retransmit still work?
-- Try: --set client.net.ipv4.tcp_sack=0
--   Predict first: what does the sender know without SACK blocks?
-- Broken by: --without fast-retransmit
local p = netsim.params {
  segments = { 11,     "segments of the transfer", min = 1, max = 1000 },
  nth      = { 4,      "which of them is lost", min = 1, max = 1000 },
  delay    = { "50ms", "one-way delay" },
}

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  local link = net:link(client, server, { rate = "100mbit", delay = p.delay })
  link:drop { from = client, data = true, nth = p.nth }
  net:watch_ladder()
  local read
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    assert(c:receive(p.segments * 1448))
    read = host:now()
    c:close()
  end)
  local began
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    assert(s:connect("server", 80))
    began = host:now()
    s:send_synthetic(p.segments * 1448)
    s:receive("*a"); s:close()
  end)
  net:run("5s")
  print(net:ladder(client, server))
  local rtt = 2 * netsim.seconds(p.delay)
  local whole = read - began
  print(string.format("All octets at the server after %.0f ms: %.1f round trips.",
                      whole * 1000, whole / rtt))
  print(client:nstat("TcpRetransSegs TcpExtTCPFastRetrans TcpExtTCPTimeouts"))
  local timeouts, fast = client:counter("TcpExtTCPTimeouts"), client:counter("TcpExtTCPFastRetrans")
  netsim.quiz("How was the loss repaired?",
              { "fast retransmit", "tail loss probe", "retransmission timer" },
              timeouts > 0 and "retransmission timer" or fast > 0 and "fast retransmit"
              or "tail loss probe")
  netsim.checks({ again = client:counter("TcpRetransSegs"), fast = fast, timeouts = timeouts,
                  round_trips = whole / rtt }, function(r)
    netsim.expect_equal(r.again, 1, "segments sent again")
    netsim.expect_equal(r.fast, 1, "fast retransmissions")
    netsim.expect_equal(r.timeouts, 0, "timeouts")
    netsim.expect(r.round_trips < 2.6, "the hole is filled about a round trip after the loss")
  end)
end)
