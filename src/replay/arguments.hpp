// What recorded calls were given, as the recorder wrote it down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netsim/address.hpp"
#include "netsim/socket.hpp"
#include "replay/recording.hpp"

namespace netsim::replay {

/// "100 bytes"; 0 if there is none.
std::uint64_t leading_number(const std::string& text);
/// "-1"
std::int64_t signed_number(const std::string& text);
/// "10 bytes MSG_MORE", "65536, MSG_PEEK|MSG_DONTWAIT"
bool has_flag(const std::string& args, std::string_view flag);
/// A flag of send() or recv() that the model's calls have not got.
bool has_strange_flag(const RecordedCall& call);
/// It took what there was room for at once, on a socket that does not block.
bool wrote_part(const RecordedCall& call);
/// Whether a socket blocks is not recorded: a call that gave up says so, and when.
bool gave_up(const RecordedCall& call);
/// "getsockopt TCP_NODELAY", or the name as the argument; empty: no getsockopt().
std::string option_asked(const std::string& call, const std::string& args);
/// "10.0.2.1:80"
std::optional<Endpoint> to_endpoint(const std::string& text);

struct OptionValue {
    SocketOption option = SocketOption::kCount;
    std::int64_t value = 0;
};

/// "SO_LINGER=(1, 0)", "TCP_NODELAY=1"
std::optional<OptionValue> to_option(const std::string& text);

}  // namespace netsim::replay
