// tcp_info of the connection under test, by the names that code blocks use.
#include "packetdrill/engine.hpp"

namespace netsim::packetdrill {
namespace {

std::int64_t micros(Duration d) {
    return d.count() / 1000;
}

std::int64_t ca_state(std::string_view name) {
    constexpr std::array<std::string_view, 5> kNames{"Open", "Disorder", "CWR", "Recovery", "Loss"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name) {
            return static_cast<std::int64_t>(i);
        }
    }
    return 0;
}

Names fields(const tcp::SocketInfo& i) {
    Names all;
    const auto add = [&](const char* name, std::int64_t n) { all[name] = CodeValue{n}; };
    // A descriptor whose connection went on as a TIME-WAIT record is closed (Linux
    // tcp_time_wait()).
    add("tcpi_state", i.kind == tcp::EndpointKind::kTimeWait
                          ? static_cast<std::int64_t>(tcp::State::kClosed)
                          : static_cast<std::int64_t>(i.state));
    add("tcpi_ca_state", ca_state(i.ca_state));
    add("tcpi_retransmits", i.retransmits);
    add("tcpi_backoff", i.backoff);
    add("tcpi_options", (i.timestamps ? 1 : 0) | (i.sack ? 2 : 0) | (i.window_scale ? 4 : 0) |
                            (i.ecn ? 8 : 0) | (i.ecn_seen ? 16 : 0) | (i.syn_data ? 32 : 0));
    add("tcpi_fastopen_client_fail", i.fastopen_client_fail);
    add("tcpi_snd_wscale", i.snd_wscale);
    add("tcpi_rcv_wscale", i.rcv_wscale);
    add("tcpi_rto", micros(i.rto));
    add("tcpi_ato", micros(i.ato));
    add("tcpi_snd_mss", i.snd_mss);
    add("tcpi_rcv_mss", i.rcv_mss);
    add("tcpi_unacked", i.kind == tcp::EndpointKind::kListener
                            ? static_cast<std::int64_t>(i.recv_queue)
                            : i.unacked);
    add("tcpi_sacked", i.kind == tcp::EndpointKind::kListener
                           ? static_cast<std::int64_t>(i.send_queue)
                           : i.sacked);
    add("tcpi_lost", i.lost);
    add("tcpi_retrans", i.retrans);
    add("tcpi_total_retrans", i.retrans_total);
    add("tcpi_bytes_retrans", static_cast<std::int64_t>(i.bytes_retrans));
    add("tcpi_reordering", i.reordering);
    add("tcpi_reord_seen", i.reord_seen);
    add("tcpi_delivered", i.delivered);
    add("tcpi_dsack_dups", i.dsack_dups);
    add("tcpi_min_rtt", micros(i.min_rtt));
    add("tcpi_rtt", micros(i.srtt));
    add("tcpi_rttvar", micros(i.rttvar));
    add("tcpi_snd_ssthresh", i.snd_ssthresh);
    add("tcpi_snd_cwnd", i.snd_cwnd);
    add("tcpi_bytes_acked", static_cast<std::int64_t>(i.bytes_acked));
    add("tcpi_bytes_received", static_cast<std::int64_t>(i.bytes_received));
    add("tcpi_bytes_sent", static_cast<std::int64_t>(i.bytes_sent));
    add("tcpi_segs_out", i.segs_out);
    add("tcpi_pacing_rate", static_cast<std::int64_t>(i.pacing_rate));
    add("tcpi_max_pacing_rate",
        i.max_pacing_rate == 0 ? -1 : static_cast<std::int64_t>(i.max_pacing_rate));
    add("tcpi_delivery_rate", static_cast<std::int64_t>(i.delivery_rate));
    add("tcpi_delivery_rate_app_limited", i.delivery_rate_app_limited ? 1 : 0);
    add("tcpi_delivered_ce", i.delivered_ce);
    add("tcpi_segs_in", i.segs_in);
    add("tcpi_busy_time", micros(i.busy));
    add("tcpi_rwnd_limited", micros(i.rwnd_limited));
    add("tcpi_sndbuf_limited", micros(i.sndbuf_limited));
    add("tcpi_advmss", i.advmss);
    add("tcpi_pmtu", i.path_mtu);
    add("tcpi_rcv_ssthresh", i.rcv_ssthresh);
    add("tcpi_probes", i.probes);
    add("tcpi_notsent_bytes", static_cast<std::int64_t>(i.notsent));
    add("tcpi_last_data_sent", micros(i.last_data_sent) / 1000);
    add("tcpi_last_data_recv", micros(i.last_data_received) / 1000);
    add("tcpi_last_ack_sent", 0);  // Linux leaves it 0
    add("tcpi_last_ack_recv", micros(i.last_ack_received) / 1000);
    // SO_MEMINFO
    add("SK_MEMINFO_RMEM_ALLOC", i.rmem_alloc);
    add("SK_MEMINFO_RCVBUF", i.rcvbuf);
    add("SK_MEMINFO_WMEM_ALLOC", i.wmem_alloc);
    add("SK_MEMINFO_SNDBUF", i.sndbuf);
    add("SK_MEMINFO_FWD_ALLOC", i.fwd_alloc);
    add("SK_MEMINFO_WMEM_QUEUED", i.wmem_queued);
    add("tcpi_snd_wnd", i.snd_wnd);
    add("tcpi_rcv_wnd", i.rcv_wnd);
    return all;
}

}  // namespace

/// Of the connection under test; before there is one, of the listener.
Names Engine::tcp_info() {
    std::optional<tcp::SocketInfo> found;
    machine_.stack().for_each_socket(machine_.now(), [&](const tcp::SocketInfo& info) {
        const bool matches = current_ != nullptr
                                 ? info.local == current_->local && info.remote == current_->remote
                                 : info.kind == tcp::EndpointKind::kListener;
        if (matches && !found) {
            found = info;
        }
    });
    if (!found && current_ != nullptr) {  // gone, or closed and not numbered any more
        tcp::SocketInfo closed;
        closed.state = tcp::State::kClosed;
        found = closed;
    }
    return found ? fields(*found) : Names{};
}

}  // namespace netsim::packetdrill
