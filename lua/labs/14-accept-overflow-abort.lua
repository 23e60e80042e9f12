-- Lab 14: tcp_abort_on_overflow
-- Chapter: Queues
-- Question: The accept queue is full. What changes when the server may say so?
-- Watch: the RST that answers the handshake's last ACK; what the client's calls return, and when.
-- Background:
--   With tcp_abort_on_overflow 1 Linux answers the ACK that finds no room with a RST. The client's
--   connect() has returned by then, so its next call fails with ECONNRESET, after one round trip
--   in place of minutes. It can turn to another server at once; but a queue that was full for a
--   millisecond only now costs connections that would have come through with 0. A SYN that finds
--   the queue full is dropped in silence in either case.
-- Try: --abort 0
--   Predict first: after how many seconds does the client learn of it?
-- Try: --room 100ms --abort 0
--   Predict first: the queue has room again after 100 ms. What does the client see with 0?
-- Broken by: --abort 0
-- Broken by: --without accept-queue-limit
local p = netsim.params {
  abort = { 1,    "net.ipv4.tcp_abort_on_overflow", min = 0, max = 1 },
  room  = { "0s", "the server's process begins to accept after this; 0s: never" },
}

netsim.run(function(net)
  local server = net:host("server", { sysctl = {
    ["net.core.somaxconn"] = 2, ["net.ipv4.tcp_syncookies"] = 0,
    ["net.ipv4.tcp_abort_on_overflow"] = p.abort } })
  local client, others = net:host("client"), net:host("others")
  local r = net:router("r")
  net:link(server, r, { rate = "100mbit", delay = "10ms" })
  net:link(others, r, { rate = "100mbit", delay = "10ms" })
  net:link(client, r, { rate = "100mbit", delay = "50ms" })  -- its ACK comes when the queue is full
  server:spawn(function(host)
    local l = assert(host:tcp())
    l:bind("*", 80); l:listen(100)
    host:sleep(netsim.seconds(p.room) > 0 and p.room or "1h")
    while true do
      local c = l:accept()
      host:spawn(function() if c:receive("*l") then c:send("hello\n") end end)
    end
  end)
  others:load("server:80", { rate = "100/s", spacing = "fixed", max = 3, hold = "1h" })
  net:watch_ladder()
  local result, after = "nothing yet", 0
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    assert(s:connect("server", 80))
    local connected = host:now()
    s:send("hello\n")
    local line, _, _, errno = s:receive("*l")
    result, after = line or errno, host:now() - connected
  end)
  net:run("3min")
  print(net:ladder(client, server))
  print(string.format("connect() succeeded; receive() returned %s after %.3f s.", result, after))
  netsim.quiz("What does the client's receive() return?", { "hello", "ECONNRESET", "nothing yet" },
              result)
  netsim.checks({ result = result, after = after,
                  overflows = server:counter("TcpExtListenOverflows"),
                  rsts = server:counter("TcpOutRsts") }, function(r)
    netsim.expect_equal(r.result, "ECONNRESET", "what receive() returns")
    netsim.expect_between(r.after, 0.1, 0.2, "after a round trip (s)")
    netsim.expect(r.overflows > 0 and r.rsts > 0, "the overflow is counted, and said")
  end)
end)
