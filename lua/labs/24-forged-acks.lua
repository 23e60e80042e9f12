-- Lab 24: Forged ACKs against cookies
-- Chapter: Floods and defences
-- Question: A cookie is 32 bits, and nothing is stored. Can one guess a connection into being?
-- Watch: how many forged ACKs are taken, and what each costs the server.
-- Background:
--   Whoever sends a valid cookie back gets a connection, from any address he likes. A cookie's
--   upper 8 bits count minutes, the other 24 say which of 4 values the MSS has, and all have keyed
--   hashes added. Linux takes this minute's count and the last one's, so 2 * 4 of the 2^32 numbers
--   are right: one guess in 537 million. It only looks at all if it has sent a cookie in the last
--   two minutes, so without a flood an ACK is answered by a RST (RFC 9293). The counters
--   SyncookiesRecv and SyncookiesFailed tell an attack. The cost is two hashes per ACK.
-- Try: --age 150s
--   Predict first: the valid cookie comes back after 150 s. Is it taken?
-- Try: --flood false
--   Predict first: no cookie was sent lately. What does the server answer to a forged ACK?
-- Broken by: --without cookie-check
-- Broken by: --flood false
-- Broken by: --age 150s
local p = netsim.params {
  guesses = { 5000,  "forged ACKs with random numbers", min = 0, max = 1000000 },
  age     = { "30s", "after how long the one right cookie is sent back" },
  flood   = { true,  "the server sends cookies (tcp_syncookies 2)" },
}

netsim.run(function(net)
  local server = net:host("server", { sysctl = {
    ["net.ipv4.tcp_syncookies"] = p.flood and 2 or 1 } })
  local mallory = net:host("mallory")
  local link = net:link(server, mallory, { rate = "1gbit", delay = "1ms" })
  server:serve { port = 80, backlog = 128 }
  -- The one right answer: mallory asks for a cookie as anybody may, and sends it back later. His
  -- own kernel would answer it with a RST: it does not get to see it.
  local cookie
  mallory:sniff("src host server and syn", function(packet)
    if packet.destination_port == 7777 then cookie = packet.seq end
  end)
  net:at("1s", function()
    mallory:send_segment { from = "mallory:7777", to = "server:80", flags = "S", seq = 1000,
                           mss = 1460 }
  end)
  local n = 0
  net:every("2ms", function()
    if net:now() < 2 or p.guesses == 0 then return n < p.guesses end
    n = n + 1
    mallory:send_segment { from = "203.0.113." .. n % 200 .. ":" .. 1024 + n % 50000,
                           to = "server:80", flags = ".", seq = math.random(0, 2 ^ 32 - 1),
                           ack = math.random(0, 2 ^ 32 - 1) }
    return n < p.guesses
  end)
  server:blackhole("203.0.113.0/24")           -- its answers go nowhere
  net:run(netsim.seconds(p.age))
  local failed = server:counter("TcpExtSyncookiesFailed")
  if cookie then
    mallory:send_segment { from = "mallory:7777", to = "server:80", flags = ".", seq = 1001,
                           ack = cookie + 1 }
  end
  net:run("5s")
  print(server:nstat("TcpExtSyncookiesSent TcpExtSyncookiesRecv TcpExtSyncookiesFailed TcpOutRsts"))
  local taken = server:counter("TcpExtSyncookiesRecv")
  print(string.format("%d forged ACKs, %d refused as false cookies; taken: %d.",
                      n, failed, taken))
  netsim.quiz("How many of the ACKs make a connection?", taken, 0)
  netsim.checks({ failed = failed, taken = taken, guesses = n,
                  opened = server:counter("TcpPassiveOpens") }, function(r)
    netsim.expect_between(r.failed, 0.99 * r.guesses, r.guesses, "ACKs refused")
    netsim.expect_equal(r.taken, 1, "ACKs taken: the one with the right cookie")
    netsim.expect_equal(r.opened, 1, "connections")
  end)
end)
