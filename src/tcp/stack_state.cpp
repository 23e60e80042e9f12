// Tables and secrets of a stack.
#include "tcp/stack_state.hpp"

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

std::string_view to_string(Drop reason) {
    static constexpr std::array<std::string_view, kDropCount> kText{
#define DROP(name, text) text,
#include "tcp/drop.def"
#undef DROP
    };
    return kText[static_cast<std::size_t>(reason)];
}

Stack::Holdings Stack::holdings() const {
    return {state_->requests.size(), state_->connections.size(), state_->time_waits.size()};
}

}  // namespace netsim::tcp
