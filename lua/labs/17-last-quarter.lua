-- Lab 17: The last quarter
-- Chapter: Queues
-- Question: Cookies are off and the SYN queue is three quarters full. Who may still come in?
-- Watch: who connects: the client that was here before, and the one that never was.
-- Background:
--   Without cookies Linux keeps the last quarter of tcp_max_syn_backlog for peers it knows: a peer
--   is proven if tcp_metrics has an entry with a round trip for it, from an earlier connection.
--   Others are dropped (ListenDrops, "drop open request from"). An administrator who flushes
--   tcp_metrics during a flood shuts out the regular customers too. The limit is
--   tcp_max_syn_backlog's, not the listener's backlog; the two are often confused.
-- Try: --flush true
--   Predict first: tcp_metrics is flushed before the flood. Who is let in now?
-- Try: --backlog 4096
--   Predict first: a larger tcp_max_syn_backlog, the same flood. Who is let in now?
-- Broken by: --without last-quarter
-- Broken by: --flush true
local p = netsim.params {
  backlog = { 256,   "net.ipv4.tcp_max_syn_backlog", min = 1, max = 4096 },
  flush   = { false, "flush tcp_metrics before the flood" },
}

netsim.run(function(net)
  local server = net:host("server", { sysctl = {
    ["net.ipv4.tcp_syncookies"] = 0, ["net.ipv4.tcp_max_syn_backlog"] = p.backlog } })
  local known, stranger, bot = net:host("known"), net:host("stranger"), net:host("bot")
  local r = net:router("r")
  for _, h in ipairs { server, known, stranger, bot } do
    net:link(h, r, { rate = "100mbit", delay = "5ms" })
  end
  server:serve { port = 80, backlog = 4096, request = 10, response = 10 }
  local function visit(host)                   -- one connection, 3 s at most
    local s <close> = host:tcp()
    s:settimeout("3s")
    local ok = s:connect("server", 80)
    if ok then s:send("0123456789"); s:receive(10) end
    return ok and true or false
  end
  known:spawn(function(host) host:sleep("1s"); visit(host) end)
  if p.flush then net:at("5s", function() server:sh("ip tcp_metrics flush") end) end
  bot:synflood("server:80", { rate = "100/s", spoof = "198.18.0.0/15", start = "10s",
                              spacing = "fixed" })
  local results = {}
  for name, host in pairs { known = known, stranger = stranger } do
    host:spawn(function() host:sleep("20s"); results[name] = visit(host) end)
  end
  net:run("15s")
  print("tcp_metrics of the server:\n" .. server:sh("ip tcp_metrics show"))
  net:run("15s")
  print(string.format("SYN queue %d of %d: ", server:syn_queue(80), p.backlog))
  for _, name in ipairs { "known", "stranger" } do
    print(string.format("  %-8s %s", name, results[name] and "connected" or "not connected"))
  end
  netsim.quiz("Who is connected?", { "both", "the known one", "none" },
              results.stranger and "both" or results.known and "the known one" or "none")
  netsim.checks({ known = results.known, stranger = results.stranger,
                  queue = server:syn_queue(80), backlog = p.backlog }, function(r)
    netsim.expect_equal(r.known, true, "the client that was here before")
    netsim.expect_equal(r.stranger, false, "the one that never was")
    netsim.expect_near(r.queue, 0.75 * r.backlog, 3, "half-open connections")
  end)
end)
