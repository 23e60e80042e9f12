// DNS messages: what is written can be read, and what is cut off is refused.
#include "app/dns_message.hpp"

#include <gtest/gtest.h>

namespace netsim::app {
namespace {

TEST(DnsMessage, AQuestionIsAsRfc1035Writes) {
    DnsMessage question;
    question.id = 0x1234;
    question.name = "web.example";
    const std::string bytes = encode_dns(question);
    EXPECT_EQ(bytes, std::string("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
                                 "\x03web\x07"
                                 "example\x00\x00\x01\x00\x01",
                                 29));
    EXPECT_EQ(decode_dns(bytes)->name, "web.example");
}

TEST(DnsMessage, AnAnswerComesBackAsItWas) {
    DnsMessage answer;
    answer.response = answer.authoritative = answer.recursion_available = true;
    answer.name = "2.3.9.10.in-addr.arpa";
    answer.type = DnsType::kPtr;
    answer.answers.push_back({300, std::nullopt, "web.example"});
    const auto read = decode_dns(encode_dns(answer));
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->response && read->authoritative && read->recursion_available);
    ASSERT_EQ(read->answers.size(), 1U);
    EXPECT_EQ(read->answers[0].name, "web.example");
    EXPECT_EQ(read->answers[0].ttl, 300U);
    answer.type = DnsType::kA;
    answer.answers = {{1, Ipv4{0x0a090302U}, {}}};
    EXPECT_EQ(decode_dns(encode_dns(answer))->answers[0].address, Ipv4{0x0a090302U});
}

TEST(DnsMessage, WhatIsCutOffOrLoopsIsNone) {
    DnsMessage answer;
    answer.name = "web.example";
    answer.answers = {{1, Ipv4{0x0a090302U}, {}}};
    const std::string bytes = encode_dns(answer);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_FALSE(decode_dns(std::string_view(bytes).substr(0, length))) << length;
    }
    std::string loop = bytes;
    loop[12] = '\xc0';
    loop[13] = '\x0c';
    EXPECT_FALSE(decode_dns(loop));
}

TEST(DnsMessage, Names) {
    EXPECT_EQ(reverse_name(Ipv4{0x0a090302U}), "2.3.9.10.in-addr.arpa");
    EXPECT_EQ(address_of_reverse_name("2.3.9.10.in-addr.arpa"), Ipv4{0x0a090302U});
    EXPECT_FALSE(address_of_reverse_name("web.example"));
    EXPECT_FALSE(address_of_reverse_name("x.in-addr.arpa"));
    EXPECT_TRUE(is_dns_name("web.example"));
    for (const std::string bad : {"", ".", "a..b", "a."}) {
        EXPECT_FALSE(is_dns_name(bad)) << bad;
    }
    EXPECT_FALSE(is_dns_name(std::string(64, 'a')));
    EXPECT_FALSE(is_dns_name(std::string(300, 'a')));
}

}  // namespace
}  // namespace netsim::app
