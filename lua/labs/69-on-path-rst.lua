-- Lab 69: A RST from the path
-- Chapter: Reset and spoofing
-- Question: What can somebody do who sees the packets: a censor, a firewall, a bored neighbour?
-- Watch: two RSTs that the ends did not send, with the exact numbers.
-- Background:
--   RFC 5961 only helps against guessing. Whoever sees a segment knows ports and both numbers, and
--   his RST is as good as the peer's. Both ends are reset; what was in their buffers is gone.
--   Middle boxes end connections this way when they find a forbidden word. Nothing in TCP tells
--   such a RST from a real one; a capture at both ends does, since the server says it sent none
--   (TcpOutRsts; the client's own answers data that came too late), and often its TTL does. TCP-
--   MD5 (RFC 2385) would.
-- Try: --word weather
--   Predict first: the censor looks for another word. Does the connection live?
-- Try: --md5 true
--   Predict first: both ends sign their segments. What becomes of the RSTs?
-- Broken by: --md5 true
local p = netsim.params {
  word = { "secret", "what the censor looks for" },
  md5  = { false,    "TCP_MD5SIG on both ends" },
}

netsim.run(function(net)
  local client, server, censor = net:host("client"), net:host("server"), net:host("censor")
  local r = net:router("r")
  for _, h in ipairs { client, server, censor } do
    net:link(h, r, { rate = "100mbit", delay = "5ms" })
  end
  net:watch_ladder()
  local function sign(s, peer)
    if p.md5 then s:setoption("tcp-md5sig", { peer = peer.address .. "/32", key = "k" }) end
  end
  local server_saw, client_saw = "no error", "no error"
  server:spawn(function(host)
    local l = assert(host:tcp()); sign(l, client); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    repeat
      local line, _, _, errno = c:receive("*l")
      if line then c:send("about " .. line .. ": nothing new\n") else server_saw = errno end
    until not line
    c:close()
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp()); sign(s, server)
    assert(s:connect("server", 80))
    for _, word in ipairs { "weather", "secret", "football" } do
      s:send(word .. "\n")
      local line, _, _, errno = s:receive("*l")
      if not line then client_saw = errno or "closed"; break end
    end
    s:close()
  end)
  local words, seen = { "weather", "secret", "football" }, 0
  r:sniff("src host client and data", function(packet)      -- it reads what passes
    seen = seen + 1
    if words[seen] == p.word then
      censor:send_segment { from = packet.to, to = packet.from, flags = "R", seq = packet.ack }
      censor:send_segment { from = packet.from, to = packet.to, flags = "R",
                            seq = packet.seq + packet.length }
    end
  end)
  net:run("10s")
  print(net:ladder(client, server))
  print(string.format("client: %s, server: %s", client_saw, server_saw))
  print(string.format("RSTs sent by the client: %d, by the server: %d",
                      client:counter("TcpOutRsts"), server:counter("TcpOutRsts")))
  netsim.quiz("What does the client's receive() return?",
              { "ECONNRESET", "no error", "closed" }, client_saw)
  netsim.checks({ client = client_saw, server = server_saw, rsts = server:counter("TcpOutRsts"),
                  resets = client:counter("TcpEstabResets") + server:counter("TcpEstabResets") },
                function(r)
    netsim.expect_equal(r.client, "ECONNRESET", "the client")
    netsim.expect_equal(r.server, "ECONNRESET", "the server")
    netsim.expect_equal(r.rsts, 0, "RSTs of the server's own")
    netsim.expect_equal(r.resets, 2, "connections reset")
  end)
end)
