-- Lab 18: Old requests under pressure
-- Chapter: Queues
-- Question: A half-open connection lives 63 s. Does it also when the SYN queue is crowded?
-- Watch: how often each SYN-ACK is repeated in a quiet queue, and in a crowded one.
-- Background:
--   A request is kept until its SYN-ACK has been repeated tcp_synack_retries times: 5, that is 63
--   s. If more than half of the backlog is in use, Linux lowers that number, down to 2, as long as
--   at most half, a quarter ... of the requests are young (never timed out): old ones then leave
--   after 7 s, to make room for SYNs that may be real. A crowded queue so takes nine times as many
--   new requests as one would expect, and one still has a chance to slip in.
-- Try: --rate 1/s
--   Predict first: at one SYN a second the queue is not crowded. How long does each live?
-- Try: --set server.net.ipv4.tcp_synack_retries=2
--   Predict first: does pressure change anything now?
-- Broken by: --without request-pruning
local p = netsim.params {
  backlog = { 64,    "listen(2) backlog", min = 0, max = 4096 },
  rate    = { "8/s", "spoofed SYNs of the crowded case" },
}

local function scenario(net, rate)
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_syncookies"] = 0,
                                                 ["net.ipv4.tcp_max_syn_backlog"] = 4096 } })
  local bot = net:host("bot")
  net:link(server, bot, { rate = "100mbit", delay = "5ms" })
  server:serve { port = 80, backlog = p.backlog }
  bot:synflood("server:80", { rate = rate, spoof = "198.18.0.0/15", spacing = "fixed" })
  local last = {}                              -- by peer: the SYN-ACKs it was sent
  server:sniff("src host server and syn", function(packet)
    local one = last[packet.to] or { sent = 0, first = packet.time }
    one.sent, one.last = one.sent + 1, packet.time
    last[packet.to] = one
  end)
  net:run("120s")
  local most, kept = 0, 0
  for _, one in pairs(last) do
    if one.first < 50 then                     -- old enough to have lived its whole life
      most, kept = math.max(most, one.sent - 1), kept + 1
    end
  end
  return { repeats = most, queue = server:syn_queue_peak(80), accepted = kept / 50 }
end

local cases = netsim.compare {
  title = "Spoofed SYNs, backlog " .. p.backlog,
  show = { { "repeats", "SYN-ACKs repeated at most" }, { "queue", "longest SYN queue" },
           { "accepted", "requests taken per second" } },
  { "quiet, 0.4/s",         scenario, "0.4/s" },
  { "crowded, " .. p.rate,  scenario, p.rate },
}
local quiet, crowded = cases[1].results, cases[2].results
netsim.quiz("How often is a SYN-ACK repeated in the crowded queue?", crowded.repeats, 0)
netsim.checks({ quiet = quiet, crowded = crowded, backlog = p.backlog }, function(r)
  netsim.expect_equal(r.quiet.repeats, 5, "repetitions in a quiet queue (tcp_synack_retries)")
  netsim.expect(r.crowded.repeats < 5, "fewer in a crowded one")
  netsim.expect(r.crowded.accepted > 2 * r.backlog / 63, "more than twice what 63 s each allow")
end)
