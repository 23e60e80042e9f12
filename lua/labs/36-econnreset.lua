-- Lab 36: Who is told "connection reset by peer"
-- Chapter: Closing
-- Question: Which call returns ECONNRESET after a RST, and what do the calls after it return?
-- Watch: the table: a column for what the client did when the RST came, a row per call.
-- Background:
--   A RST ends the connection at once, but a kernel can tell an application only through a call. So
--   the error is kept in the socket (SO_ERROR) and the first call that can fail takes it away;
--   later calls see a socket that is merely closed: a read returns the end (0), a write EPIPE. Data
--   that had arrived before the RST are read first. And a RST that comes after the peer's FIN
--   (CLOSE-WAIT) is kept as EPIPE, for writes: a read goes on returning the end. So the same
--   segment is "Connection reset by peer", "Broken pipe" or nothing at all.
-- Try: --linger false
--   Predict first: the server closes with a FIN. Which cells change?
-- Try: --says 0
--   Predict first: nothing lies in the client's buffer. Which call of "reads later" fails?
-- Broken by: --without linger-reset
-- Broken by: --linger false
local p = netsim.params {
  linger = { true, "the server closes with SO_LINGER 0: a RST instead of a FIN" },
  says   = { 5, "bytes the server sends before" },
}

local function call(socket, name)              -- "recv: ECONNRESET"
  local result, _, _, errno
  if name == "send" then result, _, _, errno = socket:send("y")
  else result, _, _, errno = socket:receive(math.max(p.says, 1)) end
  result = type(result) == "string" and #result or result
  return name .. ": " .. (result or (errno == "EOF" and "end" or errno))
end

local function scenario(net, sleeps, before, first, second, third)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  server:spawn(function(host)
    local l <close> = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    local c = l:accept()
    if before == "data" then c:send(("x"):rep(p.says)) end
    if before == "FIN" then c:shutdown("send") end
    host:sleep(1 - host:now())
    c:setoption("linger", { on = p.linger, timeout = 0 })
    c:close()
  end)
  local calls = {}
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:connect("server", 80)
    host:sleep(sleeps)
    for i, name in ipairs { first, second, third } do
      calls[i] = call(s, name)
      host:sleep("1s")
    end
  end)
  net:run("10s")
  return { first = calls[1], second = calls[2], third = calls[3] }
end

local cases = netsim.compare {
  title = "the client",
  show = { { "first", "1st call" }, { "second", "2nd call" }, { "third", "3rd call" } },
  { "is in recv()", scenario, "0s", "nothing", "recv", "recv", "send" },
  { "reads later", scenario, "2s", "data", "recv", "recv", "recv" },
  { "writes later", scenario, "2s", "nothing", "send", "send", "recv" },
  { "writes after a FIN", scenario, "2s", "FIN", "send", "send", "recv" },
}
local r = {}                                   -- by situation: the three calls
for _, case in ipairs(cases) do r[case.name] = case.results end
netsim.quiz("A client sleeps while the RST comes, then calls send(). What does it get?",
            { "ECONNRESET", "EPIPE", "1" }, r["writes later"].first:match(": (.*)"))
netsim.quiz("And if a FIN had come before the RST?", { "ECONNRESET", "EPIPE", "1" },
            r["writes after a FIN"].first:match(": (.*)"))
netsim.checks(r, function(r)
  netsim.expect_equal(r["is in recv()"].first, "recv: ECONNRESET", "a recv() that waits")
  netsim.expect_equal(r["is in recv()"].second, "recv: end", "the next recv()")
  netsim.expect_equal(r["is in recv()"].third, "send: EPIPE", "a send() after it")
  netsim.expect_equal(r["reads later"].second, "recv: ECONNRESET", "a recv() after the data")
  netsim.expect_equal(r["writes later"].first, "send: ECONNRESET", "a later send()")
  netsim.expect_equal(r["writes after a FIN"].first, "send: EPIPE", "a send() after FIN and RST")
end)
