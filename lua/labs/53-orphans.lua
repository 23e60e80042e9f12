-- Lab 53: Orphans
-- Chapter: CLOSE_WAIT and half-open
-- Question: close() has returned, the data is not acknowledged, the peer is silent. Who waits now?
-- Watch: no process holds the sockets that ss shows; how many seconds, and segments, they cost.
-- Background:
--   close() does not wait for the data: the kernel goes on alone and keeps the socket with all that
--   is unacknowledged, as an orphan in FIN-WAIT-1 (or LAST-ACK). It retransmits, but with less
--   patience than tcp_retries2: n = net.ipv4.tcp_orphan_retries (0 means 8) allow T(n) =
--   (2^(n+1) - 1) x 0.2 s after the first retransmission, and what is left of the last wait then.
--   A host keeps net.ipv4.tcp_max_orphans; what would be one more is reset as it is closed: what it
--   had to send is lost. (Linux counts them every 100 ms, a burst may exceed it for a moment.)
--   An orphan in FIN-WAIT-2 is only a record (lab 50) and does not count.
-- Try: --back 30s
--   Predict first: the link is back after 30 s. How many clients get all of their answer, of six?
-- Try: --linger true
--   Predict first: SO_LINGER with 0 s has close() send a RST. How many orphans are there?
-- Try: --set server.net.ipv4.tcp_orphan_retries=6
--   Predict first: how long is T(6)? When is the last orphan of each case gone?
-- Broken by: --linger true
-- Broken by: --set server.net.ipv4.tcp_orphan_retries=3
-- Broken by: --set server.net.ipv4.tcp_max_orphans=5
local p = netsim.params {
  back   = { "0s",  "when the link is back; 0s: never" },
  linger = { false, "the server sets SO_LINGER to 0 s before it closes" },
}

local function scenario(net, retries, most)
  local client, server = net:host("client"), net:host("server", { sysctl = {
    ["net.ipv4.tcp_orphan_retries"] = retries, ["net.ipv4.tcp_max_orphans"] = most } })
  local link = net:link(client, server, { rate = "100mbit", delay = "10ms" })
  local whole, most_seen, gone = 0, 0, 0
  server:spawn(function(host)
    local l, open = assert(host:tcp()), {}
    l:bind("*", 80); l:listen(8)
    for i = 1, 6 do open[i] = l:accept() end
    link:set { loss = "100%" }                       -- from here on the peer is silent
    if netsim.seconds(p.back) > 0 then net:at(p.back, function() link:set { loss = "0%" } end) end
    for _, c in ipairs(open) do
      host:sleep("250ms")
      c:send(("x"):rep(5000))
      if p.linger then c:setoption("linger", { on = true, timeout = 0 }) end
      c:close()
    end
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    local open = {}
    for i = 1, 6 do open[i] = assert(host:tcp()); open[i]:connect("server", 80) end
    for _, s in ipairs(open) do if s:receive("*a") then whole = whole + 1 end end
  end)
  net:every("100ms", function()
    local orphans = tonumber(server:sh("cat /proc/net/sockstat"):match("orphan (%d+)"))
    most_seen = math.max(most_seen, orphans)
    if orphans > 0 then gone = net:now() end
  end)
  net:run("5s")
  local view = server:ss("-tanop") .. "\n" .. server:sh("cat /proc/net/sockstat")
  if most > 4 and retries == 0 then print(view) end
  net:run("4min")
  return { orphans = most_seen, gone = gone, whole = whole,
           timeout = server:counter("TcpExtTCPAbortOnTimeout"),
           memory = server:counter("TcpExtTCPAbortOnMemory") }
end

local cases = netsim.compare {
  title = "six answers to a silent peer",
  show = { { "orphans", "orphans, at most" }, { "gone", "the last is gone after, s" },
           { "timeout", "TCPAbortOnTimeout" }, { "memory", "TCPAbortOnMemory" },
           { "whole", "answers that arrive" } },
  { "default", scenario, 0, 100 }, { "orphan_retries 1", scenario, 1, 100 },
  { "max_orphans 4", scenario, 0, 4 } }
local default, few, limited = cases[1].results, cases[2].results, cases[3].results
netsim.quiz("How many seconds after close() is the last orphan there?", default.gone - 1.6, 15)
netsim.quiz("tcp_max_orphans is 4. How many of six answers are lost at once?", limited.memory)
netsim.checks({ default = default, few = few, limited = limited }, function(r)
  netsim.expect_equal(r.default.orphans, 6, "orphans after six close()")
  netsim.expect_equal(r.default.timeout, 6, "orphans that ended by TCPAbortOnTimeout")
  netsim.expect_between(r.default.gone, 102.2, 120, "seconds until the last is gone")
  netsim.expect(r.few.gone < 5, "with tcp_orphan_retries 1 they are gone in two seconds")
  netsim.expect_equal(r.limited.orphans, 4, "orphans with tcp_max_orphans 4")
  netsim.expect_equal(r.limited.memory, 2, "connections reset by close(): TCPAbortOnMemory")
end)
