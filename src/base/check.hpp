// CHECK aborts when an invariant of the program is broken: the first kind of error in design §3.11.
// It prints the expression, the place and what the running simulation registered about itself
// (seed, virtual time, event number). Never for bad input.
#pragma once

#include <cstdint>

namespace netsim {

/// What a failing CHECK prints about the run on this thread. Set by the executor around each run.
struct CheckContext {
    std::uint64_t seed = 0;
    std::int64_t now_ns = 0;
    std::uint64_t event = 0;
    bool running = false;
};

CheckContext& check_context();

[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace netsim

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): needs the expression's text and place
#define CHECK(expression)                                 \
    (static_cast<bool>(expression) ? static_cast<void>(0) \
                                   : ::netsim::check_failed(#expression, __FILE__, __LINE__))

#ifdef NETSIM_INVARIANTS
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define DCHECK(expression) CHECK(expression)
#else
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define DCHECK(expression) static_cast<void>(sizeof(static_cast<bool>(expression)))
#endif
