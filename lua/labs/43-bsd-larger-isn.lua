-- Lab 43: A new SYN for an old connection
-- Chapter: TIME_WAIT
-- Question: A SYN comes for a four-tuple in TIME-WAIT. When is it a new connection?
-- Watch: the seconds that connect() takes; what the server answers to the SYN.
-- Background:
--   A client that uses a port again soon meets the server's TIME-WAIT record. BSD found the rule: a
--   SYN whose sequence number lies above all that the old connection used cannot be an old
--   duplicate, so TIME-WAIT ends and a connection begins (RFC 1122 §4.2.2.13). Initial sequence
--   numbers that run with a clock make this the usual case; random ones are below in half of the
--   cases. Linux therefore takes a younger timestamp for proof as well (RFC 6191). A SYN that
--   proves nothing is answered by an ACK of the old connection, and must try again until the 60 s
--   are over. (tcp_rfc1337 is 1 here, so that a RST does not end TIME-WAIT: lab 44.)
-- Try: --set server.net.ipv4.tcp_rfc1337=0
--   Predict first: the client answers the old ACK with a RST. How long does connect() take then?
-- Try: --second 1001
--   Predict first: the old connection used 1000 for its SYN, 1001 for its FIN. Is 1001 larger?
-- Broken by: --without time-wait-syn
-- Broken by: --second 500
local p = netsim.params {
  second = { 5000, "the larger of the second connection's ISNs", min = 0, max = 4294967295 },
}

local function scenario(net, profile, isn, timestamps)
  local client = net:host("client", { sysctl = { ["net.ipv4.tcp_timestamps"] = timestamps } })
  local sysctl = { ["net.ipv4.tcp_rfc1337"] = 1 }
  local server = net:host("server", { profile = profile, sysctl = sysctl })
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()
  server:spawn(function(host)
    local l = assert(host:tcp())
    l:setoption("reuseaddr", true)
    l:bind("*", 80); l:listen(16)
    while true do
      local c = l:accept()
      c:close()                                -- the server closes first: TIME-WAIT is here
    end
  end)
  local took
  client:spawn(function(host)
    host:sleep("1ms")
    for _, number in ipairs { 1000, isn } do
      local s <close> = assert(host:tcp())
      s:bind("*", 5000)
      host:isn(number)
      local start = host:now()
      took = s:connect("server", 80) and host:now() - start
      s:receive("*a")
      s:close()
      host:sleep("300ms")
    end
  end)
  net:run("3min")
  return { took = took, ladder = net:ladder(client, server) }
end

local cases = netsim.compare {
  title = "port 5000 again",
  show = { { "took", "connect() takes, s" } },
  { "BSD, larger", scenario, "bsd-like", p.second, 1 },
  { "BSD, smaller", scenario, "bsd-like", 500, 1 },
  { "Linux, smaller", scenario, "linux-6.18", 500, 1 },
  { "Linux, no timestamps", scenario, "linux-6.18", 500, 0 },
}
print("A bsd-like server, a smaller number:\n\n" .. cases[2].results.ladder)
local r = {}
for _, case in ipairs(cases) do r[case.name] = case.results.took end
netsim.quiz("How many seconds does connect() take with the smaller number, at a bsd-like server?",
            r["BSD, smaller"], 1)
netsim.quiz("And at a Linux server, where the timestamp is younger?", r["Linux, smaller"], 0.01)
netsim.checks(r, function(r)
  netsim.expect_near(r["BSD, larger"], 0.02, 0.001, "seconds with a larger number")
  netsim.expect(r["BSD, smaller"] > 50, "a smaller number has to wait for the end of TIME-WAIT")
  netsim.expect_near(r["Linux, smaller"], 0.02, 0.001, "seconds by a younger timestamp")
  netsim.expect(r["Linux, no timestamps"] > 50, "without timestamps Linux has BSD's rule alone")
end)
