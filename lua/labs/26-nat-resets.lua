-- Lab 26: Spoofed addresses that answer
-- Chapter: Floods and defences
-- Question: Why does an attacker spoof addresses where nobody is?
-- Watch: the SYN queue in each case, and how the requests leave it.
-- Background:
--   The SYN-ACK goes to the address that the SYN named. A host there has no socket for it and
--   answers with a RST (lab 8); so does a NAT that has no mapping for it. That RST has the exact
--   number, for it is the SYN-ACK's acknowledgement, so the server deletes the request and counts
--   EmbryonicRsts. The request has lived for a round trip, where it lives for 7 to 63 s if nobody
--   says anything: a prefix that is not in use, or a firewall that drops what nobody asked for.
--   The places taken are SYNs per second times that life (lab 21).
-- Try: --rate 20kpps
--   Predict first: 129 places, 20 ms for a round trip. Which flood is too much even with RSTs?
-- Try: --silent true
--   Predict first: the NAT drops what it has no mapping for. Which case is it like now?
-- Broken by: --silent true
-- Broken by: --without rst-to-closed-port
local p = netsim.params {
  rate   = { "2kpps", "spoofed SYNs, from 5 s on" },
  silent = { false,   "the NAT drops packets that it has no mapping for" },
}

local queues = {}
local function scenario(net, name, prefix)
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_syncookies"] = 0,
                                                 ["net.ipv4.tcp_max_syn_backlog"] = 4096 } })
  local user, bot, r, nat = net:host("user"), net:host("bot"), net:router("r"), net:router("nat")
  local all = { server, user, bot, nat }
  for i = 0, 3 do all[#all + 1] = net:host("host" .. i, { address = "192.0.2." .. i }) end
  for _, node in ipairs(all) do net:link(node, r, { rate = "1gbit", delay = "5ms" }) end
  nat:nat { inside = "192.168.0.0/24", outside = "203.0.113.0/24", silent = p.silent }
  server:serve { port = 80, backlog = 128, request = 100, response = 100 }
  local load = user:load("server:80", { rate = "20/s", request = 100, response = 100,
                                        start = "6s", stop = "14s" })
  local flood = bot:synflood("server:80", { rate = p.rate, spoof = prefix, start = "5s" })
  local queue = net:record(name, "100ms", function() return server:syn_queue(80) end)
  net:run("15s")
  local sum = 0                                -- of the samples from 6 s on
  for i = 61, #queue do sum = sum + queue.values[i] end
  queues[#queues + 1] = { values = queue.values, label = name, step = queue.interval }
  return { first = load.first_syn_success, queue = sum / (#queue - 60),
           resets = server:counter("TcpExtEmbryonicRsts"), syns = flood.syns_sent }
end

local cases = netsim.compare {
  title = p.rate .. " of SYNs spoofed from",
  show = { { "first", "users' first SYN answered" }, { "queue", "SYN queue, mean" },
           { "syns", "spoofed SYNs" }, { "resets", "requests reset" } },
  { "nobody",  scenario, "nobody",  "198.18.0.0/15" },
  { "4 hosts", scenario, "4 hosts", "192.0.2.0/30" },
  { "a NAT",   scenario, "a NAT",   "203.0.113.0/24" },
}
netsim.plot { queues[1], queues[3], title = "SYN queue", limit = 129, limit_label = "its limit",
              height = 10 }
local nobody, hosts, nat = cases[1].results, cases[2].results, cases[3].results
netsim.quiz("How long is the SYN queue if a NAT has the spoofed addresses?", nat.queue, 5)
netsim.quiz("Which share of users' first SYNs is answered if nobody has them?", nobody.first, 0.1)
netsim.checks({ nobody = nobody, hosts = hosts, nat = nat,
                places = netsim.per_second(p.rate) * 0.02 }, function(r)
  netsim.expect_equal(r.nobody.resets, 0, "requests reset where nobody is")
  netsim.expect(r.nobody.first < 0.1, "silence keeps the queue full, and users out")
  for _, name in ipairs { "hosts", "nat" } do
    netsim.expect(r[name].resets > 0.99 * r[name].syns, name .. ": RSTs delete the requests")
    netsim.expect_near(r[name].queue, r.places, 5, name .. ": SYN queue, rate times round trip")
    netsim.expect(r[name].first > 0.95, name .. ": users get in at the first SYN")
  end
end)
