-- Lab 55: A firewall that sees one direction
-- Chapter: On the way
-- Question: Answers take another way than requests. How far does a handshake come past a firewall?
-- Watch: which segment is dropped first; what conntrack says; that the two ends do not agree.
-- Background:
--   A stateful firewall remembers connections and passes what belongs to one. Linux's conntrack
--   sees a SYN, then expects the SYN-ACK before the next ACK: an ACK in SYN_SENT is INVALID, and so
--   is a SYN-ACK whose SYN never came by; rules mostly drop both. Where two routers share the
--   traffic, or the ways there and back differ, a firewall sees half of each connection. Rules
--   without state do not mind that, but must name both directions: to port 80, and from port 80.
--   A client is connected as soon as it has the SYN-ACK, a server only when it has the ACK.
-- Try: --rules ports
--   Predict first: two rules without state, one for each direction. Which case fails now?
-- Try: --rules half
--   Predict first: only "to port 80" is allowed. Which of the three ways lets a handshake through?
-- Try: --speaks server
--   Predict first: the server is to speak first (as SSH, SMTP). When does each client give up?
-- Broken by: --rules ports
-- Broken by: --rules half
local p = netsim.params {
  rules  = { "stateful", "the firewall's: stateful, ports (no state), half (one direction)" },
  speaks = { "client",   "who says the first word: client or server" },
}

local to_web = { accept = true, proto = "tcp", dport = 80 }
local rules = ({ half = { policy = "drop", to_web },
  ports = { policy = "drop", to_web, { accept = true, proto = "tcp", sport = 80 } },
  stateful = { policy = "drop", { accept = true, state = "established" },
    { drop = true, state = "invalid", comment = "INVALID" },
    { accept = true, state = "new", proto = "tcp", dport = 80, flags = "S" } } })[p.rules]

local function scenario(net, there, back)
  local client, server = net:host("client"), net:host("server")
  local west, east, fw = net:router("west"), net:router("east"), net:router("fw")
  local bypass, hop = net:router("bypass"), { delay = "5ms" }
  net:link(client, west, hop); net:link(east, server, hop)
  for _, way in ipairs { fw, bypass } do net:link(west, way, hop); net:link(way, east, hop) end
  west:route(server.address, net:node(there)); east:route(client.address, net:node(back))
  fw:firewall(rules); net:watch_ladder()
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    if p.speaks == "client" then c:receive("*l") end
    c:send("welcome\n"); c:receive("*a")
  end)
  local ends = "still waits"
  client:spawn(function(host)
    host:sleep("1ms"); local s = assert(host:tcp())
    local _, _, failure = s:connect("server", 80)
    if p.speaks == "client" then s:send("hello\n") end
    local line, _, _, errno = s:receive("*l")
    ends = line or failure or errno; host:sleep("1h")
  end)
  local function state(host) return host:ss("-tan"):match("(%S+) +%d+ +%d+ +10%.%S+ +10%.") end
  net:run("2s")
  if there ~= back then
    local view = fw:sh("conntrack -L"):match("tcp.-%]") or "nothing"
    print(there .. " there, " .. back .. " back; conntrack -L says:\n" .. view)
    print(net:ladder(client, server, { rows_max = back == "fw" and 6 or 10, width = 100 }))
  end
  local result = { client = state(client), server = state(server) }
  net:run("1h")
  result.ends, result.invalid = ends, fw:conntrack().invalid
  return result
end

local cases = netsim.compare {
  title = "the firewall has",
  show = { { "client", "client after 2 s" }, { "server", "server after 2 s" },
           { "ends", "receive() within an hour" }, { "invalid", "INVALID" } },
  { "both ways", scenario, "fw", "fw" }, { "requests only", scenario, "fw", "bypass" },
  { "answers only", scenario, "bypass", "fw" } }
local both, requests, answers = cases[1].results, cases[2].results, cases[3].results
netsim.quiz("Requests only: the client after 2 s?", { "SYN-SENT", "ESTAB" }, requests.client)
netsim.quiz("And the server?", { "LISTEN", "SYN-RECV", "ESTAB" }, requests.server)
netsim.checks({ both = both, requests = requests, answers = answers }, function(r)
  netsim.expect_equal(r.both.ends, "welcome", "the answer if the firewall sees both directions")
  netsim.expect_equal(r.requests.client, "ESTAB", "the client if it sees requests only")
  netsim.expect_equal(r.requests.server, "SYN-RECV", "the server then")
  netsim.expect_equal(r.answers.client, "SYN-SENT", "the client if it sees answers only")
  netsim.expect(r.answers.invalid > 0, "a SYN-ACK without a SYN is INVALID")
end)
