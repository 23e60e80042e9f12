// pcapng as tshark reads it: names, directions, nanoseconds, comments; and what happens when the
// file cannot be written.
#include "observe/pcapng_writer.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <thread>

#include "netsim/result.hpp"
#include "observe/packets.hpp"

namespace netsim::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;  // NOLINT: the helpers of packets.hpp
namespace flag = wire::flag;

class PcapngWriterTest : public ::testing::Test {
 protected:
    void SetUp() override {
        const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
        folder_ = std::filesystem::temp_directory_path() /
                  ("netsim-" + name + "-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path() const { return folder_ / "capture.pcapng"; }

    std::filesystem::path folder_;
};

bool have_tshark() {
    if (std::system("command -v tshark >/dev/null 2>&1") == 0) {  // NOLINT
        return true;
    }
    std::cerr << "\n*** NOTICE: tshark is not installed: pcapng files are NOT checked ***\n\n";
    return false;
}

std::vector<std::string> output_lines(const std::string& command) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(
        ::popen((command + " 2>/dev/null").c_str(), "r"), ::pclose);
    std::vector<std::string> lines;
    std::array<char, 4096> line{};
    while (std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
        lines.emplace_back(line.data());
        lines.back().erase(lines.back().find_last_not_of("\r\n") + 1);
    }
    return lines;
}

std::vector<std::string> tshark(const std::string& file, const std::string& fields) {
    return output_lines("tshark -r '" + file +
                        "' -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE "
                        "-o udp.check_checksum:TRUE " +
                        fields);
}

void handshake(PcapngWriter& writer) {
    const wire::Packet a = syn(1000);
    const wire::Packet b = syn_ack(5000, 1001);
    const wire::Packet c = segment(flag::kAck, 1001, 5001);
    wire::Packet d = segment(flag::kAck | flag::kPsh, 1001, 5001, 100);
    d.tcp.payload.stream = 3;
    writer.on_packet(sent(at_ns(1), kUserNode, a));
    writer.on_packet(received(ms(10), kWebNode, a));
    writer.on_packet(sent(ms(10), kWebNode, b));
    writer.on_packet(received(ms(20), kUserNode, b));
    writer.on_packet(sent(ms(20), kUserNode, c));
    writer.on_packet(sent(ms(20), kUserNode, d));
    writer.on_packet(received(at_ns(5'000'000'123), kWebNode, c));
    writer.on_packet(received(at_ns(5'000'000'124), kWebNode, d));
}

TEST_F(PcapngWriterTest, InterfacesDirectionsAndTimesAreAsTcpdumpWouldSeeThem) {
    if (!have_tshark()) {
        GTEST_SKIP() << "tshark is not installed (packages.txt)";
    }
    PcapngWriter writer(path(), nullptr);
    handshake(writer);
    writer.finish();
    EXPECT_EQ(writer.packets(), 8U);
    EXPECT_THAT(tshark(path(),
                       "-T fields -E separator=, -e frame.interface_name -e frame.packet_flags "
                       "-e frame.time_epoch -e tcp.flags.str -e tcp.len"),
                ElementsAre(HasSubstr("user.eth0,0x00000002,0.000000001,"),
                            HasSubstr("web.eth0,0x00000001,0.010000000,"),
                            HasSubstr("web.eth0,0x00000002,0.010000000,"),
                            HasSubstr("user.eth0,0x00000001,0.020000000,"),
                            HasSubstr("user.eth0,0x00000002,0.020000000,"),
                            ::testing::AllOf(HasSubstr("user.eth0,0x00000002,0.020000000,"),
                                             ::testing::EndsWith(",100")),
                            HasSubstr("web.eth0,0x00000001,5.000000123,"),
                            HasSubstr("web.eth0,0x00000001,5.000000124,")));
}

TEST_F(PcapngWriterTest, NothingIsMalformedAndEveryChecksumIsGood) {
    if (!have_tshark()) {
        GTEST_SKIP() << "tshark is not installed (packages.txt)";
    }
    PcapngWriter writer(path(), nullptr);
    handshake(writer);
    wire::Packet udp{};
    udp.source = kUser;
    udp.destination = kWeb;
    udp.protocol = wire::Protocol::kUdp;
    udp.udp = wire::UdpHeader{5000, 6000, wire::PayloadRef{.offset = 0, .stream = 1, .length = 9}};
    writer.on_packet(sent(ms(6000), kUserNode, udp));
    wire::Packet icmp{};
    icmp.source = kWeb;
    icmp.destination = kUser;
    icmp.protocol = wire::Protocol::kIcmp;
    icmp.icmp = wire::IcmpHeader{};
    icmp.icmp.type = wire::icmp::kDestinationUnreachable;
    icmp.icmp.code = wire::icmp::kPortUnreachable;
    icmp.icmp.quoted.source = kUser;
    icmp.icmp.quoted.destination = kWeb;
    icmp.icmp.quoted.total_length = 40;
    icmp.icmp.quoted.source_port = 40000;
    icmp.icmp.quoted.destination_port = 81;
    writer.on_packet(sent(ms(6000), kWebNode, icmp));
    writer.finish();
    EXPECT_THAT(tshark(path(),
                       "-Y '_ws.malformed || ip.checksum.status == 0 || "
                       "tcp.checksum.status == 0 || udp.checksum.status == 0 || "
                       "icmp.checksum.status == 0'"),
                ElementsAre());
    EXPECT_EQ(tshark(path(), "-Y 'ip.checksum.status == 1'").size(), 10U);
    EXPECT_EQ(tshark(path(), "-Y 'tcp.checksum.status == 1'").size(), 8U);
}

TEST_F(PcapngWriterTest, ADropOfWhatStandsOnTheInterfaceIsACommentThere) {
    if (!have_tshark()) {
        GTEST_SKIP() << "tshark is not installed (packages.txt)";
    }
    PcapngWriter writer(path(), nullptr);
    const wire::Packet lost = syn(1000);
    writer.on_packet(sent(ms(1), kUserNode, lost));
    writer.on_packet(dropped(ms(1), kUserNode, lost, "queue full"));
    writer.finish();
    EXPECT_THAT(tshark(path(), "-T fields -E separator=, -e frame.interface_name -e frame.comment"),
                ElementsAre("user.eth0,dropped: queue full"));
}

TEST_F(PcapngWriterTest, ADropInsideAHostIsACommentOnWhatItReceived) {
    if (!have_tshark()) {
        GTEST_SKIP() << "tshark is not installed (packages.txt)";
    }
    PcapngWriter writer(path(), nullptr);
    const wire::Packet refused = syn(1000);
    const wire::Packet answer = syn_ack(1, 2);
    writer.on_packet(received(ms(1), kWebNode, refused));
    writer.on_packet(sent(ms(1), kWebNode, answer));
    sim::PacketRecord record = dropped(ms(1), kWebNode, refused, "TCPReqQFullDrop");
    record.interface_name = {};
    writer.on_packet(record);
    writer.finish();
    EXPECT_THAT(tshark(path(), "-T fields -E separator=, -e frame.interface_name -e frame.comment"),
                ElementsAre("web.eth0,dropped: SYN queue full (TCPReqQFullDrop)", "web.eth0,"));
}

TEST_F(PcapngWriterTest, ADropNoTcpdumpSeesStandsOnAnInterfaceOfItsOwn) {
    if (!have_tshark()) {
        GTEST_SKIP() << "tshark is not installed (packages.txt)";
    }
    PcapngWriter writer(path(), nullptr);
    const wire::Packet lost = syn(1000);
    writer.on_packet(sent(ms(1), kUserNode, lost));
    writer.on_packet(dropped(ms(2), kUserNode, lost, "link down"));
    writer.on_packet(dropped(ms(2), kRouterNode, lost, "no route"));
    writer.finish();
    EXPECT_THAT(tshark(path(), "-T fields -E separator=, -e frame.interface_name -e frame.comment"),
                ElementsAre("user.eth0,", "user.dropped,dropped: link down",
                            "r.dropped,dropped: no route"));
}

TEST_F(PcapngWriterTest, TheFileIsValidAfterEachFlush) {
    if (!have_tshark()) {
        GTEST_SKIP() << "tshark is not installed (packages.txt)";
    }
    PcapngWriter writer(path(), nullptr);
    writer.flush();
    EXPECT_EQ(tshark(path(), "").size(), 0U);
    handshake(writer);
    writer.flush();
    EXPECT_EQ(tshark(path(), "").size(), 8U);
}

TEST_F(PcapngWriterTest, TheDestructorWritesWhatIsBuffered) {
    { const PcapngWriter writer(path(), nullptr); }
    EXPECT_GT(std::filesystem::file_size(path()), 28U);
}

TEST_F(PcapngWriterTest, FinishTwiceIsFinishOnce) {
    PcapngWriter writer(path(), nullptr);
    handshake(writer);
    writer.finish();
    const auto size = std::filesystem::file_size(path());
    writer.finish();
    handshake(writer);  // after the end: nothing
    writer.finish();
    EXPECT_EQ(std::filesystem::file_size(path()), size);
}

std::string error_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const InputError& e) {
        return e.what();
    }
    return "no error";
}

TEST_F(PcapngWriterTest, AnUnwritablePathIsRefusedWithItsReason) {
    EXPECT_EQ(error_of([] { const PcapngWriter writer("/nonexistent/x.pcapng", nullptr); }),
              "cannot write /nonexistent/x.pcapng: No such file or directory");
    EXPECT_EQ(error_of([this] { const PcapngWriter writer(folder_, nullptr); }),
              "cannot write " + folder_.string() + ": Is a directory");
}

TEST_F(PcapngWriterTest, AFullDiskIsToldByFinish) {
    PcapngWriter writer("/dev/full", nullptr);
    for (int i = 0; i < 2000; ++i) {  // more than a buffer holds
        handshake(writer);
    }
    EXPECT_EQ(error_of([&] { writer.flush(); }), "cannot write /dev/full: No space left on device");
    EXPECT_EQ(error_of([&] { writer.finish(); }),
              "cannot write /dev/full: No space left on device");
    EXPECT_EQ(error_of([&] { writer.finish(); }), "no error");
}

TEST_F(PcapngWriterTest, AClosedPipeIsAnErrorNotASignal) {
    const std::string fifo = folder_ / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    std::thread reader([&] { ::close(::open(fifo.c_str(), O_RDONLY)); });  // NOLINT
    PcapngWriter writer(fifo, nullptr);
    reader.join();
    EXPECT_EQ(error_of([&] { writer.finish(); }), "cannot write " + fifo + ": Broken pipe");
}

}  // namespace
}  // namespace netsim::observe
