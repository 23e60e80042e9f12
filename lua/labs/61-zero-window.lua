-- Lab 61: Zero window
-- Chapter: Moving data
-- Question: A receiver stops reading. What does the sender do, and who ends the silence?
-- Watch: the window in the server's ACKs, ss's persist timer, and what wakes the sender.
-- Background:
--   The receive buffer fills, and the window that ACKs advertise shrinks to nothing. The sender
--   may not send; it starts the persist timer and probes, at first after an RTO, then each time
--   after twice as long (RFC 9293 §3.8.6.1). A probe carries an old sequence number, so the
--   receiver has to answer with an ACK that says the window. When the application reads again, the
--   receiver says so at once: but an ACK without data is not retransmitted. If it is lost, only a
--   probe finds out.
-- Try: --lose false
--   Predict first: when does the transfer go on if the window update arrives?
-- Try: --pause 20s
--   Predict first: how many probes are sent in twice the time? (Their gaps double.)
-- Broken by: --without persist-probe
local p = netsim.params {
  bytes = { "200kb", "what the client sends" },
  pause = { "8s",    "how long the server does not read" },
  lose  = { true,    "the window update is lost" },
}

local done, got
netsim.run(function(net)
  local client = net:host("client")
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_rmem"] = "4096 16384 16384" } })
  local link = net:link(client, server, { rate = "100mbit", delay = "10ms" })
  local first, rows = nil, { { "at, s", "the server's ACK says window" } }
  client:sniff("src host server and ack and not syn", function(packet)
    first = first or packet.time
    local last = rows[#rows]
    if packet.time > first + 0.1 and packet.window ~= last[2] and #rows < 16 then
      rows[#rows + 1] = { string.format("%.3f", packet.time), packet.window }
    end
  end)
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    host:sleep(p.pause)
    -- The first ACK of the server after this moment is the window update.
    if p.lose then link:drop { flags = ".", from = server, nth = 1 } end
    got = #assert(c:receive("*a"))
    done = host:now()
    c:close()
  end)
  client:spawn(function(host)
    local s = assert(host:tcp())
    host:sleep("1ms"); assert(s:connect("server", 80))
    s:send_synthetic(netsim.bytes(p.bytes))
    s:close()
  end)
  net:run(p.pause)
  print("The sender just before the server reads again, as ss shows it:\n" .. client:ss("-tano"))
  net:run("2min")
  netsim.table(rows)
  local probes = client:counter("TcpExtTCPWinProbe")
  print(string.format("\n%d probes; all of %s read after %s s.", probes, p.bytes,
                      done and string.format("%.3f", done) or "..."))
  netsim.quiz("How many window probes does the sender send?", probes, 1)
  netsim.checks({ got = got or 0, whole = netsim.bytes(p.bytes), probes = probes,
                  closed = server:counter("TcpExtTCPToZeroWindowAdv") }, function(r)
    netsim.expect_equal(r.got, r.whole, "octets received")
    netsim.expect_between(r.probes, 2, 12, "probes of a zero window")
    netsim.expect(r.closed > 0, "the server advertised a zero window")
  end)
end)
