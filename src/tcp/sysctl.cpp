// The sysctl table: name, member, range, meaning. Lua, command line and views all read it.
#include "tcp/sysctl.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "tcp/congestion.hpp"

namespace netsim::tcp {

namespace {

constexpr std::string_view kTwRecycle = "net.ipv4.tcp_tw_recycle";
constexpr std::int64_t kIntMax = 2147483647;
constexpr std::int64_t kInt64Max = 9223372036854775807;

/// Where a value lives: `count` consecutive integers.
struct Row {
    std::string_view name;
    std::int64_t* (*numbers)(Sysctl&);
    std::size_t count;
    std::int64_t low;
    std::int64_t high;
    std::string_view meaning;
};

#define ONE(member) [](Sysctl& s) -> std::int64_t* { return &s.member; }, 1
#define MANY(member, n) [](Sysctl& s) -> std::int64_t* { return s.member.data(); }, n

/// A value that is text.
struct TextRow {
    std::string_view name;
    std::string (*get)(const Sysctl&);
    bool (*set)(Sysctl&, std::string_view);  // false: not allowed
    std::string (*allowed)();
    std::string_view meaning;
};

constexpr auto kRows = std::to_array<Row>({
    {"fs.file-max", ONE(file_max), 0, kInt64Max,
     "descriptors of all processes together; more are refused with ENFILE"},
    {"net.core.dev_weight", ONE(dev_weight), 1, kIntMax,
     "packets of a CPU's backlog in one poll (hosts with a CPU)"},
    {"net.core.netdev_budget", ONE(netdev_budget), 1, kIntMax,
     "packets of a softirq's round; more counts as time_squeeze (hosts with a CPU)"},
    {"net.core.netdev_budget_usecs", ONE(netdev_budget_usecs), 0, kIntMax,
     "us of a softirq's round, the same (hosts with a CPU)"},
    {"net.core.netdev_max_backlog", ONE(netdev_max_backlog), 0, kIntMax,
     "packets that may wait for a core (hosts with a CPU)"},
    {"net.core.rmem_default", ONE(rmem_default), 2304, kIntMax, "receive buffer of a UDP socket"},
    {"net.core.rmem_max", ONE(rmem_max), 2304, kIntMax, "largest SO_RCVBUF an application may set"},
    {"net.core.somaxconn", ONE(somaxconn), 0, kIntMax, "upper limit of listen(2)'s backlog"},
    {"net.core.wmem_max", ONE(wmem_max), 4608, kIntMax, "largest SO_SNDBUF an application may set"},
    {"net.ipv4.ip_autobind_reuse", ONE(ip_autobind_reuse), 0, 1,
     "bind(0) may share a port where SO_REUSEADDR is set on both sockets"},
    {"net.ipv4.ip_default_ttl", ONE(ip_default_ttl), 1, 255, "TTL of packets sent"},
    {"net.ipv4.ip_local_port_range", MANY(ip_local_port_range, 2), 1, 65535,
     "ports given to connect() and bind(0)"},
    {"net.ipv4.tcp_abort_on_overflow", ONE(tcp_abort_on_overflow), 0, 1,
     "answer a handshake's last ACK by RST when the accept queue is full"},
    {"net.ipv4.tcp_autocorking", ONE(tcp_autocorking), 0, 1,
     "a partial segment waits for data still in the host's link"},
    {"net.ipv4.tcp_backlog_ack_defer", ONE(tcp_backlog_ack_defer), 0, 1,
     "one ACK for all that came while a process held the socket"},
    {"net.ipv4.tcp_base_mss", ONE(tcp_base_mss), 48, 65535,
     "MSS a search for the path MTU begins with (RFC 4821)"},
    {"net.ipv4.tcp_comp_sack_delay_ns", ONE(tcp_comp_sack_delay_ns), 0, 1'000'000'000,
     "ns; SACK compression sends one ACK per min(this, RTT / 20)"},
    {"net.ipv4.tcp_comp_sack_nr", ONE(tcp_comp_sack_nr), 0, 255,
     "ACKs that SACK compression may hold back; 0: off"},
    {"net.ipv4.tcp_comp_sack_slack_ns", ONE(tcp_comp_sack_slack_ns), 0, 1'000'000'000,
     "ns that a compressed ACK may be late"},
    {"net.ipv4.tcp_dsack", ONE(tcp_dsack), 0, 1, "report duplicate data (RFC 2883)"},
    {"net.ipv4.tcp_challenge_ack_limit", ONE(tcp_challenge_ack_limit), 0, kIntMax,
     "challenge ACKs a host sends per second (RFC 5961)"},
    {"net.ipv4.tcp_early_retrans", ONE(tcp_early_retrans), 0, 4,
     "tail loss probes (RFC 8985): 3 and 4 on, else off"},
    {"net.ipv4.tcp_ecn", ONE(tcp_ecn), 0, 2,
     "explicit congestion notification (RFC 3168): 0 never, 1 ask for it, 2 only when asked"},
    {"net.ipv4.tcp_ecn_fallback", ONE(tcp_ecn_fallback), 0, 1,
     "a SYN sent again no longer asks for ECN"},
    {"net.ipv4.tcp_fastopen", ONE(tcp_fastopen), 0, kIntMax,
     "TCP Fast Open, bits: 0x1 client, 0x2 server, 0x4 client without cookie, 0x200 server without "
     "cookie, 0x400 every listener"},
    {"net.ipv4.tcp_fastopen_blackhole_timeout_sec", ONE(tcp_fastopen_blackhole_timeout_sec), 0,
     kIntMax, "first pause of client Fast Open after a middlebox swallowed one; 0: none"},
    {"net.ipv4.tcp_fin_timeout", ONE(tcp_fin_timeout), 1, kIntMax,
     "seconds an orphan stays in FIN-WAIT-2"},
    {"net.ipv4.tcp_frto", ONE(tcp_frto), 0, 255,
     "find out whether a retransmission timeout was spurious (RFC 5682)"},
    {"net.ipv4.tcp_invalid_ratelimit", ONE(tcp_invalid_ratelimit), 0, kIntMax,
     "ms between two ACKs that answer invalid segments of one connection"},
    {"net.ipv4.tcp_keepalive_intvl", ONE(tcp_keepalive_intvl), 1, 32767,
     "seconds between two keepalive probes"},
    {"net.ipv4.tcp_keepalive_probes", ONE(tcp_keepalive_probes), 1, 127,
     "keepalive probes before giving up"},
    {"net.ipv4.tcp_keepalive_time", ONE(tcp_keepalive_time), 1, 32767,
     "idle seconds before the first keepalive probe"},
    {"net.ipv4.tcp_limit_output_bytes", ONE(tcp_limit_output_bytes), 0, kIntMax,
     "memory that a connection's data may take in its host's link"},
    {"net.ipv4.tcp_max_orphans", ONE(tcp_max_orphans), 0, kIntMax,
     "connections without a descriptor a host keeps"},
    {"net.ipv4.tcp_max_reordering", ONE(tcp_max_reordering), 0, 65535,
     "most segments that are assumed to overtake one"},
    {"net.ipv4.tcp_max_syn_backlog", ONE(tcp_max_syn_backlog), 0, kIntMax,
     "half-open requests; its last quarter is kept for proven peers when cookies are off"},
    {"net.ipv4.tcp_max_tw_buckets", ONE(tcp_max_tw_buckets), 0, kIntMax, "TIME-WAIT records kept"},
    {"net.ipv4.tcp_migrate_req", ONE(tcp_migrate_req), 0, 1,
     "a closing SO_REUSEPORT listener leaves its requests and connections to its group"},
    {"net.ipv4.tcp_min_rtt_wlen", ONE(tcp_min_rtt_wlen), 0, 86400,
     "seconds the least RTT measured is believed"},
    {"net.ipv4.tcp_min_snd_mss", ONE(tcp_min_snd_mss), 48, 65535,
     "smallest MSS accepted from a peer"},
    {"net.ipv4.tcp_min_tso_segs", ONE(tcp_min_tso_segs), 1, 65535,
     "least segments of a burst (TSO packet)"},
    {"net.ipv4.tcp_moderate_rcvbuf", ONE(tcp_moderate_rcvbuf), 0, 1, "tune receive buffers"},
    {"net.ipv4.tcp_mtu_probe_floor", ONE(tcp_mtu_probe_floor), 48, 65535,
     "smallest MSS the search for a way out of a black hole goes down to"},
    {"net.ipv4.tcp_mtu_probing", ONE(tcp_mtu_probing), 0, 255,
     "probe the path MTU (RFC 4821): 0 never, 1 once large packets seem to vanish, 2 always"},
    {"net.ipv4.tcp_no_metrics_save", ONE(tcp_no_metrics_save), 0, 1,
     "forget a peer's metrics when a connection ends"},
    {"net.ipv4.tcp_notsent_lowat", ONE(tcp_notsent_lowat), 0, 4294967295,
     "unsent bytes from which on a socket is not writable"},
    {"net.ipv4.tcp_orphan_retries", ONE(tcp_orphan_retries), 0, 255,
     "retransmissions of an orphan before it is given up; 0 means 8"},
    {"net.ipv4.tcp_pacing_ca_ratio", ONE(tcp_pacing_ca_ratio), 0, 1000,
     "percent of cwnd per RTT that bursts are sized for, in congestion avoidance"},
    {"net.ipv4.tcp_pacing_ss_ratio", ONE(tcp_pacing_ss_ratio), 0, 1000, "the same in slow start"},
    {"net.ipv4.tcp_pingpong_thresh", ONE(tcp_pingpong_thresh), 1, 255,
     "replies after which a connection counts as interactive"},
    {"net.ipv4.tcp_probe_interval", ONE(tcp_probe_interval), 0, 42949672,
     "seconds until a search for the path MTU that has ended is begun anew"},
    {"net.ipv4.tcp_probe_threshold", ONE(tcp_probe_threshold), 0, kIntMax,
     "octets within which the path MTU is known well enough"},
    {"net.ipv4.tcp_recovery", ONE(tcp_recovery), 0, 255,
     "RACK: 2 its reordering window stays, 4 three SACKed segments are no sign of loss"},
    {"net.ipv4.tcp_reordering", ONE(tcp_reordering), 1, 300, "duplicate ACKs that mean loss"},
    {"net.ipv4.tcp_retrans_collapse", ONE(tcp_retrans_collapse), 0, 255,
     "join short segments when they are sent again"},
    {"net.ipv4.tcp_retries1", ONE(tcp_retries1), 0, 255,
     "retransmissions of data, as a bound in time, after which the path is suspected"},
    {"net.ipv4.tcp_retries2", ONE(tcp_retries2), 0, 255,
     "retransmissions of data, as a bound in time, before giving up"},
    {"net.ipv4.tcp_rfc1337", ONE(tcp_rfc1337), 0, 1, "ignore RSTs in TIME-WAIT"},
    {"net.ipv4.tcp_rmem", MANY(tcp_rmem, 3), 1, kIntMax, "receive buffer: least, default, most"},
    {"net.ipv4.tcp_rto_max_ms", ONE(tcp_rto_max_ms), 1000, 120000, "largest RTO"},
    {"net.ipv4.tcp_rto_min_us", ONE(tcp_rto_min_us), 1, 1000000, "smallest RTO"},
    {"net.ipv4.tcp_sack", ONE(tcp_sack), 0, 1, "selective acknowledgements (RFC 2018)"},
    {"net.ipv4.tcp_shrink_window", ONE(tcp_shrink_window), 0, 1,
     "1: a receiver short of memory may take its window back"},
    {"net.ipv4.tcp_slow_start_after_idle", ONE(tcp_slow_start_after_idle), 0, 1,
     "reduce cwnd after an idle time"},
    {"net.ipv4.tcp_syn_linear_timeouts", ONE(tcp_syn_linear_timeouts), 0, 127,
     "SYN retransmissions at 1 s before the back-off begins"},
    {"net.ipv4.tcp_syn_retries", ONE(tcp_syn_retries), 1, 127, "retransmissions of a SYN"},
    {"net.ipv4.tcp_synack_retries", ONE(tcp_synack_retries), 0, 255,
     "retransmissions of a SYN-ACK"},
    {"net.ipv4.tcp_syncookies", ONE(tcp_syncookies), 0, 2,
     "SYN cookies: 0 never, 1 when the SYN queue is full, 2 always"},
    {"net.ipv4.tcp_thin_linear_timeouts", ONE(tcp_thin_linear_timeouts), 0, 1,
     "no back-off for six timeouts while less than four segments are in flight"},
    {"net.ipv4.tcp_timestamps", ONE(tcp_timestamps), 0, 2,
     "timestamps (RFC 7323): 0 off, 1 with random offsets, 2 without"},
    {"net.ipv4.tcp_tso_rtt_log", ONE(tcp_tso_rtt_log), 0, 63,
     "2^n us of RTT halve the extra size of bursts to close peers"},
    {"net.ipv4.tcp_tso_win_divisor", ONE(tcp_tso_win_divisor), 0, 1000,
     "a burst waits only for less than 1/n of the window"},
    {kTwRecycle, ONE(tcp_tw_recycle), 0, 1,
     "profile linux-legacy: short TIME-WAIT, and SYNs refused by the peer's last timestamp"},
    {"net.ipv4.tcp_tw_reuse", ONE(tcp_tw_reuse), 0, 2,
     "reuse TIME-WAIT for new connects: 0 no, 1 yes, 2 on loopback"},
    {"net.ipv4.tcp_tw_reuse_delay", ONE(tcp_tw_reuse_delay), 1, 60000,
     "ms a TIME-WAIT record must be old to be reused"},
    {"net.ipv4.tcp_window_scaling", ONE(tcp_window_scaling), 0, 1, "window scaling (RFC 7323)"},
    {"net.ipv4.tcp_wmem", MANY(tcp_wmem, 3), 1, kIntMax, "send buffer: least, default, most"},
});

#undef ONE
#undef MANY

std::string congestion_choices() {
    std::string out;
    for (const std::string_view name : congestion_controls()) {
        out += (out.empty() ? "" : ", ") + std::string(name);
    }
    return out;
}

/// The default may be used by anyone. Linux tcp_set_default_congestion_control().
bool set_congestion(Sysctl& s, std::string_view value) {
    const auto index = find_congestion_control(value);
    if (!index) {
        return false;
    }
    s.tcp_congestion_control = value;
    s.tcp_allowed_congestion_control |= 1U << *index;
    return true;
}

std::string congestion_list(std::uint32_t mask) {
    std::string out;
    for (const std::string_view name : congestion_controls()) {
        if ((mask >> *find_congestion_control(name) & 1U) != 0) {
            out += (out.empty() ? "" : " ") + std::string(name);
        }
    }
    return out;
}

bool set_allowed_congestion(Sysctl& s, std::string_view value) {
    std::uint32_t mask = 0;
    while (!value.empty()) {
        const auto space = value.find(' ');
        if (const std::string_view name = value.substr(0, space); !name.empty()) {
            const auto index = find_congestion_control(name);
            if (!index) {
                return false;
            }
            mask |= 1U << *index;
        }
        value.remove_prefix(space == std::string_view::npos ? value.size() : space + 1);
    }
    s.tcp_allowed_congestion_control = mask;
    return true;
}

/// "8080,9148-9150"
std::string ports_text(const PortRanges& ports) {
    std::string out;
    for (const PortRanges::Range& r : ports.ranges) {
        out += (out.empty() ? "" : ",") + std::to_string(r.first);
        if (r.last != r.first) {
            out += "-" + std::to_string(r.last);
        }
    }
    return out;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, port);
    return error == std::errc() && rest == end ? std::optional(port) : std::nullopt;
}

/// "N" or "LOW-HIGH"
std::optional<PortRanges::Range> parse_port_range(std::string_view item) {
    const auto dash = item.find('-');
    const auto first = parse_port(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_port(item.substr(dash + 1));
    return first && last && *first <= *last ? std::optional(PortRanges::Range{*first, *last})
                                            : std::nullopt;
}

/// Sorts the ranges and joins those that meet or touch, as proc_do_large_bitmap() prints them.
void tidy_ranges(std::vector<PortRanges::Range>& ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<PortRanges::Range> out;
    for (const PortRanges::Range& r : ranges) {
        if (!out.empty() && r.first <= out.back().last + 1) {
            out.back().last = std::max(out.back().last, r.last);
        } else {
            out.push_back(r);
        }
    }
    ranges = std::move(out);
}

bool set_reserved_ports(Sysctl& s, std::string_view value) {
    std::vector<PortRanges::Range> ranges;
    while (!value.empty()) {
        const auto comma = value.find(',');
        const auto range = parse_port_range(value.substr(0, comma));
        if (!range) {
            return false;
        }
        ranges.push_back(*range);
        value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    }
    tidy_ranges(ranges);
    s.ip_local_reserved_ports.ranges = std::move(ranges);
    return true;
}

bool set_fastopen_key(Sysctl& sysctl, std::string_view value) {
    const auto keys = parse_fastopen_keys(value);
    sysctl.tcp_fastopen_key = keys.value_or(sysctl.tcp_fastopen_key);
    return keys.has_value();
}

constexpr auto kTextRows = std::to_array<TextRow>({
    {"net.ipv4.ip_local_reserved_ports",
     [](const Sysctl& s) { return ports_text(s.ip_local_reserved_ports); }, set_reserved_ports,
     [] { return std::string("ports and ranges, \"8080,9148-9150\""); },
     "ports that connect() and bind(0) never choose"},
    {"net.ipv4.tcp_allowed_congestion_control",
     [](const Sysctl& s) { return congestion_list(s.tcp_allowed_congestion_control); },
     set_allowed_congestion, congestion_choices,
     "congestion controls that an application may choose (TCP_CONGESTION)"},
    {"net.ipv4.tcp_available_congestion_control",
     [](const Sysctl&) { return congestion_list(~0U); },
     [](Sysctl&, std::string_view value) { return value == congestion_list(~0U); },
     [] { return std::string("read only"); }, "congestion controls there are"},
    {"net.ipv4.tcp_congestion_control", [](const Sysctl& s) { return s.tcp_congestion_control; },
     set_congestion, congestion_choices, "congestion control of new connections"},
    {"net.ipv4.tcp_fastopen_key", [](const Sysctl& s) { return to_text(s.tcp_fastopen_key); },
     set_fastopen_key,
     [] { return std::string("xxxxxxxx-xxxxxxxx-xxxxxxxx-xxxxxxxx, a second one after a comma"); },
     "keys of Fast Open cookies: primary[,backup]"},
});

const TextRow* find_text_row(std::string_view name) {
    const auto* it = std::find_if(kTextRows.begin(), kTextRows.end(),
                                  [&](const TextRow& row) { return row.name == name; });
    return it == kTextRows.end() ? nullptr : it;
}

const Row* find_row(std::string_view name) {
    const auto* it =
        std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return row.name == name; });
    return it == kRows.end() ? nullptr : it;
}

