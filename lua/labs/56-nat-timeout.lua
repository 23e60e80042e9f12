-- Lab 56: NAT forgets
-- Chapter: On the way
-- Question: A connection is idle for ten minutes behind a NAT. What becomes of the next message?
-- Watch: the ladder, where the message ends; the NAT's entry before it; who learns what, and when.
-- Background:
--   A NAT keeps an entry for each connection: which inside address and port a port of its own
--   stands for. It cannot know whether an idle connection still lives, so entries expire: Linux
--   waits five days (nf_conntrack_tcp_timeout_established), home routers and mobile networks often
--   minutes, though RFC 5382 asks for two hours. TCP needs no packets to stay open, so neither end
--   notices. What then comes from outside finds no entry: it is answered by a RST, as for a closed
--   port, or dropped. Keepalive probes, from either end, are traffic; but by default the first is
--   sent after two hours.
-- Try: --speaks client
--   Predict first: the inside speaks first, and Linux takes up connections it does not know.
-- Try: --speaks client --set gate.net.netfilter.nf_conntrack_tcp_loose=0
--   Predict first: and a NAT that does not? (Its packets then leave with the inside's address.)
-- Try: --keepalive 400
--   Predict first: probes more rarely than the NAT forgets. From inside: do they help?
-- Broken by: --timeout 2h
-- Broken by: --idle 4min
-- Broken by: --speaks client
local p = netsim.params {
  timeout   = { "5min",   "how long the NAT remembers an idle connection" },
  idle      = { "10min",  "how long nobody says anything" },
  keepalive = { 240,      "seconds between the client's keepalive probes, where it sends any" },
  speaks    = { "server", "who sends the message after the silence: server or client" },
}

local function scenario(net, silent, keepalive)
  local client, server, gate = net:host("client"), net:host("server"), net:router("gate")
  for _, h in ipairs { client, server } do net:link(h, gate, { rate = "1gbit", delay = "5ms" }) end
  gate:nat { inside = client, timeouts = { established = p.timeout }, silent = silent }
  net:watch_ladder()
  local heard, said, after = "nothing", "nothing", 0
  local function talk(host, s, first)
    if first then
      host:sleep(p.idle)
      local begun = host:now(); s:send("news\n")
      local answer, why, _, errno = s:receive("*l")
      said, after = answer or errno or why, host:now() - begun
    else
      heard = s:receive("*l") or heard; s:send("thanks\n")
    end
    s:receive("*a")
  end
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    talk(host, l:accept(), p.speaks == "server")
  end)
  client:spawn(function(host)
    local s = assert(host:tcp())
    s:setoption("keepalive", keepalive); s:setoption("tcp-keepidle", p.keepalive)
    s:connect("server", 80); talk(host, s, p.speaks == "client")
  end)
  net:run(p.idle)
  local entries = gate:sh("conntrack -C"):match("%d+")
  net:run("20min")
  if not silent and not keepalive then print(net:ladder(client, server)) end
  return { entries = tonumber(entries), heard = heard, said = said, after = after,
           client = client:ss("-tanH"):match("^%S+") or "none",
           probes = client:counter("TcpExtTCPKeepAlive") }
end

local cases = netsim.compare {
  title = "after " .. p.idle .. " of silence",
  show = { { "entries", "entries of the NAT" }, { "heard", "the other end reads" },
           { "said", "the sender then" }, { "after", "after, s" }, { "client", "client's state" },
           { "probes", "its keepalive probes" } },
  { "NAT answers RST", scenario, false, false }, { "NAT drops", scenario, true, false },
  { "keepalive", scenario, true, true },
}
local rst, silent, kept = cases[1].results, cases[2].results, cases[3].results
netsim.quiz("The NAT drops. After how many minutes does the sender give up?", silent.after // 60, 2)
netsim.quiz("The client's state, 20 minutes after the RST?", { "ESTAB", "none" }, rst.client)
netsim.checks({ rst = rst, silent = silent, kept = kept }, function(r)
  netsim.expect_equal(r.rst.entries + r.silent.entries, 0, "entries after the silence")
  netsim.expect_equal(r.rst.said, "ECONNRESET", "what the sender is told where the NAT answers")
  netsim.expect_near(r.rst.after, 0.01, 0.005, "seconds until then: round trip to the NAT")
  netsim.expect_equal(r.silent.said, "ETIMEDOUT", "what the sender is told where the NAT drops")
  netsim.expect_between(r.silent.after, 924, 924 + 130, "seconds until then")
  netsim.expect_equal(r.rst.client, "ESTAB", "the client, which was told nothing")
  netsim.expect_equal(r.kept.said, "thanks", "the answer where keepalive kept the entry")
end)
