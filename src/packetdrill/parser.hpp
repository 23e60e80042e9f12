// From text to a Script, one file per part: parse.cpp (head, times, events), parse_packet.cpp,
// parse_call.cpp. Unknown syntax is an error, never skipped.
#pragma once

#include <map>
#include <string>

#include "packetdrill/scanner.hpp"
#include "packetdrill/script.hpp"

namespace netsim::packetdrill {

class Parser {
 public:
    Parser(std::string_view name, std::string_view text, Settings settings)
        : scan_(name, text), settings_(std::move(settings)) {}

    Settings& settings() { return settings_; }

    void head();
    std::vector<Event> events();

 private:
    void setting(std::string_view name, const std::string& value, Place where);
    void refuse_setting(std::string_view name, const std::string& value, Place where);
    Event event();
    When when();

    PacketLine packet();
    EcnMark ecn_mark();
    TcpLine tcp_line(bool inbound);
    std::uint16_t flags();
    void sequence(TcpLine& tcp);
    IcmpLine icmp_line(std::uint32_t quoted_seq);
    void options(TcpLine& tcp, bool inbound);
    Option option();
    std::vector<std::uint8_t> cookie();
    std::vector<AccEcnCounter> accecn();
    UdpLine udp_line();

    CallLine call();
    Value value();
    Value one_value();
    Value name_value();
    Value list(Value::Kind kind, std::string_view close);
    void struct_item(Value& into);
    std::string quoted();

    Scanner scan_;
    Settings settings_;
};

}  // namespace netsim::packetdrill
