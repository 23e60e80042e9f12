-- Lab 70: Injected data
-- Chapter: Reset and spoofing
-- Question: Somebody sends the right bytes at the right number first. Who notices?
-- Watch: the client reads words that the server never sent; then every ACK of the client is
--   refused, and neither end can close.
-- Background:
--   Data is taken if its sequence number fits, and its ACK is not absurd (RFC 5961 §5). Somebody
--   on the path answers before the server can: his segment fills the place, the server's own
--   answer then counts as a duplicate. This one is longer, so the client acknowledges bytes that
--   the server has not sent; the server drops such ACKs and answers with its own, the client
--   answers those: an ACK storm, which Linux limits (tcp_invalid_ratelimit, two a second). Nothing
--   is ever acknowledged again. TCP promises order and completeness, not who speaks.
-- Try: --text short
--   Predict first: the forged answer is shorter than the real one. What does the client read?
-- Try: --late true
--   Predict first: the forger is slower than the server. Is anything forged read?
-- Try: --set server.net.ipv4.tcp_invalid_ratelimit=0
--   Predict first: without the limit, how many ACKs cross in ten seconds?
-- Broken by: --late true
-- Broken by: --text short
-- Broken by: --set server.net.ipv4.tcp_invalid_ratelimit=0
local p = netsim.params {
  text = { "a forged answer, longer than the honest one", "what mallory says" },
  late = { false, "mallory comes after the server's answer" },
}

netsim.run(function(net)
  local client, server, mallory = net:host("client"), net:host("server"), net:host("mallory")
  local r = net:router("r")
  net:link(client, r, { rate = "100mbit", delay = "5ms" })
  net:link(mallory, r, { rate = "100mbit", delay = p.late and "60ms" or "1ms" })
  net:link(server, r, { rate = "100mbit", delay = "20ms" })
  net:watch_ladder()
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    c:receive("*l"); c:send("the honest answer\n")
    host:sleep("1s"); c:close()
  end)
  local line
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    assert(s:connect("server", 80))
    s:send("a question\n")
    line = s:receive("*l")
    host:sleep("1s"); s:close()
  end)
  r:sniff("src host client and data", function(packet)
    mallory:send_segment { from = packet.to, to = packet.from, flags = "P.", seq = packet.ack,
                           ack = packet.seq + packet.length, data = p.text .. "\n",
                           tsval = packet.tsecr and packet.tsecr + 5, tsecr = packet.tsval }
  end)
  net:run("10s")
  print(net:ladder(client, server, { rows_max = 20 }))
  print("The client read: " .. (line or "nothing") .. "\n")
  local function state(host) return host:ss("-tanH"):match("^%S+") or "closed" end
  local answered = server:counter("TcpExtTCPChallengeACK")
  local skipped = server:counter("TcpExtTCPACKSkippedChallenge")
  netsim.table { { "after ten seconds", "client", "server" },
                 { "state", state(client), state(server) },
                 { "absurd ACKs answered", "", answered }, { "not answered: limit", "", skipped } }
  netsim.quiz("Whose answer did the client read?", { "the server's", "mallory's", "both, mixed" },
              line == "the honest answer" and "the server's" or line == p.text and "mallory's"
              or "both, mixed")
  netsim.checks({ line = line or "nothing", text = p.text, answered = answered, skipped = skipped,
                  client = state(client), server = state(server) }, function(r)
    netsim.expect_equal(r.line, r.text, "what the client read")
    netsim.expect_between(r.answered, 5, 20, "ACKs of what was never sent that are answered")
    netsim.expect(r.skipped > 0, "the others come too often: tcp_invalid_ratelimit")
    netsim.expect_equal(r.client .. " " .. r.server, "FIN-WAIT-1 FIN-WAIT-1", "neither can close")
  end)
end)
