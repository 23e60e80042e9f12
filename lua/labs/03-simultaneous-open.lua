-- Lab 3: Simultaneous open
-- Chapter: Opening
-- Question: Two hosts connect to each other at the same moment, and nobody listens. What happens?
-- Watch: the states on both sides, and the four segments: both SYNs cross, both SYN-ACKs cross.
-- Background:
--   TCP does not need a server. Each end that has sent a SYN and receives one from the very port
--   it is calling answers SYN-ACK and goes from SYN-SENT to SYN-RECEIVED; the peer's SYN-ACK then
--   makes it ESTABLISHED. It is one connection, not two: both SYNs have the same pair of addresses
--   and ports. Programs that punch holes into two NATs live from this.
-- Try: --late 15ms
--   Predict first: b calls when a's SYN has come and found nobody. What does a see?
-- Try: --late 9ms
--   Predict first: b calls while a's SYN is still on its way. Is that simultaneous enough?
-- Broken by: --without simultaneous-open
-- Broken by: --late 15ms
local p = netsim.params {
  late = { "0ms", "how much later b calls connect()" },
}

netsim.run(function(net)
  local a, b = net:host("a"), net:host("b")
  net:link(a, b, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()

  local said = { a = "nothing", b = "nothing" }
  local function call(peer, wait)
    return function(host)
      host:sleep(wait)
      local s <close> = assert(host:tcp())
      assert(s:bind("*", 5000))          -- both must use a port that the other one knows
      s:settimeout("500ms")
      local ok, why, errno = s:connect(peer, 5000)
      said[host.name] = ok and "connected" or errno or why
      host:sleep("1s")
    end
  end
  a:spawn(call("b", "0ms"))
  b:spawn(call("a", p.late))
  net:run("400ms")

  print(net:ladder(a, b))
  for _, host in ipairs { a, b } do
    print(("on %s, whose connect() says %s:"):format(host.name, said[host.name]))
    print(host:ss("-tan"))
  end

  local state = a:ss("-tanH"):match("^%S+") or "none"
  netsim.quiz("What does connect() say on a?",
              { "connected", "ECONNREFUSED", "ETIMEDOUT", "nothing" }, said.a)
  netsim.quiz("Through which state does a go on its way to ESTABLISHED?",
              { "LISTEN", "SYN-RECEIVED", "CLOSING", "none" },
              net:ladder(a, b):find("SYN%-RECEIVED") and "SYN-RECEIVED" or "none")
  netsim.checks({
    a = said.a, b = said.b, state = state,
    active = a:counter("TcpActiveOpens") + b:counter("TcpActiveOpens"),
    passive = a:counter("TcpPassiveOpens") + b:counter("TcpPassiveOpens"),
  }, function(r)
    netsim.expect_equal(r.a, "connected", "connect() on a")
    netsim.expect_equal(r.b, "connected", "connect() on b")
    netsim.expect_equal(r.state, "ESTAB", "state on a")
    netsim.expect_equal(r.active, 2, "connections opened actively")
    netsim.expect_equal(r.passive, 0, "connections opened passively: nobody listens")
  end)
end)
