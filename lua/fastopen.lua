-- TCP Fast Open (RFC 7413): from the second visit on, a client's SYN carries its request. That saves
-- one round trip of two. Then look closer: --delay 100ms, --visits 10, --pcap DIR for Wireshark.
local p = netsim.params {
  visits = { 3,      "visits, a connection each" },
  delay  = { "20ms", "one-way delay of the link" },
}

local function visit_all(fast)
  local times = {}
  netsim.run(function(net)
    local web  = net:host("web", { sysctl = { ["net.ipv4.tcp_fastopen"] = 3 } })
    local user = net:host("user")
    net:link(web, user, { rate = "100mbit", delay = p.delay })

    web:spawn(function(host)
      local l = assert(host:tcp())
      assert(l:setoption("tcp-fastopen", 16))   -- children before the handshake's last ACK
      assert(l:bind("*", 80))
      assert(l:listen(128))
      while true do
        local c = l:accept()
        c:receive("*l")
        c:send("hello\n")
        c:close()
      end
    end)

    user:spawn(function(host)
      for visit = 1, p.visits do
        host:sleep("1s")
        local began = host:now()
        local c = assert(host:tcp())
        if fast then
          assert(c:fastopen("web:80", "GET /\n"))
        else
          assert(c:connect("web:80"))
          assert(c:send("GET /\n"))
        end
        netsim.expect_equal(c:receive("*l"), "hello", "the answer")
        times[visit] = host:now() - began
        c:close()
      end
    end)

    net:run("60s")
    if fast then
      netsim.expect_equal(web:counter("TcpExtTCPFastOpenCookieReqd"), 1, "cookies asked for")
      netsim.expect_equal(web:counter("TcpExtTCPFastOpenPassive"), p.visits - 1, "fast visits, server")
      netsim.expect_equal(user:counter("TcpExtTCPFastOpenActive"), p.visits - 1, "fast visits, client")
    end
  end)
  return times
end

local plain, fast = visit_all(false), visit_all(true)
print("visit   handshake first   data in the SYN")
for visit = 1, p.visits do
  print(string.format("%5d   %12.1f ms   %12.1f ms", visit, plain[visit] * 1000, fast[visit] * 1000))
end
local round_trip = 2 * netsim.seconds(p.delay)
netsim.expect(math.abs(plain[1] - fast[1]) < round_trip / 100, "the first visit gains nothing")
netsim.expect(math.abs(plain[p.visits] - fast[p.visits] - round_trip) < round_trip / 100,
              "each later one saves a round trip")
