-- Lab 21: A SYN flood and Erlang's formula
-- Chapter: Floods and defences
-- Question: Given backlog, rate and the life of a request: who gets in? Telephony knew in 1917.
-- Watch: the share of users' SYNs that find a place, predicted and simulated, at each rate.
-- Background:
--   A SYN queue is a telephone exchange: places are lines, a half-open request is a call. If SYNs
--   come at random at rate r, each stays for s seconds, and there are n places, Erlang's loss
--   formula tells the share that finds none: B(n, r s). It does not matter how the durations are
--   distributed, only their mean. A queue of 128 and requests of 63 s carry two SYNs a second; at
--   20 a second nine of ten are refused. The formula assumes that a refused SYN is gone; the
--   user's repeats come back, so the flood's rate must be well above the user's.
-- Try: --backlog 1024
--   Predict first: eight times the places. Which rate does the queue carry now?
-- Try: --retries 1
--   Predict first: tcp_synack_retries 1: a request lives 3 s. What happens to the table?
-- Broken by: --without syn-queue-limit
-- Broken by: --set server.net.ipv4.tcp_syncookies=1
local p = netsim.params {
  backlog = { 16,      "listen(2) backlog: the places are one more", min = 0, max = 4096 },
  retries = { 2,       "tcp_synack_retries; 2: a request lives 7 s", min = 0, max = 255 },
  minutes = { 10,      "simulated minutes for each rate", min = 1, max = 60 },
}
local life = 2 ^ (p.retries + 1) - 1

local function erlang(places, load)            -- B(n, a) by its recursion
  local b = 1
  for n = 1, places do b = load * b / (n + load * b) end
  return b
end

local rows = { { "SYNs per second", "offered load", "refused, Erlang", "refused, simulated" } }
local worst, points = 0, {}
for _, rate in ipairs { 1, 2, 4, 8 } do
  netsim.run({ name = rate .. " SYN/s" }, function(net)
    local server = net:host("server", { sysctl = {
      ["net.ipv4.tcp_syncookies"] = 0, ["net.ipv4.tcp_synack_retries"] = p.retries,
      ["net.ipv4.tcp_max_syn_backlog"] = 65536 } })
    local bot = net:host("bot")
    net:link(server, bot, { rate = "100mbit", delay = "1ms" })
    server:serve { port = 80, backlog = p.backlog }
    local flood = bot:synflood("server:80", { rate = rate, spoof = "198.18.0.0/15" })
    net:run(60 * p.minutes)
    local load = rate * life
    local predicted = erlang(p.backlog + 1, load)
    local refused = server:counter("TcpExtListenDrops") / flood.syns_sent
    rows[#rows + 1] = { rate, string.format("%d", load), string.format("%.3f", predicted),
                        string.format("%.3f", refused) }
    points[#points + 1] = { predicted = predicted, refused = refused,
                            n = flood.syns_sent }
    worst = math.max(worst, math.abs(predicted - refused))
  end)
end
netsim.table(rows)
print(string.format("Largest difference: %.3f. A request lives %d s.", worst, life))
netsim.quiz("Which share of 8 SYNs per second is refused?", points[4].refused, 0.05)
netsim.checks(points, function(r)
  for i, one in ipairs(r) do
    netsim.expect_near(one.refused, one.predicted, 0.03, "share refused, row " .. i)
  end
end)
