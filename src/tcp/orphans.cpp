// Orphans under pressure.
#include "tcp/orphans.hpp"

#include "tcp/actions.hpp"
#include "tcp/output.hpp"

namespace netsim::tcp {

bool too_many_orphans(const StackState& s, unsigned penalties) {
    return (std::uint64_t{s.orphans} << penalties) >
           static_cast<std::uint64_t>(s.sysctl.tcp_max_orphans);
}

bool out_of_resources(Context& cx, Connection& c, bool reset) {
    const Duration silent = cx.now - c.last_sent_at();
    const Duration longest = std::chrono::milliseconds(cx.s.sysctl.tcp_rto_max_ms);
    unsigned penalties = 0;
    if (silent > 2 * longest || !reset) {
        ++penalties;
    }
    if (c.soft_error != Errno::kOk) {
        ++penalties;
    }
    if (!too_many_orphans(cx.s, penalties)) {
        return false;
    }
    // The peer is told where it may still be there: something was sent lately, or its window is
    // closed.
    if (reset || silent <= kTimeWaitLength || (c.snd_wnd == 0 && c.packets_out() == 0)) {
        send_active_reset(cx, c);
    }
    cx.s.mib.add(Mib::kTcpExtTCPAbortOnMemory);
    done(cx, c, Cause::kAbort);
    return true;
}

}  // namespace netsim::tcp
