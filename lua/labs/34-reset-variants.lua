-- Lab 34: Five ways to hang up
-- Chapter: Closing
-- Question: A server has sent 40,000 bytes. How many arrive if it closes, dies or resets?
-- Watch: the column of bytes that arrived; which ends were an end of the stream and which an error.
-- Background:
--   send() only puts bytes into a buffer. After close() the kernel goes on sending them, and then a
--   FIN. A RST is another matter: it throws away what has not left yet. The kernel sends one for a
--   segment that no socket wants (closed port), when close() meets SO_LINGER with 0 seconds, and
--   when close() leaves received bytes unread (RFC 2525 §2.17): somebody's data were lost, and the
--   peer should know. This is how a server that answers "413 too large" without reading the upload
--   loses its own answer. kill -9 is none of these: the kernel closes the descriptors of a dead
--   process as close() does. At 45 ms the first ten segments of 1448 bytes, the initial window, are
--   under way; the ACK that lets more go comes at 51 ms.
-- Try: --at 55ms
--   Predict first: all bytes have left by then. Do they arrive before the RST?
-- Try: --reads 300ms
--   Predict first: the client sleeps while the RST comes. Is what lies in its buffer lost to it?
-- Broken by: --without linger-reset
-- Broken by: --without unread-reset
local p = netsim.params {
  at    = { "45ms", "when the server hangs up, after the start" },
  reads = { "0s", "the client sleeps so long before it reads" },
}
local kBytes = 40000

local function scenario(net, how)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  server:spawn(function(host)
    if how == "closed port" then return end
    local l = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    local c = l:accept()
    l:close()
    if how ~= "unread data" then c:receive("*l") end
    c:send_synthetic(kBytes)
    host:sleep(netsim.seconds(p.at) - host:now())
    if how == "SO_LINGER 0" then c:setoption("linger", { on = true, timeout = 0 }) end
    if how ~= "kill" then c:close() end        -- a process that ends leaves it to the kernel
  end)

  local arrived, saw, when = 0, nil, 0
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    local ok, _, errno = s:connect("server", 80)
    if not ok then saw, when = errno, host:now() * 1000 return end
    s:send("GET / HTTP/1.0\n")
    host:sleep(p.reads)
    local data, _, part, code = s:receive("*a")
    arrived, saw, when = #(data or part), code or "end", host:now() * 1000
    s:close()
  end)
  net:run("3min")
  return { arrived = arrived, saw = saw, when = when, rsts = server:counter("TcpOutRsts"),
           reason = (server:counter("TcpExtTCPAbortOnData") > 0 and "TCPAbortOnData")
                    or (server:counter("TcpExtTCPAbortOnClose") > 0 and "TCPAbortOnClose") or "-" }
end

local cases = netsim.compare {
  title = "40,000 bytes sent",
  show = { { "arrived", "bytes that arrived" }, { "saw", "the client then saw" },
           { "when", "at (ms)" },
           { "rsts", "RSTs of the server" }, { "reason", "its counter" } },
  { "close()", scenario, "close()" }, { "kill -9", scenario, "kill" },
  { "SO_LINGER 0", scenario, "SO_LINGER 0" }, { "unread data", scenario, "unread data" },
  { "closed port", scenario, "closed port" },
}

local r = {}                                   -- by the way of hanging up
for _, case in ipairs(cases) do r[case.name] = case.results end
local choices = { 0, 14480, 40000 }
netsim.quiz("How many bytes arrive if the server gets kill -9?", choices, r["kill -9"].arrived)
netsim.quiz("And if its close() leaves a request unread?", choices, r["unread data"].arrived)
netsim.checks(r, function(r)
  netsim.expect_equal(r["close()"].arrived, 40000, "bytes after close()")
  netsim.expect_equal(r["kill -9"].arrived, 40000, "bytes after kill -9, as after close()")
  netsim.expect_equal(r["SO_LINGER 0"].arrived, 10 * 1448, "bytes before SO_LINGER's RST")
  netsim.expect_equal(r["SO_LINGER 0"].saw, "ECONNRESET", "what SO_LINGER 0 is to the client")
  netsim.expect_equal(r["unread data"].arrived, 10 * 1448, "bytes before the RST")
  netsim.expect_equal(r["unread data"].reason, "TCPAbortOnClose", "the counter")
  netsim.expect_equal(r["closed port"].saw, "ECONNREFUSED", "what a closed port is to connect()")
end)
