-- Lab 9: Silent firewall, rejecting firewall
-- Chapter: Opening
-- Question: A firewall keeps the client out. Does it matter to the client how it says so?
-- Watch: the ladders, then the table: what connect() says, and after how long.
-- Background:
--   A firewall can drop a SYN in silence, answer it by a RST as if the port were closed, or send
--   an ICMP error. TCP treats an ICMP error as a hint while a connection is open, but when one is
--   being opened Linux takes it at its word: connect() fails at once. Silence cannot be told from
--   loss, so the client tries on, to the end of the schedule (lab 10). Dropping hides the host
--   from a scan for a while, and makes every honest mistake take two minutes.
-- Try: --reject icmp-host-unreachable
--   Predict first: which errno belongs to another code of the ICMP error?
-- Try: --without icmp-ends-open
--   Predict first: if ICMP is only a hint, when does connect() fail, and with what?
-- Broken by: --without icmp-ends-open
-- Broken by: --set client.net.ipv4.tcp_syn_retries=1
local p = netsim.params {
  reject = { "icmp-port-unreachable", "the ICMP error of the firewall that sends one" },
}

local function scenario(net, rule)
  local server, r, client = net:host("server"), net:router("firewall"), net:host("client")
  net:link(client, r, { rate = "100mbit", delay = "5ms" })
  net:link(r, server, { rate = "100mbit", delay = "5ms" })
  r:firewall { policy = "accept", rule }
  server:serve { port = 80 }
  net:watch_ladder()
  local errno, took = "none", 0
  client:spawn(function(host)
    local s <close> = assert(host:tcp())
    local ok, why, name = s:connect("server", 80)
    errno, took = ok and "connected" or name or why, host:now()
  end)
  net:run("3min")
  local syns = client:counter("TcpExtTCPSynRetrans") + 1
  if syns < 3 then print(net:ladder(client, server)) end
  return { errno = errno, seconds = math.floor(took * 1e4 + 0.5) / 1e4, syns = syns }
end
local to_web = { proto = "tcp", dport = 80 }
local function rule(verdict, what)
  local t = { [verdict] = what }
  for key, value in pairs(to_web) do t[key] = value end
  return t
end
local cases = netsim.compare { title = "the firewall", show = { "errno", "seconds", "syns" },
  { "drops", scenario, rule("drop", true) }, { "sends RST", scenario, rule("reject", "tcp-reset") },
  { "sends ICMP", scenario, rule("reject", p.reject) } }
local drop, rst, icmp = cases[1].results, cases[2].results, cases[3].results

netsim.quiz("It drops. What does connect() say at last?",
            { "ECONNREFUSED", "EHOSTUNREACH", "ETIMEDOUT" }, drop.errno)
netsim.quiz("It sends a RST, from 5 ms away. After how many milliseconds does connect() fail?",
            rst.seconds * 1000, 1)
netsim.quiz("It sends ICMP port unreachable. What does connect() say?",
            { "ECONNREFUSED", "EHOSTUNREACH", "ETIMEDOUT" }, icmp.errno)
netsim.checks({ drop = drop, rst = rst, icmp = icmp }, function(r)
  netsim.expect_equal(r.drop.errno, "ETIMEDOUT", "connect() when SYNs are dropped")
  netsim.expect_near(r.drop.seconds, 131, 0.5, "seconds until then")
  netsim.expect_equal(r.rst.errno, "ECONNREFUSED", "connect() when a RST comes")
  netsim.expect_near(r.rst.seconds, 0.01, 0.001, "seconds until then")
  netsim.expect_equal(r.icmp.errno, "ECONNREFUSED", "connect() when port unreachable comes")
  netsim.expect_near(r.icmp.seconds, 0.01, 0.001, "seconds until then")
end)
