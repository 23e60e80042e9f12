// netsim calibrate: its arithmetic on a fixed measurement, what it refuses, and its way into a run.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "netsim/cpu.hpp"

namespace netsim::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kShipped = std::string(NETSIM_SOURCE_DIR) + "/bench/kernel/linux-6.18.json";

class Calibrate : public CommandTest {
 protected:
    /// A measurement in which each name has a value of its own.
    static json measured() {
        return {{"kernel", "6.18.0"},
                {"cpu", "a processor"},
                {"measured_ns", {{"null_write", 100},   {"rst_dropped", 700},
                                 {"syn", 1700},         {"syn_cookie", 1504.9},
                                 {"syn_refused", 1300}, {"ack_establish", 2000},
                                 {"ack_cookie", 2100},  {"ack_bad_cookie", 1290},
                                 {"ack", 800},          {"data_short", 1234.5},
                                 {"fin", 900},          {"icmp_echo", 1111},
                                 {"synack", 1600},      {"connect", 3000},
                                 {"accept", 1000},      {"read_short", 350},
                                 {"read_long", 480},    {"write_more", 400},
                                 {"write_send", 1000},  {"close", 2500},
                                 {"pipe_pair", 300},    {"pipe_switch", 1305},
                                 {"loopback", 10000}}}};
    }

    json costs(const json& input) const {
        write("m.json", input.dump());
        const Outcome run = netsim({"calibrate", "--from", "m.json", "--json"});
        EXPECT_EQ(run.code, 0) << run.err;
        return json::parse(run.out);
    }
};

TEST_F(Calibrate, EachCostFromItsMeasurements) {
    const json got = costs(measured());
    const json expected = {
        {"packet", 600},                          // 700 - 100
        {"syn", 1000},                            // 1700 - 700
        {"cookie", 800},                          // 1504.9 - 700 = 804.9, to 10 ns
        {"cookie_ack", 1400}, {"cookie_bad", 0},  // 1290 - 1300: noise around 0
        {"synack", 900},      {"establish", 1300}, {"ack", 100},   {"data", 530},
        {"fin", 200},         {"rst", 600},        {"other", 410}, {"xmit", 600},  // 1000 - 400
        {"timer", 600},                                                            // as rst
        {"connect", 3000},    {"accept", 1000},    {"read", 350},  {"write", 400},
        {"copy_kb", 100},                        // 130 ns for 1,300 octets
        {"close", 2500},      {"wakeup", 1010},  // 1305 - 300, to 10 ns
    };
    EXPECT_EQ(got.at("costs_ns"), expected) << got.dump(1);
    EXPECT_EQ(got.at("kernel"), "6.18.0");
    // 4 packets, SYN, last ACK, accept(), FIN, close(), ACK: 2400 + 1000 + 1300 + 1000 + 200 + 2500
    // + 100 ns.
    EXPECT_NEAR(got.at("server_handshakes_per_s").get<double>(), 1e9 / 8500, 1e-6);
    EXPECT_NEAR(got.at("syn_per_s").get<double>(), 1e9 / 1600, 1e-6);
    EXPECT_NEAR(got.at("syn_cookie_per_s").get<double>(), 1e9 / 1400, 1e-6);
    EXPECT_NEAR(got.at("loopback_handshakes_per_s").get<double>(), 1e5, 1e-6);
    // The client's: 3 packets, connect(), SYN-ACK, close(), ACK, FIN: 1800 + 3000 + 900 + 2500 +
    // 100 + 200 more.
    EXPECT_NEAR(got.at("loopback_handshakes_per_s_by_costs").get<double>(), 1e9 / 17000, 1e-6);
}

