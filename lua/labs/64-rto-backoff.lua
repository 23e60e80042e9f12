-- Lab 64: Back-off until ETIMEDOUT
-- Chapter: Moving data
-- Question: The cable is pulled while data is on its way. How often, and how long, does TCP try?
-- Watch: the gaps: after the probe each is twice the last, up to 120 s; the error at the end.
-- Background:
--   A segment that is not acknowledged within the RTO (here 200 ms and a round trip) is sent
--   again, and the RTO doubles each time (RFC 6298 §5.5), up to 120 s. Before that, of a lone
--   segment after just as long, comes a tail loss probe (lab 63), which doubles nothing. Linux
--   gives up at the first time-out after 924.6 s: as long as tcp_retries2, 15, retransmissions of
--   a first RTO of 200 ms would take. It is a bound on time, not a count. The error is ETIMEDOUT.
--   For all these minutes ss shows the connection as ESTABLISHED: nobody told the sender, and a
--   silent peer says nothing either.
-- Try: --set client.net.ipv4.tcp_retries2=8
--   Predict first: RFC 1122 asks for at least 100 s. How long are eight?
-- Try: --back 60s
--   Predict first: the link comes back after a minute. How long until the data arrives?
-- Broken by: --without rto-backoff
-- Broken by: --set client.net.ipv4.tcp_retries2=5
local p = netsim.params {
  back = { "0s", "the link comes back after this; 0s: never" },
}

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  local cable = { rate = "100mbit", delay = "10ms" }
  local link = net:link(client, server, cable)
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept(); c:receive("*a"); c:close()
  end)
  local error_name, waited
  local sent = {}
  client:sniff("src host client and data", function(packet) sent[#sent + 1] = packet.time end)
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    assert(s:connect("server", 80))
    link:set { rate = "100mbit", delay = "10ms", loss = "100%" }   -- from here on, nothing passes
    if netsim.seconds(p.back) > 0 then
      net:at(host:now() + netsim.seconds(p.back), function() link:set(cable) end)
    end
    local began = host:now()
    s:send("hello\n")
    local _, _, _, errno = s:receive("*l")
    error_name, waited = errno, host:now() - began
  end)
  net:run("5min")
  print("After five minutes ss still says:\n" .. client:sh("ss -tano state established"))
  net:run("30min")
  local probes = client:counter("TcpExtTCPLossProbes")
  local rows = { { "transmission", "at (s)", "after (s)" } }
  for i, at in ipairs(sent) do
    rows[#rows + 1] = { i == 1 and "first" or i <= 1 + probes and "probe"
                                            or "again, " .. i - 1 - probes,
                        string.format("%.3f", at - sent[1]),
                        i == 1 and "" or string.format("%.3f", at - sent[i - 1]) }
  end
  netsim.table(rows)
  print(string.format("%s after %.1f s.", error_name or "No error", waited or 0))
  netsim.quiz("After how many minutes does TCP give up?", (waited or 0) / 60, 1)
  netsim.checks({ error = error_name or "none", waited = waited or 0, sent = sent,
                  probes = probes }, function(r)
    local function gap(i) return (r.sent[i + 1] or 0) - (r.sent[i] or 0) end
    netsim.expect_equal(r.error, "ETIMEDOUT", "the error")
    netsim.expect_between(r.waited, 924.6, 924.6 + 130, "seconds until it gives up")
    netsim.expect_equal(r.probes, 1, "tail loss probes")
    netsim.expect_near(gap(2), gap(1), 0.01, "the RTO starts anew with the probe (s)")
    local odd = 0
    for i = 3, #r.sent - 1 do
      local due = math.min(2 * gap(i - 1), 120)
      if math.abs(gap(i) - due) > 0.02 * due then odd = odd + 1 end
    end
    netsim.expect_equal(odd, 0, "gaps that are neither twice the one before nor 120 s")
    netsim.expect_near(gap(#r.sent - 1), 120, 1, "the longest gap (s)")
  end)
end)
