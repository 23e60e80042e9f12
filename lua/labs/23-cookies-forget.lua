-- Lab 23: What cookies forget
-- Chapter: Floods and defences
-- Question: A cookie has room for one of four MSS values. What of the other options of a SYN?
-- Watch: ss -tino of a connection by a cookie, with and without timestamps; its throughput.
-- Background:
--   Window scale, SACK-permitted and ECN do not fit into 32 bits. If client and server use
--   timestamps, Linux hides them in the low six bits of the timestamp it sends, and the ACK's echo
--   brings them back. Without timestamps they are forgotten: the window cannot be scaled (64 KiB
--   at most), and no SACK. On a path with a long round trip such a connection carries 64 KiB per
--   round trip, however fast the link is.
-- Try: --delay 5ms
--   Predict first: with a short round trip, how much does the missing window scale cost?
-- Try: --cookies 1
--   Predict first: no flood, so no cookie is needed. What do the two cases look like?
-- Broken by: --cookies 0
local p = netsim.params {
  delay   = { "50ms", "one-way delay" },
  bytes   = { "4mb",  "what the server sends" },
  cookies = { 2,      "net.ipv4.tcp_syncookies of the server", min = 0, max = 2 },
}

local function scenario(net, timestamps)
  local server = net:host("server", { sysctl = { ["net.ipv4.tcp_syncookies"] = p.cookies } })
  local client = net:host("client", { sysctl = {
    ["net.ipv4.tcp_timestamps"] = timestamps, ["net.ipv4.tcp_rmem"] = "4096 1048576 6291456" } })
  net:link(server, client, { rate = "1gbit", delay = p.delay })
  local shown
  server:spawn(function(host)
    local l = assert(host:tcp()); l:bind("*", 80); l:listen(8)
    local c = l:accept()
    host:at(host:now() + 0.02, function() shown = host:ss("-tino state established") end)
    c:send_synthetic(netsim.bytes(p.bytes)); c:close()
  end)
  local took
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    assert(s:connect("server", 80))
    local began = host:now()
    s:discard(netsim.bytes(p.bytes))
    took = host:now() - began
    s:close()
  end)
  net:run("60s")
  return { mbit = netsim.bytes(p.bytes) * 8 / took / 1e6, shown = shown,
           scaled = shown:find("wscale") ~= nil, sack = shown:find("sack") ~= nil }
end

local cases = netsim.compare {
  title = "A connection by cookie", show = { { "mbit", "Mbit/s" }, { "scaled", "window scale" },
                                             { "sack", "SACK" } },
  { "timestamps", scenario, 1 },
  { "none",       scenario, 0 },
}
local with, without = cases[1].results, cases[2].results
local function options(text) return text:match("\t([^\n]*)"):sub(1, 60) .. " ..." end
print("ss -tino with timestamps:    " .. options(with.shown))
print("ss -tino without timestamps: " .. options(without.shown))
netsim.quiz("How many Mbit/s does the connection without timestamps reach?", without.mbit, 2)
netsim.checks({ with = with, without = without, rtt = 2 * netsim.seconds(p.delay) }, function(r)
  netsim.expect(r.with.scaled and r.with.sack, "timestamps carry window scale and SACK over")
  netsim.expect(not r.without.scaled and not r.without.sack, "without them both are forgotten")
  netsim.expect(r.without.mbit < 65535 * 8 / r.rtt / 1e6, "at most 64 KiB per round trip")
  netsim.expect(r.with.mbit > 2 * r.without.mbit, "with the scale more than twice as fast")
end)
