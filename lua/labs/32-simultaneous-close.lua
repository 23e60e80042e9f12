-- Lab 32: Both close at once
-- Chapter: Closing
-- Question: What happens to two FINs that cross on the way, and who has to wait in TIME-WAIT then?
-- Watch: the state CLOSING, which most people never see; both sides' last state.
-- Background:
--   A FIN that comes in FIN-WAIT-1, before the ACK of one's own, tells that the peer closed by
--   itself. RFC 9293 gives this a state: CLOSING, "both FINs are out, mine is not acknowledged".
--   The ACK that ends it was sent by a peer that is in CLOSING too, so both ends get to TIME-WAIT:
--   each sent a last ACK that may be lost, so each must be there to send it again. It happens when
--   the second close() comes before the first FIN has crossed the link: within one one-way delay,
--   here 10 ms.
-- Try: --late 9ms
--   Predict first: does the server go through CLOSING if it closes 9 ms after the client?
-- Try: --late 11ms
--   Predict first: and 11 ms after? Who is left in TIME-WAIT?
-- Broken by: --without simultaneous-close
-- Broken by: --late 11ms
local p = netsim.params { late = { "0ms", "from the client's close() to the server's" } }

netsim.run(function(net)
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = "10ms" })
  net:watch_ladder()

  server:spawn(function(host)
    local l = assert(host:tcp())
    l:bind("*", 80); l:listen(16)
    local c = l:accept()
    l:close()
    host:sleep(1 - host:now() + netsim.seconds(p.late))
    c:close()
  end)
  client:spawn(function(host)
    host:sleep("1ms")
    local s = assert(host:tcp())
    s:connect("server", 80)
    host:sleep(1 - host:now())
    s:close()
  end)

  net:run_until("1015ms")                      -- the FINs have arrived, their ACKs have not all
  local crossing = client:ss("-tan") .. server:ss("-tan")
  net:run_until("10s")
  local after = client:ss("-tan") .. server:ss("-tan")
  print(net:ladder(client, server))
  print("ss -tan on both, 15 ms after the client's close():\n")
  print(crossing)
  print("At 10 s:\n")
  print(after)

  local function count(text, state) return select(2, text:gsub(state:gsub("%-", "%%-"), "")) end
  netsim.quiz("How many ends are left in TIME-WAIT?", { 0, 1, 2 }, count(after, "TIME-WAIT"))
  netsim.checks({ closing = count(crossing, "CLOSING"), time_wait = count(after, "TIME-WAIT"),
                  again = client:counter("TcpRetransSegs") + server:counter("TcpRetransSegs"),
                }, function(r)
    netsim.expect_equal(r.closing, 2, "ends in CLOSING while the ACKs are on the way")
    netsim.expect_equal(r.time_wait, 2, "ends in TIME-WAIT")
    netsim.expect_equal(r.again, 0, "retransmissions")
  end)
end)
