-- Lab 38: The last ACK is lost
-- Chapter: TIME_WAIT
-- Question: Nobody acknowledges the last ACK. How can both ends know that the connection is over?
-- Watch: the FIN that comes again to a client without a process; when TIME-WAIT begins anew.
-- Background:
--   Whoever sends the last ACK cannot know that it arrived. If it did not, the peer, in LAST-ACK,
--   sends its FIN again, and somebody must be there to acknowledge it: this is the second purpose
--   of TIME-WAIT, and why the end that closed first, which sends the last ACK, is the one that
--   waits. A client without TIME-WAIT would answer the FIN with a RST: an error at the end of a
--   connection that went well. Each FIN that comes starts the 60 s again. No process is needed: the
--   record is 60 bytes in the kernel.
-- Try: --lost 3
--   Predict first: each wait doubles; TIME-WAIT answers once in 500 ms. When does it end?
-- Try: --lost 20
--   Predict first: who gives up first, the server in LAST-ACK or the client in TIME-WAIT?
-- Broken by: --without time-wait
-- Broken by: --lost 0
local p = netsim.params { lost = { 1, "so many of the client's last ACKs are lost" } }

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  local link = net:link(client, server, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()

  server:spawn(function(host)
    local l = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    local c = l:accept()
    l:close()
    c:receive("*a")
    host:sleep("200ms")
    c:close()
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    local s <close> = assert(host:tcp())
    s:connect("server", 80)
    host:sleep("100ms")
    if p.lost > 0 then
      link:drop { from = client, flags = ".", count = p.lost, comment = "last ACK lost" }
    end
  end)
  local first, last, last_ack_until      -- of TIME-WAIT at the client, LAST-ACK at the server
  net:every("5ms", function()
    if client:ss("-tanH"):find("TIME%-WAIT") then
      first, last = first or net:now(), net:now()
    end
    if server:ss("-tanH"):find("LAST%-ACK") then last_ack_until = net:now() end
    return net:now() < 190
  end)
  net:run("200s")

  print(net:ladder(client, server))
  local again = server:counter("TcpRetransSegs")
  print(("TIME-WAIT from %.2f s to %.2f s; LAST-ACK until %.2f s; FINs of the server: %d\n")
        :format(first or 0, last or 0, last_ack_until or 0, again + 1))
  netsim.quiz("How many seconds did TIME-WAIT last in all?", (last or 0) - (first or 0), 0.1)
  netsim.quiz("Who answered the FIN that came again?", 
              { "the process", "the kernel, by a RST", "the kernel, by an ACK" },
              "the kernel, by " .. (client:counter("TcpOutRsts") > 0 and "a RST" or "an ACK"))
  netsim.checks({ again = again, rsts = client:counter("TcpOutRsts"),
                  lasted = (last or 0) - (first or 0),
                  after_last_fin = (last or 0) - (last_ack_until or 0) + 0.01 }, function(r)
    netsim.expect(r.again >= 1, "the server's FIN is sent again")
    netsim.expect_equal(r.rsts, 0, "RSTs of the client")
    netsim.expect_near(r.after_last_fin, 60, 0.02, "seconds of TIME-WAIT after the last FIN")
    netsim.expect(r.lasted > 60.1, "TIME-WAIT began anew with the FIN that came again")
  end)
end)
