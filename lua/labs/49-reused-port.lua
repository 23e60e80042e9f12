-- Lab 49: The same port again
-- Chapter: CLOSE_WAIT and half-open
-- Question: A client loses power, starts again and takes its old port. Does the server let it in?
-- Watch: from 3 s on: whose numbers the server's answer has, and what ends the old connection.
-- Background:
--   The server has noticed nothing. To it the connection is ESTABLISHED, and in its midst comes a
--   SYN. Linux answers any such SYN by a challenge ACK with the numbers of the old connection (RFC
--   5961, lab 68). The client, in SYN-SENT, cannot use it, and says so by a RST with just the
--   number that the ACK asked for: the old connection is over. Its next SYN is an ordinary one;
--   Linux sends it 8 ms after the ACK, not after a second. RFC 793 wanted a SYN inside the window
--   to reset the connection, and so its sender; outside the window it was answered by an ACK, too.
--   A NAT that forgets a mapping and gives the port to somebody else does the same to a server.
-- Try: --offset 100000
--   Predict first: the SYN's number is outside the window, as it mostly is. Which case changes?
-- Try: --off 3h
--   Predict first: the server's socket has SO_KEEPALIVE (2 h). What does the SYN meet after 3 h?
-- Broken by: --without challenge-ack
-- Broken by: --off 3h
local p = netsim.params {
  offset = { 1000, "the SYN's number, from what the server expects next" },
  off    = { "2s", "how long the client is off" },
}

local function scenario(net, which)
  local client = net:host("client", { isn = 1000, sysctl = { ["net.ipv4.tcp_timestamps"] = 0 } })
  local server = net:host("server", { isn = 4000, without = which == "RFC 793" and
                                      { "challenge-ack" } or nil })
  local link = net:link(client, server, { rate = "100mbit", delay = "10ms" })
  if which == "RSTs dropped" then
    link:drop { flags = "R", with = "any of", count = "all", comment = "firewall: RST" }
  end
  local result = { connect = "none", took = -1, old = "none" }
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local old = l:accept()
    old:setoption("keepalive", true)
    old:receive("*l")
    result.old = select(4, old:receive("*l")) or "none"   -- what becomes of the old connection
    host:sleep("1h")
  end)
  local function connect(host)
    local s, begun = assert(host:tcp()), host:now()
    s:bind("*", 40000)
    local ok, why, errno = s:connect("server", 80)
    result.connect, result.took = ok and "connected" or errno or why, host:now() - begun
    if ok then s:send("hello\n"); s:receive("*l") end
  end
  client:spawn(connect)
  client:on_boot(function(host)
    host:isn(1007 + p.offset)                  -- after SYN 1000 and "hello\n" 1007 is expected
    host:spawn(connect)
  end)
  net:at("1s", function() client:power_off() end)
  net:at(1 + netsim.seconds(p.off), function() client:boot() end)
  if which == "Linux" then net:watch_ladder() end
  net:run(netsim.seconds(p.off) + 180)
  if which == "Linux" then print(net:ladder(client, server, { absolute = true })) end
  return result
end

local cases = netsim.compare {
  title = "the second connect()",
  show = { { "connect", "says" }, { "took", "after, s" }, { "old", "the old one's read()" } },
  { "Linux",        scenario, "Linux" },
  { "RFC 793",      scenario, "RFC 793" },
  { "RSTs dropped", scenario, "RSTs dropped" },
}
local linux, old, filtered = cases[1].results, cases[2].results, cases[3].results
netsim.quiz("How many milliseconds does the second connect() take on Linux?", linux.took * 1000, 5)
netsim.quiz("What does it say if the firewall drops RSTs?",
            { "connected", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT" }, filtered.connect)
netsim.checks({ linux = linux, old = old, filtered = filtered, inside = p.offset < 60000,
              }, function(r)
  netsim.expect_equal(r.linux.connect, "connected", "what the second connect() says")
  netsim.expect_near(r.linux.took, 0.048, 0.002, "seconds: two round trips and 8 ms")
  netsim.expect_equal(r.linux.old, "ECONNRESET", "what the server's read of the old one says")
  netsim.expect_equal(r.old.connect, r.inside and "ECONNREFUSED" or "connected", "RFC 793")
  netsim.expect_equal(r.filtered.connect, "ETIMEDOUT", "if RSTs are dropped")
end)
