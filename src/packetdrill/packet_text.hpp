// Packets between the script's words and the stack's values.
#pragma once

#include <optional>
#include <string>

#include "packetdrill/machine.hpp"
#include "packetdrill/script.hpp"

namespace netsim::packetdrill {

/// The options of a segment as Linux lays them out, padding included.
std::vector<Option> options_of(const wire::TcpHeader& h);
std::string option_text(const Option& option);
/// Octets of its header space, without padding.
std::size_t option_length(const Option& option);
std::string options_text(const std::vector<Option>& options);

/// SACK blocks as the script counts them.
void shift_sacks(std::vector<Option>& options, std::uint32_t by);
/// "> P. 1:1001(1000) ack 1 win 257", in the script's numbers.
std::string packet_text(const Flow& flow, const wire::Packet& packet, bool inbound);
/// The same for a line of the script.
std::string line_text(const PacketLine& line);

/// The packet that an inbound line stands for. Mismatch if it cannot be made.
wire::Packet make_packet(Flow& flow, const PacketLine& line, const TcpLine& tcp,
                         const Settings& settings);

/// Does what was sent match the line? `length`: of all the packets that fill it. Why not, or
/// nothing. Numbers the flow at its SYN.
std::optional<std::string> difference(Flow& flow, const PacketLine& line, const TcpLine& tcp,
                                      const wire::Packet& first, const wire::Packet& last,
                                      std::uint32_t length, const Settings& settings);

}  // namespace netsim::packetdrill
