-- A hundred thousand connections, each with a request and an answer: most are counted, few listed.
netsim.run(function(net)
  local web, user, r = net:host("web"), net:host("user"), net:router("r")
  net:link(web, r, { rate = "10gbit", delay = "1ms" })
  net:link(user, r, { rate = "10gbit", delay = "1ms", loss = "0.1%" })
  web:sysctl("net.ipv4.tcp_max_tw_buckets", 200000)
  web:serve { port = 80, backlog = 1024, request = 100, response = 1000 }
  local load = user:load("web:80", { rate = "5000/s", request = 100, response = 1000, max = 100000,
                                     close_first = false })
  net:run()
  netsim.expect(load.attempts == 100000, "%d connections", load.attempts)
end)
