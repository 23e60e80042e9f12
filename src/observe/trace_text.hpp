// netsim run --trace: every packet that matches a filter, one line each, as it happens.
#pragma once

#include <iosfwd>
#include <utility>

#include "observe/packet_filter.hpp"
#include "observe/tcpdump.hpp"
#include "sim/trace.hpp"

namespace netsim::observe {

struct TraceTextOptions {
    bool interfaces = true;  // "web.eth0 Out", as tcpdump -i any says
    bool absolute = false;   // tcpdump -S
};

/// Each packet is printed once, when its maker sends it; so are its copies by duplicating links and
/// every drop. A filter that names a node ("node r") prints instead what tcpdump -i any on such
/// nodes would: all they send and all they receive.
class TraceText final : public sim::Tracer {
 public:
    TraceText(std::ostream& out, PacketFilter filter, TraceTextOptions options = {})
        : out_(out), filter_(std::move(filter)), text_(options.absolute), options_(options) {}

    void on_packet(const sim::PacketRecord& record) override;

 private:
    bool wanted(const sim::PacketRecord& record) const;

    std::ostream& out_;
    PacketFilter filter_;
    TcpdumpText text_;
    TraceTextOptions options_;
};

}  // namespace netsim::observe
