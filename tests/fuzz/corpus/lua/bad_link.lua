local net = netsim.network{}
net:link(net:host("a"), net:host("a"), {delay = "-1s", rate = "1e400bit"})
net:run("1e30s")
