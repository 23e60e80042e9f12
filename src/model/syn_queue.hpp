// The SYN queue of a listener under a flood, as a birth-death chain whose half-open lives are
// phases of 1, 2, 4, ... s, with the kernel's pruning (inet_connection_sock.c
// reqsk_timer_handler). README.md says what is exact and what is approximated.
#pragma once

#include <cstdint>
#include <vector>

namespace netsim::model {

struct SynQueueParams {
    double flood_rate = 0;  // SYNs/s nobody will ever answer for, Poisson
    double flood_start = 0;
    double flood_stop = 0;   // seconds
    double legit_rate = 0;   // connect() calls per second, Poisson
    double legit_start = 0;  // attempts that begin in [legit_start, legit_stop) are the ones judged
    double legit_stop = 0;
    double legit_rtt = 0.02;  // SYN-ACK to ACK, seconds: how long a legitimate request is half-open
    double horizon = 0;       // when the run ends
    std::uint64_t backlog = 128;           // B: listen(2)'s argument, cut to somaxconn
    std::uint64_t max_syn_backlog = 1024;  // M: rules unproven peers only with cookies off
    int syncookies = 0;                    // tcp_syncookies
    int synack_retries = 5;                // tcp_synack_retries
    /// Legitimate peers are in the tcp_metrics cache (they connected before): the last quarter of M
    /// is open to them.
    bool legit_proven = true;
    /// When a client's SYNs leave, seconds after connect(): Linux >= 6.5, tcp_syn_retries = 6.
    std::vector<double> syn_schedule{0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67};
    /// A client gives up this long after connect(); 0: when the schedule ends.
    double connect_timeout = 0;
};

/// One point in time of the prediction.
struct SynQueueSample {
    double time = 0;
    double mean = 0;        // half-open requests
    double legit_loss = 0;  // share of legitimate SYNs dropped at that moment
};

/// Named as the measured values they stand beside.
struct SynQueuePrediction {
    double first_syn_success = 1;  // share of judged attempts whose first SYN is answered
    double connect_success = 1;    // ... that are connected by the horizon
    double connect_p50_ms = 0;     // latency of those
    double connect_p99_ms = 0;
    double syn_queue_peak = 0;
    double syn_queue_mean = 0;             // over [0, horizon]
    double syn_queue_mean_flood = 0;       // while the flood lasts
    double synack_retransmits = 0;         // in all, TcpExtTCPSynRetrans of the server
    double synack_retransmits_per_s = 0;   // while the flood lasts
    double syn_retransmits = 0;            // by the judged clients, TcpExtTCPSynRetrans there
    double cookies_sent = 0;               // TcpExtSyncookiesSent
    double syns_dropped = 0;               // TcpExtListenDrops, accept queue aside
    std::vector<SynQueueSample> series;    // every 100 ms
    std::vector<double> occupancy_at_end;  // P(n half-open) when the flood stops
};

/// Integrates the chain over [0, horizon] with a fixed step.
SynQueuePrediction predict(const SynQueueParams& params);

struct SynQueueSteady {
    double loss = 0;       // of unproven SYNs, by PASTA: P(full)
    double mean = 0;       // half-open
    double mean_life = 0;  // of a flood's request, pruning included, seconds
    std::vector<double> occupancy;
    bool exact = false;  // the full phase chain was solved, nothing approximated but the phases
};

/// The flood for ever (flood_start and _stop, horizon and retries of SYNs ignored). Solves the
/// phase chain where it has at most kPhaseStatesMax states, else takes the mean life from the
/// transient model's long run and the distribution from Erlang's chain.
SynQueueSteady steady(const SynQueueParams& params);

inline constexpr std::uint64_t kPhaseStatesMax = 4000;

/// How many half-open requests unproven peers can hold: min(B + 1, M - M/4 + 1) with cookies off,
/// B + 1 with cookies 1, none with cookies 2.
std::uint64_t unproven_capacity(const SynQueueParams& params);

/// Steady state of a birth-death chain from its rates (birth[n]: n to n+1, death[n]: n+1 to n), by
/// solving pi Q = 0.
std::vector<double> birth_death_steady(const std::vector<double>& birth,
                                       const std::vector<double>& death);

/// Steady state of the exact chain of phases (n_0, ..., n_R), each phase exponential with its own
/// mean of 1, 2, 4, ... s; pruning included.
SynQueueSteady phase_chain_steady(double rate, std::uint64_t capacity, std::uint64_t backlog,
                                  int synack_retries);

/// Seconds the k-th phase lasts: 1 << k, at most 120 (TCP_RTO_MAX).
double phase_seconds(int k);

}  // namespace netsim::model
