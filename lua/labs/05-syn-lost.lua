-- Lab 5: A SYN is lost
-- Chapter: Opening
-- Question: The client's SYN never arrives. Who notices, when, and what does it cost?
-- Watch: the time between the two SYNs, their sequence numbers, and when connect() returns.
-- Background:
--   Nobody reports a lost packet; there is only silence. The client has no measure of this path
--   yet, so it waits the initial RTO, 1 s (RFC 6298), however short the path is, and sends the
--   same SYN again: same ISN, for it is the same attempt. The server has seen nothing and holds no
--   state. So one lost packet of forty bytes makes a user wait a second, where a lost packet of an
--   open connection costs about a round trip.
-- Try: --lost 2
--   Predict first: two SYNs are lost. When does connect() return? (1 s, then?)
-- Try: --lost 2 --set client.net.ipv4.tcp_syn_linear_timeouts=0
--   Predict first: the same on a kernel before 6.5.
-- Try: --without syn-retransmission
--   Predict first: what would the program see?
-- Broken by: --without syn-retransmission
-- Broken by: --lost 2
local p = netsim.params { lost = { 1, "how many SYNs are lost", min = 1, max = 100 } }

netsim.run(function(net)
  local server, client = net:host("server"), net:host("client")
  local cable = net:link(client, server, { rate = "100mbit", delay = "10ms" })
  cable:drop { flags = "S", count = p.lost, comment = "lost" }
  net:watch_ladder()
  server:spawn(function(host)
    local listener = assert(host:tcp())
    assert(listener:bind("*", 80))
    assert(listener:listen(16))
    local c <close> = assert(listener:accept())
    host:sleep("20s")
  end)
  local answer, took = "nothing", 0
  client:spawn(function(host)
    local s <close> = assert(host:tcp())
    s:settimeout("10s")
    local ok, why, errno = s:connect("server", 80)
    answer, took = ok and "connected" or errno or why, host:now()
    host:sleep("20s")
  end)
  net:run("12s")

  print(net:ladder(client, server))
  print(("connect(): %s after %.3f s"):format(answer, took))
  print("\nnstat on the client:\n" .. client:nstat("TcpActiveOpens TcpExtTCPSynRetrans"))

  netsim.quiz("After how many seconds does connect() return?", { 0.02, 0.2, 1.02, 3.02 },
              math.floor(took * 100 + 0.5) / 100)
  netsim.quiz("Has the second SYN the same sequence number as the first?", { "yes", "no" },
              net:ladder(client, server):find("SYN seq=0.*SYN seq=0") and "yes" or "no")
  netsim.checks({ answer = answer, took = took, again = client:counter("TcpExtTCPSynRetrans"),
                  opened = server:counter("TcpPassiveOpens") }, function(r)
    netsim.expect_equal(r.answer, "connected", "what connect() says")
    netsim.expect_near(r.took, 1.02, 0.001, "seconds: the initial RTO and a round trip")
    netsim.expect_equal(r.again, 1, "SYNs sent again")
    netsim.expect_equal(r.opened, 1, "connections of the server: only one SYN arrived")
  end)
end)
