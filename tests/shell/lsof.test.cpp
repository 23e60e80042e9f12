// lsof of a host without processes that hold sockets; its mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using testing::HasSubstr;

std::string lsof_error(std::string_view line) {
    Network net;
    HostRef host = net.host("a");
    try {
        host.sh(line);
    } catch (const InputError& error) {
        return error.what();
    }
    return "no error";
}

TEST(Lsof, NothingFoundIsExitCode1) {
    Network net;
    HostRef host = net.host("a");
    const auto job = host.sh("lsof -nP -i :80");
    EXPECT_EQ(job->out(), "");
    EXPECT_EQ(job->exit_code(), 1);
}

TEST(Lsof, MistakesAreTold) {
    EXPECT_THAT(lsof_error("lsof -Z"), HasSubstr("unknown flag \"-Z\"; allowed: -i"));
    EXPECT_THAT(lsof_error("lsof /etc/passwd"), HasSubstr("no files to name"));
    EXPECT_THAT(lsof_error("lsof -iSCTP"), HasSubstr("unknown protocol \"SCTP\": TCP or UDP"));
    EXPECT_THAT(lsof_error("lsof -i :htpp"), HasSubstr("\"htpp\" is no port"));
    EXPECT_THAT(lsof_error("lsof -i -sTCP:LISTENING"),
                HasSubstr("unknown TCP state name \"LISTENING\", did you mean \"LISTEN\"?"));
    EXPECT_THAT(lsof_error("lsof -i -s LISTEN"), HasSubstr("write TCP:STATE"));
    EXPECT_THAT(lsof_error("lsof -p x"), HasSubstr("process ids"));
    EXPECT_THAT(lsof_error("lsof -p"), HasSubstr("a value is missing after -p"));
}

}  // namespace
}  // namespace netsim
