-- Many connections at once: all are opened, held, carry one message and its answer, and are closed.
-- 10,000 unless told otherwise; `netsim run scale.lua --connections 10000000` is what a big server
-- holds, with both ends simulated.
local p = netsim.params {
  connections = { 10000,  "open at the same time" },
  rate        = { 1000000, "connections opened per second" },
  message     = { 100,    "bytes each way" },
}

local per_client = 12000  -- of 28,232 ports towards one server: connect() finds a free one soon

local function scenario(net)
  local server = net:host("server", { sysctl = { ["net.core.somaxconn"] = 65535 } })
  local r = net:router("r")
  net:link(server, r, { delay = "1ms" })
  server:serve { port = 80, backlog = 65535, request = p.message, response = p.message }

  local clients, loads = (p.connections + per_client - 1) // per_client, {}
  local opening = p.connections / p.rate
  local hold = math.max(1, opening + 1)  -- the last one is open before the first one speaks
  for i = 1, clients do
    local client = net:host("c" .. i)
    net:link(client, r, { delay = "1ms" })
    local share = p.connections // clients + (i <= p.connections % clients and 1 or 0)
    loads[i] = client:load("server:80", {
      rate = p.rate / clients, spacing = "fixed", max = share,
      hold = hold, request = p.message, response = p.message,
    })
  end

  net:run(opening + 0.5)
  local open = server:counter("TcpCurrEstab")
  net:run(hold + opening + 2)

  local completed, failed = 0, 0
  for _, load in ipairs(loads) do
    completed, failed = completed + load.completed, failed + load.failed + load.broken
  end
  netsim.expect_equal(open, p.connections, "connections open at once")
  netsim.expect_equal(completed, p.connections, "connections that got their answer and were closed")
  netsim.expect_equal(failed, 0, "connections that failed")
  return { open = open, completed = completed, failed = failed }
end

netsim.compare {
  title = p.connections .. " connections at once",
  show = { { "open", "open at once" }, { "completed", "answered and closed" }, { "failed", "failed" } },
  { "opened, held, closed", scenario },
}
