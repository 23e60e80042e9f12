-- Lab 35: Writing to a peer that has closed
-- Chapter: Closing
-- Question: The server has closed. Why does the first send() succeed, and the second fail?
-- Watch: what each send() returns beside the segment it made; where the RST comes in.
-- Background:
--   A FIN says that its sender sends no more. It does not say that it reads no more, so a write
--   after it is legal: send() returns as soon as the bytes are in the socket's buffer. They reach a
--   host whose socket nobody holds any more; its kernel answers with a RST. Only then does the
--   client's kernel know. The RST finds it in CLOSE-WAIT, and there the error is EPIPE, not
--   ECONNRESET, for the next write (and SIGPIPE, which ends a process that has not asked
--   otherwise). A read returns 0, the end, all the while: who reads notices first.
-- Try: --gap 15ms
--   Predict first: a round trip takes 20 ms. What do the second and third send() return?
-- Try: --sends 1
--   Predict first: does a program that writes once and exits ever learn that its bytes were lost?
-- Broken by: --without rst-after-close
-- Broken by: --gap 15ms
local p = netsim.params {
  gap   = { "1s", "between two send()s of the client" },
  sends = { 3, "how often the client writes", min = 1, max = 100 },
}

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()

  server:spawn(function(host)
    local l <close> = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    local c = l:accept()
    host:sleep("100ms")
    c:close()
  end)
  local rows, outcome = { { "at", "call", "returns", "errno" } }, {}
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:connect("server", 80)
    host:sleep(1 - host:now())
    for i = 1, p.sends do
      local sent, _, _, errno = s:send("hello")
      outcome[i] = errno or "ok"
      rows[#rows + 1] = { ("%.3f s"):format(host:now()), "send(5)", sent or -1, errno or "" }
      host:sleep(p.gap)
    end
    local data = s:receive("*a")
    rows[#rows + 1] = { ("%.3f s"):format(host:now()), "recv()", #(data or "?"), "" }
    s:close()
  end)
  net:run("30s")

  print(net:ladder(client, server))
  netsim.table(rows)
  netsim.quiz("What does the first send() after the FIN return?", { "ok", "EPIPE", "ECONNRESET" },
              outcome[1])
  if p.sends > 1 then
    netsim.quiz("And the second?", { "ok", "EPIPE", "ECONNRESET" }, outcome[2])
  end
  netsim.checks({ first = outcome[1], second = outcome[2] or "none",
                  resets = client:counter("TcpEstabResets"),
                  rsts = server:counter("TcpOutRsts") }, function(r)
    netsim.expect_equal(r.first, "ok", "the first send()")
    netsim.expect_equal(r.second, "EPIPE", "the second send()")
    netsim.expect_equal(r.resets, 1, "connections of the client that a RST ended")
    netsim.expect_equal(r.rsts, 1, "RSTs of the server")
  end)
end)
