-- Lab 11: Why SYN and FIN consume a sequence number
-- Chapter: Opening
-- Question: SYN and FIN carry no byte, yet each counts as one in the sequence. What would go
--   wrong otherwise?
-- Watch: ack before and after each SYN and FIN; then the same with a rule switched off.
-- Background:
--   What may be lost must be acknowledged, and an ACK of TCP is a single number: "I have all
--   before this". Only what takes a place in the sequence can be acknowledged so. A SYN or FIN
--   that took none would leave the ACK as it was: its sender could not tell whether it arrived,
--   and a receiver could not tell a FIN from one that was there before. So both take a place of
--   their own, and are retransmitted like a byte until an ACK moves past them.
-- Try: --without fin-counts
--   Predict first: the server acknowledges the FIN without counting it. What does the client do?
-- Try: --without syn-counts
--   Predict first: SYN-ACK then carries the ISN itself as its ack. How does the client answer?
-- Try: --isn 4294967295
--   Predict first: the SYN takes the last number there is. Which one has the first byte?
-- Broken by: --without fin-counts
-- Broken by: --without syn-counts
local p = netsim.params {
  isn = { 1000, "the client's initial sequence number", min = 0, max = 4294967295 },
}

netsim.run(function(net)
  local server = net:host("server", { isn = 4000 })
  local client = net:host("client", { isn = p.isn })
  net:link(client, server, { rate = "1gbit", delay = "10ms" })
  net:watch_ladder()
  local seq, ack = {}, {}                -- of the client's SYN, byte, FIN; and what answered them
  client:sniff("port 80", function(s)
    if s.source_port == 80 then ack[#ack + 1] = s.ack else seq[s.flags] = seq[s.flags] or s.seq end
  end)
  server:spawn(function(host)
    local listener = assert(host:tcp())
    assert(listener:bind("*", 80))
    assert(listener:listen(16))
    listener:settimeout("1s")
    local c <close> = listener:accept()
    if not c then return end
    c:receive("*a")
    host:sleep("4s")                     -- the server's own FIN is not this lesson's
  end)
  client:spawn(function(host)
    local s <close> = assert(host:tcp())
    s:settimeout("1s")
    if s:connect("server", 80) then
      host:sleep("50ms")
      s:send("x")                        -- one byte, to compare with
      host:sleep("100ms")
    end
  end)
  net:run("3s")

  print(net:ladder(client, server))
  netsim.table { { "what the client sends", "seq", "then the server asks for" },
    { "SYN", seq.S or "-", ack[1] or "-" }, { "one byte", seq["P."] or "-", ack[2] or "-" },
    { "FIN", seq["F."] or "-", ack[3] or "-" } }

  netsim.quiz("The byte has sequence number 1001. Which ack answers the FIN behind it?",
              { 1001, 1002, 1003, 1004 }, ack[3] or "none")
  netsim.quiz("How many segments must the client send again?", client:counter("TcpRetransSegs"))
  netsim.checks({ asked = { ack[1] or "nothing", ack[2] or "nothing", ack[3] or "nothing" },
                  again = client:counter("TcpRetransSegs"),
                  syn = seq.S or -1, byte = seq["P."] or -1, fin = seq["F."] or -1,
                }, function(r)
    netsim.expect_equal(r.asked[1], (r.syn + 1) & 0xffffffff, "ack of the SYN")
    netsim.expect_equal(r.asked[2], (r.byte + 1) & 0xffffffff, "ack of the byte")
    netsim.expect_equal(r.asked[3], (r.fin + 1) & 0xffffffff, "ack of the FIN")
    netsim.expect_equal(r.again, 0, "segments sent again")
  end)
end)
