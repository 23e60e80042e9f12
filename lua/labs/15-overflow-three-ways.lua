-- Lab 15: One picture, three causes
-- Chapter: Queues
-- Question: A client sends data again and again right after the handshake. Was it the accept queue?
-- Watch: three ladders that begin alike, and the counters that tell them apart.
-- Background:
--   The handshake's last ACK, and the data after it, do not get through. The server repeats its
--   SYN-ACK, the client its data. In a capture at the client that looks the same whether a filter
--   drops its segments, the link is down for a moment, or the server's accept queue is full. The
--   server knows: ListenOverflows counts the third case only; in the other two its interface has
--   seen nothing.
-- Try: --back 10s
--   Predict first: the trouble lasts ten seconds. How long until the client has its answer?
-- Try: --set server.net.ipv4.tcp_abort_on_overflow=1
--   Predict first: which of the three pictures changes?
-- Broken by: --without accept-queue-limit
local p = netsim.params {
  back = { "2s", "how long the trouble lasts" },
}

local function scenario(net, cause)
  local server = net:host("server", { sysctl = {
    ["net.core.somaxconn"] = cause == "queue" and 2 or 4096, ["net.ipv4.tcp_syncookies"] = 0 } })
  local client, others = net:host("client"), net:host("others")
  local r = net:router("r")
  for _, h in ipairs { server, others } do net:link(h, r, { delay = "10ms" }) end
  local fine = { rate = "100mbit", delay = "50ms" }
  local link = net:link(client, r, fine)
  server:spawn(function(host)
    local l = assert(host:tcp())
    l:bind("*", 80); l:listen(100)
    host:sleep(p.back)
    while true do
      local c = l:accept()
      host:spawn(function() if c:receive("*l") then c:send("hello\n") end end)
    end
  end)
  others:load("server:80", { rate = "100/s", spacing = "fixed", max = 3, hold = "1h" })
  local lossy = { rate = "100mbit", delay = "50ms", loss = "100%" }
  if cause == "filter" then net:at("0.1s", function() link:set(lossy, client) end)
  elseif cause == "link" then net:at("0.115s", function() link:set(lossy) end) end
  if cause ~= "queue" then net:at(0.1 + netsim.seconds(p.back), function() link:set(fine) end) end
  net:watch_ladder()
  local answered
  client:spawn(function(host)
    host:sleep("1ms")
    local s = host:tcp(); assert(s:connect("server", 80))
    s:send("hello\n")
    if s:receive("*l") then answered = host:now() end
  end)
  net:run("1min")
  return { answered = answered, again = client:counter("TcpRetransSegs"),
           overflows = server:counter("TcpExtListenOverflows"),
           ladder = net:ladder(client, server) }
end

local cases = netsim.compare {
  title = "trouble for " .. p.back,
  show = { { "answered", "client has its answer (s)" }, { "again", "its data sent again" },
           { "overflows", "ListenOverflows" } },
  { "filter drops its ACKs", scenario, "filter" },
  { "link is down",          scenario, "link" },
  { "accept queue is full",  scenario, "queue" },
}
local filter, link, queue = cases[1].results, cases[2].results, cases[3].results
for _, case in ipairs(cases) do print(case.name .. ":\n" .. case.results.ladder) end
netsim.quiz("In how many of the three cases does the server count ListenOverflows?",
            (filter.overflows > 0 and 1 or 0) + (link.overflows > 0 and 1 or 0)
            + (queue.overflows > 0 and 1 or 0), 0)
netsim.checks({ filter = filter, link = link, queue = queue, back = netsim.seconds(p.back) },
              function(r)
  for _, name in ipairs { "filter", "link", "queue" } do
    netsim.expect(r[name].again >= 1, name .. ": the client sends its data again")
    netsim.expect((r[name].answered or 0) > r.back, name .. ": answered when it is over")
  end
  netsim.expect_equal(r.filter.overflows + r.link.overflows, 0, "ListenOverflows of the first two")
  netsim.expect(r.queue.overflows > 0, "the full queue is counted")
end)
