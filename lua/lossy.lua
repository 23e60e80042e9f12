-- A file over a link that loses packets: how fast it goes, and how TCP mends it. The same share of
-- loss costs more when it comes in single packets than in bursts.
local p = netsim.params {
  bytes = { "4mb",    "size of the transfer" },
  rate  = { "20mbit", "rate of the link" },
  delay = { "20ms",   "one-way delay" },
}

local function scenario(net, loss)
  local sender, receiver = net:host("sender"), net:host("receiver")
  local forth = { rate = p.rate, delay = p.delay, limit = "1000p" }
  for key, value in pairs(loss) do forth[key] = value end
  local link = net:link(sender, receiver, forth, { rate = p.rate, delay = p.delay, limit = "1000p" })

  local sink = receiver:sink(9000)
  local bulk = sender:bulk("receiver:9000", { bytes = p.bytes })
  net:run("10min")

  netsim.expect_equal(sink.bytes_received, netsim.bytes(p.bytes), "bytes received")
  netsim.expect_equal(receiver.integrity_violations, 0, "damaged bytes")
  return {
    seconds         = bulk.finished,
    mbit_per_second = bulk.bits_per_second / 1e6,
    lost            = link:stats(sender).dropped,
    retransmitted   = sender:counter("TcpRetransSegs"),
    timeouts        = sender:counter("TcpExtTCPTimeouts"),
    fast_recoveries = sender:counter("TcpExtTCPSackRecovery"),
  }
end

local cases = netsim.compare {
  title = "transfer of " .. p.bytes,
  show = {
    { "seconds", "seconds" }, { "mbit_per_second", "Mbit/s" }, { "lost", "packets lost" },
    { "retransmitted", "segments sent again" }, { "fast_recoveries", "fast recoveries" },
    { "timeouts", "timeouts" },
  },
  { "no loss",       scenario, {} },
  { "0.1 %",         scenario, { loss = "0.1%" } },
  { "1 %",           scenario, { loss = "1%" } },
  { "1 % in bursts", scenario, { gemodel = "0.25% 25%" } },  -- bad for 4 packets on average
  { "5 %",           scenario, { loss = "5%" } },
}

local function speed(i) return cases[i].results.mbit_per_second or 0 end
netsim.expect(speed(1) > speed(3), "loss costs throughput")
netsim.expect(speed(3) > speed(5), "more loss costs more")
netsim.expect_equal(cases[1].results.retransmitted, 0, "segments sent again without loss")
