-- Lab 67: A blind RST
-- Chapter: Reset and spoofing
-- Question: An attacker off the path guesses a sequence number. Which guesses reset a connection?
-- Watch: the ACK that answers an RST inside the window, and that nothing answers one outside of it.
-- Background:
--   RFC 793 took any RST whose number lay inside the receive window: with a window of 64 KiB one
--   of 65,536 guesses hits, a fraction of a second's packets. RFC 5961 §3 asks for the exact next
--   number; an RST elsewhere in the window is answered with a challenge ACK, and a peer that
--   really has forgotten the connection answers that ACK with an exact RST. Linux sends at most
--   one per connection in 500 ms (tcp_invalid_ratelimit). A limit for the whole host let attackers
--   count (CVE-2016-5696), and is off now (tcp_challenge_ack_limit). Ports and addresses must be
--   right as well: mallory knows them here.
-- Try: --offset 0
--   Predict first: the attacker hits the exact number. What do both ends see?
-- Try: --offset -1
--   Predict first: one below the window: is there an answer?
-- Broken by: --without challenge-ack
-- Broken by: --offset 0
local p = netsim.params {
  offset = { 1000, "the guess, from the next number the client expects" },
}

netsim.run(function(net)
  local client, server, mallory = net:host("client"), net:host("server"), net:host("mallory")
  local r = net:router("r")
  for _, h in ipairs { client, server, mallory } do
    net:link(h, r, { rate = "100mbit", delay = "5ms" })
  end
  net:watch_ladder()
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    c:receive("*l"); host:sleep("4s"); c:send("bye\n"); c:close()
  end)
  local answer, errno
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:bind("*", 40000)
    assert(s:connect("server", 80))
    s:send("hello\n")
    local line, _, _, name = s:receive("*l")
    answer, errno = line, name
    s:close()
  end)
  local expected                       -- what the server sends next: mallory would have to guess
  r:sniff("src host server and tcp", function(packet)
    expected = packet.seq + packet.length + (packet.flags:find("S") and 1 or 0)
  end)
  net:at("2s", function()
    mallory:send_segment { from = "server:80", to = "client:40000", flags = "R",
                           seq = expected + p.offset }
  end)
  net:run("10s")
  print(net:ladder(client, server))
  print("The client received: " .. (answer or errno or "nothing"))
  local challenges = client:counter("TcpExtTCPChallengeACK")
  print(client:nstat("TcpExtTCPChallengeACK TcpEstabResets"))
  netsim.quiz("How does the client take the RST?",
              { "it resets", "it asks back with an ACK", "it ignores it" },
              errno == "ECONNRESET" and "it resets"
              or challenges > 0 and "it asks back with an ACK" or "it ignores it")
  netsim.checks({ answer = answer or errno or "nothing", challenges = challenges }, function(r)
    netsim.expect_equal(r.answer, "bye", "the connection survives")
    netsim.expect_equal(r.challenges, 1, "challenge ACKs")
  end)
end)
