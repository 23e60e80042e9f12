local net = netsim.network{}
local a, b = net:host("a"), net:host("b")
net:link(a, b, {delay = "10ms", rate = "1mbit"})
b:serve{port = 80}
a:load("b:80", {rate = "10/s"})
net:run("1s")
