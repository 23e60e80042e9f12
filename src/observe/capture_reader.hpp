// Reads captures: pcap (microseconds or nanoseconds) and pcapng (several sections, any resolution),
// in both byte orders. draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng; why not libpcap:
// decision 12.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "netsim/time.hpp"

namespace netsim::observe {

struct CaptureInterface {
    std::string name;  // empty: the file does not say
    std::uint32_t link_type = 0;
    std::uint64_t units_per_second = 1'000'000;
    std::uint64_t offset_seconds = 0;
    std::uint32_t snap_length = 0;  // 0: no limit
};

enum class CaptureDirection : std::uint8_t { kUnknown, kInbound, kOutbound };

struct CapturedFrame {
    Time at{};  // since 1970
    std::uint32_t interface = 0;
    CaptureDirection direction = CaptureDirection::kUnknown;
    std::uint32_t length = 0;         // on the wire
    std::vector<std::uint8_t> bytes;  // the first of them
    std::string comment;
};

class CaptureReader {
 public:
    /// InputError: not a capture, or one of an unknown version. `name` begins messages.
    CaptureReader(std::istream& in, std::string name);

    /// The next frame; false at the end, and where the file is damaged or cut off: trouble() says.
    bool next(CapturedFrame& frame);

    const std::vector<CaptureInterface>& interfaces() const { return interfaces_; }

    /// "FILE: truncated in the middle of a packet (octet 1234)"; empty: all was read.
    const std::string& trouble() const { return trouble_; }

    const std::string& name() const { return name_; }

    /// What wrote it, of pcapng; empty: not said.
    const std::string& application() const { return application_; }

 private:
    using Octets = std::span<const std::uint8_t>;

    bool read(std::size_t length, const char* what);
    bool fail(const std::string& what);
    std::uint16_t get16(Octets from, std::size_t at) const;
    std::uint32_t get32(Octets from, std::size_t at) const;
    std::uint64_t get64(Octets from, std::size_t at) const;

    void begin_pcap(std::uint32_t magic);
    bool next_pcap(CapturedFrame& frame);

    bool begin_section();
    bool next_pcapng(CapturedFrame& frame);
    bool interface_block(Octets body);
    bool packet_block(std::uint32_t type, Octets body, CapturedFrame& frame);
    void packet_options(Octets options, CapturedFrame& frame);
    bool set_time(std::uint64_t units, CapturedFrame& frame);

    std::istream& in_;
    std::string name_;
    std::string trouble_;
    std::string application_;
    bool pcapng_ = false;
    bool swapped_ = false;
    std::uint64_t at_ = 0;  // octets read
    std::vector<std::uint8_t> block_;
    std::vector<CaptureInterface> interfaces_;
    std::size_t section_ = 0;  // its first interface
    Time last_{};              // of a block without a time
};

/// Largest frame or block that is believed.
inline constexpr std::uint32_t kCaptureBlockMax = 16U << 20U;

}  // namespace netsim::observe
