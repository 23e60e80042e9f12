-- A black hole: a link in the middle of the path takes only small packets, and the router before it
-- does not say so, because ICMP is filtered. The handshake passes, the first full segment does not.
-- RFC 2923 §2.1; the way out is RFC 4821 (net.ipv4.tcp_mtu_probing).
local p = netsim.params {
  bytes = { "1mb",  "size of the transfer" },
  mtu   = { 1280,   "MTU of the link in the middle, in octets" },
  delay = { "5ms",  "one-way delay of each link" },
}

local function scenario(net, probing, icmp)
  local sender = net:host("sender", { sysctl = { ["net.ipv4.tcp_mtu_probing"] = probing } })
  local receiver = net:host("receiver")
  local near, far = net:router("near", { icmp_errors = icmp }), net:router("far")
  local options = { rate = "100mbit", delay = p.delay }
  net:link(sender, near, options)
  net:link(near, far, { rate = "100mbit", delay = p.delay, mtu = p.mtu })
  net:link(far, receiver, options)

  local sink = receiver:sink(9000)
  local bulk = sender:bulk("receiver:9000", { bytes = p.bytes })
  net:run("20min")

  return {
    received      = sink.bytes_received,
    seconds       = bulk.finished,
    error         = bulk.error,
    timeouts      = sender:counter("TcpExtTCPTimeouts"),
    probes_passed = sender:counter("TcpExtTCPMTUPSuccess"),
    probes_lost   = sender:counter("TcpExtTCPMTUPFail"),
  }
end

local cases = netsim.compare {
  title = p.bytes .. ", MTU " .. p.mtu,
  show = {
    { "received", "bytes received" }, { "seconds", "seconds" }, { "timeouts", "timeouts" },
    { "probes_passed", "probes passed" }, { "probes_lost", "probes lost" },
  },
  { "ICMP arrives",    scenario, 0, true },
  { "none, probing 0", scenario, 0, false },  -- tcp_mtu_probing
  { "none, probing 1", scenario, 1, false },
  { "none, probing 2", scenario, 2, false },
}

local whole = netsim.bytes(p.bytes)
netsim.expect_equal(cases[1].results.received, whole, "bytes received with ICMP")
netsim.expect_equal(cases[2].results.received, 0, "bytes out of the black hole without probing")
netsim.expect_equal(cases[3].results.received, whole, "bytes received with probing after timeouts")
netsim.expect_equal(cases[4].results.received, whole, "bytes received with probing from the start")
netsim.expect(cases[3].results.seconds > 3, "tcp_retries1 is three seconds")
netsim.expect(cases[4].results.seconds < 3, "who probes from the start never falls in")
netsim.expect(cases[4].results.probes_passed > 0, "larger packets were found to pass")
