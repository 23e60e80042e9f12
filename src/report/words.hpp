// Sentences that say what a counter or a reason of a drop means.
#pragma once

#include <string>
#include <string_view>

namespace netsim::report {

/// "TcpExtListenDrops": "SYNs and handshake ACKs a listener dropped, for any reason." Empty:
/// unknown.
std::string counter_sentence(std::string_view counter);

/// "TCPReqQFullDrop": "The listener's SYN queue was full and SYN cookies were off." Empty: the
/// reason is all there is to say.
std::string_view drop_sentence(std::string_view reason);

}  // namespace netsim::report