TEST_F(Calibrate, TheDefaultsAreTheShippedMeasurement) {
    const Outcome run = netsim({"calibrate", "--from", kShipped, "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    const json got = json::parse(run.out).at("costs_ns");
    const CpuCosts defaults;
    for (const CpuCostEntry& entry : cpu_cost_table()) {
        EXPECT_EQ(got.at(std::string(entry.name)), (defaults.*entry.member).count()) << entry.name;
    }
}

TEST_F(Calibrate, TheTableIsLuaThatAHostTakes) {
    const Outcome table = netsim({"calibrate", "--from", kShipped});
    ASSERT_EQ(table.code, 0) << table.err;
    EXPECT_THAT(table.out, HasSubstr("-- Linux 6.18"));
    write("x.lua", "local " + table.out +
                       "local net = netsim.network{} local h = net:host('h', {cpu = cpu})\n"
                       "print(#h:cpu().cores)");
    const Outcome run = netsim({"run", "x.lua"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("1\n"));
}

TEST_F(Calibrate, ARunTakesTheFile) {
    write("m.json", measured().dump());
    ASSERT_EQ(netsim({"calibrate", "--from", "m.json", "--json", "c.json"}).code, 0);
    write("x.lua",
          "local net = netsim.network{} local h = net:host('h', {cpu = {other = 0}})\n"
          "local c = net:host('c') net:link(h, c, {}) c:ping('h', {count = 10}) net:run('20s')\n"
          "print(('%.0f ns'):format(h:cpu().cores[1].softirq * 1e9))");
    const Outcome run = netsim({"run", "x.lua", "--cpu", "c.json"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("6000 ns"));  // ten packets of 600 ns
}

TEST_F(Calibrate, WithoutRightsItSaysWhatCanBeDone) {
    write("m.json", R"({"kernel": "6.18.0", "missing": "unshare(CLONE_NEWNET): not permitted",)"
                    R"( "measured_ns": {"loopback": 15000}})");
    const Outcome run = netsim({"calibrate", "--from", "m.json"});
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.err_lines(), 1U) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr("not permitted"));
    EXPECT_THAT(run.err, HasSubstr("15000 ns"));
    EXPECT_THAT(run.err, HasSubstr("user.max_user_namespaces"));
}

TEST_F(Calibrate, BadFilesAreOneLine) {
    const auto refused = [&](const std::vector<std::string>& arguments, const std::string& text) {
        write("m.json", text);
        write("x.lua", "netsim.network{}:run(1)");
        const Outcome run = netsim(arguments);
        EXPECT_EQ(run.code, 2) << text;
        EXPECT_EQ(run.err_lines(), 1U) << run.err;
        EXPECT_THAT(run.err, HasSubstr("m.json"));
        EXPECT_EQ(listing(), "m.json x.lua");
        return run.err;
    };
    const std::vector<std::string> from{"calibrate", "--from", "m.json", "--json", "out.json"};
    EXPECT_THAT(refused(from, "{"), HasSubstr("no JSON"));
    EXPECT_THAT(refused(from, "[]"), HasSubstr("not written by netsim-kernel-bench"));
    EXPECT_THAT(refused(from, "{}"), HasSubstr("measured_ns"));
    json less = measured();
    less["measured_ns"].erase("accept");
    EXPECT_THAT(refused(from, less.dump()), HasSubstr("no \"accept\""));
    less["measured_ns"]["accept"] = -1;
    EXPECT_THAT(refused(from, less.dump()), HasSubstr("accept: expected nanoseconds"));
    const std::vector<std::string> run{"run", "x.lua", "--cpu", "m.json"};
    EXPECT_THAT(refused(run, "{}"), HasSubstr("netsim calibrate --json"));
    EXPECT_THAT(refused(run, R"({"costs_ns": {"acept": 1}})"),
                HasSubstr("did you mean \"accept\""));
    EXPECT_THAT(refused(run, R"({"costs_ns": {"accept": 1.5}})"), HasSubstr("whole number"));
    EXPECT_EQ(netsim({"run", "x.lua", "--cpu", "nowhere.json"}).code, 2);
}

/// Where the kernel lets us: the program runs, and what it measures is of the order it must be.
TEST_F(Calibrate, MeasuresThisMachineOrSaysWhyNot) {
    const Outcome run = netsim({"calibrate", "--json"});
    if (run.code == 2) {
        EXPECT_EQ(run.err_lines(), 1U) << run.err;
        EXPECT_THAT(run.err, HasSubstr("--from FILE"));
        return;
    }
    ASSERT_EQ(run.code, 0) << run.err;
    const json got = json::parse(run.out);
    for (const char* name :
         {"packet", "syn", "cookie", "establish", "connect", "accept", "close"}) {
        EXPECT_GT(got.at("costs_ns").at(name), 20) << name;
        EXPECT_LT(got.at("costs_ns").at(name), 200'000) << name;
    }
}

}  // namespace
}  // namespace netsim::cli
