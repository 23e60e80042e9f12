// Steady states: birth-death chains and the exact chain of phases, by solving pi Q = 0.
#include <Eigen/SparseLU>
#include <map>
#include <numeric>

#include "base/check.hpp"
#include "model/queueing.hpp"
#include "model/reqsk_prune.hpp"
#include "model/syn_queue.hpp"

namespace netsim::model {
namespace {

using Sparse = Eigen::SparseMatrix<double>;
using Triplets = std::vector<Eigen::Triplet<double>>;

/// Off-diagonal rates as (from, to, rate); returns pi with pi Q = 0 and sum 1.
std::vector<double> solve_chain(std::size_t states, const Triplets& rates) {
    const auto n = static_cast<Eigen::Index>(states);
    const int last = static_cast<int>(n) - 1;
    Triplets transposed;
    transposed.reserve(rates.size() * 2 + states);
    for (const auto& t : rates) {
        // One balance equation is redundant; the last row says sum = 1 instead.
        if (t.col() != last) {
            transposed.emplace_back(t.col(), t.row(), t.value());
        }
        if (t.row() != last) {
            transposed.emplace_back(t.row(), t.row(), -t.value());
        }
    }
    for (int i = 0; i <= last; ++i) {
        transposed.emplace_back(last, i, 1.0);
    }
    Sparse matrix(n, n);
    matrix.setFromTriplets(transposed.begin(), transposed.end());
    matrix.makeCompressed();
    Eigen::SparseLU<Sparse> solver;
    solver.compute(matrix);
    CHECK(solver.info() == Eigen::Success);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(n);
    right[n - 1] = 1.0;
    const Eigen::VectorXd pi = solver.solve(right);
    return {pi.data(), pi.data() + n};
}

/// The states of the phase chain: every vector of counts with a sum of at most `capacity`.
class PhaseStates {
 public:
    PhaseStates(std::size_t phases, std::uint64_t capacity) {
        std::vector<std::uint16_t> counts(phases, 0);
        enumerate(counts, 0, capacity);
    }

    std::size_t size() const { return all_.size(); }

    const std::vector<std::uint16_t>& counts(std::size_t i) const { return all_[i]; }

    int index(const std::vector<std::uint16_t>& counts) const { return index_.at(counts); }

 private:
    void enumerate(std::vector<std::uint16_t>& counts, std::size_t phase, std::uint64_t left) {
        if (phase == counts.size()) {
            index_.emplace(counts, static_cast<int>(all_.size()));
            all_.push_back(counts);
            return;
        }
        for (std::uint64_t n = 0; n <= left; ++n) {
            counts[phase] = static_cast<std::uint16_t>(n);
            enumerate(counts, phase + 1, left - n);
        }
        counts[phase] = 0;
    }

