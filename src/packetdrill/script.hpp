// A .pkt script as values: what the parser makes and the engine runs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/time.hpp"
#include "wire/packet.hpp"

namespace netsim::packetdrill {

/// Where in the script; both count from 1.
struct Place {
    int line = 0;
    int column = 0;
};

/// `+.1`, `0.1`, `*`, `+.1~+.2`, `+.1...0.3`
struct When {
    enum class Base : std::uint8_t { kAbsolute, kRelative, kAny };

    Base base = Base::kRelative;
    Duration at{0};
    std::optional<Duration> latest;   // `~`: the end of the range
    std::optional<Duration> returns;  // `...`: when a blocking call comes back
};

/// A field of the AccECN option (RFC 9768 §3.2.3): "e0b", "ceb" or "e1b", in the order written.
struct AccEcnCounter {
    std::string name;
    std::uint32_t value = 0;

    friend bool operator==(const AccEcnCounter&, const AccEcnCounter&) = default;
};

/// One TCP option as it stands in the packet: padding counts.
struct Option {
    enum class Kind : std::uint8_t {
        kMss,
        kNop,
        kEnd,
        kSackPermitted,
        kWindowScale,
        kTimestamps,
        kSack,
        kFastOpen,
        kFastOpenExp,
        kMd5,
        kAccEcn
    };

    Kind kind = Kind::kNop;
    std::uint32_t value = 0;  // MSS, shift count, TS val
    std::uint32_t echo = 0;   // TS ecr
    std::vector<wire::SeqRange> sack;
    std::vector<std::uint8_t> cookie;
    std::vector<AccEcnCounter> counters;
};

struct TcpLine {
    std::uint16_t flags = 0;
    std::uint32_t seq = 0;
    std::uint32_t length = 0;
    std::optional<std::uint32_t> ack;
    std::optional<std::uint16_t> window;
    std::optional<std::uint16_t> urgent;
    std::vector<Option> options;
    bool any_options = false;  // <...>
};

struct IcmpLine {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint16_t mtu = 0;
    std::uint32_t quoted_seq = 0;
};

enum class EcnMark : std::uint8_t { kUnchecked, kNone, kEct0, kEct1, kEct01, kCe };

/// A datagram of `length` octets of data.
struct UdpLine {
    std::uint16_t length = 0;
};

struct PacketLine {
    bool inbound = true;
    EcnMark ecn = EcnMark::kUnchecked;
    std::variant<TcpLine, IcmpLine, UdpLine> content;
};

/// An argument of a call: a number, a name, `...`, [list], {struct}, "text", name(arguments), or
/// names and numbers joined by `|`.
struct Value {
    enum class Kind : std::uint8_t { kEllipsis, kNumber, kText, kList, kStruct };

    Kind kind = Kind::kEllipsis;
    Place place;
    std::int64_t number = 0;
    std::string text;                // of kText; of a number, the name it was written as
    std::vector<Value> items;        // list, struct
    std::vector<std::string> names;  // struct: of each item; empty where it has none
};

struct CallLine {
    std::string name;
    std::vector<Value> arguments;
    std::optional<std::int64_t> result;  // `= ?`: none
    std::string error;                   // "EAGAIN"
};

/// `shell commands`
struct ShellLine {
    std::string text;
};

/// %{ assertions }%
struct CodeLine {
    std::string text;
};

struct Event {
    Place place;
    When when;
    std::string source;  // the line as written, for messages
    std::variant<PacketLine, CallLine, ShellLine, CodeLine> what;
};

/// What stands in a script's head, `--name=value`.
struct Settings {
    Ipv4 local = ipv4(192, 168, 0, 1);
    Ipv4 remote = ipv4(192, 0, 2, 1);
    std::string profile;  // which kernel the stack answers as; empty: the default one
    std::uint16_t bind_port = 8080;
    std::uint16_t connect_port = 8080;
    std::uint32_t mtu = 1500;
    std::uint32_t mss = 0;  // largest inbound segment; 0: any
    Duration tolerance = std::chrono::milliseconds(4);
    double tolerance_percent = 12.5;
    Duration ts_tick{0};  // 0: TS val is not checked
    bool ts_ecr_scaled = false;
    bool strict_segments = false;  // a `>` is one packet, never several
    bool any_local = false;        // --is_anyip: every address but the peer's is ours
    bool dry_run = false;          // read only
    bool verbose = false;          // the exchange is printed also when the script passes
    bool forgive_packets = false;  // --non_fatal: a mismatch is a warning
    bool forgive_calls = false;
    std::vector<std::string> init_scripts;
    std::map<std::string, std::string> defines;
};

struct Script {
    std::string name;
    Settings settings;
    std::vector<Event> events;
};

/// `defines` are added to those of the script's head, which win. InputError "name:line:column:
/// ...".
Script parse(const std::string& name, const std::string& text,
             const std::map<std::string, std::string>& defines);

}  // namespace netsim::packetdrill
