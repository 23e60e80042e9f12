-- A series of ten million points: a noisy wave with one spike of a single point.
netsim.run(function(net)
  local a, b = net:host("a"), net:host("b")
  net:link(a, b, { delay = "1ms" })
  local i, spike = 0, 7654321
  net:record("wave", "1ms", function()
    i = i + 1
    return i == spike and 1000 or (i * 7919 % 100003) / 1000
  end)
  net:run("10000s")
  netsim.expect(i >= 10000000, "%d points", i)
end)
