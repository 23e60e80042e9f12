-- Lab 40: Out of ports
-- Chapter: TIME_WAIT
-- Question: How many connections per second can a client open to one port, if it closes first?
-- Watch: the second in which connect() begins to fail, and the rate that is left from then on.
-- Background:
--   connect() takes a local port from net.ipv4.ip_local_port_range: 32768 to 60999, 28,232 of them.
--   Each closed connection keeps its port in TIME-WAIT for 60 s, towards this address and port. So
--   28,232 / 60 = 470 new connections per second can go on for ever; at a higher rate the ports are
--   used up after 28,232 / rate seconds, and connect() returns EADDRNOTAVAIL until the oldest come
--   back, one by one, 60 s after their close. To be quick, this lab has a tenth of the ports,
--   2,823: 47 per second. What helps: keeping connections open, letting the server close first,
--   more addresses or ports to connect to, tcp_tw_reuse (lab 41).
-- Try: --rate 45/s
--   Predict first: does connect() ever fail now?
-- Try: --closes server
--   Predict first: where do the connections wait in TIME-WAIT now, and whom do they hinder?
-- Try: --ports 1412 --rate 30/s
--   Predict first: half of the ports, half of the rate. When does connect() fail now?
-- Broken by: --without time-wait
-- Broken by: --closes server
local p = netsim.params {
  rate   = { "60/s", "connections per second that the client tries" },
  ports  = { 2823, "ports in the client's range", min = 1, max = 28232 },
  closes = { "client", "who closes first", one_of = { "client", "server" } },
}

netsim.run(function(net)
  local client = net:host("client", { sysctl = {
    ["net.ipv4.ip_local_port_range"] = "32768 " .. 32767 + p.ports } })
  local server = net:host("server")
  net:link(client, server, { rate = "1gbit", delay = "1ms" })
  server:serve { port = 80, request = 100, response = 100, keep_open = p.closes == "client" }
  local load = client:load("server:80", { rate = p.rate, spacing = "fixed", request = 100,
                                          response = 100, close_first = p.closes == "client" })
  local before, first_failure = 0, nil
  local rate = net:record("connected per second", "1s", function()
    local now = load.connected
    local per_second = now - before
    before = now
    return per_second
  end)
  net:every("100ms", function()
    if load.failed > 0 then first_failure = net:now() end
    return load.failed == 0
  end)
  local waiting = net:record("in TIME-WAIT", "5s", function()
    return select(2, client:ss("-tanH"):gsub("TIME%-WAIT", ""))
  end)
  net:run("150s")

  local wall = p.ports / 60
  netsim.plot { rate, title = "connections per second", max = 1.2 * netsim.per_second(p.rate),
                limit = wall, limit_label = "ports / 60 s" }
  netsim.plot { waiting, title = "the client's connections in TIME-WAIT",
                limit = p.ports, limit_label = "ports" }
  local later = 0                        -- the last minute
  for second = 91, 150 do later = later + rate.values[second] / 60 end
  netsim.table {
    { "", "predicted", "simulated" },
    { "first EADDRNOTAVAIL after, s", p.ports / netsim.per_second(p.rate), first_failure or "-" },
    { "connections per second from then on", wall, later },
  }
  netsim.quiz("After how many seconds does connect() first fail?", first_failure or 0, 2)
  netsim.quiz("How many connections per second are left after that?", later, 2)
  netsim.checks({ rate = netsim.per_second(p.rate), ports = p.ports, later = later,
                  first_failure = first_failure or -1, failed = load.failed,
                  no_port = load.errors.EADDRNOTAVAIL or 0 }, function(r)
    netsim.expect_near(r.first_failure, r.ports / r.rate, 0.5, "seconds to the first EADDRNOTAVAIL")
    netsim.expect_near(r.later, r.ports / 60, 0.02 * r.ports / 60, "connections per second then")
    netsim.expect_equal(r.no_port, r.failed, "failures that are EADDRNOTAVAIL")
  end)
end)
