-- Lab 6: A SYN-ACK is lost
-- Chapter: Opening
-- Question: The SYN arrives, but the answer is lost. Which side repeats what?
-- Watch: who sends first after the silence, in the first ladder and in the second.
-- Background:
--   The client cannot tell this from a lost SYN: it hears nothing either way, and its timer runs.
--   But the server now holds a half-open connection (SYN-RECV) with a timer of its own: 1 s, then
--   doubling, tcp_synack_retries times. So there are two ways to be heard after all: the client's
--   SYN comes again and is answered again, or the server's timer repeats SYN-ACK by itself. Both
--   are due at nearly the same moment; in the second case below the repeated SYN is lost, too.
-- Try: --delay 100ms
--   Predict first: when does connect() return in each case?
-- Try: --without synack-retransmission
--   Predict first: the server's timer is off. Which case still opens after one second?
-- Try: --without syn-retransmission
--   Predict first: the client's timer is off. Which case suffers?
-- Broken by: --without synack-retransmission
-- Broken by: --without syn-retransmission
local p = netsim.params { delay = { "10ms", "one-way delay of the link" } }

local function scenario(net, syn_too)
  local server = net:host("server", { timer_wheel = true })   -- its timers are a little late
  local client = net:host("client")
  local cable = net:link(client, server, { rate = "100mbit", delay = p.delay })
  cable:drop { flags = "S.", comment = "lost" }
  if syn_too then cable:drop { flags = "S", nth = 2, comment = "lost" } end
  net:watch_ladder()
  server:spawn(function(host)
    local listener = assert(host:tcp())
    assert(listener:bind("*", 80))
    assert(listener:listen(16))
    local c <close> = assert(listener:accept())
    host:sleep("20s")
  end)
  local answer, took = "nothing", 0
  client:spawn(function(host)
    local s <close> = assert(host:tcp())
    s:settimeout("10s")
    local ok, why, errno = s:connect("server", 80)
    answer, took = ok and "connected" or errno or why, host:now()
    host:sleep("20s")
  end)
  net:run("500ms")
  local sockets = server:ss("-tano")
  net:run("10s")
  print((syn_too and "The second SYN is lost, too:" or "One SYN-ACK is lost:") .. "\n")
  print(net:ladder(client, server))
  if not syn_too then print("The server after half a second (ss -tano):\n\n" .. sockets) end
  return { answer = answer, took = took, state = sockets:match("SYN%-RECV") or "LISTEN",
           syns = client:counter("TcpExtTCPSynRetrans"),
           timeouts = server:counter("TcpExtTCPTimeouts") }
end
local cases = netsim.compare {
  title = "lost",
  show = { { "answer", "connect() says" }, { "took", "after (s)" },
           { "state", "the server waits in" }, { "syns", "SYNs sent again" },
           { "timeouts", "time-outs of the server" } },
  { "SYN-ACK", scenario, false }, { "SYN-ACK and SYN", scenario, true },
}
local one, two = cases[1].results, cases[2].results

netsim.quiz("In which state does the server wait?", { "LISTEN", "SYN-RECV", "ESTAB" }, one.state)
netsim.quiz("One SYN-ACK is lost. After how many seconds does connect() return?",
            one.took, 0.2)
netsim.quiz("The second SYN is lost, too. And now?",
            two.took, 0.2)
netsim.checks({ one = one, two = two, round_trip = 2 * netsim.seconds(p.delay) }, function(r)
  for _, case in ipairs { r.one, r.two } do
    netsim.expect_equal(case.answer, "connected", "what connect() says")
    netsim.expect_equal(case.state, "SYN-RECV", "the server's state meanwhile")
    netsim.expect_near(case.took, 1 + r.round_trip, 0.1, "seconds until connect() returns")
    netsim.expect_equal(case.syns, 1, "SYNs that the client repeats")
  end
  netsim.expect(r.two.timeouts > 0, "the second time, the server's timer did it")
  netsim.expect_equal(r.one.timeouts, 0, "time-outs of the server the first time")
end)
