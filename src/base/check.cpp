// What a failing CHECK prints before it aborts.
#include "base/check.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace netsim {

CheckContext& check_context() {
    thread_local CheckContext context;
    return context;
}

void check_failed(const char* expression, const char* file, int line) {
    const CheckContext& context = check_context();
    std::fprintf(stderr, "netsim: CHECK failed: %s at %s:%d\n", expression, file, line);
    if (context.running) {
        std::fprintf(stderr,
                     "netsim: seed %" PRIu64 ", virtual time %" PRId64 " ns, event %" PRIu64 "\n",
                     context.seed, context.now_ns, context.event);
    }
    std::fflush(stderr);
    std::abort();
}

}  // namespace netsim
