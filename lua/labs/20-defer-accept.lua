-- Lab 20: TCP_DEFER_ACCEPT
-- Chapter: Queues
-- Question: A server speaks only when spoken to. Why wake it before the client has said anything?
-- Watch: when accept() returns; the SYN-ACK that is repeated though the client's ACK has arrived.
-- Background:
--   With TCP_DEFER_ACCEPT Linux drops the handshake's bare ACK: the request stays half-open until
--   data comes, and accept() returns a connection that can be read at once. The client, who knows
--   nothing of it, is ESTABLISHED. If it stays silent, the server repeats its SYN-ACK when the time
--   given is over (rounded up to a repetition: after 1, 3, 7, 15 s), and takes the next bare ACK.
--   The request costs a place in the SYN
--   queue meanwhile, not one in the accept queue, and no process.
-- Try: --silence 0s
--   Predict first: the client speaks at once. Is a SYN-ACK repeated?
-- Try: --seconds 10
--   Predict first: a longer time. After how long does accept() return for a silent client?
-- Broken by: --without defer-accept
local p = netsim.params {
  seconds = { 3,    "TCP_DEFER_ACCEPT" },
  silence = { "1s", "how long the client that speaks waits before" },
}

local function scenario(net, silence, defer)
  local server, client = net:host("server"), net:host("client")
  net:link(server, client, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()
  local accepted, syn_acks = nil, 0
  server:spawn(function(host)
    local l = assert(host:tcp())
    l:bind("*", 80); l:listen(8)
    if defer > 0 then l:setoption("TCP_DEFER_ACCEPT", defer) end
    local c = l:accept()
    accepted = host:now()
    c:receive("*l"); c:close()
  end)
  server:sniff("src host server and syn", function() syn_acks = syn_acks + 1 end)
  local connected
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:connect("server", 80)
    connected = host:now()
    host:sleep(silence)
    s:send("hello\n"); s:receive("*a"); s:close()
  end)
  net:run("40s")
  return { connected = connected, accepted = accepted, syn_acks = syn_acks,
           ladder = net:ladder(client, server) }
end

local cases = netsim.compare {
  title = "TCP_DEFER_ACCEPT " .. p.seconds .. " s",
  show = { { "connected", "connect() returns (s)" }, { "accepted", "accept() returns (s)" },
           { "syn_acks", "SYN-ACKs" } },
  { "off",              scenario, p.silence, 0 },
  { "client speaks",    scenario, p.silence, p.seconds },
  { "client is silent", scenario, "30s", p.seconds },
}
local off, speaks, silent = cases[1].results, cases[2].results, cases[3].results
print(speaks.ladder)
netsim.quiz("After how many seconds is the silent client accepted?", silent.accepted, 1)
netsim.checks({ off = off, speaks = speaks, silent = silent, silence = netsim.seconds(p.silence) },
              function(r)
  netsim.expect(r.off.accepted < 0.1, "without it accept() returns after a round trip")
  netsim.expect_near(r.speaks.accepted, r.speaks.connected + r.silence, 0.1,
                     "accept() returns when the client speaks (s)")
  netsim.expect_equal(r.speaks.syn_acks, 1, "SYN-ACKs for it")
  netsim.expect(r.silent.syn_acks > 1, "a silent one gets another SYN-ACK")
  netsim.expect_near(r.silent.accepted or 0, 3, 0.2, "accept() returns for a silent one (s)")
end)