std::string join(const std::int64_t* numbers, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += (i == 0 ? "" : " ") + std::to_string(numbers[i]);
    }
    return out;
}

std::string range_of(const Row& row) {
    std::string out = std::to_string(row.low) + ".." + std::to_string(row.high);
    if (row.count > 1) {
        out += " (" + std::to_string(row.count) + " numbers, ascending)";
    }
    return out;
}

std::vector<SysctlEntry> make_table() {
    std::vector<SysctlEntry> table;
    Sysctl defaults;
    for (const Row& row : kRows) {
        table.push_back(
            {row.name, join(row.numbers(defaults), row.count), range_of(row), row.meaning});
    }
    for (const TextRow& row : kTextRows) {
        table.push_back({row.name, row.get(defaults), row.allowed(), row.meaning});
    }
    std::sort(table.begin(), table.end(),
              [](const SysctlEntry& a, const SysctlEntry& b) { return a.name < b.name; });
    return table;
}

[[noreturn]] void bad_value(std::string_view name, std::string_view value,
                            const std::string& allowed) {
    throw InputError("sysctl " + std::string(name) + ": \"" + std::string(value) +
                     "\" is not allowed; allowed: " + allowed);
}

std::vector<std::int64_t> parse_numbers(std::string_view text) {
    std::vector<std::int64_t> out;
    std::size_t i = 0;
    while (i < text.size()) {
        if (text[i] == ' ' || text[i] == '\t') {
            ++i;
            continue;
        }
        std::int64_t number = 0;
        const char* begin = text.data() + i;
        const char* end = text.data() + text.size();
        const bool hex = text.substr(i).starts_with("0x");  // as /proc/sys reads it
        const auto [rest, error] =
            hex ? std::from_chars(begin + 2, end, number, 16) : std::from_chars(begin, end, number);
        const bool ends_well = rest == end || *rest == ' ' || *rest == '\t';
        if (error != std::errc() || !ends_well) {
            return {};
        }
        out.push_back(number);
        i += static_cast<std::size_t>(rest - begin);
    }
    return out;
}

}  // namespace

