// UDP sockets as scripts see them.
#include <gtest/gtest.h>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

TEST(Udp, DatagramsGoBothWaysAndKeepTheirBounds) {
    const Ran ran = run_lua(two_hosts(R"(
        a:spawn(function(host)
            local s = assert(host:udp())
            assert(s:setsockname("*", 53))
            for i = 1, 3 do
                local data, ip, port = s:receivefrom()
                print(data, ip == b.address, port >= 32768, host:now())
                s:sendto(data:upper(), ip, port)
            end
        end)
        b:spawn(function(host)
            local s = host:udp()
            s:settimeout("1s")
            s:sendto("one", "a", 53)
            s:sendto("", "a", 53)
            s:setpeername("a", 53)
            print(s:send("four"))
            print(s:receive()) print(s:receive()) print(s:receive(2))
            print(s:receive())
            print(s:getpeername())
        end)
        net:run(3)
        print(a:counter("UdpInDatagrams"), a:counter("UdpOutDatagrams"), b:counter("UdpInDatagrams")))"));
    EXPECT_EQ(ran.out,
              "4\none\ttrue\ttrue\t0.01\n\ttrue\ttrue\t0.01\nfour\ttrue\ttrue\t0.01\nONE\n\nFO\n"
              "nil\ttimeout\tEAGAIN\n10.0.0.1\t53\n3\t3\t3\n")
        << ran.message();
}

TEST(Udp, AClosedPortIsToldToConnectedSocketsOnly) {
    const Ran ran = run_lua(two_hosts(R"(
        b:spawn(function(host)
            local s, t = host:udp(), host:udp()
            s:settimeout("1s") t:settimeout("1s")
            s:setpeername("a", 99)
            s:send("x") t:sendto("x", "a", 99)
            print(s:receive())
            print(t:receive())
            s:send("x")
            host:sleep(1)
            print(s:send("y"))
            print(s:send("z"))
        end)
        net:run(5)
        print(a:counter("UdpNoPorts"), b:counter("IcmpInDestUnreachs")))"));
    EXPECT_EQ(ran.out,
              "nil\tconnection refused\tECONNREFUSED\nnil\ttimeout\tEAGAIN\n"
              "nil\tconnection refused\tECONNREFUSED\n1\n4\t4\n")
        << ran.message();
}

TEST(Udp, AClosedPortOfItsOwnHostIsToldToo) {
    const Ran ran = run_lua(two_hosts(R"(
        a:spawn(function(host)
            local s = host:udp()
            s:settimeout("1s")
            s:setpeername("127.0.0.1", 99)
            s:send("x")
            print(s:receive())
        end)
        net:run(3)
        print(a:tcp():bind("10.0.0.1", 80)))"));
    EXPECT_EQ(ran.out, "nil\tconnection refused\tECONNREFUSED\n1\n") << ran.message();
}

TEST(Udp, TheReceiveBufferDropsWhatItHasNoRoomFor) {
    const Ran ran = run_lua(two_hosts(R"(
        a:sysctl("net.core.rmem_default", 4096)
        a:spawn(function(host)
            local s = host:udp()
            s:setsockname("*", 53)
            host:sleep(1)
            local n = 0
            s:settimeout(0)
            while s:receive() do n = n + 1 end
            print(n)
            s:setoption("recv-buffer-size", 1000000)
            host:sleep(2)
            while s:receive() do n = n + 1 end
            print(n)
        end)
        b:spawn(function(host)
            local s = host:udp()
            for i = 1, 10 do s:sendto("x", "a", 53) end
            host:sleep(2)
            for i = 1, 10 do s:sendto("x", "a", 53) end
        end)
        net:run(5)
        print(a:counter("UdpRcvbufErrors"), a:counter("UdpInErrors"), a:dropped("socket buffer full")))"));
    EXPECT_EQ(ran.out, "5\n15\n5\t5\t5\n") << ran.message();  // 768 octets of memory each
}

TEST(Udp, ErrnoOfCalls) {
    const Ran ran = run_lua(two_hosts(R"(
        local s, t = a:udp(), a:udp()
        print(s:setsockname("*", 53)) print(t:setsockname("10.0.0.1", 53))
        print(s:setsockname("*", 54)) print(t:setsockname("10.0.0.2", 53))
        print(t:send("x")) print(t:sendto("x", "203.0.113.1", 9))
        print(t:sendto(("x"):rep(1473), "b", 9)) print(t:sendto(("x"):rep(1472), "b", 9))
        print(t:sendto(("x"):rep(65508), "b", 9))
        t:setpeername("b", 9) print(t:getsockname()) t:setpeername("*") print(t:getpeername())
        t:close() print(t:send("x"))
        print(pcall(function() t:setoption("nodelay", 1) end)))"));
    EXPECT_EQ(ran.out.substr(0, ran.out.find("10.0.0.1\t")),
              "1\nnil\taddress already in use\tEADDRINUSE\nnil\tinvalid argument\tEINVAL\n"
              "nil\tcannot assign requested address\tEADDRNOTAVAIL\n"
              "nil\tdestination address required\tEDESTADDRREQ\n1\n"
              "nil\tmessage too long\tEMSGSIZE\n1472\nnil\tmessage too long\tEMSGSIZE\n")
        << ran.message();
    EXPECT_NE(ran.out.find("\nnil\ttransport endpoint is not connected\tENOTCONN\n"
                           "nil\tclosed\tEBADF\n"
                           "false\ttest.lua:11: unknown option \"nodelay\" of a UDP socket"),
              std::string::npos)
        << ran.out;
}

TEST(Udp, AProcessThatEndsFreesItsPort) {
    const Ran ran = run_lua(two_hosts(R"(
        local p = a:spawn(function(host) host:udp():setsockname("*", 53) host:sleep(9) end)
        a:spawn(function(host) host:udp():setsockname("*", 54) end)
        net:run(1)
        p:kill()
        print(a:udp():setsockname("*", 53), a:udp():setsockname("*", 54)))"));
    EXPECT_EQ(ran.out, "1\t1\n") << ran.message();
}

TEST(Udp, ACorruptDatagramIsCounted) {
    const Ran ran = run_lua(R"(
        local net = netsim.network{} local a, b = net:host("a"), net:host("b")
        net:link(a, b, {corrupt = "100%"})
        local s = b:udp()
        for i = 1, 200 do s:sendto(("x"):rep(1000), "a", 9) end
        net:run(1)
        print(a:counter("UdpInCsumErrors") > 150, a:counter("UdpInErrors") == a:counter("UdpInCsumErrors")))");
    EXPECT_EQ(ran.out, "true\ttrue\n") << ran.message();
}

TEST(Dns, ScriptsAskAndTypeTheTools) {
    const Ran ran = run_lua(two_hosts(R"(
        local stats = a:dns{zone = {["Web.Example."] = "b"}, authoritative = true}
        print(b:nameserver(), b:nameserver("a"))
        b:spawn(function(host)
            print(host:lookup("web.example"))
            print(host:lookup("nope.example"))
            print((host:sh("nslookup web.example")))
            a:power_off()
            print(host:lookup("web.example"))
            print(host:now())
        end)
        net:run("60s")
        print(stats.queries, stats.answered, stats.nxdomain)
        a:dns{})"));
    EXPECT_EQ(ran.out,
              "127.0.0.1\t10.0.0.1\n10.0.0.2\nnil\tname or service not known\tEAI_NONAME\n"
              "Server:\t\t10.0.0.1\nAddress:\t10.0.0.1#53\n\nName:\tweb.example\nAddress: "
              "10.0.0.2\n\n\nnil\ttimeout\tEAI_AGAIN\n10.08\n4\t2\t1\n");
    EXPECT_EQ(ran.message(), "test.lua:15: dns on 'a': the host is off (boot() turns it on)");
    EXPECT_EQ(run_lua(two_hosts("a:dns{zone = {[1] = 'b'}}")).message(),
              "test.lua:2: dns: zone: its keys are names");
    EXPECT_EQ(run_lua(two_hosts("a:dns{zone = {['a..b'] = 'b'}}")).message(),
              "test.lua:2: dns on 'a': zone: \"a..b\" is no name");
    EXPECT_EQ(run_lua(two_hosts("a:dns{} a:dns{}")).message(),
              "test.lua:2: dns on 'a': port 53: Address already in use");
}

}  // namespace
}  // namespace netsim::lua
