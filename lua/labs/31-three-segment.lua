-- Lab 31: Three segments to say goodbye
-- Chapter: Closing
-- Question: When do an ACK and a FIN share a segment, and how long may the server think?
-- Watch: the server's answer to the client's FIN; the states that nobody visits.
-- Background:
--   Most captures show a close of three segments, not of four. A host need not acknowledge at once:
--   Linux waits up to 40 ms for something to send along (a delayed ACK), also after a FIN. A server
--   that reads the end of the stream and closes sends its FIN within microseconds, and the ACK
--   rides on it. The client passes through FIN-WAIT-2 within one segment: a look at it each
--   millisecond never finds it there. Nothing was negotiated; it is only timing.
-- Try: --pause 30ms
--   Predict first: three segments or four?
-- Try: --pause 50ms
--   Predict first: and now? When does the ACK of the FIN leave the server?
-- Broken by: --without delayed-ack
-- Broken by: --pause 50ms
-- Broken by: --without fin-counts
local p = netsim.params { pause = { "0ms", "from the client's FIN to the server's close()" } }

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()

  server:spawn(function(host)
    local l <close> = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    local c = l:accept()
    c:send("you said " .. c:receive("*l") .. "\n")
    c:receive("*a")
    host:sleep(p.pause)
    c:close()
  end)
  local before
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:connect("server", 80)
    s:send("hello\n")
    s:receive("*l")
    host:sleep("500ms")
    before = { client:counter("TcpOutSegs"), server:counter("TcpOutSegs") }
    s:close()
  end)
  local seen = {}                        -- the client's states, by a look each millisecond
  net:every("1ms", function()
    local state = client:ss("-tanH"):match("^%S+")
    if state then seen[state] = (seen[state] or 0) + 1 end
    return net:now() < 1
  end)
  net:run("10s")

  local from_client = client:counter("TcpOutSegs") - before[1]
  local from_server = server:counter("TcpOutSegs") - before[2]
  print(net:ladder(client, server))
  print(("To close: %d segments of the client, %d of the server."):format(from_client, from_server))

  netsim.quiz("How many segments did it take to close, both hosts together?", { 2, 3, 4 },
              from_client + from_server)
  local looks = {}
  for _, state in ipairs { "ESTAB", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT" } do
    looks[#looks + 1] = ("%s %d"):format(state, seen[state] or 0)
  end
  print("A look at the client each millisecond found: " .. table.concat(looks, ", ") .. "\n")
  netsim.quiz("How many of the looks found the client in FIN-WAIT-2?", { 0, 20, 40 },
              seen["FIN-WAIT-2"] or 0)
  netsim.checks({ segments = from_client + from_server, fin_wait_2 = seen["FIN-WAIT-2"] or 0,
                  time_wait = seen["TIME-WAIT"] or 0 }, function(r)
    netsim.expect_equal(r.segments, 3, "segments to close")
    netsim.expect_equal(r.fin_wait_2, 0, "looks that found FIN-WAIT-2")
    netsim.expect(r.time_wait > 0, "the client waits in TIME-WAIT all the same")
  end)
end)
