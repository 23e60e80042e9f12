// Tables and secrets of a stack.
#include "tcp/stack_state.hpp"

#include <type_traits>

#include "tcp/stack.hpp"

namespace netsim::tcp {

namespace {

SipKey draw_key(Rng& rng) {
    const std::uint64_t k0 = rng.u64();
    return {k0, rng.u64()};
}

}  // namespace

StackState::StackState(const Paths& ip, const Sysctl& settings, Rng random)
    : paths(ip),
      sysctl(settings),
      rng(random),
      secrets{draw_key(rng), {draw_key(rng), draw_key(rng)}, draw_key(rng)},
      table(*this) {}

void Stack::set_clock_offset(Duration offset) {
    state_->clock_offset = offset;
}

void Stack::restart(Rng rng) {
    auto fresh = std::make_unique<StackState>(state_->paths, state_->sysctl, rng);
    state_->sockets.clear();
    fresh->sockets.swap(state_->sockets);
    fresh->wheel = state_->wheel;
    fresh->clock_offset = state_->clock_offset;
    fresh->bytes = state_->bytes;
    fresh->qdisc = state_->qdisc;
    fresh->next_stream = state_->next_stream;  // names of streams, not of the host's making
    fresh->integrity_violations = state_->integrity_violations;
    state_ = std::move(fresh);
}

std::string_view to_string(Drop reason) {
    static constexpr std::array<std::string_view, kDropCount> kText{
#define DROP(name, text) text,
#include "tcp/drop.def"
#undef DROP
    };
    return kText[static_cast<std::size_t>(reason)];
}

Stack::Holdings Stack::holdings() const {
    Holdings held{state_->requests.size(), state_->connections.size(), state_->time_waits.size(), 0,
                  0};
    if (const RecordPools* pools = state_->records.get()) {
        const auto add = [&held](const auto& pool) {
            using Pool = std::remove_cvref_t<decltype(pool)>;
            held.side_records += pool.size();
            held.side_bytes += pool.size() * sizeof(typename Pool::Record);
        };
        add(pools->sending);
        add(pools->receiving);
        add(pools->rare);
        add(pools->deadlines);
    }
    return held;
}

}  // namespace netsim::tcp
