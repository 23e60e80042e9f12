// A pcapng file of every interface, as tcpdump on each of them would have seen it, plus what no
// tcpdump sees: why a packet was dropped. draft-ietf-opsawg-pcapng; opens in Wireshark.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/capture.hpp"
#include "observe/output_file.hpp"
#include "sim/trace.hpp"
#include "wire/payload.hpp"

namespace netsim::observe {

/// What stands where:
/// - on interface "web.eth0": the packets web sent there (outbound) and received there (inbound),
///   nothing else: exactly what tcpdump on eth0 would have written;
/// - a drop at the same node and instant as one of those becomes a comment on that very packet
///   ("dropped: queue full"), so that no packet stands twice on an interface;
/// - any other drop (on the wire, in a router, in a host that sent nothing) stands on an interface
///   of its own, "web.dropped", with the comment.
/// A copy made by a duplicating link needs no record: its arrival is one.
class PcapngWriter final : public sim::Tracer {
 public:
    /// Throws InputError if the file cannot be written. `store`: where real payload is read from.
    PcapngWriter(const std::string& path, const wire::ByteStore* store);

    void on_packet(const sim::PacketRecord& record) override;

    /// Everything so far is in the file, which is valid. Throws InputError if writing failed.
    void flush();
    /// Flushes and closes; a second call does nothing. Throws InputError if writing failed at any
    /// time since the start (what was written before is valid).
    void finish();

    std::uint64_t packets() const { return packets_; }

 private:
    /// A packet block not yet written: a drop at the same instant may still comment on it.
    struct Held {
        std::uint64_t uid = 0;
        sim::NodeId node = 0;
        std::uint32_t interface = 0;
        sim::PacketEvent event = sim::PacketEvent::kSent;
        std::string comment;
        std::vector<std::uint8_t> bytes;
    };

    std::uint32_t interface_of(std::string_view node, std::string_view name);
    bool comment_on_held(const sim::PacketRecord& record);
    void hold(const sim::PacketRecord& record);
    void write_held();
    void write_packet(const Held& held);

    OutputFile file_;
    const wire::ByteStore* store_;
    std::map<std::string, std::uint32_t, std::less<>> interfaces_;
    std::vector<Held> held_;  // first held_count_ in use; the rest keep their buffers
    std::size_t held_count_ = 0;
    Time held_at_{};
    std::uint64_t packets_ = 0;
    std::vector<std::uint8_t> block_;
};

/// A file for each host or router, or for each interface: DIRECTORY/web.pcapng,
/// DIRECTORY/web.eth0.pcapng. Drops at no interface stand in web.dropped.pcapng then.
class PcapngFiles final : public sim::Tracer {
 public:
    static constexpr std::size_t kFilesMax = 256;  // open at once

    /// The directory must be there.
    PcapngFiles(std::string directory, CapturePer per, const wire::ByteStore* store);

    /// InputError if a file cannot be written.
    void on_packet(const sim::PacketRecord& record) override;
    /// As PcapngWriter::finish() of each; InputError if there were more than kFilesMax.
    void finish();

 private:
    std::string directory_;
    CapturePer per_;
    const wire::ByteStore* store_;
    std::map<std::string, std::unique_ptr<PcapngWriter>, std::less<>> files_;
    bool too_many_ = false;
};

}  // namespace netsim::observe
