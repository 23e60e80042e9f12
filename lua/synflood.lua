-- What a SYN flood does to a listening server, and what SYN cookies change.
-- A web server, one honest user and one attacker that sends SYNs from addresses that never answer.
-- Four cases: no attack; attack without a defence; a longer queue; SYN cookies.
-- Beside each measured value stands what an analytic model predicts: the SYN queue as a birth-death
-- chain whose half-open times are phases of 1, 2, 4... s, the kernel's pruning included.
local p = netsim.params {
  backlog = { 128,      "listen(2) backlog of the web server" },
  longer  = { 4096,     "the longer backlog of the third case" },
  flood   = { "20kpps", "rate of spoofed SYNs" },
  load    = { "100/s",  "rate of the user's connections" },
  start   = { "5s",     "when the flood begins" },
  stop    = { "25s",    "when it ends" },
  length  = { "30s",    "how long each case runs" },
}

local rows = {  -- result, title
  { "first_syn_success", "first SYN answered (share)" },
  { "connect_success", "connects that succeed (share)" },
  { "connect_p50_ms", "connect latency p50 (ms)" },
  { "connect_p99_ms", "connect latency p99 (ms)" },
  { "syn_queue_peak", "SYN queue, peak" },
  { "accept_queue_peak", "accept queue, peak" },
  { "drops.TCPReqQFullDrop", "dropped: SYN queue full" },
  { "drops.last_quarter", "dropped: last quarter kept" },
  { "drops.ListenOverflows", "dropped: accept queue full" },
  { "drops.ListenDrops", "dropped by the listener, all" },
  { "cookies_sent", "cookies sent" },
  { "cookies_received", "cookies that came back" },
  { "cookies_failed", "cookies refused" },
  { "synack_retransmits", "SYN-ACKs sent again" },
  { "retransmissions", "segments sent again, all" },
  { "handshakes_per_simulated_second", "handshakes per second" },
}

local function get(results, name)
  for key in name:gmatch("[^.]+") do results = results and results[key] end
  return results
end

local seconds = netsim.seconds
local horizon = seconds(p.length)
local flood_time = seconds(p.stop) - seconds(p.start)

-- What theory says of the same case, under the same names. The server's sysctls are asked for, since
-- --set may have changed them.
local function predict(case, web)
  local function sysctl(name) return tonumber(web:sysctl(name)) end
  local rate = netsim.per_second(p.load)
  local max_syn_backlog = sysctl "net.ipv4.tcp_max_syn_backlog"
  local cookies_mode = sysctl "net.ipv4.tcp_syncookies"
  local limit = math.min(case.backlog, sysctl "net.core.somaxconn")
  local m = netsim.model.syn_queue {
    flood = case.attack and p.flood or 0, flood_start = p.start, flood_stop = p.stop,
    rate = p.load, start = p.start, stop = p.stop, rtt = "20ms", horizon = horizon,
    backlog = limit, max_syn_backlog = max_syn_backlog, syncookies = cookies_mode,
    synack_retries = sysctl "net.ipv4.tcp_synack_retries",
  }
  -- Which of the two limits an unknown peer meets first: the queue's own, or the last quarter of
  -- tcp_max_syn_backlog that is kept for peers known from earlier connections.
  local quarter = cookies_mode == 0 and max_syn_backlog - max_syn_backlog // 4 < limit
  local cookies = m.cookies_sent > 0 and rate * flood_time or 0  -- the user's own, once it is full
  return {
    first_syn_success = m.first_syn_success,
    connect_success   = m.connect_success,
    connect_p50_ms    = m.connect_p50_ms,
    connect_p99_ms    = m.connect_p99_ms,
    syn_queue_peak    = m.syn_queue_peak,
    accept_queue_peak = 1,  -- the server accepts at once
    drops = {
      TCPReqQFullDrop = quarter and 0 or m.syns_dropped,
      last_quarter    = quarter and m.syns_dropped or 0,
      ListenOverflows = 0,
      ListenDrops     = m.syns_dropped,
    },
    cookies_sent      = m.cookies_sent,
    cookies_received  = cookies,
    cookies_failed    = 0,
    synack_retransmits = m.synack_retransmits,
    retransmissions   = m.synack_retransmits + m.syn_retransmits,
    handshakes_per_simulated_second =
      rate * (seconds(p.start) + flood_time * m.connect_success) / horizon,
  }
