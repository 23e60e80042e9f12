-- Lab 57: Fast Open meets middleboxes
-- Chapter: On the way
-- Question: A SYN with data saves a round trip. What if something on the way does not like it?
-- Watch: the second visit in the ladder; the table: which box costs a round trip, a second, all.
-- Background:
--   TCP Fast Open (RFC 7413): on its first visit a client asks for a cookie in an option of its
--   SYN; later SYNs carry the cookie and the request. Boxes that know neither strip the option,
--   drop SYNs that have data, or the option, or block the connection from there on. A SYN that is
--   sent again has neither, and the server ignores data whose cookie is gone, so most is repaired,
--   at a price: a SYN's first timeout is one second. Only when three SYNs of a connection got no
--   answer does Linux suspect a black hole, and goes without Fast Open for
--   tcp_fastopen_blackhole_timeout_sec, then longer; the default is 0: it never does.
-- Try: --box no
--   Predict first: how many round trips has a visit then, the first and the second?
-- Try: --box option
--   Predict first: does the client ever get a cookie?
-- Try: --box flow --delay 50ms
--   Predict first: which of the table's numbers are made of round trips, which hold a timer?
-- Broken by: --set client.net.ipv4.tcp_fastopen=0
-- Broken by: --set client.net.ipv4.tcp_fastopen_blackhole_timeout_sec=0
-- Broken by: --without syn-retransmission
local p = netsim.params {
  box   = { "data",  "whose second visit the ladder shows: no, strips, data, option or flow" },
  delay = { "10ms",  "one-way delay to the box, and from there to the server" },
}

local boxes = { strips = { strip = "fastopen" }, data = { drop_fastopen_data = true },
                option = { drop_options = "fastopen" } }

local function scenario(net, kind, pause)
  local wait = "net.ipv4.tcp_fastopen_blackhole_timeout_sec"
  local client = net:host("client", { sysctl = { [wait] = pause } })
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_fastopen"] = 0x403 } })
  local box = net:router("box")
  for _, h in ipairs { client, server } do net:link(h, box, { rate = "1gbit", delay = p.delay }) end
  if boxes[kind] then box:middlebox(boxes[kind]) end
  if kind == "flow" then                      -- from the SYN on, no answer of the server passes
    local wall = box:firewall { policy = "accept" }
    box:sniff("syn and data", function(syn)
      wall:append { drop = true, proto = "tcp", dport = syn.source_port, comment = "blocked" }
    end)
  end
  server:serve { port = 80, request = 6, response = 1000 }
  net:watch_ladder()
  local visits = {}
  client:spawn(function(host)
    for i = 1, 4 do
      local s <close>, begun = assert(host:tcp()), host:now()
      s:bind("*", 40000 + i); s:settimeout("4s")
      s:fastopen("server:80", "GET /\n")
      local ms = s:receive(1000) and math.floor((host:now() - begun) * 1000 + 0.5)
      visits["visit" .. i] = ms or "failed"
    end
  end)
  net:run("30s")
  if kind == p.box and pause > 0 then
    print(net:ladder(client, server, { port = 40002, options = true, rows_max = 20 }))
  end
  return visits
end

local cases = netsim.compare {
  title = "ms until the page is there",
  show = { { "visit1", "visit 1" }, { "visit2", "2" }, { "visit3", "3" }, { "visit4", "4" } },
  { "no box", scenario, "no", 3600 }, { "strips", scenario, "strips", 3600 },
  { "data", scenario, "data", 3600 }, { "option", scenario, "option", 3600 },
  { "flow", scenario, "flow", 3600 }, { "flow, 0", scenario, "flow", 0 } }
local r = { rtt = 4000 * netsim.seconds(p.delay) }
for _, case in ipairs(cases) do r[case.name] = case.results end
netsim.quiz("A box drops SYNs with data: ms of visit 4?", tonumber(r.data.visit4) or -1, 20)
netsim.quiz("A box blocks the flow, and the client has an hour for black holes: ms of visit 3?",
            tonumber(r.flow.visit3) or -1, 5)
netsim.checks(r, function(r)
  local function is(case, visit, expected, what)
    netsim.expect_near(tonumber(r[case]["visit" .. visit]) or -1, expected, 5, case .. ": " .. what)
  end
  is("no box", 2, r.rtt, "ms of visit 2: a round trip")
  is("strips", 2, 2 * r.rtt, "ms of visit 2: as without Fast Open")
  is("data", 4, 1000 + 2 * r.rtt, "ms of visit 4: it still waits for a timeout")
  is("option", 1, 1000 + 2 * r.rtt, "ms of visit 1: a timeout")
  netsim.expect_equal(r.flow.visit2, "failed", "the second visit where the flow is blocked")
  is("flow", 3, 2 * r.rtt, "ms of visit 3: the black hole was noticed")
  netsim.expect_equal(r["flow, 0"].visit3, "failed", "the third visit, where nobody looks for it")
end)
