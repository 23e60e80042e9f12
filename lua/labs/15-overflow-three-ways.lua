-- Lab 15: One picture, three causes
-- Chapter: Queues
-- Question: A client sends data again and again right after the handshake. Was it the accept queue?
-- Watch: the first five rows, alike in all three columns, and the last three, which are not.
-- Background:
--   The handshake's last ACK, and the data after it, do not get through. So the client sends data
--   right after its ACK, and again; the server repeats its SYN-ACK, the client its ACK; and when
--   the trouble outlives the request (63 s), the next data is answered by a RST. At the client it
--   looks the same whether a filter drops its segments, one fibre of its line is broken, or the
--   server's accept queue is full. The server knows: ListenOverflows counts the third case only.
--   Only there, too, tcp_abort_on_overflow can answer the first ACK by a RST.
-- Try: --back 2s
--   Predict first: the trouble ends in time. When does each client have its answer?
-- Try: --set server.net.ipv4.tcp_abort_on_overflow=1
--   Predict first: which of the three columns changes?
-- Broken by: --without accept-queue-limit
-- Broken by: --without synack-retransmission
-- Broken by: --back 2s
local p = netsim.params { back = { "70s", "how long the trouble lasts" } }

local function scenario(net, cause)
  local server = net:host("server", { sysctl = {
    ["net.core.somaxconn"] = cause == "queue" and 2 or 4096, ["net.ipv4.tcp_syncookies"] = 0 } })
  local client, others, r = net:host("client"), net:host("others"), net:router("r")
  for _, h in ipairs { server, others } do net:link(h, r, { delay = "10ms" }) end
  local cable = net:link(client, r, { rate = "100mbit", delay = "50ms" })
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(100); host:sleep(p.back)
    while true do local c = l:accept()
      host:spawn(function() if c:receive("*l") then c:send("hello\n") end end)
    end
  end)
  others:load("server:80", { rate = "100/s", spacing = "fixed", max = 3, hold = "1h" })
  local rule = cause == "filter" and cable:drop { from = client, flags = ".", with = "all of",
                                                  count = "all" }
  if cause == "link" then net:at("0.1s", function() cable:down(client) end) end
  net:at(0.1 + netsim.seconds(p.back), function() if rule then rule:remove() end cable:up() end)
  local n = { data = 0, syn_acks = 0, acks = 0, rst = "none", answered = "never", ack = 0 }
  client:sniff("tcp", function(s)
    local mine = s.source == client.address
    if mine and s.length > 0 then n.data, n.first = n.data + 1, n.first or s.time - n.ack end
    if s.flags == "S." then n.syn_acks = n.syn_acks + 1 end
    if mine and s.flags == "." then n.acks, n.ack = n.acks + 1, s.time end
    if s.flags:find("R") and not mine then n.rst = s.time end
  end)
  net:watch_ladder()
  client:spawn(function(host)
    host:sleep("1ms"); local s = host:tcp(); assert(s:connect("server", 80)); s:send("hello\n")
    if s:receive("*l") then n.answered = host:now() end
  end)
  net:run("3min")
  print(cause .. ":\n" .. net:ladder(client, server, { rows_max = 9 }))
  n.filtered, n.down = rule and rule.hits or 0, cable:stats(client).drops["link down"] or 0
  n.overflows = server:counter("TcpExtListenOverflows")
  return n
end

local cases = netsim.compare {
  title = "trouble for " .. p.back,
  show = { { "first", "data so soon after the ACK, s" }, { "data", "data sent, times" },
           { "syn_acks", "SYN-ACKs received" }, { "acks", "ACKs sent" }, { "rst", "a RST, at s" },
           { "answered", "answered, at s" }, { "overflows", "ListenOverflows" },
           { "filtered", "lost by the rule" }, { "down", "lost by the line" } },
  { "filter", scenario, "filter" }, { "line", scenario, "link" }, { "queue", scenario, "queue" } }
local by = {}
for _, case in ipairs(cases) do by[case.name] = case.results end
netsim.quiz("Which case does ListenOverflows count?", { "filter", "line", "queue", "all" },
            by.filter.overflows + by.line.overflows > 0 and "all" or "queue")
netsim.checks(by, function(r)
  for name, one in pairs(r) do
    netsim.expect(one.first < 0.001 and one.data >= 2, name .. ": data after the ACK, and again")
    netsim.expect_between(one.syn_acks, 2, 6, name .. ": SYN-ACKs that arrive")
    netsim.expect(one.acks >= one.syn_acks, name .. ": each is answered by an ACK")
    netsim.expect(tonumber(one.rst) and one.rst > 63, name .. ": a RST when the request is gone")
  end
  netsim.expect(r.filter.filtered > 3 and r.line.down > 3, "the first two lose it on the way")
  netsim.expect_equal(r.filter.overflows + r.line.overflows, 0, "ListenOverflows of the first two")
  netsim.expect(r.queue.overflows > 0, "the full queue is counted")
end)
