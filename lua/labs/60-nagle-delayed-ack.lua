-- Lab 60: Nagle meets delayed ACK
-- Chapter: Moving data
-- Question: Why does a request in two small writes take 40 ms more than in one?
-- Watch: the silence of 40 ms in the ladder, after the first piece; the requests per second.
-- Background:
--   Nagle's algorithm (RFC 896) sends a small segment only when nothing is unacknowledged: the
--   second small write waits for the ACK of the first. A receiver delays an ACK (RFC 1122
--   §4.2.3.2), hoping to send it along with an answer; Linux waits at least 40 ms. The server
--   cannot answer before it has the whole request, the client does not send the rest before the
--   ACK: both wait for a timer. TCP_NODELAY turns Nagle off; one write of both pieces never meets
--   it.
-- Try: --pieces 1
--   Predict first: what becomes of the first case when the request is one write?
-- Try: --delay 30ms
--   Predict first: with a round trip of 60 ms, by how much does the delayed ACK slow a request now?
-- Broken by: --without nagle
-- Broken by: --without delayed-ack
local p = netsim.params {
  requests = { 20,     "requests, one after the other", min = 1, max = 1000 },
  pieces   = { 2,      "writes per request", min = 1, max = 11 },
  delay    = { "1ms",  "one-way delay" },
}

local function scenario(net, nodelay)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = p.delay })
  net:watch_ladder()
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    while c:receive("*l") do c:send("done\n") end
    c:close()
  end)
  local took
  client:spawn(function(host)
    local s = assert(host:tcp())
    host:sleep("1ms"); assert(s:connect("server", 80))
    s:setoption("tcp-nodelay", nodelay)
    local begin
    for i = 1, p.requests do
      if i == 2 then begin = host:now() end      -- the first one still finds quick ACKs
      for _ = 2, p.pieces do s:send("some words ") end
      s:send("end\n"); s:receive("*l")
    end
    took = (host:now() - begin) / (p.requests - 1)
    s:close()
  end)
  net:run("30s")
  return { ms = took * 1000, per_s = 1 / took, ladder = net:ladder(client, server) }
end

local cases = netsim.compare {
  title = "Requests in " .. p.pieces .. " writes",
  show = { { "ms", "ms a request" }, { "per_s", "requests/s" } },
  { "Nagle",       scenario, false },
  { "TCP_NODELAY", scenario, true },
}
local nagle, nodelay = cases[1].results, cases[2].results
local n = 0
for line in nagle.ladder:gmatch("[^\n]+") do   -- the handshake and the first requests are enough
  n = n + 1
  if n <= 24 then print(line) end
end

netsim.quiz("By how many milliseconds does Nagle slow each request?", nagle.ms - nodelay.ms, 3)
netsim.checks({ nagle = nagle.ms, nodelay = nodelay.ms, rtt = 2000 * netsim.seconds(p.delay) },
              function(r)
  netsim.expect_between(r.nodelay, r.rtt, r.rtt + 1, "TCP_NODELAY: a round trip (ms)")
  netsim.expect_between(r.nagle, r.rtt + 35, 2 * r.rtt + 45, "Nagle: a delayed ACK more (ms)")
end)
