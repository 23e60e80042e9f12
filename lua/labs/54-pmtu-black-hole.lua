-- Lab 54: A path MTU black hole
-- Chapter: On the way
-- Question: A connection opens, short messages pass, a long one never does. What is on the way?
-- Watch: which segments vanish, and what becomes of the ICMP that says so; mss in each case.
-- Background:
--   TCP sends with DF set. A router that cannot pass a packet on, since the next link has a smaller
--   MTU, drops it and tells the sender by ICMP: "fragmentation needed, MTU 1400" (RFC 1191). Where
--   a firewall drops all ICMP, the sender takes the loss for congestion and sends the same large
--   segment again, for 15 minutes. SYNs, requests and the last piece of a message are small.
--   net.ipv4.tcp_mtu_probing (RFC 4821) needs no ICMP. 1: after tcp_retries1 (3 s) without progress
--   the MSS is lowered to tcp_base_mss (1024), then halved again and again. 2: a client begins with
--   tcp_base_mss, and larger segments are tried later. 0, the default: neither.
-- Try: --clamp 1360
--   Predict first: a router lowers the MSS in passing SYNs. Does ICMP matter now?
-- Try: --mtu 900
--   Predict first: tcp_base_mss is 1024. What do the two cases that probe do now, and how long?
-- Try: --size 1300
--   Predict first: how long may a message be that needs no news of the path?
-- Broken by: --clamp 1360
-- Broken by: --mtu 1500
-- Broken by: --set client.net.ipv4.tcp_mtu_probing=1
local p = netsim.params {
  mtu   = { 1400, "MTU of the narrow link, in octets", min = 68, max = 65535 },
  clamp = { 1460, "a router lowers a larger MSS option to this", min = 48, max = 65535 },
  size  = { 3000, "octets of the long message", min = 1, max = 1000000 },
}

local function scenario(net, icmp, probing)
  local client = net:host("client", { sysctl = { ["net.ipv4.tcp_mtu_probing"] = probing } })
  local server, firewall = net:host("server"), net:router("firewall")
  local near, far = net:router("near"), net:router("far")
  local wide, narrow = { rate = "100mbit", delay = "5ms" }, { rate = "100mbit", mtu = p.mtu }
  net:link(client, firewall, wide); net:link(firewall, near, wide)
  net:link(near, far, narrow); net:link(far, server, wide)
  firewall:firewall { policy = "accept", { [icmp and "accept" or "drop"] = true, proto = "icmp" } }
  far:middlebox { clamp_mss = p.clamp }
  net:watch_ladder()
  local took, error_name, mss = { "never", "never" }, "well", nil
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    for _, size in ipairs { 100, p.size } do c:receive(size); c:send("thanks\n") end
    c:receive("*l")
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:connect("server", 80)
    for i, size in ipairs { 100, p.size } do
      local begun = host:now()
      s:send_synthetic(size)
      local line, _, _, errno = s:receive("*l")
      if line then took[i] = math.floor((host:now() - begun) * 1000 + 0.5) / 1000 end
      error_name = errno or error_name
    end
    mss = tonumber(host:ss("-ti"):match(" mss:(%d+)"))
  end)
  net:run("500ms")
  if not icmp and probing == 0 then print(net:ladder(client, server, { width = 100 })) end
  net:run("20min")
  return { small = took[1], large = took[2], mss = mss or "-", error = error_name,
           again = client:counter("TcpRetransSegs") }
end

local cases = netsim.compare {
  title = "seconds until a message is answered, MTU " .. p.mtu,
  show = { { "small", "100 octets" }, { "large", p.size .. " octets" }, { "error", "ends" },
           { "mss", "sender's mss" }, { "again", "retransmissions" } },
  { "ICMP passes", scenario, true, 0 }, { "no ICMP", scenario, false, 0 },
  { "probing 1", scenario, false, 1 }, { "probing 2", scenario, false, 2 } }
local r = {}
for _, case in ipairs(cases) do r[case.name] = case.results end
netsim.quiz("No ICMP: how does it end?", { "well", "EMSGSIZE", "ETIMEDOUT" }, r["no ICMP"].error)
netsim.quiz("tcp_mtu_probing 1: after how many seconds does it pass?", r["probing 1"].large, 0.7)
netsim.checks(r, function(r)
  netsim.expect(r["no ICMP"].small ~= "never", "without ICMP the short message is answered")
  netsim.expect_equal(r["no ICMP"].large, "never", "when the long one is answered, without ICMP")
  netsim.expect_equal(r["no ICMP"].error, "ETIMEDOUT", "the error, in the end")
  netsim.expect(r["ICMP passes"].large < 0.2, "with ICMP the path's MTU is learnt at once")
  netsim.expect_equal(r["ICMP passes"].mss, 1348, "the mss it says: 1400 - 20 - 20 - 12")
  netsim.expect_between(r["probing 1"].large, 3, 7, "seconds with tcp_mtu_probing 1")
  netsim.expect(r["probing 2"].large < 0.2, "with 2, the first large segment passes")
end)
