-- Lab 63: Tail loss
-- Chapter: Moving data
-- Question: The last segment of an answer is lost, and nothing follows it. Who notices?
-- Watch: the probe about two round trips after the last segment, long before the RTO.
-- Background:
--   Fast retransmit needs later segments to be acknowledged; after the last one there are none.
--   The retransmission timer would repair it, but late, and it would take the loss for a collapse:
--   cwnd falls to one segment. A tail loss probe (RFC 8985 §7) sends the last segment again after
--   two round trips (plus 2 jiffies' worth of slack in Linux). Here the probe itself fills the
--   hole; had more been missing, its SACK would have started fast recovery. The smoothed round
--   trip is what both timers are made of, so each case first warms up with some requests.
-- Try: --delay 5ms
--   Predict first: which of the two cases changes more when the round trip shrinks to 10 ms?
-- Try: --lost 2
--   Predict first: two segments are lost at the tail. What does the probe repair, what follows it?
-- Broken by: --without loss-probe
local p = netsim.params {
  delay = { "40ms", "one-way delay" },
  lost  = { 1,      "segments lost at the tail" },
}

local function scenario(net, early_retrans)
  local client = net:host("client")
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_early_retrans"] = early_retrans } })
  local link = net:link(client, server, { rate = "100mbit", delay = p.delay })
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    for i = 1, 9 do
      c:receive("*l")
      if i == 9 then
        net:watch_ladder()
        link:drop { from = server, data = true, nth = 6 - p.lost, count = p.lost }
      end
      c:send_synthetic(5 * 1448)
    end
    c:receive("*a"); c:close()
  end)
  local took
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    assert(s:connect("server", 80))
    for _ = 1, 9 do
      local asked = host:now()
      s:send("more\n"); assert(s:receive(5 * 1448))
      took = host:now() - asked
    end
    s:close()
  end)
  net:run("10s")
  return { ms = took * 1000, probes = server:counter("TcpExtTCPLossProbes"),
           timeouts = server:counter("TcpExtTCPTimeouts"), ladder = net:ladder(client, server) }
end

local cases = netsim.compare {
  title = "The last of five segments is lost",
  show = { { "ms", "ms for the answer" }, { "probes", "probes" }, { "timeouts", "timeouts" } },
  { "tail loss probe",       scenario, 3 },  -- net.ipv4.tcp_early_retrans
  { "timer only (0)",        scenario, 0 },
}
local probe, timer = cases[1].results, cases[2].results
print(probe.ladder)
netsim.quiz("What repairs the loss in the first case?", { "a probe", "the retransmission timer" },
            probe.timeouts == 0 and "a probe" or "the retransmission timer")
netsim.checks({ probe = probe, timer = timer, rtt = 2000 * netsim.seconds(p.delay) }, function(r)
  netsim.expect_equal(r.probe.timeouts, 0, "timeouts with the probe")
  netsim.expect(r.probe.probes > 0, "a probe was sent")
  netsim.expect_between(r.probe.ms, 2 * r.rtt, 4 * r.rtt + 20,
                        "two round trips and the answer's own (ms)")
  netsim.expect(r.timer.ms > r.probe.ms + 100, "the timer takes at least 100 ms more")
end)
