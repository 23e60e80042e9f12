// Native applications: options and statistics. Native for scale; the same can be written with
// sockets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/result.hpp"
#include "netsim/time.hpp"

namespace netsim {

/// How waiting times between two starts, or think times, are drawn.
enum class Spacing : std::uint8_t { kExponential, kFixed, kPareto };

/// A request/response server: accepts, reads `request` bytes (0: does not wait for any), sends
/// `response` bytes, closes (or, keep_open, waits for the next request until the client closes).
struct ServerOptions {
    std::uint16_t port = 80;
    int backlog = 128;           // listen(2)'s argument
    std::uint64_t request = 0;   // bytes per request
    std::uint64_t response = 0;  // bytes per response
    Duration service_time{0};    // between the request's last byte and the response's first
    Duration accept_delay{0};    // a slow accept loop: one accept() per this time; 0: at once
    std::uint32_t workers = 0;   // connections served at a time; 0: no limit
    bool keep_open = false;
    Time start{};
    std::string name = "serve";  // of its process
    /// Descriptors it may have (RLIMIT_NOFILE), 0 to 2 and the listener's among them; 0: no limit.
    /// Where accept() says EMFILE or ENFILE it pauses for 500 ms, as nginx does.
    std::uint64_t nofile = 0;
};

struct ServerStats {
    std::uint64_t accepted = 0;
    std::uint64_t accept_failed = 0;  // accept() said EMFILE or ENFILE
    std::uint64_t served = 0;         // responses sent whole
    std::uint64_t closed = 0;
    std::uint64_t failed = 0;  // read or write ended with an errno
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
};

/// Clients. Open loop: new connections at `rate` per second, whatever happens to the others.
/// Closed loop (rate 0, users > 0): each user connects, does its exchange, thinks, begins again.
struct LoadOptions {
    double rate = 0;                          // connections per second, open loop
    std::uint32_t users = 0;                  // closed loop
    Spacing spacing = Spacing::kExponential;  // of starts (open) or think times (closed)
    double pareto_shape = 1.5;                // > 1
    Duration think{0};                        // mean think time, closed loop
    Duration hold{0};                         // from connected to the request, or the close
    std::uint64_t request = 0;                // bytes sent first
    std::uint64_t response = 0;               // bytes expected back
    /// After the response: false, wait for the server to close first (HTTP/1.0's way: TIME_WAIT is
    /// the server's); true, close at once (a server with keep_open never does).
    bool close_first = false;
    std::optional<Duration>
        connect_timeout{};  // give up and close after this; none: as long as TCP tries
    Time start{};
    Time stop = kNever;                 // no new connections from then on
    std::uint64_t max_connections = 0;  // 0: no limit
};

struct LoadStats {
    std::uint64_t attempts = 0;             // connect() calls
    std::uint64_t connected = 0;            // connect() succeeded
    std::uint64_t first_syn_connected = 0;  // ... without a retransmitted SYN
    std::uint64_t failed = 0;               // connect() failed or was given up
    std::uint64_t pending = 0;              // neither yet
    std::uint64_t completed = 0;            // whole response read, then closed
    std::uint64_t broken = 0;               // connected, but ended with an errno or short response
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::vector<std::pair<Errno, std::uint64_t>> errors{};  // by errno, ascending
    /// Latency of each successful connect(), in order of success; the first 10^7.
    std::vector<std::int64_t> connect_ns{};
    std::vector<std::int64_t> complete_ns{};  // connect() to end of response; the first 10^7
};

/// One long transfer from the host to a server that reads until the end.
struct BulkOptions {
    std::uint64_t bytes = 0;  // 0: until `stop`
    Time start{};
    Time stop = kNever;
};

struct BulkStats {
    std::uint64_t bytes_sent = 0;  // taken by send()
    std::uint64_t bytes_acked = 0;
    Time connected = kNever;
    Time finished = kNever;  // FIN acknowledged
    Errno error = Errno::kOk;
};

/// SYNs at a rate, from spoofed addresses or from the host's own.
struct SynFloodOptions {
    double rate = 1000;  // SYNs per second
    Spacing spacing = Spacing::kExponential;
    std::optional<Prefix> spoof{};  // sources drawn uniformly from it; none: own address
    std::uint16_t source_port_low = 1024;
    std::uint16_t source_port_high = 65535;
    Time start{};
    Time stop = kNever;
    std::uint64_t max_syns = 0;  // 0: no limit
    std::uint16_t mss = 1460;    // options of the SYNs, as a Linux client sends them
    bool timestamps = true;
    bool sack_permitted = true;
    std::optional<std::uint8_t> window_scale = 7;
};

struct SynFloodStats {
    std::uint64_t syns_sent = 0;
    std::uint64_t synacks_received = 0;  // unspoofed floods see the answers
    std::uint64_t rsts_received = 0;
};

/// A DNS server over UDP that answers A and PTR questions from a zone.
struct DnsOptions {
    /// Names without a dot at their end, in lower case. Empty: those of all nodes there are.
    std::map<std::string, Ipv4> zone{};
    std::string domain{};  // of the nodes' names: "web" is "web.example" in "example"
    std::uint32_t ttl = 300;
    bool authoritative = false;  // off: it says what a resolver says that asked others
    std::uint16_t port = 53;
};

struct DnsStats {
    std::uint64_t queries = 0;
    std::uint64_t answered = 0;  // with a record
    std::uint64_t nxdomain = 0;
};

struct PingOptions {
    std::uint32_t count = 1;
    Duration interval = std::chrono::seconds(1);
    std::uint32_t size = 56;  // bytes of echo data
    std::uint8_t ttl = 64;
    Time start{};
};

struct PingReply {
    std::uint32_t sequence = 0;
    Ipv4 from;
    std::uint8_t ttl = 0;
    Duration rtt{0};
    std::string what{};  // empty: echo reply; else the ICMP error in words
};

struct PingStats {
    std::uint32_t sent = 0;
    std::uint32_t received = 0;
    std::vector<PingReply> replies{};
};

}  // namespace netsim
