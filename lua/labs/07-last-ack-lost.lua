-- Lab 7: The last ACK is lost
-- Chapter: Opening
-- Question: The handshake's third segment is lost. The client thinks that it is connected; what
--   repairs this?
-- Watch: the two ladders. In the first the client is silent, in the second it has something to say.
-- Background:
--   An ACK is never acknowledged and never repeated for its own sake: the client cannot know that
--   it was lost. But the server still waits in SYN-RECV, and its timer repeats SYN-ACK; the client
--   answers that by an ACK again. If the client sends data first, nobody need wait: every segment
--   after the SYN carries an ACK, and the first one that arrives completes the handshake.
-- Try: --lost 2
--   Predict first: the repeated ACK is lost as well. When is the silent client's server ready?
-- Try: --without synack-retransmission
--   Predict first: which of the two cases is never repaired?
-- Broken by: --without synack-retransmission
-- Broken by: --lost 0
local p = netsim.params {
  lost = { 1, "how many bare ACKs of the client are lost", min = 0, max = 100 },
}

local function scenario(net, talks)
  local server, client = net:host("server"), net:host("client")
  local cable = net:link(client, server, { rate = "100mbit", delay = "10ms" })
  if p.lost > 0 then
    cable:drop { from = client, flags = ".", data = false, count = p.lost, comment = "lost" }
  end
  net:watch_ladder()
  local accepted = -1
  server:spawn(function(host)
    local listener <close> = assert(host:tcp())
    assert(listener:bind("*", 80))
    assert(listener:listen(16))
    listener:settimeout("9s")
    local c <close> = listener:accept()
    if not c then return end
    accepted = host:now()
    host:sleep("20s")
  end)
  client:spawn(function(host)
    local s <close> = assert(host:tcp())
    assert(s:connect("server", 80))
    host:sleep("100ms")
    if talks then s:send("hello\n") end
    host:sleep("20s")
  end)
  net:run("90ms")
  local state = client:ss("-tanH"):match("^%S+") .. " "
                .. (server:ss("-tanH"):match("SYN%-RECV") or "ESTAB")
  net:run("8s")
  print(talks and "The client sends data after 0.1 s:\n" or "The client has nothing to say:\n")
  print(net:ladder(client, server))
  return { accepted = accepted, state = state, again = server:counter("TcpExtTCPSynRetrans") }
end
local cases = netsim.compare {
  title = "last ACK lost",
  show = { { "state", "client and server after 90 ms" },
           { "accepted", "accept() returns after (s)" },
           { "again", "SYN-ACKs sent again" } },
  { "silent", scenario, false }, { "with data", scenario, true },
}
local silent, talking = cases[1].results, cases[2].results

netsim.quiz("90 ms after the start: the states of client and server?",
            { "SYN-SENT SYN-RECV", "ESTAB SYN-RECV", "ESTAB ESTAB" }, silent.state)
netsim.quiz("The client is silent. After how many seconds does accept() return?",
            silent.accepted, 0.1)
netsim.quiz("It sends data after 0.1 s. When does accept() return now?", talking.accepted, 0.02)
netsim.checks({ silent = silent, talking = talking }, function(r)
  netsim.expect_equal(r.silent.state, "ESTAB SYN-RECV", "client and server after 90 ms")
  netsim.expect_between(r.silent.accepted, 1, 1.1, "seconds until accept(): SYN-ACK comes again")
  netsim.expect_equal(r.silent.again, 1, "SYN-ACKs sent again to the silent client")
  netsim.expect_between(r.talking.accepted, 0.1, 0.2, "seconds until accept() if data come")
  netsim.expect_equal(r.talking.again, 0, "SYN-ACKs sent again then")
end)
