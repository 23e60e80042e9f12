-- Lab 59: Five errnos of one call
-- Chapter: On the way
-- Question: connect() fails at once. What does each errno say, and who told the host?
-- Watch: the table: the errno, the packet that caused it, its sender, and the time it took.
-- Background:
--   connect() may fail before any packet is sent: then the host's own routes, or the socket, are to
--   blame. Or a packet comes that answers the SYN. A RST comes from the server's address: it is
--   there, the port is closed. An ICMP error comes from a router, or from a firewall that poses as
--   one; Linux turns its type and code into an errno, and believes it if it quotes the SYN's
--   sequence number. That is so while a connection is being opened; later an ICMP error only
--   becomes the reason that is given if TCP gives up in the end. EINPROGRESS is no failure:
--   a non-blocking socket does not wait for the answer.
-- Try: --without icmp-ends-open
--   Predict first: if ICMP errors ended nothing, which rows would take longer?
-- Try: --reject icmp-net-prohibited
--   Predict first: which errno belongs to this code of "destination unreachable"?
-- Try: --reject tcp-reset
--   Predict first: the firewall poses as the server. Which row cannot be told from which other?
-- Broken by: --without icmp-ends-open
-- Broken by: --without rst-to-closed-port
-- Broken by: --reject icmp-net-unreachable
local p = netsim.params {
  reject = { "icmp-admin-prohibited", "what the firewall answers to SYNs for port 25" },
}

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  local gate, isp = net:router("gate"), net:router("isp")
  local link = { rate = "1gbit", delay = "5ms" }
  net:link(client, gate, link); net:link(gate, isp, link); net:link(isp, server, link)
  server:serve { port = 80 }
  isp:firewall { policy = "accept", { reject = p.reject, proto = "tcp", dport = 25 },
                                    { reject = true, proto = "tcp", dport = 23 } }
  client:blackhole("192.0.2.0/24")                     -- as ip route add blackhole 192.0.2.0/24
  gate:route("198.51.100.0/24", isp); isp:route("198.51.100.0/24", gate)

  local name, came = {}, nil                           -- came: the first packet that answers
  for _, node in ipairs { gate, isp, server } do name[node.address] = node.name end
  client:sniff("dst host client", function(packet)
    local icmp = packet.type and ("ICMP type %d code %d"):format(packet.type, packet.code)
    came = came or { icmp or "TCP " .. packet.flags, name[packet.source] }
  end)
  local rows, seen = { { "connect() to", "errno", "", "because of", "from", "ms" } }, {}
  client:spawn(function(host)
    local function try(key, what, target, timeout)
      local s <close>, begun = assert(host:tcp()), host:now()
      came = nil; s:settimeout(timeout)
      local _, why, errno = s:connect(target)
      errno = errno or why or "0"
      local ms = math.floor((host:now() - begun) * 1000 + 0.5)
      host:sleep("1ms"); came = came or { "no packet", "" }
      rows[#rows + 1] = { what, errno, netsim.errno(errno), came[1], came[2], ms }
      seen[key] = { errno = errno, number = netsim.errno(errno), packet = came[1], ms = ms }
    end
    try("blackhole", "addresses of a blackhole route", "192.0.2.1:80")
    try("no_route", "a network the gate has no route to", "203.0.113.1:80")
    try("closed", "a closed port", "server:81")
    try("reject", "a port behind iptables' REJECT", "server:23")
    try("forbidden", "a port another firewall forbids", "server:25")
    try("loop", "a network in a routing loop", "198.51.100.1:80")
    try("pending", "an open port, non-blocking", "server:80", 0)
  end)
  net:run("20min")
  netsim.table(rows)

  netsim.quiz("A closed port: who says so?", { "TCP R.", "ICMP type 3 code 3" }, seen.closed.packet)
  netsim.quiz("TTL is 64, a link 5 ms. When does connect() know of a loop, ms?", seen.loop.ms, 20)
  netsim.checks(seen, function(r)
    local function is(case, errno, packet, number)
      netsim.expect_equal(r[case].number, number, "its number, " .. case)
      netsim.expect_equal(r[case].errno, errno, "errno, " .. case)
      netsim.expect_equal(r[case].packet, packet, "the packet, " .. case)
      netsim.expect(r[case].ms < 1000, case .. ": known at once, not after all the SYNs")
    end
    is("blackhole", "EINVAL", "no packet", 22)
    is("no_route", "ENETUNREACH", "ICMP type 3 code 0", 101)
    is("closed", "ECONNREFUSED", "TCP R.", 111)
    is("reject", "ECONNREFUSED", "ICMP type 3 code 3", 111)
    is("forbidden", "EHOSTUNREACH", "ICMP type 3 code 13", 113)
    is("loop", "EHOSTUNREACH", "ICMP type 11 code 0", 113)
    is("pending", "EINPROGRESS", "no packet", 115)
  end)
end)
