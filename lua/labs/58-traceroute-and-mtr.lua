-- Lab 58: traceroute, mtr and loss
-- Chapter: On the way
-- Question: mtr shows loss at a hop. Is it the path that loses, or does the hop only not answer?
-- Watch: the column Loss%, from the hop with loss downwards, to the last line; then the ping.
-- Background:
--   Both tools send packets whose TTL runs out at the first router, the second, ...; each sends
--   back ICMP "time exceeded", which tells its name and the time. To forward is a router's work, to
--   answer a courtesy: many limit how often they do (Linux: one a second to each destination, after
--   a burst of six), or never do it: a "*". So each line has two losses in it, of the path to that
--   hop and back, and of the hop's own will to answer. Real loss hits all that passes: packets to
--   later hops, too.
-- Try: --loss 0%
--   Predict first: nothing is wrong with the second path now. Which lines change?
-- Try: --interval 0.2
--   Predict first: five probes a second. What do Linux routers make of it, what the server?
-- Try: --back 20%
--   Predict first: loss on the way back, too. Can mtr tell the directions apart?
-- Broken by: --loss 0%
-- Broken by: --limit 100/s
local p = netsim.params {
  limit    = { "0.3/s", "how often hop 2 of the first path answers" },
  loss     = { "20%",   "loss between hops 2 and 3 of the second path" },
  back     = { "0%",    "loss there in the other direction" },
  interval = { 1.0,     "mtr's: seconds between two rounds of probes", min = 0.001, max = 3600 },
}

local function scenario(net, name, loss, back, limit)
  local client, server = net:host("client"), net:host("server")
  local r1, r2, r3 = net:router("hop1"), net:router("hop2"), net:router("hop3")
  local fine = { rate = "1gbit", delay = "5ms" }
  net:link(client, r1, fine); net:link(r1, r2, fine)
  net:link(r2, r3, { rate = "1gbit", delay = "5ms", loss = loss },
           { rate = "1gbit", delay = "5ms", loss = back })
  net:link(r3, server, fine)
  if limit then
    r2:firewall { policy = "accept",
      { chain = "OUTPUT", accept = true, proto = "icmp", limit = limit, burst = 1 },
      { chain = "OUTPUT", drop = true, proto = "icmp" } }
  end
  local text = {}
  client:spawn(function(host)
    text.trace = host:sh("traceroute server")
    text.mtr = host:sh("mtr --report -c 100 -i " .. p.interval .. " server")
    text.ping = host:sh("ping -q -c 100 server")
  end)
  net:run("10min")
  print("--- " .. name .. "\n\n" .. text.trace .. "\n" .. text.mtr .. "\n"
        .. text.ping:match("%d+ packets[^\n]+") .. "\n")
  local r = { ping = tonumber(text.ping:match("([%d.]+)%% packet loss")) }
  for hop, percent in text.mtr:gmatch("|%-%- (%S+) +([%d.]+)%%") do r[hop] = tonumber(percent) end
  return r
end
local shy, bad
netsim.run(function(net) shy = scenario(net, "hop 2 answers seldom", "0%", "0%", p.limit) end)
netsim.run(function(net) bad = scenario(net, "a link loses", p.loss, p.back) end)

netsim.quiz("Hop 2 answers seldom. How many percent of pings to the server are lost?", shy.ping, 1)
netsim.quiz("A link loses. Which line of mtr is the first to show it?",
            { "hop1", "hop2", "hop3", "server" }, bad.hop2 > 5 and "hop2" or "hop3")
netsim.checks({ shy = shy, bad = bad }, function(r)
  netsim.expect_between(r.shy.hop2, 50, 95, "% of mtr's probes that hop 2 does not answer")
  netsim.expect_equal(r.shy.hop3 + r.shy.server, 0, "% lost behind it: the path is sound")
  netsim.expect_equal(r.shy.ping, 0, "% of pings lost")
  netsim.expect_equal(r.bad.hop2, 0, "% lost before the link that loses")
  netsim.expect_between(r.bad.hop3, 10, 30, "% lost behind it")
  netsim.expect_between(r.bad.server, 10, 30, "% lost at the end, too")
  netsim.expect_between(r.bad.ping, 10, 30, "% of pings lost")
end)
