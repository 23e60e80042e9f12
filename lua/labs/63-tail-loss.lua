-- Lab 63: The tail is lost
-- Chapter: Moving data
-- Question: The last segments of a response are lost: nothing follows them. Who notices, and when?
-- Watch: the silence in the ladder, what ends it, and what the answer to that says; the table.
-- Background:
--   Fast retransmit (lab 62) lives on segments that arrive behind a hole. Behind the last segment
--   nothing comes, so only a timer is left. The RTO is at least 200 ms more than a round trip, and
--   takes all that is under way for lost: cwnd falls to 1. Since 2013 (RFC 8985 §7) Linux first
--   sends a tail loss probe, the last segment once more, after two round trips: its ACK carries a
--   SACK block, and fast retransmit has what it lives on. Of a lone segment the ACK may be merely
--   delayed, so that probe waits 200 ms longer, but never longer than the RTO.
-- Try: --lost 1
--   Predict first: a lone segment. When is it probed? Does the server learn that there was a loss?
-- Try: --delay 50ms
--   Predict first: a round trip of 100 ms. How much of the 200 ms in the RTO can a probe save now?
-- Try: --set server.net.ipv4.tcp_sack=0
--   Predict first: an ACK that cannot say "I have the last one" is no help. What does Linux do?
-- Broken by: --without loss-probe
-- Broken by: --set server.net.ipv4.tcp_early_retrans=0
-- Broken by: --set server.net.ipv4.tcp_sack=0
local p = netsim.params {
  lost  = { 2,      "how many of the response's last segments are lost in the ladder: 1, 2 or 3" },
  delay = { "10ms", "one-way delay" },
}
local segments = 5

local function scenario(net, lost, early_retrans)
  local client = net:host("client")
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_early_retrans"] = early_retrans } })
  local link = net:link(client, server, { rate = "100mbit", delay = p.delay })
  link:drop { from = server, data = true, nth = segments - lost + 1, count = lost }
  net:watch_ladder()
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    c:receive("*l"); c:send_synthetic(segments * 1448)
    c:receive("*l"); c:send("bye\n")
    c:receive("*a")
  end)
  local took
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    assert(s:connect("server", 80))
    local begun = host:now()
    s:send("GET /\n"); s:discard(segments * 1448)
    took = host:now() - begun
    s:send("thanks\n"); s:receive("*a")  -- the server learns: the tail is there, and how
  end)
  net:run("5s")
  if early_retrans == 3 and lost == p.lost then
    print(net:ladder(client, server, { width = 100 }))
  end
  return { ms = took * 1000, probes = server:counter("TcpExtTCPLossProbes"),
           timeouts = server:counter("TcpExtTCPTimeouts"),
           cwnd = tonumber(server:ss("-tin"):match(" cwnd:(%d+)")) }
end

local list = netsim.compare {
  title = "lost, tcp_early_retrans",
  show = { { "ms", "complete, ms" }, "probes", { "timeouts", "RTOs" }, { "cwnd", "cwnd then" } },
  { "1 lost, 3", scenario, 1, 3 }, { "1 lost, 0", scenario, 1, 0 },
  { "2 lost, 3", scenario, 2, 3 }, { "2 lost, 0", scenario, 2, 0 },
  { "3 lost, 3", scenario, 3, 3 }, { "3 lost, 0", scenario, 3, 0 },
}
local r = { rtt = 2000 * netsim.seconds(p.delay) }
for _, case in ipairs(list) do r[case.name] = case.results end
netsim.quiz("Two are lost. After how many ms is the response complete, with a probe?",
            r["2 lost, 3"].ms, 5)
netsim.quiz("One is lost. How many ms earlier is it complete, with a probe?",
            r["1 lost, 0"].ms - r["1 lost, 3"].ms, 5)
netsim.checks(r, function(r)
  local two, no_probe = r["2 lost, 3"], r["2 lost, 0"]
  netsim.expect_equal(two.probes, 1, "probes, two lost")
  netsim.expect_equal(two.timeouts, 0, "RTOs, two lost and a probe")
  netsim.expect_near(two.ms, 5 * r.rtt, 5, "ms until complete: five round trips")
  netsim.expect_equal(no_probe.timeouts, 1, "RTOs, two lost and no probe")
  netsim.expect(no_probe.ms > two.ms, "without a probe it takes longer")
  local one, alone = r["1 lost, 3"], r["1 lost, 0"]
  netsim.expect_near(one.ms, alone.ms, 1, "ms until complete, one lost: a probe gains no time")
  netsim.expect(one.cwnd > alone.cwnd, "but it saves the congestion window")
end)