std::span<const SysctlEntry> sysctl_table() {
    static const std::vector<SysctlEntry> table = make_table();
    return table;
}

bool is_sysctl(std::string_view name) {
    return find_text_row(name) != nullptr || find_row(name) != nullptr;
}

std::string get_sysctl(const Sysctl& sysctl, std::string_view name) {
    if (const TextRow* text = find_text_row(name)) {
        return text->get(sysctl);
    }
    const Row* row = find_row(name);
    if (row == nullptr) {
        throw InputError("unknown sysctl \"" + std::string(name) + "\"");
    }
    Sysctl copy = sysctl;  // the accessor wants a mutable one; reading is rare
    return join(row->numbers(copy), row->count);
}

void set_sysctl(Sysctl& sysctl, std::string_view name, std::string_view value) {
    if (const TextRow* text = find_text_row(name)) {
        if (!text->set(sysctl, value)) {
            bad_value(name, value, text->allowed());
        }
        return;
    }
    const Row* row = find_row(name);
    if (row == nullptr) {
        std::vector<std::string_view> known;
        for (const SysctlEntry& entry : sysctl_table()) {
            known.push_back(entry.name);
        }
        throw InputError("unknown sysctl \"" + std::string(name) + "\"" +
                         did_you_mean(name, known) + " (`netsim sysctl` lists them)");
    }
    const std::vector<std::int64_t> numbers = parse_numbers(value);
    if (row->name == kTwRecycle &&
        sysctl.rules.time_wait_recycle == Rules::TimeWaitRecycle::kAbsent &&
        numbers != std::vector<std::int64_t>{0}) {
        bad_value(name, value, "0 (only profile linux-legacy has it: Linux dropped it in 4.12)");
    }
    const bool in_range =
        numbers.size() == row->count && std::is_sorted(numbers.begin(), numbers.end()) &&
        std::all_of(numbers.begin(), numbers.end(),
                    [&](std::int64_t n) { return n >= row->low && n <= row->high; });
    if (!in_range) {
        bad_value(name, value, range_of(*row));
    }
    std::copy(numbers.begin(), numbers.end(), row->numbers(sysctl));
}

}  // namespace netsim::tcp
