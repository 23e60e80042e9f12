-- Lab 51: The peer loses power
-- Chapter: CLOSE_WAIT and half-open
-- Question: A host loses power without a word. When does the other end of a connection know?
-- Watch: the last column of the table, ss after three hours; in the ladder, what the RST answers.
-- Background:
--   A host that loses power sends no FIN and no RST. A connection that nobody uses has no timer and
--   sends nothing: silence is its normal state. Whoever sends hears no ACK and tries again, each
--   time after twice as long, until net.ipv4.tcp_retries2 (15: 924.6 s and what is left of the
--   last wait) is over: ETIMEDOUT. A host that has booted knows nothing of its old connections:
--   what comes for one is answered by a RST, whether the program runs again or not. (Where ARP
--   finds no host any more, the error after the same time is EHOSTUNREACH.)
-- Try: --boot 5s
--   Predict first: the host is back before the client sends. How long does the client try now?
-- Try: --set client.net.ipv4.tcp_retries2=8
--   Predict first: which of the four cases changes, and to about how many seconds?
-- Try: --keepalive true
--   Predict first: SO_KEEPALIVE asks after 7200 s, then nine times at 75 s. Who learns what?
-- Broken by: --without rst-to-closed-port
-- Broken by: --keepalive true
-- Broken by: --set client.net.ipv4.tcp_retries2=8
local p = netsim.params {
  boot      = { "11s", "when the server boots again, in the cases where it does" },
  keepalive = { false, "the client sets SO_KEEPALIVE" },
}

local function scenario(net, sends, boots)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    c:receive("*l"); c:send("welcome\n"); c:receive("*l")
  end)
  net:at("1s", function() server:power_off() end)
  if boots then net:at(p.boot, function() server:boot() end) end
  local errno, took = "none", 0
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:setoption("keepalive", p.keepalive)
    s:connect("server", 80)
    s:send("hello\n"); s:receive("*l")
    host:sleep("10s")
    if sends then s:send("still there?\n") end
    local asked = host:now()
    local _, why, _, name = s:receive("*l")
    errno, took = name or why, host:now() - asked
  end)
  net:run("3h")
  if sends and boots then print(net:ladder(client, server, { width = 100 })) end
  return { errno = errno, took = math.floor(took * 100 + 0.5) / 100,
           state = client:ss("-tanH"):match("^%S+") or "nothing" }
end

local cases = netsim.compare {
  title = "the client after three hours",
  show = { { "errno", "receive() fails with" }, { "took", "after, s" }, { "state", "ss" } },
  { "idle", scenario, false, false }, { "idle, boots", scenario, false, true },
  { "sends", scenario, true, false }, { "sends, boots", scenario, true, true },
}
local r = {}
for _, case in ipairs(cases) do r[case.name] = case.results end
netsim.quiz("The client is idle and the host stays off. What does receive() say in three hours?",
            { "none", "ECONNRESET", "ETIMEDOUT" }, r["idle"].errno)
netsim.quiz("It sends, and the host boots. What does receive() say?",
            { "none", "ECONNRESET", "ETIMEDOUT" }, r["sends, boots"].errno)
netsim.quiz("It sends, the host stays off. After how many minutes?", r["sends"].took / 60, 1.5)
netsim.checks(r, function(r)
  netsim.expect_equal(r["idle"].state, "ESTAB", "an idle client after three hours")
  netsim.expect_equal(r["idle, boots"].state, "ESTAB", "the same, although the host has booted")
  netsim.expect_equal(r["sends"].errno, "ETIMEDOUT", "the error of a client that sends")
  netsim.expect_between(r["sends"].took, 924.6, 924.6 + 120, "seconds until then (tcp_retries2)")
  netsim.expect_equal(r["sends, boots"].errno, "ECONNRESET", "the error once the host has booted")
  netsim.expect(r["sends, boots"].took < 30, "the next retransmission finds it out")
end)
