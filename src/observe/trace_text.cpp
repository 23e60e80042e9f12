// Lines are flushed by the stream's owner; nothing is kept.
#include "observe/trace_text.hpp"

#include <ostream>

#include "wire/packet.hpp"

namespace netsim::observe {

bool TraceText::wanted(const sim::PacketRecord& record) const {
    switch (record.event) {
        case sim::PacketEvent::kSent:
            return filter_.names_a_node() || sim::uid_maker(record.packet->uid) == record.node;
        case sim::PacketEvent::kReceived:
            return filter_.names_a_node();
        case sim::PacketEvent::kDropped:
        case sim::PacketEvent::kDuplicated:
            return true;
    }
    return false;
}

void TraceText::on_packet(const sim::PacketRecord& record) {
    if (wanted(record) && filter_.matches(record)) {
        out_ << text_.line(record, options_.interfaces) << '\n';
    }
}

}  // namespace netsim::observe
