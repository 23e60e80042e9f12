// One recorded experiment: calls, packets with their fates, samples and counters. The format is
// that of tests/recordings/README.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/time.hpp"

namespace netsim::replay {

enum class Side : std::uint8_t { kClient, kServer };

std::string_view to_string(Side side);

/// A point of the recording, in milliseconds of its own clock; set-up calls are before 0.
using Milliseconds = double;

struct RecordedCall {
    Milliseconds start = 0;
    std::optional<Milliseconds> end;  // none: still blocked when the run ended
    Side side = Side::kClient;
    std::string app;
    std::string socket;
    std::string call;    // "connect"
    std::string args;    // "10.0.2.1:80"
    std::string result;  // "ok", "10 bytes", ...
    std::string error;   // "ETIMEDOUT"; empty on success
    /// When the kernel did what was asked: a call that did not wait took its time before, not
    /// after.
    Milliseconds acts = 0;
    /// How long the recorded scheduler took from what ended the wait to the process running again.
    Milliseconds wake = 0;
};

enum class Fate : std::uint8_t { kDelivered, kDropped, kInjected };

struct RecordedPacket {
    std::size_t number = 0;  // from 1, as the recording counts
    Milliseconds sent = 0;
    std::optional<Milliseconds> received;
    bool to_server = true;
    Ipv4 source;
    Ipv4 destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::string flags;  // tcpdump's letters
    std::int64_t seq = 0;
    std::optional<std::int64_t> ack;
    bool seq_absolute = false;
    bool ack_absolute = false;
    int seq_connections_back = 0;  // "of an earlier connection (1 back)"
    int ack_connections_back = 0;
    std::uint32_t length = 0;
    std::uint32_t window = 0;
    std::vector<std::string> options;
    Fate fate = Fate::kDelivered;
    std::string note;
    bool icmp = false;
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
    std::uint16_t icmp_mtu = 0;  // of "fragmentation needed"
};

/// ss's timer column.
struct RecordedTimer {
    std::string kind;  // "on", "keepalive", "timewait", "persist"
    Milliseconds left = 0;
    std::int64_t retransmits = 0;
};

/// TCP_INFO as ss shows it: times in microseconds.
struct RecordedInfo {
    std::map<std::string, std::int64_t> numbers;  // "rto", "snd_cwnd", ...
    std::string ca_state;                         // "Open"
    std::vector<std::string> options;             // "ts", "sack", "wscale"
    std::vector<std::int64_t> wscale;             // the peer's, ours
};

struct RecordedSocket {
    std::string state;  // ss's word
    std::string local;
    std::string remote;
    std::uint64_t recv_queue = 0;
    std::uint64_t send_queue = 0;
    bool orphan = false;  // ss shows no inode
    std::optional<RecordedTimer> timer;
    std::optional<RecordedInfo> info;
};

/// A transition of a full socket, as the kernel's tracepoint tells it.
struct RecordedTransition {
    Milliseconds at = 0;
    Side side = Side::kClient;
    std::string local;
    std::string remote;
    std::string from;  // "SYN_SENT"
    std::string to;
};

/// Other tracepoints: resets sent and received, and what a sender's variables were when a segment
/// came in.
struct RecordedEvent {
    Milliseconds at = 0;
    Side side = Side::kClient;
    std::string event;  // "segment_in"
    std::map<std::string, std::int64_t> numbers;
};

struct RecordedSample {
    Milliseconds at = 0;
    Side side = Side::kClient;
    std::vector<RecordedSocket> sockets;
};

struct SysctlChange {
    Milliseconds at = 0;
    Side side = Side::kClient;
    std::map<std::string, std::string> set;
};

struct Recording {
    std::string name;
    std::string title;
    Milliseconds one_way_delay = 10;
    Milliseconds run = 0;
    std::vector<Ipv4> clients;
    std::vector<Ipv4> servers;
    std::uint16_t server_port = 0;
    std::map<std::string, std::string> sysctls[2];  // NOLINT: by Side
    std::vector<SysctlChange> sysctl_changes;
    std::vector<RecordedCall> calls;
    std::vector<RecordedPacket> packets;
    std::vector<RecordedSample> samples;
    std::vector<RecordedTransition> transitions;
    std::vector<RecordedEvent> events;
    std::vector<std::string> unknown;  // what the file says and nobody here understands
    std::map<std::string, std::int64_t> counters[2];  // NOLINT: by Side; zeros left out
};

/// Has the file the parts of a recording? False for other .json files; what is no JSON may have
/// been one.
bool is_recording(const std::string& path);

/// From text; `path` names it in messages.
Recording parse_recording(const std::string& text, const std::string& path);

/// Reads one .json; InputError naming the file and what is missing or wrong.
Recording read_recording(const std::string& path);

}  // namespace netsim::replay
