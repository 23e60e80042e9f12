-- Lab 10: The SYN schedule
-- Chapter: Opening
-- Question: How long does connect() try when nobody answers, and how often?
-- Watch: the gaps between the SYNs.
-- Background:
--   A SYN that gets no answer is sent again after 1 s. RFC 6298 doubles the wait each time, and
--   for decades Linux did: 1, 2, 4, 8, 16, 32 s for the six retries of tcp_syn_retries, and
--   ETIMEDOUT after the last 64 s: 127 s in all. Since 6.5 the first four retries
--   (tcp_syn_linear_timeouts) come 1 s apart before the doubling begins, because today a lost SYN
--   is more often an accident than a sign of overload; the end comes a little later.
-- Try: --kernel linux-legacy
--   Predict first: how many SYNs leave, and after how many seconds does connect() give up?
-- Try: --set client.net.ipv4.tcp_syn_retries=2
--   Predict first: how many SYNs leave now? (Add the linear ones.)
-- Try: --without rto-backoff
--   Predict first: without the doubling, when is the last SYN sent?
-- Broken by: --without rto-backoff
-- Broken by: --without syn-retransmission
-- Broken by: --set client.net.ipv4.tcp_syn_linear_timeouts=0
local p = netsim.params {
  kernel = { "linux-6.18", "the client's kernel",
             one_of = { "linux-6.18", "linux-6.1", "linux-legacy" } },
}

netsim.run(function(net)
  local client = net:host("client", { profile = p.kernel })
  local server = net:host("server")
  local cable = net:link(client, server, { rate = "100mbit", delay = "10ms", loss = 1 })
  net:watch_ladder()

  local errno, took = "none", 0
  client:spawn(function(host)
    local s <close> = assert(host:tcp())
    local _, why, name = s:connect("server", 80)
    errno, took = name or why, host:now()
  end)
  net:run("5min")

  print(net:ladder(client, server))
  print("connect() says " .. errno .. (" after %.1f s"):format(took))

  netsim.quiz("How many SYNs leave in all?", client:counter("TcpExtTCPSynRetrans") + 1)
  netsim.quiz("After how many seconds does connect() give up?", { 3, 21, 63, 75, 127, 131 },
              math.floor(took + 0.5))
  netsim.checks({
    errno = errno, took = took, retries = client:counter("TcpExtTCPSynRetrans"),
    sent = cable:stats("client").sent_packets,
  }, function(r)
    netsim.expect_equal(r.errno, "ETIMEDOUT", "what connect() says")
    netsim.expect_near(r.took, 131, 0.5, "seconds until then")
    netsim.expect_equal(r.retries, 10, "SYNs sent again: 4 after 1 s each, then 6 doubling")
  end)
end)
