-- One TCP connection, opened, used and closed: the exchange most textbooks draw, with the state of
-- both ends beside it. Above the drawing, the same packets as tcpdump prints them.
-- Then look closer: --delay 100ms, --set client.net.ipv4.tcp_timestamps=0, --pcap DIR for Wireshark.
local p = netsim.params {
  delay = { "10ms", "one-way delay of the link" },
  say   = { "hello", "what the client says" },
}

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = p.delay })
  net:trace()
  net:watch_ladder()

  server:spawn(function(host)
    local listener = assert(host:tcp())
    assert(listener:bind("*", 80))
    assert(listener:listen(16))
    local c = assert(listener:accept())
    local line = assert(c:receive("*l"))
    c:send("you said " .. line .. "\n")
    c:receive("*a")       -- returns when the client's FIN has come
    host:sleep("200ms")   -- longer than a delayed ACK: else ACK and FIN go in one segment
    c:close()
    listener:close()
  end)

  local answer
  client:spawn(function(host)
    host:sleep("1ms")     -- the server listens by then
    local s = assert(host:tcp())
    assert(s:connect("server", 80))
    s:send(p.say .. "\n")
    answer = s:receive("*l")
    s:close()
  end)

  net:run("5s")
  local time_wait = client:ss("-tan")
  net:run("2min")         -- TIME_WAIT lasts a minute

  print()
  print(net:ladder(client, server))
  print("The client's socket 5 s after the start, as ss shows it:\n")
  print(time_wait)

  netsim.expect_equal(answer, "you said " .. p.say, "the answer")
  netsim.expect(time_wait:find("TIME%-WAIT") ~= nil, "the end that closes first waits in TIME-WAIT")
  netsim.expect(client:ss("-tan"):find("TIME%-WAIT") == nil, "TIME-WAIT ends")
  netsim.expect_equal(server:counter("TcpPassiveOpens"), 1, "passive opens")
  netsim.expect_equal(client:counter("TcpRetransSegs") + server:counter("TcpRetransSegs"), 0,
                      "retransmissions")
  netsim.expect_equal(client:counter("TcpOutSegs"), 6, "segments of the client")
  netsim.expect_equal(server:counter("TcpOutSegs"), 5, "segments of the server")
end)
