-- Lab 65: Three congestion controls share a bottleneck
-- Chapter: Moving data
-- Question: What do Reno, CUBIC and BBR make of a bottleneck, alone and against another?
-- Watch: the share of each flow, the queue that each keeps in front of the bottleneck, the losses.
-- Background:
--   Reno (RFC 5681) adds a segment per round trip and halves at a loss. CUBIC (RFC 9438) grows
--   along a cubic curve around the window of the last loss, whatever the round trip. Both fill the
--   queue until something is dropped: loss is their only news. BBR measures the bottleneck's
--   bandwidth and the path's least round trip, and paces at their product: it keeps little in the
--   queue when alone. Where it shares one with CUBIC, who wins depends on the queue's size.
-- Try: --queue 500p
--   Predict first: with a queue of ten times the path, who gets more, CUBIC or BBR?
-- Try: --loss 0.5%
--   Predict first: half a percent of random loss. Which of the three does not care?
-- Broken by: --third reno
-- Broken by: --queue 4000p
local p = netsim.params {
  rate   = { "10mbit", "the bottleneck" },
  delay  = { "20ms",   "one-way delay" },
  queue  = { "60p",    "the bottleneck's queue" },
  loss   = { "0%",     "random loss at the bottleneck" },
  third = { "bbr",    "congestion control of the case called bbr" },
  time   = { "12s",    "how long" },
}

local function scenario(net, first, third)
  local r1, r2 = net:router("r1"), net:router("r2")
  local link = net:link(r1, r2, { rate = p.rate, delay = p.delay, limit = p.queue,
                                  loss = p.loss })
  local flows = {}
  for i, control in ipairs { first, third } do
    local sysctl = { ["net.ipv4.tcp_congestion_control"] = control }
    local a, b = net:host("a" .. i, { sysctl = sysctl }), net:host("b" .. i)
    net:link(a, r1, { rate = "1gbit", delay = "1ms" })
    net:link(r2, b, { rate = "1gbit", delay = "1ms" })
    b:sink(9000)
    flows[i] = a:bulk("b" .. i .. ":9000", { start = i == 1 and "0s" or "1s" })
  end
  local queue = net:record("queue", "20ms", function() return link:queue(r1) end)
  net:run(p.time)
  local result = { queue = queue.mean, drops = link:stats(r1).dropped }
  for i, each in ipairs(flows) do
    result["mbit" .. i] = each.bytes_acked * 8 / netsim.seconds(p.time) / 1e6
  end
  return result
end

local cases = netsim.compare {
  title = p.rate .. ", queue " .. p.queue,
  show = { { "mbit1", "Mbit/s of the first" }, { "mbit2", "of the second" },
           { "queue", "packets queued, mean" }, { "drops", "packets dropped" } },
  { "reno",        scenario, "reno" },
  { "cubic",       scenario, "cubic" },
  { "bbr",         scenario, p.third },
  { "cubic, reno", scenario, "cubic", "reno" },
  { "cubic, bbr",  scenario, "cubic", "bbr" },
}
local reno, cubic, bbr = cases[1].results, cases[2].results, cases[3].results
netsim.quiz("Whose queue is the shortest when it is alone?", { "reno", "cubic", "bbr" },
            bbr.queue < math.min(reno.queue, cubic.queue) and "bbr" or
            reno.queue < cubic.queue and "reno" or "cubic")
netsim.checks({ reno = reno, cubic = cubic, bbr = bbr, shared = cases[4].results,
                against = cases[5].results,
                whole = netsim.bits_per_second(p.rate) / 1e6 }, function(r)
  for _, name in ipairs { "reno", "cubic", "bbr" } do
    netsim.expect_between(r[name].mbit1, 0.8 * r.whole, r.whole, name .. " alone fills it (Mbit/s)")
  end
  netsim.expect(r.bbr.queue < 0.5 * math.min(r.reno.queue, r.cubic.queue),
                "BBR alone keeps less than half of the others' queue")
  for name, one in pairs { ["cubic, reno"] = r.shared, ["cubic, bbr"] = r.against } do
    netsim.expect_between(one.mbit1 + one.mbit2, 0.8 * r.whole, r.whole, name .. " together")
    netsim.expect(one.mbit1 > 0.05 * r.whole, name .. ": the first is not starved")
  end
  netsim.expect(r.shared.mbit1 > r.shared.mbit2, "CUBIC takes more than Reno")
  netsim.expect(r.against.mbit2 > r.against.mbit1, "in a short queue BBR takes more than CUBIC")
  netsim.expect(r.reno.drops > 0 and r.cubic.drops > 0, "Reno and CUBIC fill it until it drops")
end)
