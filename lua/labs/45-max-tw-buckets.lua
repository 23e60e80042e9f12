-- Lab 45: The limit of TIME-WAIT
-- Chapter: TIME_WAIT
-- Question: What becomes of a connection that should wait in TIME-WAIT when tcp_max_tw_buckets do?
-- Watch: the number in TIME-WAIT at its limit; TCPTimeWaitOverflow from then on; no errors.
-- Background:
--   A record in TIME-WAIT is small, but a million of them is not nothing, so
--   net.ipv4.tcp_max_tw_buckets bounds them (the default grows with memory). At
--   the limit nothing is refused and nothing is thrown out: the connection just skips TIME-WAIT and
--   its four-tuple is free at once. The kernel logs "time wait bucket table overflow" and counts
--   TCPTimeWaitOverflow. Lowering the limit to "get rid of TIME-WAIT" works, and gives up what lab
--   37 shows. Here the limit is 100, and 10 connections end per second: full after 10 s; from 60 s
--   on the old ones leave, ten per second, as fast as new ones come.
-- Try: --set client.net.ipv4.tcp_max_tw_buckets=0
--   Predict first: how many wait in TIME-WAIT now? What if a last ACK is lost? (lab 38)
-- Try: --rate 1/s
--   Predict first: rate x 60 s is how many wait at once. Is the limit ever reached?
-- Broken by: --without tw-buckets-limit
-- Broken by: --set client.net.ipv4.tcp_max_tw_buckets=1000
local p = netsim.params { rate = { "10/s", "connections per second" } }

netsim.run(function(net)
  local client = net:host("client", { sysctl = { ["net.ipv4.tcp_max_tw_buckets"] = 100 } })
  local server = net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "1ms" })
  server:serve { port = 80, request = 100, response = 100, keep_open = true }
  local load = client:load("server:80", { rate = p.rate, spacing = "fixed", request = 100,
                                          response = 100, close_first = true })
  local waiting = net:record("in TIME-WAIT", "1s", function()
    return select(2, client:ss("-tanH"):gsub("TIME%-WAIT", ""))
  end)
  local overflow = net:record("TCPTimeWaitOverflow", "1s", client, "TcpExtTCPTimeWaitOverflow")
  net:run("90s")

  netsim.plot { waiting, title = "the client's connections in TIME-WAIT", max = 120,
                limit = 100, limit_label = "tcp_max_tw_buckets" }
  netsim.plot { overflow, title = "connections that skipped TIME-WAIT: TCPTimeWaitOverflow" }
  local skipped = client:counter("TcpExtTCPTimeWaitOverflow")
  print(("Of %d connections %d waited in TIME-WAIT and %d did not; %d failed.\n"):format(
        load.completed, load.completed - skipped, skipped, load.failed))

  netsim.quiz("How many connections wait in TIME-WAIT at most?", waiting.max)
  netsim.quiz("How many connections failed at the limit?", load.failed + load.broken)
  local failed = load.failed + load.broken
  netsim.checks({ most = waiting.max, skipped = skipped, failed = failed }, function(r)
    netsim.expect_equal(r.most, 100, "most connections in TIME-WAIT at once")
    netsim.expect(r.skipped > 0, "TCPTimeWaitOverflow rises")
    netsim.expect_equal(r.failed, 0, "connections that failed")
  end)
end)
