-- Lab 30: Four segments to say goodbye
-- Chapter: Closing
-- Question: Why does it take four segments to close a connection that three could open?
-- Watch: the two state columns between the first FIN and the last ACK; what ss says meanwhile.
-- Background:
--   Each direction of a connection is closed by itself. A FIN says "I send no more", not "I am
--   gone"; it takes a sequence number, as a byte does, so that it can be acknowledged. The end that
--   closes first goes through FIN-WAIT-1 (my FIN is on its way), FIN-WAIT-2 (it is acknowledged;
--   yours is missing) and TIME-WAIT; the other one through CLOSE-WAIT (my application knows, and
--   has not closed yet) and LAST-ACK. Between the server's ACK and its FIN stands an application
--   that has not called close(): the kernel cannot do it.
-- Try: --pause 2s
--   Predict first: which two states last longer now, and which of the four segments move?
-- Try: --pause 0s
--   Predict first: how many segments are left if the server closes at once? (lab 31)
-- Broken by: --pause 0s
-- Broken by: --without fin-counts
local p = netsim.params { pause = { "500ms", "from the client's FIN to the server's close()" } }

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()

  server:spawn(function(host)
    local l <close> = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    local c = l:accept()
    c:receive("*a")                            -- returns at the end: the client's FIN
    host:sleep(p.pause)                        -- what an application does with what it was told
    c:close()
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:connect("server", 80)
    host:sleep("979ms")                        -- FIN at 1 s
    s:close()
  end)

  net:run_until("999ms")
  local before = { client:counter("TcpOutSegs"), server:counter("TcpOutSegs") }
  net:run_until("1200ms")
  local between = client:ss("-tan") .. server:ss("-tan")
  net:run_until("10s")
  local by_client = client:counter("TcpOutSegs") - before[1]
  local by_server = server:counter("TcpOutSegs") - before[2]
  local after = client:ss("-tan") .. server:ss("-tan")

  print(net:ladder(client, server))
  print("ss -tan on the client, then on the server, 0.2 s after the client's close():\n")
  print(between)
  print("At 10 s:\n")
  print(after)

  netsim.quiz("How many segments did the client send to close, its FIN included?", { 1, 2, 3, 4 },
              by_client)
  netsim.quiz("In which state is the server while its application has not called close()?",
              { "FIN-WAIT-2", "CLOSE-WAIT", "LAST-ACK", "TIME-WAIT" },
              between:match("CLOSE%-WAIT") or "none")
  netsim.checks({ client = by_client, server = by_server, between = between, after = after,
                }, function(r)
    netsim.expect_equal(r.client, 2, "the client's segments: FIN, ACK of the server's FIN")
    netsim.expect_equal(r.server, 2, "the server's segments: ACK of the FIN, its own FIN")
    netsim.expect(r.between:find("FIN%-WAIT%-2") ~= nil, "who closed first waits in FIN-WAIT-2")
    netsim.expect(r.between:find("CLOSE%-WAIT") ~= nil, "the other end is in CLOSE-WAIT")
    netsim.expect(r.after:find("TIME%-WAIT") ~= nil, "who closed first is left, in TIME-WAIT")
  end)
end)
