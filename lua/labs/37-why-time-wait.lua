-- Lab 37: What TIME-WAIT is for
-- Chapter: TIME_WAIT
-- Question: What can a late segment of a closed connection do to the next one, on the same ports?
-- Watch: on which connection "9000" was sent, and on which it is read. Nobody reports an error.
-- Background:
--   A segment may linger in the network for a while and arrive after its connection is gone; its
--   copy has been retransmitted and acknowledged long ago. TCP knows a connection by two addresses
--   and two ports, nothing else, so if the same four are in use again and the sequence number fits
--   the window, the old bytes are taken for new ones, with a correct checksum. TIME-WAIT keeps the
--   four for 60 s (RFC 9293: 2 MSL), longer than segments live. Here a copy of the first
--   connection's data comes 300 ms late, the client uses port 5000 twice, timestamps are off, and
--   the numbers are chosen so that the copy fits: in the wild they do by bad luck, or when more
--   than 15.6 MB/s are sent, which is how fast Linux's initial sequence numbers run.
-- Try: --late 60ms
--   Predict first: the copy comes before the second connection is opened. Who answers it, and how?
-- Try: --timestamps 1
--   Predict first: connect() works at once now. What keeps the old bytes out all the same? (PAWS)
-- Broken by: --without time-wait
-- Broken by: --late 60ms
local p = netsim.params {
  late       = { "300ms", "how late the copy of the old data comes" },
  timestamps = { 0, "net.ipv4.tcp_timestamps of both hosts", min = 0, max = 2 },
}

local function scenario(net, without)
  local sysctl = { ["net.ipv4.tcp_timestamps"] = p.timestamps }
  local client = net:host("client", { sysctl = sysctl, without = without })
  local server = net:host("server", { sysctl = sysctl })
  local link = net:link(client, server, { rate = "100mbit", delay = "10ms" })
  link:drop { from = client, data = true, nth = 2, copy = true, delay = p.late }
  net:watch_ladder()

  local read, outcome = {}, {}
  server:spawn(function(host)
    local l <close> = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    for i, isn in ipairs { 4000, 4010 } do
      host:isn(isn)
      local c <close> = l:accept()
      read[i] = c:receive("*a")
    end
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    for i, order in ipairs { { 1000, "id=7 amount=", "9000" }, { 1005, "amount=", "0010" } } do
      local s <close> = assert(host:tcp())
      s:setoption("reuseaddr", true)
      s:bind("*", 5000); host:isn(order[1])
      local ok, _, errno = s:connect("server", 80)
      outcome[i] = ok and "connected" or errno
      if ok then
        s:send(order[2])
        host:sleep(i == 1 and "0s" or "200ms")
        s:send(order[3])
      end
      host:sleep("50ms"); s:close()
      host:sleep("100ms")
    end
  end)
  net:run("5s")
  print(net:ladder(client, server, { absolute = true }))
  return { second = outcome[2], read = read[2] or "", violations = server.integrity_violations }
end

local cases = netsim.compare {
  title = "port 5000 a second time",
  show = { { "second", "the second connect()" }, { "read", "its peer reads" },
           { "violations", "segments that are not its own" } },
  { "TIME-WAIT 60 s", scenario },
  { "TIME-WAIT 0", scenario, { "time-wait" } },
}
local with, without = cases[1].results, cases[2].results
netsim.quiz('Without TIME-WAIT, what does the server read when the client sends "amount=0010"?',
            { "amount=0010", "amount=9000", "amount=90000010" }, without.read)
netsim.quiz("With TIME-WAIT, what does the second connect() return?", 
            { "connected", "EADDRNOTAVAIL" }, with.second)
netsim.checks({ with = with, without = without }, function(r)
  netsim.expect_equal(r.with.second, "EADDRNOTAVAIL", "connect() while the client is in TIME-WAIT")
  netsim.expect_equal(r.with.violations, 0, "foreign segments with TIME-WAIT")
  netsim.expect_equal(r.without.read, "amount=9000", "what is read, amount=0010 being sent")
  netsim.expect_equal(r.without.violations, 1, "foreign segments without TIME-WAIT")
end)
