// ss -i: tcp_info in iproute2 6.1's words and order. What the model does not keep is not there:
// data_segs_in and _out, rcv_rtt, rcv_space, rcv_ooopack.
#include "observe/ss_info.hpp"

#include <fmt/format.h>

#include <iterator>

namespace netsim::observe {
namespace {

using tcp::SocketInfo;

/// A number of milliseconds as C's %g prints it: "0.241", "200".
std::string g(double ms) {
    return fmt::format("{:g}", ms);
}

double ms_of(Duration d) {
    return static_cast<double>(d.count() / 1000) / 1000.0;
}

std::int64_t whole_ms(Duration d) {
    return d.count() / 1'000'000;
}

void put_count(std::string& out, std::string_view name, std::uint64_t value) {
    if (value != 0) {
        fmt::format_to(std::back_inserter(out), " {}:{}", name, value);
    }
}

/// Bits per second: in full with -n, else to three digits, "6.24Gbps".
std::string rate_text(double bps, bool numeric) {
    if (numeric) {
        return fmt::format("{:.0f}bps", bps);
    }
    std::string_view unit = "";
    for (const std::string_view next : {"K", "M", "G", "T"}) {
        if (bps < 1000) {
            break;
        }
        bps /= 1000;
        unit = next;
    }
    return fmt::format("{:.3g}{}bps", bps, unit);
}

double bits(std::uint64_t bytes) {
    return 8 * static_cast<double>(bytes);
}

void put_options(std::string& out, const SocketInfo& s, bool shown) {
    if (shown) {
        out += s.timestamps ? " ts" : "";
        out += s.sack ? " sack" : "";
        out += s.ecn ? " ecn" : "";
        out += s.ecn_seen ? " ecnseen" : "";
        out += s.syn_data ? " fastopen" : "";
    }
    if (!s.congestion_control.empty()) {
        out += ' ';
        out += s.congestion_control;
    }
    if (s.window_scale) {
        fmt::format_to(std::back_inserter(out), " wscale:{},{}", unsigned{s.snd_wscale},
                       unsigned{s.rcv_wscale});
    }
}

void put_times_and_sizes(std::string& out, const SocketInfo& s) {
    const auto at = std::back_inserter(out);
    fmt::format_to(at, " rto:{}", g(ms_of(s.rto)));
    put_count(out, "backoff", s.backoff);
    if (s.srtt.count() > 0) {
        fmt::format_to(at, " rtt:{}/{}", g(ms_of(s.srtt)), g(ms_of(s.rttvar)));
    }
    if (s.ato.count() > 0) {
        fmt::format_to(at, " ato:{}", g(ms_of(s.ato)));
    }
    put_count(out, "mss", s.snd_mss);
    put_count(out, "pmtu", s.path_mtu);
    put_count(out, "rcvmss", s.rcv_mss);
    put_count(out, "advmss", s.advmss);
}

/// What BBR believes.
void put_bbr(std::string& out, const SocketInfo& s, bool numeric) {
    if (s.bbr_cwnd_gain != 0) {
        constexpr double kUnit = 256;
        fmt::format_to(std::back_inserter(out), " bbr:(bw:{},mrtt:{},pacing_gain:{},cwnd_gain:{})",
                       rate_text(bits(s.bbr_bandwidth), numeric), g(ms_of(s.bbr_min_rtt)),
                       g(s.bbr_pacing_gain / kUnit), g(s.bbr_cwnd_gain / kUnit));
    }
}

void put_rates(std::string& out, const SocketInfo& s, bool numeric) {
    const auto at = std::back_inserter(out);
    const std::int64_t rtt_us = s.srtt.count() / 1000;
    if (rtt_us > 0 && s.snd_mss > 0 && s.snd_cwnd > 0) {
        const double bps = static_cast<double>(s.snd_cwnd) * static_cast<double>(s.snd_mss) *
                           8'000'000.0 / static_cast<double>(rtt_us);
        fmt::format_to(at, " send {}", rate_text(bps, numeric));
    }
    put_count(out, "lastsnd", static_cast<std::uint64_t>(whole_ms(s.last_data_sent)));
    put_count(out, "lastrcv", static_cast<std::uint64_t>(whole_ms(s.last_data_received)));
    put_count(out, "lastack", static_cast<std::uint64_t>(whole_ms(s.last_ack_received)));
    if (s.pacing_rate != 0) {
        fmt::format_to(at, " pacing_rate {}", rate_text(bits(s.pacing_rate), numeric));
        if (s.max_pacing_rate != 0) {
            fmt::format_to(at, "/{}", rate_text(bits(s.max_pacing_rate), numeric));
        }
    }
    if (s.delivery_rate != 0) {
        fmt::format_to(at, " delivery_rate {}", rate_text(bits(s.delivery_rate), numeric));
    }
    put_count(out, "delivered", s.delivered);
    put_count(out, "delivered_ce", s.delivered_ce);
    if (s.delivery_rate_app_limited) {
        out += " app_limited";
    }
}

/// How long it had something to send, and what of that time held it up.
void put_busy(std::string& out, const SocketInfo& s) {
    const std::int64_t busy = whole_ms(s.busy);
    if (busy == 0) {
        return;
    }
    const auto at = std::back_inserter(out);
    fmt::format_to(at, " busy:{}ms", busy);
    const auto part = [&](std::string_view name, Duration time) {
        if (time.count() > 0) {
            fmt::format_to(
                at, " {}:{}ms({:.1f}%)", name, whole_ms(time),
                100.0 * static_cast<double>(time.count()) / static_cast<double>(s.busy.count()));
        }
    };
    part("rwnd_limited", s.rwnd_limited);
    part("sndbuf_limited", s.sndbuf_limited);
}

void put_losses_and_windows(std::string& out, const SocketInfo& s) {
    const auto at = std::back_inserter(out);
    put_count(out, "unacked", s.unacked);
    if (s.retrans != 0 || s.retrans_total != 0) {
        fmt::format_to(at, " retrans:{}/{}", s.retrans, s.retrans_total);
    }
    put_count(out, "lost", s.lost);
    put_count(out, "sacked", s.sacked);
    put_count(out, "dsack_dups", s.dsack_dups);
    constexpr std::uint32_t kUsual = 3;
    put_count(out, "reordering", s.reordering == kUsual ? 0 : s.reordering);
    put_count(out, "reord_seen", s.reord_seen);
    put_count(out, "rcv_ssthresh", s.rcv_ssthresh);
    put_count(out, "notsent", s.notsent);
    if (s.min_rtt.count() > 0) {
        fmt::format_to(at, " minrtt:{}", g(ms_of(s.min_rtt)));
    }
    put_count(out, "snd_wnd", s.snd_wnd);
}

}  // namespace

std::string ss_memory_text(const SocketInfo& s) {
    return fmt::format(" skmem:(r{},rb{},t{},tb{},f{},w{})", s.rmem_alloc, s.rcvbuf, s.wmem_alloc,
                       s.sndbuf, s.fwd_alloc, s.wmem_queued);
}

std::string ss_info_text(const SocketInfo& s, const SsQuery& query) {
    std::string out;
    put_options(out, s, query.timers);
    if (s.kind == tcp::EndpointKind::kListener) {
        put_count(out, "cwnd", s.snd_cwnd);
        put_count(out, "unacked", s.recv_queue);  // tcp_get_info(): sk_ack_backlog
        return out;
    }
    put_times_and_sizes(out, s);
    put_count(out, "cwnd", s.snd_cwnd);
    constexpr std::uint32_t kNoThreshold = 0xFFFF;  // ss: above this, not told
    if (s.snd_ssthresh < kNoThreshold) {
        put_count(out, "ssthresh", s.snd_ssthresh);
    }
    put_count(out, "bytes_sent", s.bytes_sent);
    put_count(out, "bytes_retrans", s.bytes_retrans);
    put_count(out, "bytes_acked", s.bytes_acked);
    put_count(out, "bytes_received", s.bytes_received);
    put_count(out, "segs_out", s.segs_out);
    put_count(out, "segs_in", s.segs_in);
    put_bbr(out, s, query.numeric);
    put_rates(out, s, query.numeric);
    put_busy(out, s);
    put_losses_and_windows(out, s);
    return out;
}

}  // namespace netsim::observe
