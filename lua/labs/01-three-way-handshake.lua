-- Lab 1: The three-way handshake
-- Chapter: Opening
-- Question: What does each side know after each of the three segments, and why are two not enough?
-- Watch: the states at both edges of the ladder; then the table: who knows what, and when.
-- Background:
--   Each direction of a connection counts its bytes from a number of its own, the ISN, which the
--   sender draws and the receiver must learn before it can take data. SYN says "my bytes begin
--   here"; an ACK says "I have heard everything before this number". Two directions need two SYNs
--   and two ACKs; the server's SYN and its ACK of the client's share a segment, which makes three.
--   Numbers in the ladder count from each side's ISN.
-- Try: --delay 100ms
--   Predict first: when is each side ESTABLISHED? (Multiply the one-way delay.)
-- Try: --port 81
--   Predict first: nobody listens there. How many segments cross, and what are their flags?
-- Try: --without syn-counts
--   Predict first: SYN-ACK then acknowledges nothing new. What can the client make of it?
-- Broken by: --without syn-counts
-- Broken by: --port 81
local p = netsim.params {
  delay = { "10ms", "one-way delay of the link" },
  port  = { 80, "the port the client connects to", min = 1, max = 65535 },
}
local knowledge = {                      -- what a TCP in this state can be sure of
  ["none"]     = "nothing",
  ["LISTEN"]   = "nothing",
  ["SYN-SENT"] = "its own ISN",
  ["SYN-RECV"] = "both ISNs; the way here works",
  ["ESTAB"]    = "both ISNs; both ways work",
}

netsim.run(function(net)
  local server, client = net:host("server"), net:host("client")
  net:link(client, server, { rate = "100mbit", delay = p.delay })
  net:watch_ladder()
  server:spawn(function(host)
    local listener = assert(host:tcp())
    assert(listener:bind("*", 80))
    assert(listener:listen(16))
    local c <close> = assert(listener:accept())
    host:sleep("10s")
  end)
  client:spawn(function(host)
    local s <close> = assert(host:tcp())
    s:settimeout("1s")
    s:connect("server", p.port)
    host:sleep("10s")
  end)

  -- Half a delay after each segment left: what has it changed?
  local function state(host)             -- ss's word for the connection, or for the listener
    local text = host:ss("-tanH")
    for _, word in ipairs { "ESTAB", "SYN-RECV", "SYN-SENT", "LISTEN" } do
      if text:find(word, 1, true) then return word end
    end
    return "none"
  end
  local rows = { { "time", "client", "server", "client knows", "server knows" } }
  local states = {}
  for flight = 0, 3 do
    net:run_until(netsim.seconds(p.delay) * (flight + 0.5))
    local c, s = state(client), state(server)
    rows[#rows + 1] = { ("%.0f ms"):format(net:now() * 1000), c, s, knowledge[c], knowledge[s] }
    states[#states + 1] = c .. " " .. s
  end
  print(net:ladder(client, server))
  netsim.table(rows)

  netsim.quiz("SYN-ACK has just reached the client. In which state is the server?",
              { "LISTEN", "SYN-RECV", "ESTAB", "none" }, states[3]:match(" (.+)"))
  netsim.quiz("Who is ESTABLISHED first?", { "the client", "the server", "both at once", "nobody" },
              states[3] == "ESTAB SYN-RECV" and "the client" or "nobody")
  netsim.checks({ states = states, segments = client:counter("TcpOutSegs") }, function(r)
    netsim.expect_equal(r.states[1], "SYN-SENT LISTEN", "client and server, SYN on its way")
    netsim.expect_equal(r.states[2], "SYN-SENT SYN-RECV", "SYN-ACK on its way")
    netsim.expect_equal(r.states[3], "ESTAB SYN-RECV", "ACK on its way")
    netsim.expect_equal(r.states[4], "ESTAB ESTAB", "when all three have arrived")
    netsim.expect_equal(r.segments, 2, "segments of the client: SYN and ACK")
  end)
end)
