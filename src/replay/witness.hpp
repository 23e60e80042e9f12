// What the kernel's tracepoints would have told of the model: transitions of full sockets, resets
// sent, and a sender's variables when a segment comes in.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/host.hpp"
#include "replay/recording.hpp"
#include "sim/trace.hpp"

namespace netsim::replay {

/// tcp_probe: the variables before the segment is looked at.
struct SegmentIn {
    Milliseconds at = 0;
    Side side = Side::kClient;
    std::uint32_t length = 0;
    tcp::SocketInfo info;
};

class Witness final : public sim::Tracer {
 public:
    Witness(const host::Host& client, const host::Host& server);

    void on_packet(const sim::PacketRecord& record) override;
    void on_state(const sim::StateRecord& record) override;

    /// connect() found no port: the kernel was in SYN_SENT while it looked, the model never was.
    void note_no_port(const host::Host& host);

    /// An orphan in FIN-WAIT-2 may have become a mini-socket, which the kernel tells as a close and
    /// the model as nothing. Called after each input that can bring it about.
    void settle();

    const std::vector<RecordedTransition>& transitions() const { return transitions_; }

    const std::vector<RecordedEvent>& resets() const { return resets_; }

    const std::vector<SegmentIn>& segments() const { return segments_; }

    /// When each host was given a packet, in order.
    const std::vector<Milliseconds>& arrivals(Side side) const {
        return arrivals_[static_cast<std::size_t>(side)];
    }

 private:
    using Key = std::pair<Side, std::pair<Endpoint, Endpoint>>;

    const host::Host& host(Side side) const { return side == Side::kClient ? client_ : server_; }

    void tell(Milliseconds at, const Key& key, const std::string& from, const std::string& to);

    const host::Host& client_;
    const host::Host& server_;
    std::map<Key, std::string> last_;  // what was told last of a connection
    std::vector<RecordedTransition> transitions_;
    std::vector<RecordedEvent> resets_;
    std::vector<SegmentIn> segments_;
    std::vector<Milliseconds> arrivals_[2];  // NOLINT: by Side
};

}  // namespace netsim::replay
