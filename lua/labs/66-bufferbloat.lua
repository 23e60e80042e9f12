-- Lab 66: Bufferbloat
-- Chapter: Moving data
-- Question: Why does everything feel slow while a large upload runs, though no packet is lost?
-- Watch: ping's times, the length of the queue, and that the throughput hardly changes.
-- Background:
--   A congestion control that waits for losses fills whatever queue there is. A packet that
--   arrives behind Q octets at a link of rate R waits Q/R: 1,000 full packets at 10 Mbit/s are 1.2
--   s. The queue makes the upload no faster, the link was busy before; it only delays all others,
--   their handshakes and DNS too. A queue of about one bandwidth-delay product is enough for one
--   flow. Marking (ECN) or a control that watches the delay (BBR) avoid the wait without loss.
-- Try: --control bbr
--   Predict first: what does BBR do to the ping times behind the deep queue?
-- Try: --deep 4000p
--   Predict first: a queue four times as deep: how long do pings take at worst now?
-- Broken by: --deep 40p
local p = netsim.params {
  rate    = { "10mbit", "the uplink" },
  deep    = { "1000p",  "the bloated queue" },
  fair    = { "40p",    "a queue of about one bandwidth-delay product" },
  control = { "cubic",  "congestion control of the upload" },
}

local function scenario(net, limit)
  local home = net:host("home", { sysctl = {
    ["net.ipv4.tcp_congestion_control"] = p.control,
    ["net.ipv4.tcp_wmem"] = "4096 16384 16777216" } })
  local web = net:host("web", { sysctl = { ["net.ipv4.tcp_rmem"] = "4096 131072 33554432" } })
  local modem = net:router("modem")
  net:link(home, modem, { rate = "1gbit", delay = "100us" })
  local uplink = net:link(modem, web, { rate = p.rate, delay = "15ms", limit = limit })
  web:sink(9000)
  local upload = home:bulk("web:9000", { start = "2s" })
  local ping = home:ping("web", { count = 40, interval = "500ms" })
  local queue = net:record("queue, packets", "100ms", function() return uplink:queue(modem) end)
  net:run("20s")
  local before, worst = 0, 0
  for _, reply in ipairs(ping.replies) do
    if reply.sequence <= 4 then before = math.max(before, reply.rtt_ms)
    else worst = math.max(worst, reply.rtt_ms) end
  end
  netsim.plot { queue, title = limit .. ": packets in the uplink's queue", height = 8 }
  return { before = before, worst = worst, queue = queue.max,
           mbit = upload.bytes_acked * 8 / 18e6 }
end

local cases = netsim.compare {
  title = "Upload and ping at " .. p.rate,
  show = { { "before", "ping before (ms)" }, { "worst", "ping during, worst (ms)" },
           { "queue", "longest queue" }, { "mbit", "upload (Mbit/s)" } },
  { "deep queue", scenario, p.deep },
  { "fair queue", scenario, p.fair },
}
local deep, fair = cases[1].results, cases[2].results
local predicted = deep.queue * 1500 * 8 / netsim.bits_per_second(p.rate) * 1000
print(string.format("%d packets of 1,500 octets need %.0f ms to leave; measured: %.0f ms.",
                    deep.queue, predicted, deep.worst - deep.before))
netsim.quiz("How many times as fast is the upload with the deep queue?", deep.mbit / fair.mbit, 0.3)
netsim.checks({ deep = deep, fair = fair, predicted = predicted }, function(r)
  netsim.expect_near(r.deep.worst - r.deep.before, r.predicted, 0.1 * r.predicted + 5,
                     "the wait is queue / rate (ms)")
  netsim.expect(r.deep.worst > 5 * r.fair.worst, "ping takes more than five times as long")
  netsim.expect_near(r.deep.mbit, r.fair.mbit, 0.1 * r.fair.mbit, "the upload (Mbit/s)")
end)
