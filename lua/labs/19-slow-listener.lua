-- Lab 19: A listener that is too slow
-- Chapter: Queues
-- Question: A server accepts 50 connections a second, 60 come. What does a larger backlog change?
-- Watch: the accept queue, the time until a client is served, the connections that overflow.
-- Background:
--   When more arrives than is accepted, a queue fills, whatever its length; then the rest is
--   dropped. A larger backlog only moves the moment, and makes everyone wait longer: a client that
--   has backlog others before it waits backlog / rate seconds for its answer, though connect()
--   came back at once. What helps is accepting faster (more workers, less work between two
--   accepts), or refusing early (tcp_abort_on_overflow) so that clients turn to another server.
-- Try: --arrivals 40/s
--   Predict first: less than the server takes. How long is the queue at its longest?
-- Try: --large 1024
--   Predict first: how long does the last client wait for its answer now?
-- Broken by: --without accept-queue-limit
-- Broken by: --arrivals 40/s
local p = netsim.params {
  arrivals = { "60/s", "connections that come" },
  accepts  = { "20ms", "time between two accept() calls" },
  small    = { 16,     "the small backlog" },
  large    = { 256,    "the large one" },
}

local function scenario(net, backlog)
  local server = net:host("server", { sysctl = { ["net.core.somaxconn"] = 4096 } })
  local client = net:host("client")
  net:link(server, client, { rate = "1gbit", delay = "5ms" })
  server:serve { port = 80, backlog = backlog, accept_delay = p.accepts, request = 10,
                 response = 10 }
  local load = client:load("server:80", { rate = p.arrivals, spacing = "fixed", request = 10,
                                          response = 10 })
  local queue = net:record("accept queue", "200ms", function() return server:accept_queue(80) end)
  net:run("40s")
  netsim.plot { queue, title = "accept queue, backlog " .. backlog, limit = backlog + 1,
                limit_label = "its limit", height = 8 }
  return { queue = server:accept_queue_peak(80),
           overflows = server:counter("TcpExtListenOverflows"),
           wait = load.complete_p90_ms / 1000, served = load.completed / 40 }
end

local cases = netsim.compare {
  title = p.arrivals .. " come, one accept() every " .. p.accepts,
  show = { { "queue", "longest accept queue" }, { "overflows", "overflows" },
           { "wait", "90 % served within (s)" }, { "served", "served per second" } },
  { "backlog " .. p.small, scenario, p.small },
  { "backlog " .. p.large, scenario, p.large },
}
local small, large = cases[1].results, cases[2].results
netsim.quiz("How many times as many does the large backlog serve?",
            large.served / small.served, 0.2)
netsim.checks({ small = small, large = large, lower = p.small + 1, upper = p.large + 1,
                accepts = netsim.seconds(p.accepts) }, function(r)
  netsim.expect_equal(r.small.queue, r.lower, "the small queue's peak: backlog and one")
  netsim.expect_equal(r.large.queue, r.upper, "the large one too, later")
  netsim.expect_near(r.large.served, r.small.served, 5, "served per second: as fast as accept() is")
  netsim.expect(r.large.wait > r.lower * r.accepts, "and everyone waits longer (s)")
end)
