-- Lab 48: A handshake that takes seconds
-- Chapter: CLOSE_WAIT and half-open
-- Question: connect() came back after one round trip. Why does the server count from seconds later?
-- Watch: in the ladder what was thrown away, and which segment opens the connection at last.
-- Background:
--   The accept queue is full when the handshake's last ACK comes, so the ACK is dropped and the
--   half-open request stays (lab 13). Nobody tells the client, whose connection is open. Room in
--   the queue is not enough: the server's kernel waits for a segment that carries the ACK again.
--   Any will do. If the client has sent data, they are repeated, 0.4 s later and then at growing
--   gaps; if it has closed, its FIN is. If it waits for the server to speak first (SMTP, MySQL),
--   it has nothing to repeat: the server's SYN-ACK, repeated after 1, 3, 7 ... s, must make it
--   answer. In a log such a connection looks like a slow network; ListenOverflows tells.
-- Try: --client listens
--   Predict first: a client with nothing to say. What opens the connection, and when?
-- Try: --client closes
--   Predict first: the client has closed before the server knows it. What does accept() return?
-- Broken by: --without accept-queue-limit
-- Broken by: --without synack-retransmission
-- Broken by: --set server.net.ipv4.tcp_abort_on_overflow=1
local p = netsim.params {
  client = { "talks", "the ladder's client", one_of = { "talks", "listens", "closes" } },
}

local function scenario(net, what, room)
  local server = net:host("server", { sysctl = {
    ["net.core.somaxconn"] = 2, ["net.ipv4.tcp_syncookies"] = 0 } })
  local client, others, r = net:host("client"), net:host("others"), net:router("r")
  for _, h in ipairs { server, others } do net:link(h, r, { rate = "100mbit", delay = "10ms" }) end
  net:link(client, r, { rate = "100mbit", delay = "50ms" })  -- its ACK comes when the queue is full
  local times = { connected = -1, accepted = -1 }
  server:spawn(function(host)
    local l = assert(host:tcp())
    l:bind("*", 80); l:listen(100)             -- somaxconn makes it 2
    host:sleep(room)
    while true do
      local c = l:accept()
      if c:getpeername() == client.address then times.accepted = host:now() end
    end
  end)
  others:load("server:80", { rate = "100/s", spacing = "fixed", max = 3, hold = "1h" })
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    times.connected = s:connect("server", 80) and host:now() or -1
    if what == "talks" then s:send("hello\n") end
    if what == "closes" then s:close() else host:sleep("1h") end
  end)
  net:watch_ladder()
  net:run("10s")
  if room == 1.5 and what == p.client then print(net:ladder(client, server)) end
  return times
end

local rows = { { "room from (s)", "connect() = 0", "accept() if it talks", "if it listens" } }
print("Room in the queue from 1.5 s on, and the client " .. p.client .. ":\n")
local results, s = {}, function(t) return ("%.2f"):format(t) end
for i, room in ipairs { 0.05, 0.3, 0.7, 1.5, 2.5, 3.5 } do
  local one = { room = room }; results[i] = one
  for _, what in ipairs { "closes", "listens", "talks" } do
    netsim.run({ name = what .. " " .. room }, function(net)
      one[what] = scenario(net, what, room)
    end)
  end
  rows[i + 1] = { room, s(one.talks.connected), s(one.talks.accepted), s(one.listens.accepted) }
end
netsim.table(rows)
netsim.quiz("Room from 1.5 s on, and the client talks: when does accept() return, in seconds?",
            results[4].talks.accepted, 0.2)
netsim.quiz("And if it listens?", results[4].listens.accepted, 0.2)
netsim.checks(results, function(r)
  for _, one in ipairs(r) do
    netsim.expect_near(one.talks.connected, 0.12, 0.01, "connect() returns after a round trip")
    local repeated = 0.18                      -- when an answer to the SYN-ACK comes
    for _, gap in ipairs { 1, 2, 4 } do
      repeated = repeated + (repeated < one.room and gap or 0)
    end
    netsim.expect_near(one.listens.accepted, repeated, 0.02, "listens: with the next SYN-ACK")
    netsim.expect_between(one.talks.accepted, one.room, repeated + 0.02, "talks: with its data")
    netsim.expect_between(one.closes.accepted, one.room, repeated + 0.02, "closes: with its FIN")
  end
end)
