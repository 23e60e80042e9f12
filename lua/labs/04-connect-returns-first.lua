-- Lab 4: connect() returns before the server knows
-- Chapter: Opening
-- Question: connect() has just returned 0. Does the server know of the connection?
-- Watch: when connect() returns in the left margin, and accept() in the right one.
-- Background:
--   connect() returns when SYN-ACK has come: the client knows then that both directions work.
--   The server cannot know yet: the ACK that tells it is just leaving. For half a round trip the
--   client is ESTABLISHED and the server SYN-RECEIVED; if that ACK is lost, for longer (lab 7).
--   The server's program is later still: accept() takes the connection from a queue when the
--   program calls it. So "connect() succeeded" says that a kernel answered, not that a program did.
-- Try: --delay 100ms
--   Predict first: by how much is the server later now?
-- Try: --nap 1s
--   Predict first: the program sleeps before it calls accept(). When does connect() return?
-- Try: --without accept-after-ack
--   Predict first: who is first if accept() returns at the SYN? What would that do to a flood?
-- Broken by: --without accept-after-ack
-- Broken by: --delay 0ms
local p = netsim.params {
  delay = { "10ms", "one-way delay of the link" },
  nap   = { "0ms", "how long the server's program sleeps before it calls accept()" },
}

netsim.run(function(net)
  local server, client = net:host("server"), net:host("client")
  net:link(client, server, { rate = "1gbit", delay = p.delay })
  net:watch_ladder()
  local connected, accepted, in_between = -1, -1, "none"
  server:spawn(function(host)
    local listener <close> = assert(host:tcp())
    assert(listener:bind("*", 80))
    assert(listener:listen(16))
    host:sleep(p.nap)
    local c <close> = assert(listener:accept())
    accepted = host:now()
    host:sleep("3s")
  end)
  client:spawn(function(host)
    local s <close> = assert(host:tcp())
    assert(s:connect("server", 80))
    connected = host:now()
    in_between = server:ss("-tanH"):match("SYN%-RECV") or "ESTAB"
    host:sleep("3s")
  end)
  net:run("2s")

  print(net:ladder(client, server))
  print(("connect() returned at %5.1f ms; the server's state then: %s")
        :format(connected * 1000, in_between))
  print(("accept()  returned at %5.1f ms"):format(accepted * 1000))

  netsim.quiz("connect() returns. In which state is the server at that moment?",
              { "LISTEN", "SYN-RECV", "ESTAB" }, in_between)
  netsim.quiz("How many milliseconds after connect() does accept() return?",
              (accepted - connected) * 1000, 1)
  netsim.checks({ connected = connected, accepted = accepted, state = in_between }, function(r)
    netsim.expect_equal(r.state, "SYN-RECV", "the server's state when connect() returns")
    netsim.expect(r.connected < r.accepted, "connect() returns before accept(): %.4f s and %.4f s",
                  r.connected, r.accepted)
    netsim.expect_near(r.accepted / r.connected, 1.5, 0.05, "accept()'s time by connect()'s")
  end)
end)
