-- Lab 39: Address already in use
-- Chapter: TIME_WAIT
-- Question: A server is restarted. Why may bind() fail for a minute, and whose SO_REUSEADDR helps?
-- Watch: the seconds until the new server can bind; who holds port 80 meanwhile, in ss.
-- Background:
--   The server closed its connection first, so its end waits in TIME-WAIT, on port 80. bind()
--   refuses a port that somebody has, also a record without a process, for up to 60 s: EADDRINUSE.
--   SO_REUSEADDR says "old connections do not matter to me". Linux wants it on both: on the new
--   socket, and on the one that left the record, which got it from its listener. Setting it in the
--   new version of a program only does not help at the first restart. It never allows two listeners
--   on one port, and where clients close first, there is nothing to wait for.
-- Try: --grace 70s
--   Predict first: the new server starts 70 s after the old one. Which cases still fail?
-- Try: --grace 30s
--   Predict first: and after 30 s, how long must it try?
-- Broken by: --without time-wait
-- Broken by: --grace 70s
local p = netsim.params { grace = { "1s", "from the old server's end to the new one's start" } }

local function serve(host, reuse, closes_first)  -- one connection; the seconds until bind() worked
  local l, waited
  repeat
    if l then l:close(); host:sleep("1s") end
    waited = waited and waited + 1 or 0
    l = assert(host:tcp())
    l:setoption("reuseaddr", reuse)
  until l:bind("*", 80)
  l:listen(16)
  local c = l:accept()
  c:receive("*l"); c:send("hello\n")
  if not closes_first then c:receive("*a") end
  c:close(); l:close()
  return waited
end

local function scenario(net, old_reuse, new_reuse, closes_first)
  local web, user = net:host("web"), net:host("user")
  net:link(web, user, { rate = "100mbit", delay = "10ms" })
  local waited, refused, held = nil, 0, nil
  web:spawn(function(host)
    serve(host, old_reuse, closes_first)
    host:sleep(p.grace)                        -- the process ends, another one starts
    held = host:ss("-tan")
    waited = serve(host, new_reuse, closes_first)
  end)
  user:spawn(function(host)
    local function ask()
      local s <close> = assert(host:tcp())
      if not s:connect("web", 80) then return false end
      s:send("hi\n")
      return s:receive(closes_first and "*a" or "*l") ~= nil
    end
    host:sleep("1ms")
    ask()
    host:sleep("1s")
    while not ask() do refused = refused + 1; host:sleep("1s") end
  end)
  net:run("3min")
  return { waited = waited, refused = refused, held = held }
end

local cases = netsim.compare {
  title = "SO_REUSEADDR",
  show = { { "waited", "seconds until bind() works" }, { "refused", "connections refused" } },
  { "on neither", scenario, false, false, true },
  { "on the new one only", scenario, false, true, true },
  { "on both", scenario, true, true, true },
  { "neither, client closes", scenario, false, false, false },
}
print("web when the new server starts, without SO_REUSEADDR:\n\n" .. cases[1].results.held)
local function waited(i) return cases[i].results.waited end
netsim.quiz("How many seconds must the new server wait if only it sets SO_REUSEADDR?", waited(2), 2)
netsim.quiz("And if the client had closed first?", waited(4), 2)
netsim.checks({ neither = waited(1), new = waited(2), both = waited(3), client = waited(4)
              }, function(r)
  netsim.expect_between(r.neither, 58, 61, "seconds without SO_REUSEADDR")
  netsim.expect_equal(r.new, r.neither, "seconds with SO_REUSEADDR on the new socket only")
  netsim.expect_equal(r.both, 0, "seconds with SO_REUSEADDR on both")
  netsim.expect_equal(r.client, 0, "seconds where the client closed first")
end)
