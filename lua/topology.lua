-- Load across the Abilene backbone of 2004, read from GraphML. One link is cut while it runs: routes
-- change, what was in flight on it is lost and sent again, and the latency of new connections shows
-- the detour.
local p = netsim.params {
  cut     = { "Denver-KansasCity", "the link to cut" },
  at      = { "10s", "when it is cut" },
  mend    = { "20s", "when it is mended" },
  rate    = { "50/s", "connections per second of each client" },
  clients = { "Seattle Sunnyvale LosAngeles Denver", "cities of the clients" },
  server  = { "NewYork", "city of the server" },
}
local cut_at, mended_at = netsim.seconds(p.at), netsim.seconds(p.mend)
local phases = {
  { "before", 0, cut_at }, { "cut", cut_at, mended_at }, { "mended", mended_at, mended_at + 10 },
}

netsim.run(function(net)
  local map = net:topology("abilene.graphml")
  print(("Abilene: %d routers, %d hosts, %d links"):format(#map.routers, #map.hosts, #map.links))
  local cut
  for _, link in ipairs(map.links) do
    if link.name == p.cut then cut = link end
  end
  assert(cut, "no link " .. p.cut .. " (netsim topo abilene lists them)")
  cut:at(p.at, "down")
  cut:at(p.mend, "up")

  local server = net:node("host-" .. p.server)
  server:serve { port = 80, request = 200, response = 20000, backlog = 1024 }
  local loads, cities = {}, {}
  for city in p.clients:gmatch("%S+") do
    cities[#cities + 1] = city
    loads[city] = {}
    for _, phase in ipairs(phases) do
      local name, from, to = table.unpack(phase)
      loads[city][name] = net:node("host-" .. city):load(server.name .. ":80", {
        rate = p.rate, request = 200, response = 20000, start = from, stop = to })
    end
  end
  net:run_until(mended_at + 40)

  local rows = { { "connect p50 (ms)", "before", "cut", "mended", "sent again" } }
  local results = { connect_p50_ms = {}, completed = 0, attempts = 0 }
  for _, city in ipairs(cities) do
    local load = loads[city]
    rows[#rows + 1] = {
      city, load.before.connect_p50_ms, load.cut.connect_p50_ms, load.mended.connect_p50_ms,
      net:node("host-" .. city):counter("TcpRetransSegs"),
    }
    results.connect_p50_ms[city] = {
      before = load.before.connect_p50_ms, cut = load.cut.connect_p50_ms,
      mended = load.mended.connect_p50_ms,
    }
    for _, phase in ipairs(phases) do
      results.completed = results.completed + load[phase[1]].completed
      results.attempts = results.attempts + load[phase[1]].attempts
    end
  end
  netsim.table(rows)
  results.lost_on_cut_link = cut:stats().drops["link down"] or 0
  print(("%d of %d exchanges completed; %d packets were lost on the cut link"):format(
    results.completed, results.attempts, results.lost_on_cut_link))

  netsim.expect_equal(results.completed, results.attempts, "every exchange completes")
  local first = loads[cities[1]]
  netsim.expect(first.cut.connect_p50_ms >= first.before.connect_p50_ms, "a detour is no shortcut")
  netsim.expect_near(first.mended.connect_p50_ms, first.before.connect_p50_ms, 1,
                     "latency after mending")
  return results
end)
