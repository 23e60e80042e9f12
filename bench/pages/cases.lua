-- A hundred cases, each with more connections and queues than a report keeps: as large as a report gets.
local function scenario(net, seed)
  local r = net:router("r")
  local web = net:host("web")
  net:link(web, r, { rate = "1gbit", delay = "2ms" })
  web:serve { port = 80, backlog = 64, request = 100, response = 3000 }
  for i = 1, 20 do
    local user = net:host("user" .. i)
    net:link(user, r, { rate = "100mbit", delay = (i + seed) .. "ms", loss = "1%" })
    user:load("web:80", { rate = "40/s", request = 100, response = 3000, stop = "3s" })
  end
  net:run("3s")
  return { handshakes = web:counter("TcpPassiveOpens") }
end

local cases = { title = "a hundred cases" }
for i = 1, 100 do
  cases[i] = { "case " .. i, scenario, i }
end
netsim.compare(cases)
