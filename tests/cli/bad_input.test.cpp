// Every kind of bad input: exit code 2, one clear line, nothing written.
#include "cli/command.hpp"

namespace netsim::cli {
namespace {

struct BadRun {
    const char* name;
    std::vector<std::string> arguments;
    const char* says;
    const char* script = "local net = netsim.network {} net:host('web') net:run(1)";
};

class BadInput : public CommandTest, public testing::WithParamInterface<BadRun> {};

TEST_P(BadInput, IsOneLineAndNothingWritten) {
    write("x.lua", GetParam().script);
    std::vector<std::string> arguments = GetParam().arguments;
    const bool runs_x = arguments.size() > 1 && arguments[1] == "x.lua";
    if (runs_x) {
        arguments.insert(arguments.end(), {"--json", "out.json"});
    }
    const Outcome run = netsim(arguments);
    EXPECT_EQ(run.code, 2) << run.out << run.err;
    EXPECT_EQ(run.err_lines(), 1U) << run.err;
    EXPECT_NE(run.err.find(GetParam().says), std::string::npos) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(listing(), "x.lua");
}

std::string test_name(const testing::TestParamInfo<BadRun>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, BadInput,
    testing::Values(
        BadRun{"NoCommand", {}, "netsim --help"},
        BadRun{"UnknownCommand", {"rnu", "x.lua"}, "did you mean \"run\""},
        BadRun{"NoScript", {"run"}, "SCRIPT is missing"},
        BadRun{"MissingScript", {"run", "synfloood"}, "did you mean \"synflood.lua\""},
        BadRun{"FolderAsScript", {"run", "/"}, "is a folder"},
        BadRun{"UnknownFlag", {"run", "x.lua", "--sed", "1"}, "did you mean \"--seed\""},
        BadRun{"StrayWord", {"run", "x.lua", "word"}, "word"},
        BadRun{"SeedThatIsNone", {"run", "x.lua", "--seed", "x"}, "--seed"},
        BadRun{"NegativeSeed", {"run", "x.lua", "--seed", "-1"}, "--seed"},
        BadRun{"SeedTooLarge",
               {"run", "x.lua", "--seed", "18446744073709551616"},
               "from 0 to 18446744073709551615"},
        BadRun{"TwoSeeds", {"run", "x.lua", "--seed", "5", "--seed", "6"}, "--seed: may be given"},
        BadRun{"EmptyFolder", {"run", "x.lua", "--pcap", ""}, "--pcap: the value is empty"},
        BadRun{"EmptyStates", {"run", "x.lua", "--states", ""}, "--states: the value is empty"},
        BadRun{"EmptyTime", {"exec", "x.lua", "--at", "", "web", "ss"}, "--at: the value is empty"},
        BadRun{"UntilWithoutUnit", {"run", "x.lua", "--until", "5"}, "unit"},
        BadRun{"NegativeUntil", {"run", "x.lua", "--until=-5s"}, "--until"},
        BadRun{"BadMemory", {"run", "x.lua", "--memory-max", "1zb"}, "--memory-max"},
        BadRun{"TooLittleMemory", {"run", "x.lua", "--lua-memory", "10kb"}, "--lua-memory"},
        BadRun{"UnknownSysctl",
               {"run", "x.lua", "--set", "web.net.ipv4.tcp_syncookie=1"},
               "did you mean \"net.ipv4.tcp_syncookies\""},
        BadRun{"UnknownHostInSet",
               {"run", "x.lua", "--set", "wbe.net.ipv4.tcp_sack=1"},
               "did you mean \"web\""},
        BadRun{"SysctlOutOfRange", {"run", "x.lua", "--set", "net.ipv4.tcp_sack=7"}, "tcp_sack"},
        BadRun{"UnknownTraceWord", {"run", "x.lua", "--trace=hots web"}, "hots"},
        BadRun{
            "UnknownProfile", {"sysctl", "--profile", "linux-6.2"}, "did you mean \"linux-6.1\""},
        BadRun{"UnknownProfileOfScripts",
               {"packetdrill", "--profile", "lnux-legacy", "x.lua"},
               "did you mean \"linux-legacy\""},
        BadRun{"UnknownSysctlToList", {"sysctl", "tcp_syncokies"}, "unknown sysctl"},
        BadRun{"BenchWithoutBenchmarks", {"bench", "--quick"}, "built without the benchmarks"},
        BadRun{"UnknownTopology", {"topo", "strr"}, "star"},
        BadRun{"TopologyParameterWithoutValue", {"topo", "star", "--hosts"}, "value is missing"}),
    test_name);

INSTANTIATE_TEST_SUITE_P(
    Scripts, BadInput,
    testing::Values(BadRun{"SyntaxError", {"run", "x.lua"}, "x.lua:2: ", "local a = 1\nlocal = 2"},
                    BadRun{"UnknownOption",
                           {"run", "x.lua"},
                           "x.lua:1: network: unknown option \"sed\"",
                           "netsim.network { sed = 1 }"},
                    BadRun{"NegativeDelay",
                           {"run", "x.lua"},
                           "x.lua:2: link a-b: delay: must not be negative",
                           "local net = netsim.network {} net:host('a') net:host('b')\n"
                           "net:link('a', 'b', { delay = '-1ms' })"},
                    BadRun{"UnknownUnit",
                           {"run", "x.lua"},
                           "x.lua:1: link a-b: delay: bad duration \"5mss\": unknown unit \"mss\", "
                           "allowed are ns, us, ms, s, min, h, did you mean \"ms\"?",
                           "local net = netsim.network {} net:host('a') net:host('b') "
                           "net:link('a', 'b', { delay = '5mss' })"},
                    BadRun{"UnknownSysctlOfAHost",
                           {"run", "x.lua"},
                           "x.lua:1: host 'a': unknown sysctl \"net.ipv4.tcp_syncokies\", did you "
                           "mean \"net.ipv4.tcp_syncookies\"?",
                           "netsim.network {}:host('a', { sysctl = { "
                           "['net.ipv4.tcp_syncokies'] = 1 } })"},
                    BadRun{"SysctlLikeNoOther",
                           {"run", "x.lua"},
                           "unknown sysctl \"vm.swappiness\" (`netsim sysctl` lists them)",
                           "netsim.network {}:host('a', { sysctl = { "
                           "['vm.swappiness'] = 1 } })"},
                    BadRun{"RateZero",
                           {"run", "x.lua"},
                           "x.lua:1: link a-b: rate: must be above 0",
                           "local net = netsim.network {} net:host('a') net:host('b') "
                           "net:link('a', 'b', { rate = 0 })"},
                    BadRun{"LossAboveOne",
                           {"run", "x.lua"},
                           "x.lua:1: link a-b: loss: ",
                           "local net = netsim.network {} net:host('a') net:host('b') "
                           "net:link('a', 'b', { loss = 1.01 })"},
                    BadRun{"UnknownHost",
                           {"run", "x.lua"},
                           "x.lua:1: ",
                           "local net = netsim.network {} net:host('a') net:link('a', 'bb')"},
                    BadRun{"DuplicateName",
                           {"run", "x.lua"},
                           "x.lua:1: ",
                           "local net = netsim.network {} net:host('a') net:host('a')"},
                    BadRun{"AddressesExhausted",
                           {"run", "x.lua"},
                           "10.0.0.0/30",
                           "local net = netsim.network { addresses = '10.0.0.0/30' } "
                           "for i = 1, 9 do net:host('h' .. i) end"},
                    BadRun{"NoRoute",
                           {"run", "x.lua"},
                           "x.lua:1: ",
                           "local net = netsim.network {} local a = net:host('a') net:host('b') "
                           "net:host('c') net:link('a', 'b') net:run(1)"},
                    BadRun{"LoopsForEver",
                           {"run", "x.lua", "--instructions", "1000000"},
                           "x.lua:1: ",
                           "while true do end"},
                    BadRun{"AllocatesWithoutEnd",
                           {"run", "x.lua", "--lua-memory", "4mb"},
                           "x.lua:1: ",
                           "local t = {} while true do t[#t + 1] = {} end"}),
    test_name);

class BadOutput : public CommandTest {};

TEST_F(BadOutput, AnUnwritableJsonPathFailsBeforeTheRun) {
    write("x.lua", "print('ran')");
    for (const char* path : {"/nowhere/out.json", "/", "/dev/null/x"}) {
        const Outcome run = netsim({"run", "x.lua", "--json", path});
        EXPECT_EQ(run.code, 2);
        EXPECT_EQ(run.out, "");
        EXPECT_EQ(run.err_lines(), 1U) << run.err;
        EXPECT_NE(run.err.find(path), std::string::npos) << run.err;
    }
    EXPECT_EQ(listing(), "x.lua");
}

TEST_F(BadOutput, AnUnwritableCaptureFolderIsOneLine) {
    write("x.lua", "local net = netsim.network {} net:host('web') net:run(1)");
    write("taken", "a file");
    for (const char* path : {"/proc/nowhere", "taken/sub"}) {
        const Outcome run = netsim({"run", "x.lua", "--pcap", path});
        EXPECT_EQ(run.code, 2) << run.err;
        EXPECT_EQ(run.err_lines(), 1U) << run.err;
        EXPECT_NE(run.err.find(path), std::string::npos) << run.err;
    }
    EXPECT_EQ(listing(), "taken x.lua");
}

TEST_F(BadOutput, GraphmlWithMissingAttributesNamesThem) {
    write("bad.graphml",
          "<?xml version=\"1.0\"?><graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">"
          "<graph edgedefault=\"undirected\"><node id=\"a\"/><node id=\"b\"/>"
          "<edge source=\"a\" target=\"b\"/></graph></graphml>");
    write("x.lua", "netsim.network {}:topology('bad.graphml')");
    const Outcome run = netsim({"run", "x.lua"});
    EXPECT_EQ(run.code, 2) << run.out << run.err;
    EXPECT_EQ(run.err_lines(), 1U) << run.err;
    EXPECT_EQ(run.err, "x.lua:1: bad.graphml:1: a node has neither \"name\" nor \"label\"\n");
}

TEST_F(BadOutput, TopoRefusesWhatIsDisconnectedByName) {
    write("two.dot", "graph { Rome; Paris }");
    const Outcome run = netsim({"topo", "two.dot"});
    EXPECT_EQ(run.code, 2) << run.out;
    EXPECT_EQ(run.out, "");
    EXPECT_NE(run.err.find("no path between \"Paris\" and \"Rome\""), std::string::npos) << run.err;
}

TEST_F(BadOutput, AnUnknownOptionComesBeforeWhatIsMissing) {
    for (const char* command : {"replay", "packetdrill"}) {
        EXPECT_NE(netsim({command, "--foo"}).err.find("not expected: --foo"), std::string::npos);
        EXPECT_NE(netsim({command}).err.find("FILE is required"), std::string::npos);
    }
}

class Commands : public CommandTest {};

TEST_F(Commands, SysctlListsAllOrThoseThatMatch) {
    const Outcome all = netsim({"sysctl"});
    EXPECT_EQ(all.code, 0);
    EXPECT_NE(all.out.find("net.core.somaxconn"), std::string::npos);
    const Outcome one = netsim({"sysctl", "net.*syncookies"});
    EXPECT_EQ(std::count(one.out.begin(), one.out.end(), '\n'), 2) << one.out;
    EXPECT_NE(one.out.find("net.ipv4.tcp_syncookies"), std::string::npos);
}

TEST_F(Commands, TopoShowsAGeneratorWithParameters) {
    const Outcome star = netsim({"topo", "star", "--hosts", "5"});
    EXPECT_EQ(star.code, 0) << star.err;
    EXPECT_NE(star.out.find("5 hosts"), std::string::npos) << star.out;
    EXPECT_EQ(netsim({"topo", "abilene"}).code, 0);
}

TEST_F(Commands, VersionAndHelp) {
    EXPECT_EQ(netsim({"--version"}).out.rfind("netsim ", 0), 0U);
    EXPECT_EQ(netsim({"version"}).out, netsim({"--version"}).out);
    EXPECT_NE(netsim({"help"}).out.find("run"), std::string::npos);
    EXPECT_EQ(netsim({"--help"}).code, 0);
}

}  // namespace
}  // namespace netsim::cli
