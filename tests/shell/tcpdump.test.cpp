// tcpdump at a host's prompt, beside what the real one prints of netsim's capture of that
// interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>

#include "netsim/network.hpp"

namespace netsim::shell {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::ThrowsMessage;

class TcpdumpTool : public testing::Test {
 protected:
    void SetUp() override {
        net_.link(client_, server_, {.delay = milliseconds(10)});
        server_.serve({.port = 80, .request = 5, .response = 6});
        client_.load("server:80",
                     {.rate = 1000, .request = 5, .response = 6, .max_connections = 2});
    }

    Network net_;
    HostRef client_ = net_.host("client");
    HostRef server_ = net_.host("server");
};

std::string without_frame(const std::string& out) {
    const std::size_t begin = out.find("snapshot length 262144 bytes\n") + 29;
    const std::size_t end = out.rfind("\n", out.find(" captured\n"));
    return out.substr(begin, end + 1 - begin);
}

std::string output_of(const std::string& command) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(
        ::popen((command + " 2>/dev/null").c_str(), "r"), ::pclose);
    std::string text;
    std::array<char, 4096> part{};
    while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe.get())) {
        text.append(part.data(), n);
    }
    return text;
}

TEST_F(TcpdumpTool, CountsAndEnds) {
    const auto job = client_.sh("tcpdump -n -c 3");
    EXPECT_FALSE(job->done());
    EXPECT_EQ(job->out(),
              "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n"
              "listening on eth0, link-type RAW (Raw IP), snapshot length 262144 bytes\n");
    net_.run_until(Time(seconds(1)));
    EXPECT_TRUE(job->done());
    EXPECT_THAT(job->out(), HasSubstr("00:00:00.0"));
    EXPECT_THAT(job->out(), HasSubstr("Flags [S], seq "));
    EXPECT_TRUE(
        job->out().ends_with("\n3 packets captured\n3 packets received by filter\n"
                             "0 packets dropped by kernel\n"))
        << job->out();
}

TEST_F(TcpdumpTool, AnInterruptPrintsTheSummary) {
    const auto job = client_.sh("tcpdump -n -i any 'udp or tcp[tcpflags] & tcp-syn != 0'");
    net_.run_until(Time(seconds(1)));
    EXPECT_FALSE(job->done());
    job->interrupt();
    EXPECT_TRUE(job->done());
    EXPECT_THAT(job->out(), StartsWith("tcpdump: data link type LINUX_SLL2\n"));
    EXPECT_THAT(job->out(), HasSubstr(" eth0  Out IP 10."));
    EXPECT_THAT(job->out(), HasSubstr("\n\n4 packets captured\n"));
    EXPECT_THAT(job->out(), Not(HasSubstr("[F.]")));
    const std::string before = job->out();
    net_.run_until(Time(seconds(2)));
    EXPECT_EQ(job->out(), before);
}

TEST_F(TcpdumpTool, ItSeesItsOwnHostOnlyAndGoesWhenItIsDestroyed) {
    Network net;
    const RouterRef r = net.router("r");
    HostRef client = net.host("client");
    HostRef server = net.host("server");
    HostRef other = net.host("other");
    for (const HostRef& host : {client, server, other}) {
        net.link(host, r, {.delay = milliseconds(1)});
    }
    server.serve({.port = 80, .request = 5, .response = 6});
    client.load("server:80", {.rate = 1000, .request = 5, .response = 6, .max_connections = 2});
    auto job = other.sh("tcpdump");
    const auto sees = client.sh("tcpdump");
    auto gone = client.sh("tcpdump");
    net.run_until(Time(milliseconds(1)));
    gone.reset();
    net.run_until(Time(seconds(1)));
    job->interrupt();
    sees->interrupt();
    EXPECT_THAT(job->out(), HasSubstr("\n0 packets captured\n"));
    EXPECT_THAT(sees->out(), Not(HasSubstr("\n0 packets captured\n")));
}

TEST_F(TcpdumpTool, WithoutNumbersItNamesHostsAndServices) {
    const auto job = client_.sh("tcpdump -c 1 host server");
    net_.run_until(Time(seconds(1)));
    EXPECT_THAT(job->out(), HasSubstr("IP client."));
    EXPECT_THAT(job->out(), HasSubstr(" > server.http: Flags [S]"));
}

TEST_F(TcpdumpTool, BadFlagsFiltersAndInterfacesAreRefused) {
    EXPECT_THAT([&] { client_.sh("tcpdump -w x"); },
                ThrowsMessage<InputError>("tcpdump: unknown flag \"-w\"; allowed: tcpdump "
                                          "[-nSvlpt] [-i IF] [-c N] [FILTER]"));
    EXPECT_THAT([&] { client_.sh("tcpdump -i eth1"); },
                ThrowsMessage<InputError>(HasSubstr("eth1: No such device exists, did you mean "
                                                    "\"eth0\"? (interfaces: eth0, any)")));
    EXPECT_THAT([&] { client_.sh("tcpdump -c 0"); },
                ThrowsMessage<InputError>("tcpdump: -c 0: a number of packets, from 1"));
    EXPECT_THAT([&] { client_.sh("tcpdump -c"); },
                ThrowsMessage<InputError>(HasSubstr("-c needs a value")));
    EXPECT_THAT([&] { client_.sh("tcpdump prot 80"); },
                ThrowsMessage<InputError>(HasSubstr("column 1: unknown word \"prot\"")));
}

TEST_F(TcpdumpTool, PrintsWhatTheRealOnePrintsOfTheCapture) {
    if (std::system("command -v tcpdump >/dev/null 2>&1") != 0) {  // NOLINT
        std::cerr << "\n*** NOTICE: tcpdump is not installed: its text is NOT compared ***\n\n";
        return;
    }
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("netsim-tcpdump-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    net_.capture(folder.string(), CapturePer::kInterface);
    const std::array<std::string, 9> lines{"-n",
                                           "-nS",
                                           "-nv",
                                           "-n -t tcp port 80",
                                           "-ntt dst port 80",
                                           "-nttt",
                                           "-ntttt",
                                           "-nttttt",
                                           "-nn src port 80 and tcp[tcpflags] & tcp-push != 0"};
    std::vector<std::unique_ptr<Job>> jobs;
    for (const std::string& line : lines) {
        const std::size_t filter = line.find(" tcp[");
        jobs.push_back(client_.sh(
            "tcpdump " + (filter == std::string::npos
                              ? line
                              : line.substr(0, filter) + " 'tcp" + line.substr(filter + 4) + "'")));
    }
    net_.run_until(Time(seconds(1)));
    net_.finish_captures();
    const std::string file = (folder / "client.eth0.pcapng").string();
    ASSERT_TRUE(std::filesystem::exists(folder / "server.eth0.pcapng"));
    for (std::size_t i = 0; i < lines.size(); ++i) {
        jobs[i]->interrupt();
        const std::size_t filter = lines.at(i).find(" tcp[");
        const std::string words =
            filter == std::string::npos
                ? lines.at(i)
                : lines.at(i).substr(0, filter) + " 'tcp" + lines.at(i).substr(filter + 4) + "'";
        // The real one takes what goes to port 80 for HTTP (docs/instruments.md).
        const std::string real =
            output_of("TZ=UTC tcpdump -r " + file + " " + words + " | sed 's/: HTTP$//'");
        std::string own = without_frame(jobs[i]->out());
        EXPECT_GT(real.size(), 100U) << lines.at(i);
        EXPECT_EQ(own.substr(0, own.size() - 1), real) << lines.at(i);
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace netsim::shell