    std::vector<std::vector<std::uint16_t>> all_;
    std::map<std::vector<std::uint16_t>, int> index_;
};

double phase_state_count(std::uint64_t capacity, int synack_retries) {
    double count = 1;  // C(capacity + phases, phases)
    for (int k = 1; k <= synack_retries + 1; ++k) {
        count *= static_cast<double>(capacity + static_cast<std::uint64_t>(k)) / k;
    }
    return count;
}

/// Mean life in the long run of the transient model, where the phase chain is too large.
SynQueueSteady from_long_run(const SynQueueParams& params, std::uint64_t capacity) {
    SynQueueParams forever = params;
    forever.flood_start = 0;
    forever.legit_rate = 0;
    forever.legit_proven = false;
    forever.horizon = 400;  // several times the longest life, 63 s
    forever.flood_stop = forever.horizon;
    const SynQueuePrediction run = predict(forever);
    double sum = 0;
    std::size_t count = 0;
    double loss = 0;
    for (const SynQueueSample& s : run.series) {
        if (s.time >= forever.horizon / 2) {
            sum += s.mean;
            loss += s.legit_loss;
            ++count;
        }
    }
    SynQueueSteady out;
    out.mean = sum / static_cast<double>(count);
    // Little's law on those admitted.
    const double admitted = params.flood_rate * (1 - loss / static_cast<double>(count));
    out.mean_life = admitted > 0 ? out.mean / admitted : 0;
    out.loss = erlang_b(capacity, params.flood_rate * out.mean_life);
    out.occupancy = birth_death_steady(std::vector<double>(capacity, params.flood_rate), [&] {
        std::vector<double> death(capacity);
        std::iota(death.begin(), death.end(), 1.0);
        for (double& d : death) {
            d /= out.mean_life;
        }
        return death;
    }());
    return out;
}

}  // namespace

double phase_seconds(int k) {
    return k >= 7 ? 120.0 : static_cast<double>(1U << static_cast<unsigned>(k));
}

std::uint64_t unproven_capacity(const SynQueueParams& params) {
    if (params.syncookies >= 2) {
        return 0;
    }
    const std::uint64_t all = params.backlog + 1;
    const std::uint64_t m = params.max_syn_backlog;
    return params.syncookies != 0 ? all : std::min(all, m - (m >> 2U) + 1);
}

std::vector<double> birth_death_steady(const std::vector<double>& birth,
                                       const std::vector<double>& death) {
    Triplets rates;
    for (std::size_t n = 0; n < birth.size(); ++n) {
        const int i = static_cast<int>(n);
        rates.emplace_back(i, i + 1, birth[n]);
        rates.emplace_back(i + 1, i, death[n]);
    }
    return solve_chain(birth.size() + 1, rates);
}

SynQueueSteady phase_chain_steady(double rate, std::uint64_t capacity, std::uint64_t backlog,
                                  int synack_retries) {
    const std::size_t phases = static_cast<std::size_t>(synack_retries) + 1;
    const PhaseStates states(phases, capacity);
    Triplets rates;
    for (std::size_t s = 0; s < states.size(); ++s) {
        const int from = static_cast<int>(s);
        std::vector<std::uint16_t> to = states.counts(s);
        const std::vector<std::uint16_t> counts = to;
        const std::uint64_t length =
            std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
        if (length < capacity) {
            ++to[0];
            rates.emplace_back(from, states.index(to), rate);
            --to[0];
        }
        for (std::size_t k = 0; k < phases; ++k) {
            if (counts[k] == 0) {
                continue;
            }
            const int timeouts = static_cast<int>(k);
            const bool dies = expires(timeouts, length, counts[0], backlog, synack_retries);
            --to[k];
            if (!dies) {
                ++to[k + 1];
            }
            rates.emplace_back(from, states.index(to), counts[k] / phase_seconds(timeouts));
            to = counts;
        }
    }
    const std::vector<double> pi = solve_chain(states.size(), rates);

    SynQueueSteady out;
    out.exact = true;
    out.occupancy.assign(capacity + 1, 0.0);
    for (std::size_t s = 0; s < states.size(); ++s) {
        const auto& counts = states.counts(s);
        out.occupancy[std::accumulate(counts.begin(), counts.end(), std::size_t{0})] += pi[s];
    }
    for (std::size_t n = 0; n <= capacity; ++n) {
        out.mean += static_cast<double>(n) * out.occupancy[n];
    }
    out.loss = out.occupancy[capacity];
    const double admitted = rate * (1 - out.loss);
    out.mean_life = admitted > 0 ? out.mean / admitted : 0;
    return out;
}

SynQueueSteady steady(const SynQueueParams& params) {
    const std::uint64_t capacity = unproven_capacity(params);
    if (capacity == 0 || params.flood_rate <= 0) {
        return SynQueueSteady{.occupancy = {1.0}, .exact = true};
    }
    if (phase_state_count(capacity, params.synack_retries) <=
        static_cast<double>(kPhaseStatesMax)) {
        return phase_chain_steady(params.flood_rate, capacity, params.backlog,
                                  params.synack_retries);
    }
    return from_long_run(params, capacity);
}

}  // namespace netsim::model
