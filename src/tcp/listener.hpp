// A listening socket: its limits, its half-open count and the connections waiting for accept().
// Linux inet_connection_sock's accept queue; both limits are one number (facts: the two queues).
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "netsim/address.hpp"
#include "netsim/socket.hpp"
#include "netsim/time.hpp"
#include "tcp/deadline_list.hpp"
#include "tcp/fastopen.hpp"
#include "tcp/md5_keys.hpp"
#include "tcp/shared_options.hpp"

namespace netsim::tcp {

struct Listener {
    Endpoint local;                          // address 0.0.0.0: any
    std::uint32_t backlog = 0;               // B = min(listen()'s argument, somaxconn)
    std::uint32_t syn_queue_limit = 0;       // half-open requests it holds at most
    std::uint32_t syn_queue_len = 0;         // qlen: half-open requests
    std::uint32_t syn_queue_young = 0;       // ... whose SYN-ACK timer never fired
    std::deque<std::uint32_t> accept_queue;  // connections, oldest first
    Time last_cookie_at = kNever;            // when a SYN cookie was last sent: kNever: never
    std::uint32_t index = kNoIndex;          // its own, in the slab
    bool closed = false;      // kept only for half-open requests that may migrate (tcp_migrate_req)
    bool port_named = false;  // bind(2) gave the port, and no other was meant
    std::uint32_t syn_queue_peak = 0;  // longest either queue has been
    std::uint32_t accept_queue_peak = 0;
    SocketId socket;
    SharedOptions opt;
    FastOpenQueue fast_open;
    Md5Keys md5;

    /// To be called when a queue has grown.
    void note_peaks() {
        syn_queue_peak = std::max(syn_queue_peak, syn_queue_len);
        accept_queue_peak =
            std::max(accept_queue_peak, static_cast<std::uint32_t>(accept_queue.size()));
    }

    /// Linux sk_acceptq_is_full(): holds B + 1.
    bool accept_queue_full() const { return accept_queue.size() > backlog; }

    /// Linux inet_csk_reqsk_queue_is_full()
    bool syn_queue_full() const { return syn_queue_len >= syn_queue_limit; }
};

}  // namespace netsim::tcp
