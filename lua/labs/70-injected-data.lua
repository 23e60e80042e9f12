-- Lab 70: Injected data
-- Chapter: Reset and spoofing
-- Question: Somebody sends the right bytes at the right number first. Who notices?
-- Watch: the client reads words that the server never sent; then the two ends' numbers disagree.
-- Background:
--   Data is taken if its sequence number fits, and its ACK is not absurd (RFC 5961 §5). Somebody
--   on the path answers before the server can: his segment fills the place, the server's own
--   answer then counts as a duplicate. The client acknowledges bytes the server has not sent yet;
--   the server drops such ACKs and says so with its own, and the client answers as well: an ACK
--   storm, which Linux limits (tcp_invalid_ratelimit). TCP promises order and completeness, not
--   who speaks.
-- Try: --text short
--   Predict first: the forged answer is shorter than the real one. What does the client read?
-- Try: --late true
--   Predict first: the forger is slower than the server. Is anything forged read?
-- Broken by: --late true
local p = netsim.params {
  text = { "the forged answer", "what mallory says" },
  late = { false,               "mallory comes after the server's answer" },
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
  print(net:ladder(client, server))
  print("The client read: " .. (line or "nothing"))
  netsim.quiz("Whose answer did the client read?", { "the server's", "mallory's", "both, mixed" },
              line == "the honest answer" and "the server's" or line == p.text and "mallory's"
              or "both, mixed")
  netsim.checks({ line = line, text = p.text, wrong = client:counter("TcpInErrs") }, function(r)
    netsim.expect_equal(r.line, r.text, "what the client read")
    netsim.expect_equal(r.wrong, 0, "segments the client found wrong")
  end)
end)
