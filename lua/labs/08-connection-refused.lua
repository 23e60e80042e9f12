-- Lab 8: Connection refused
-- Chapter: Opening
-- Question: What happens when nobody listens on the port?
-- Watch: the flags of the answer, its sequence and acknowledgement numbers, and how soon it comes.
-- Background:
--   A SYN that finds no listener is answered by a segment that ends the attempt: RST. There is
--   no connection, hence no sequence number to send it with: it carries seq 0, and proves by its
--   acknowledgement, the SYN's number plus one, that it answers this very SYN. The client's
--   kernel checks that before it believes it; connect() then fails at once.
-- Try: --delay 100ms
--   Predict first: does connect() fail later, and by how much?
-- Try: --attempts 3
--   Predict first: does the client's kernel try again by itself? Count SYNs and calls of connect().
-- Broken by: --without rst-to-closed-port
local p = netsim.params {
  delay    = { "10ms", "one-way delay of the link" },
  attempts = { 1, "how often the client calls connect()", min = 1, max = 1000 },
}

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = p.delay })
  net:watch_ladder()

  local errno, took = "none", 0
  client:spawn(function(host)
    for _ = 1, p.attempts do
      local s <close> = assert(host:tcp())
      s:settimeout("3s")
      local begun = host:now()
      local _, why, name = s:connect("server", 80)
      errno, took = name or why, host:now() - begun
    end
  end)
  net:run("10s")

  print(net:ladder(client, server))
  print("connect() says " .. errno .. (" after %.1f ms"):format(took * 1000))

  netsim.quiz("What does connect() fail with?",
              { "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "timeout" }, errno)
  netsim.quiz("After how many milliseconds?", took * 1000, 1)
  netsim.checks({
    errno = errno, took = took, one_way = netsim.seconds(p.delay),
    syns = client:counter("TcpActiveOpens"), resets = server:counter("TcpOutRsts"),
    retransmissions = client:counter("TcpRetransSegs"),
  }, function(r)
    netsim.expect_equal(r.errno, "ECONNREFUSED", "what connect() says")
    netsim.expect_near(r.took, 2 * r.one_way, 0.001, "seconds until then: one round trip")
    netsim.expect_equal(r.resets, r.syns, "RSTs of the server, one for each SYN")
    netsim.expect_equal(r.retransmissions, 0, "SYNs sent again")
  end)
end)
