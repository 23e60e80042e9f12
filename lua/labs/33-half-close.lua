-- Lab 33: Half a close
-- Chapter: Closing
-- Question: How does a client say "that was all of my request" and still get its answer?
-- Watch: the data that arrive after the FIN; the client's state while they come.
-- Background:
--   shutdown(SHUT_WR) sends a FIN and keeps the other direction: `ssh host sort < file` works this
--   way, sort cannot begin before it has seen the end of its input. close() sends the same FIN:
--   nothing in the segment tells the two apart. The difference shows when data come: after close()
--   nobody can read them, and the kernel says so with a RST. FIN-WAIT-2 after shutdown() has no
--   timer: tcp_fin_timeout (60 s) counts for sockets that no process holds any more.
-- Try: --how close
--   Predict first: does the server's send() succeed? What becomes of its 1000 bytes?
-- Try: --think 90s
--   Predict first: longer than tcp_fin_timeout. Does the answer still arrive?
-- Try: --how close --think 90s
--   Predict first: the client's FIN-WAIT-2 is over by then (tcp_fin_timeout). Who answers the data?
-- Broken by: --without half-close
-- Broken by: --how close
local p = netsim.params {
  how   = { "shutdown", "how the client ends its request: shutdown or close" },
  think = { "2s", "what the server takes to answer" },
}

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()

  local request, sent, answer = "", nil, ""
  server:spawn(function(host)
    local l <close> = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    local c = l:accept()
    request = c:receive("*a") or ""            -- all lines, to the end
    host:sleep(p.think)
    sent = c:send(("x"):rep(1000))
    host:sleep("500ms")
    c:close()
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:connect("server", 80)
    s:send("pear\napple\n")
    if p.how == "shutdown" then
      s:shutdown("send")
      answer = s:receive("*a") or ""
    end
    s:close()
  end)
  net:run("1s")
  local meanwhile = client:ss("-tano")
  net:run("5min")

  print(net:ladder(client, server))
  print("The client at 1 s:\n")
  print(meanwhile)
  print(("The server read %d bytes, its send() took %s, the client read %d.\n")
        :format(#request, sent, #answer))

  netsim.quiz("How many bytes of the answer does the client read?", { 0, 1000 }, #answer)
  netsim.quiz("How many segments with RST were sent?", { 0, 1, 2 },
              client:counter("TcpOutRsts") + server:counter("TcpOutRsts"))
  netsim.checks({ request = request, waits = meanwhile:match("FIN%-WAIT%-2") or "not",
                  answer = #answer, rsts = client:counter("TcpOutRsts") }, function(r)
    netsim.expect_equal(r.request, "pear\napple\n", "what the server read up to the FIN")
    netsim.expect_equal(r.waits, "FIN-WAIT-2", "where the client waits")
    netsim.expect_equal(r.answer, 1000, "bytes of the answer, sent after the client's FIN")
    netsim.expect_equal(r.rsts, 0, "RSTs of the client")
  end)
end)
