// netsim replay on the command line: what it prints last, and how it ends.
#include "cli/command.hpp"

namespace netsim::cli {
namespace {

class ReplayCommand : public CommandTest {
 protected:
    const std::string recording_ =
        std::string(NETSIM_SOURCE_DIR) + "/tests/recordings/connect_refused.json";
};

TEST_F(ReplayCommand, EndsWithASummary) {
    const Outcome run = netsim({"replay", recording_});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_TRUE(run.out.ends_with("\n1 passed, 0 failed\n")) << run.out;
}

TEST_F(ReplayCommand, AMismatchIsOne) {
    std::string text = read_whole(recording_);
    const std::string counter = "\"TcpActiveOpens\"";
    ASSERT_NE(text.find(counter), std::string::npos);
    text.replace(text.find(counter), counter.size(), "\"TcpPassiveOpens\"");
    write("changed.json", text);
    const Outcome run = netsim({"replay", "."});
    EXPECT_EQ(run.code, 1) << run.err;
    EXPECT_TRUE(run.out.ends_with("\n0 passed, 1 failed\n")) << run.out;
}

// A file that was cut short is told of; the others have their turn.
TEST_F(ReplayCommand, BadInputIsTwoAndStopsNothing) {
    const std::string text = read_whole(recording_);
    write("cut.json", text.substr(0, text.size() / 2));
    write("good.json", text);
    write("table.json", "{}");  // no recording, and never meant to be one
    const Outcome run = netsim({"replay", "."});
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.err_lines(), 1U) << run.err;
    EXPECT_NE(run.err.find("cut.json: not a recording"), std::string::npos) << run.err;
    EXPECT_TRUE(run.out.ends_with("\n1 passed, 1 failed\n")) << run.out;
    const Outcome json = netsim({"replay", "cut.json", "good.json", "--json"});
    EXPECT_EQ(json.code, 2);
    EXPECT_NE(json.out.find("\"failed\": 1"), std::string::npos) << json.out;
}

TEST_F(ReplayCommand, AFolderWithoutRecordingsIsNamed) {
    write("table.json", "{}");
    write("good.json", read_whole(recording_));
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"replay", "."}, {"replay", recording_, "."}}) {
        EXPECT_EQ(netsim(arguments).code, 0);
    }
    write("good.json", "[]");
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"replay", "."}, {"replay", recording_, "."}}) {
        const Outcome run = netsim(arguments);
        EXPECT_EQ(run.code, 2);
        EXPECT_EQ(run.err, "netsim: replay: no recording in .\n");
    }
}

TEST_F(ReplayCommand, SaysWhatAFileIsInstead) {
    write("list.json", "[1, 2]");
    write("empty.json", "");
    write("table.json", "{}");
    EXPECT_EQ(netsim({"replay", "list.json"}).err,
              "netsim: list.json: not a recording: a JSON array, no object\n");
    EXPECT_NE(netsim({"replay", "empty.json"}).err.find("not a recording: parse error at line 1"),
              std::string::npos);
    EXPECT_NE(netsim({"replay", "table.json"}).err.find("not a recording: key 'one_way_delay_ms'"),
              std::string::npos);
}

}  // namespace
}  // namespace netsim::cli
