-- Lab 41: tcp_tw_reuse
-- Chapter: TIME_WAIT
-- Question: All ten ports of a client are in TIME-WAIT. Which tcp_tw_reuse lets it connect?
-- Watch: how many of 40 connections each setting lets through; TWRecycled.
-- Background:
--   net.ipv4.tcp_tw_reuse concerns connect() alone: may it take a port whose last connection, to
--   the same peer, is in TIME-WAIT? 0: never. 1: yes, if that connection had timestamps and
--   TIME-WAIT is older than a second. 2, the default since 4.19: only on the loopback interface. It
--   is safe because of two things: the new connection's sequence numbers begin 65,537 above the old
--   one's last, and PAWS drops segments with an older timestamp. It does nothing for a server's
--   TIME-WAIT. (connect() tries one parity of ports first: five of the ten.)
-- Try: --set client.net.ipv4.tcp_tw_reuse_delay=10000
--   Predict first: ports may be taken after 10 s. How many of 40 connections succeed now?
-- Try: --rate 20/s
--   Predict first: ten ports, a second of waiting: how many per second can tcp_tw_reuse 1 do?
-- Broken by: --without tw-reuse
-- Broken by: --set client.net.ipv4.tcp_timestamps=0
local p = netsim.params { rate = { "2/s", "connections per second" } }

local function scenario(net, reuse, target, timestamps)
  local client = net:host("client", { sysctl = {
    ["net.ipv4.ip_local_port_range"] = "40000 40009", ["net.ipv4.tcp_tw_reuse"] = reuse,
    ["net.ipv4.tcp_timestamps"] = timestamps } })
  local server = net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "1ms" })
  for _, host in ipairs { client, server } do
    host:serve { port = 80, request = 100, response = 100, keep_open = true }
  end
  local load = client:load(target .. ":80", { rate = p.rate, spacing = "fixed", request = 100,
                                              response = 100, close_first = true, stop = "20s" })
  net:run("21s")
  return { connected = load.connected, failed = load.failed,
           recycled = client:counter("TcpExtTWRecycled"),
           time_wait = select(2, client:ss("-tanH"):gsub("TIME%-WAIT", "")) }
end

local cases = netsim.compare {
  title = "ten ports",
  show = { { "connected", "connections" }, { "failed", "EADDRNOTAVAIL" },
           { "recycled", "TWRecycled" }, { "time_wait", "in TIME-WAIT at the end" } },
  { "0", scenario, 0, "server", 1 },
  { "1", scenario, 1, "server", 1 },
  { "1, no timestamps", scenario, 1, "server", 0 },
  { "2", scenario, 2, "server", 1 },
  { "2, loopback", scenario, 2, "127.0.0.1", 1 },
}

local r = {}
for _, case in ipairs(cases) do r[case.name] = case.results end
netsim.quiz("How many of 40 connections succeed with the default, 2?", r["2"].connected)
netsim.quiz("And with tcp_tw_reuse 1, without timestamps?", r["1, no timestamps"].connected)
netsim.checks(r, function(r)
  netsim.expect_equal(r["0"].connected, 10, "connections with tcp_tw_reuse 0: one per port")
  netsim.expect_equal(r["1"].failed, 0, "failures with tcp_tw_reuse 1")
  netsim.expect(r["1"].recycled >= 30, "with tcp_tw_reuse 1, ports are taken out of TIME-WAIT")
  netsim.expect_equal(r["1, no timestamps"].connected, 10, "connections without timestamps")
  netsim.expect_equal(r["2"].connected, 10, "connections with tcp_tw_reuse 2, to another host")
  netsim.expect_equal(r["2, loopback"].failed, 0, "failures on the loopback interface")
end)
