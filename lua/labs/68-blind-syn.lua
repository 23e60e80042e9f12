-- Lab 68: A blind SYN
-- Chapter: Reset and spoofing
-- Question: A SYN arrives for a connection that is established. May it reset it?
-- Watch: the server's answer: an ACK with its own numbers, not a RST and not a SYN-ACK.
-- Background:
--   RFC 793 said: a SYN inside the window is an error, send a reset. So one forged SYN with a
--   number in the window ended a connection. RFC 5961 §4 answers any SYN in a synchronized state
--   with a challenge ACK, wherever its number lies. If the SYN was real (the peer crashed and
--   begins anew from the same port), the peer finds an ACK that it does not expect in SYN-SENT,
--   answers it with a RST whose number is exact, and sends its SYN again, 8 ms later: this one is
--   welcome (lab 49 shows it).
-- Try: --offset -100000
--   Predict first: far outside the window. Is the answer another one?
-- Try: --attempts 5
--   Predict first: five SYNs at once: how many ACKs? (tcp_invalid_ratelimit)
-- Broken by: --without challenge-ack
local p = netsim.params {
  offset   = { 500, "the SYN's number, from the next one the server expects" },
  attempts = { 1,   "SYNs, all at once", min = 1, max = 1000 },
}

netsim.run(function(net)
  local client, server, mallory = net:host("client"), net:host("server"), net:host("mallory")
  local r = net:router("r")
  for _, h in ipairs { client, server, mallory } do
    net:link(h, r, { rate = "100mbit", delay = "5ms" })
  end
  net:watch_ladder()
  local received
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept(); received = c:receive("*a"); c:close()
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:bind("*", 40000)
    assert(s:connect("server", 80))
    s:send("before "); host:sleep("4s"); s:send("after"); s:close()
  end)
  local expected
  r:sniff("src host client and tcp", function(packet)
    if not packet.flags:find("S") then expected = packet.seq + packet.length end
  end)
  net:at("2s", function()
    local seq = expected + p.offset
    for _ = 1, p.attempts do
      mallory:send_segment { from = "client:40000", to = "server:80", flags = "S", seq = seq,
                             mss = 1460 }
    end
  end)
  net:run("10s")
  print(net:ladder(client, server))
  print("The server received: " .. (received or "nothing"))
  print(server:nstat("TcpExtTCPSYNChallenge TcpExtTCPChallengeACK TcpEstabResets"))
  local challenged = server:counter("TcpExtTCPSYNChallenge")
  netsim.quiz("What does the server answer?", { "an ACK", "a SYN-ACK", "nothing: it resets" },
              challenged > 0 and "an ACK" or "nothing: it resets")
  netsim.checks({ received = received or "nothing", challenged = challenged,
                  sent = p.attempts }, function(r)
    netsim.expect_equal(r.received, "before after", "the connection survives")
    netsim.expect_equal(r.challenged, r.sent, "SYNs that were challenged")
  end)
end)