end

local function scenario(net, case)
  local web = net:host("web", { sysctl = {
    ["net.ipv4.tcp_syncookies"]      = case.cookies,
    ["net.ipv4.tcp_max_syn_backlog"] = math.max(1024, case.backlog),
    ["net.core.somaxconn"]           = math.max(4096, case.backlog),
  } })
  local user, bot, r = net:host("user"), net:host("bot"), net:router("r")
  for _, h in ipairs { web, user, bot } do
    net:link(h, r, { rate = "1gbit", delay = "5ms", limit = "1000p" })
  end
  web:serve { port = 80, backlog = case.backlog, request = 100, response = 6 }
  -- The user's connections before the flood, and those during it: the ones to judge by.
  user:load("web:80", { rate = p.load, request = 100, response = 6, stop = p.start })
  local load = user:load("web:80", { rate = p.load, request = 100, response = 6,
                                     start = p.start, stop = p.stop })
  local flood
  if case.attack then
    flood = bot:synflood("web:80", { rate = p.flood, spoof = "198.18.0.0/15",
                                     start = p.start, stop = p.stop })
  end
  local syn_queue = net:record("SYN queue", "100ms", function() return web:syn_queue(80) end)
  local accept_queue = net:record("accept queue", "100ms", function() return web:accept_queue(80) end)
  local before = { attempts = 0, connected = 0 }
  local success = net:record("success", "500ms", function()
    local attempts, connected = load.attempts - before.attempts, load.connected - before.connected
    before = { attempts = load.attempts, connected = load.connected }
    return attempts > 0 and math.min(1, connected / attempts) or 0 / 0  -- nobody tried: no mark
  end)
  net:run(p.length)

  local function count(name) return web:counter("TcpExt" .. name) end
  local measured = {
    attempts          = load.attempts,
    first_syn_success = load.first_syn_success,
    connect_success   = load.connect_success,
    connect_p50_ms    = load.connect_p50_ms,
    connect_p99_ms    = load.connect_p99_ms,
    syn_queue_peak    = web:syn_queue_peak(80),
    accept_queue_peak = web:accept_queue_peak(80),
    drops = {
      ListenDrops     = count "ListenDrops",
      ListenOverflows = count "ListenOverflows",
      TCPReqQFullDrop = count "TCPReqQFullDrop",
      last_quarter    = count "ListenDrops" - count "ListenOverflows" - count "TCPReqQFullDrop",
    },
    cookies_sent      = count "SyncookiesSent",
    cookies_received  = count "SyncookiesRecv",
    cookies_failed    = count "SyncookiesFailed",
    synack_retransmits = count "TCPSynRetrans",
    retransmissions   = web:counter("TcpRetransSegs") + user:counter("TcpRetransSegs"),
    flood_syns        = flood and flood.syns_sent or 0,
    flood_admitted    = flood and flood.syns_sent + user:counter("TcpActiveOpens")
                        + user:counter("TcpExtTCPSynRetrans") - count "ListenDrops"
                        - count "SyncookiesSent" - web:counter("TcpPassiveOpens")
                        + count "SyncookiesRecv" or 0,
    handshakes_per_simulated_second = web:counter("TcpPassiveOpens") / horizon,
    predicted         = predict(case, web),
  }

  print(("\n=== %s"):format(case.title))
  netsim.plot { syn_queue, accept_queue, title = "queue lengths", height = 6,
                limit = case.backlog, limit_label = "backlog" }
  netsim.plot { success, title = "connects that succeed at once (share)", height = 4, max = 1 }
  local lines = { { "during the flood", "measured", "predicted" } }
  for _, row in ipairs(rows) do
    lines[#lines + 1] = { row[2], get(measured, row[1]) or "-", get(measured.predicted, row[1]) or "-" }
  end
  netsim.table(lines)
  return measured
end

local cases = netsim.compare {
  title = "as measured",
  show = rows,
  { "no attack",      scenario, { title = "No attack", cookies = 0, backlog = p.backlog } },
  { "no defence",     scenario, { title = "Flood, no defence", attack = true, cookies = 0,
                                  backlog = p.backlog } },
  { "longer backlog", scenario, { title = "Flood, longer backlog", attack = true, cookies = 0,
                                  backlog = p.longer } },
  { "syncookies",     scenario, { title = "Flood, SYN cookies", attack = true, cookies = 1,
                                  backlog = p.backlog } },
}

local quiet, bare, longer, cookies =
  cases[1].results, cases[2].results, cases[3].results, cases[4].results

-- Why, in three sentences made from what was measured.
local function percent(share) return ("%.1f %%"):format(100 * share) end

-- How long a slot of the full queue stays taken (Little's law): slots / SYNs that got one per second.
local function slot_life(r)
  return r.flood_admitted > 0 and r.syn_queue_peak * flood_time / r.flood_admitted or 0
end

local function say(text)
  local line = ""
  for word in text:gmatch("%S+") do
    if #line + #word + 1 > 79 then print(line); line = "" end
    line = line == "" and word or line .. " " .. word
  end
  print(line)
end

local function explain_bare()
  if bare.first_syn_success > 0.9 then
    return ("The flood of %d SYNs filled the queue to %d of %d slots and kept %s of the user's first SYNs out: it was too weak to matter."):format(
      bare.flood_syns, bare.syn_queue_peak, p.backlog + 1, percent(1 - bare.first_syn_success))
  end
  return ("Without a defence the flood held up to %d half-open requests in a queue that takes %d%s, each for about %.1f s, so %s of the user's first SYNs found no slot and a connect took %s instead of %.0f ms."):format(
    bare.syn_queue_peak, p.backlog + 1,
    bare.syn_queue_peak > p.backlog + 1 and " (a port still in TIME-WAIT passes a full queue)" or "",
    slot_life(bare), percent(1 - bare.first_syn_success),
    bare.connect_p50_ms and ("%.1f s"):format(bare.connect_p50_ms / 1000) or "forever",
    quiet.connect_p50_ms)
end

local function explain_longer()
  if longer.drops.last_quarter > 0 and longer.first_syn_success > 0.5 then
    return ("With a backlog of %d the flood still took %d slots, all that peers unknown to the server may have, and %d SYNs were dropped; %s of the user's first SYNs got in, because the last quarter of tcp_max_syn_backlog is kept for peers that have connected before."):format(
      p.longer, longer.syn_queue_peak, longer.drops.ListenDrops, percent(longer.first_syn_success))
  end
  return ("A backlog of %d was filled as well (%d half-open at its peak, %d SYNs dropped), and %s of the user's first SYNs got in: a longer queue costs the attacker only more of what is free."):format(
    p.longer, longer.syn_queue_peak, longer.drops.ListenDrops, percent(longer.first_syn_success))
end

local function explain_cookies()
  return ("With SYN cookies the same queue was as full (%d), but %d SYNs were answered by a cookie that keeps no state; %d of them came back as a valid ACK, %d were refused, and %s of the user's connects succeeded, in %.0f ms."):format(
    cookies.syn_queue_peak, cookies.cookies_sent, cookies.cookies_received, cookies.cookies_failed,
    percent(cookies.connect_success), cookies.connect_p50_ms or 0)
end

print("\n=== Why")
if not quiet.connect_p50_ms then
  return say("The run ended before the user had connected once: there is nothing to explain.")
end
say(explain_bare())
say(explain_longer())
say(explain_cookies())

-- The lesson's own claims, where the flood is as strong as the default one or stronger.
netsim.expect(quiet.connect_success > 0.99, "without an attack connects succeed")
if netsim.per_second(p.flood) >= 20000 and p.backlog <= 128 then
  netsim.expect(bare.first_syn_success < 0.10, "the flood keeps first SYNs out (%.3f got in)",
                bare.first_syn_success)
end
netsim.expect(cookies.connect_success > 0.99, "with SYN cookies connects succeed (%.3f did)",
              cookies.connect_success)
-- Linux takes one more than the backlog: the queue is full when it is longer (inet_csk_reqsk_queue_is_full).
-- A SYN whose four-tuple the server still holds in TIME-WAIT passes a full queue (tcp_conn_request): a few of the
-- user's, whose ports come round within the minute.
local function holds(backlog) return backlog + 1 + backlog // 16 end
netsim.expect(bare.syn_queue_peak <= holds(p.backlog), "the SYN queue stays within the backlog")
netsim.expect(longer.syn_queue_peak <= holds(p.longer), "the longer one too")
