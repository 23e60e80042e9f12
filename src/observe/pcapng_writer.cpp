// pcapng blocks. Host byte order, as the format allows; the section header's magic tells it.
#include "observe/pcapng_writer.hpp"

#include <algorithm>
#include <cstring>

#include "netsim/result.hpp"
#include "observe/drop_words.hpp"
#include "wire/codec.hpp"
#include "wire/packet.hpp"

namespace netsim::observe {
namespace {

constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint32_t kByteOrderMagic = 0x1A2B3C4D;
constexpr std::uint16_t kLinkTypeIpv4 = 228;  // an IP packet, no frame around it
constexpr std::uint16_t kOptEnd = 0;
constexpr std::uint16_t kOptComment = 1;
constexpr std::uint16_t kOptIfName = 2;
constexpr std::uint16_t kOptEpbFlags = 2;
constexpr std::uint16_t kOptUserApplication = 4;
constexpr std::uint16_t kOptIfTsresol = 9;
constexpr std::uint8_t kNanoseconds = 9;  // 10^-9 s
constexpr std::uint32_t kInbound = 1;
constexpr std::uint32_t kOutbound = 2;
/// Drops come right after what they comment on: no need to hold more of one instant.
constexpr std::size_t kHeldMax = 256;

using Buffer = std::vector<std::uint8_t>;

void put_raw(Buffer& out, const void* data, std::size_t length) {
    const std::size_t at = out.size();
    out.resize(at + length);
    if (length > 0) {
        std::memcpy(&out[at], data, length);
    }
}

template <typename T>
void put(Buffer& out, T value) {
    put_raw(out, &value, sizeof value);
}

void put_padded(Buffer& out, const void* data, std::size_t length) {
    put_raw(out, data, length);
    out.resize((out.size() + 3) / 4 * 4, 0);  // blocks and options all start on multiples of 4
}

void put_option(Buffer& out, std::uint16_t code, const void* data, std::size_t length) {
    put(out, code);
    put(out, static_cast<std::uint16_t>(length));
    put_padded(out, data, length);
}

void put_end_of_options(Buffer& out) {
    put(out, kOptEnd);
    put(out, std::uint16_t{0});
}

void begin_block(Buffer& out, std::uint32_t type) {
    out.clear();
    put(out, type);
    put(out, std::uint32_t{0});
}

void end_block(Buffer& out) {
    const auto length = static_cast<std::uint32_t>(out.size() + 4);
    std::memcpy(out.data() + 4, &length, sizeof length);
    put(out, length);
}

std::string comment_of(std::string_view reason) {
    return "dropped: " + drop_words(reason);
}

}  // namespace

PcapngWriter::PcapngWriter(const std::string& path, const wire::ByteStore* store)
    : file_(path), store_(store) {
    begin_block(block_, kSectionHeader);
    put(block_, kByteOrderMagic);
    put(block_, std::uint16_t{1});  // version 1.0
    put(block_, std::uint16_t{0});
    put(block_, ~std::uint64_t{0});  // section length not given
    put_option(block_, kOptUserApplication, "netsim", 6);
    put_end_of_options(block_);
    end_block(block_);
    file_.append(block_);
}

std::uint32_t PcapngWriter::interface_of(std::string_view node, std::string_view name) {
    std::string full(node);
    full += '.';
    full += name;
    const auto found = interfaces_.find(full);
    if (found != interfaces_.end()) {
        return found->second;
    }
    begin_block(block_, kInterfaceDescription);
    put(block_, kLinkTypeIpv4);
    put(block_, std::uint16_t{0});
    put(block_, std::uint32_t{0});  // no limit on captured length
    put_option(block_, kOptIfName, full.data(), full.size());
    put_option(block_, kOptIfTsresol, &kNanoseconds, 1);
    put_end_of_options(block_);
    end_block(block_);
    file_.append(block_);
    const auto index = static_cast<std::uint32_t>(interfaces_.size());
    interfaces_.emplace(std::move(full), index);
    return index;
}

bool PcapngWriter::comment_on_held(const sim::PacketRecord& record) {
    for (std::size_t i = held_count_; i-- > 0;) {
        Held& held = held_[i];
        if (held.uid == record.packet->uid && held.node == record.node &&
            held.event != sim::PacketEvent::kDropped && held.comment.empty()) {
            held.comment = comment_of(record.reason);
            return true;
        }
    }
    return false;
}

void PcapngWriter::hold(const sim::PacketRecord& record) {
    if (held_count_ == held_.size()) {
        held_.emplace_back();
    }
    Held& held = held_[held_count_++];
    const bool dropped = record.event == sim::PacketEvent::kDropped;
    held.uid = record.packet->uid;
    held.node = record.node;
    held.event = record.event;
    held.interface = interface_of(record.node_name, dropped ? "dropped" : record.interface_name);
    held.comment = dropped ? comment_of(record.reason) : std::string();
    held.bytes.clear();
    wire::encode_to(*record.packet, store_, held.bytes);
}

void PcapngWriter::on_packet(const sim::PacketRecord& record) {
    if (file_.failed() || file_.closed() || record.event == sim::PacketEvent::kDuplicated) {
        return;
    }
    if (record.at != held_at_ || held_count_ >= kHeldMax) {
        write_held();
        held_at_ = record.at;
    }
    if (record.event != sim::PacketEvent::kDropped || !comment_on_held(record)) {
        hold(record);
    }
}

void PcapngWriter::write_held() {
    for (std::size_t i = 0; i < held_count_; ++i) {
        write_packet(held_[i]);
    }
    held_count_ = 0;
}

void PcapngWriter::write_packet(const Held& held) {
    const auto ns = static_cast<std::uint64_t>(to_ns(held_at_));
    const auto length = static_cast<std::uint32_t>(held.bytes.size());
    begin_block(block_, kEnhancedPacket);
    put(block_, held.interface);
    put(block_, static_cast<std::uint32_t>(ns >> 32U));
    put(block_, static_cast<std::uint32_t>(ns));
    put(block_, length);  // captured
    put(block_, length);  // original
    put_padded(block_, held.bytes.data(), held.bytes.size());
    if (!held.comment.empty()) {
        put_option(block_, kOptComment, held.comment.data(), held.comment.size());
    }
    if (held.event != sim::PacketEvent::kDropped) {
        const std::uint32_t flags = held.event == sim::PacketEvent::kSent ? kOutbound : kInbound;
        put_option(block_, kOptEpbFlags, &flags, sizeof flags);
    }
    put_end_of_options(block_);
    end_block(block_);
    file_.append(block_);
    ++packets_;
}

void PcapngWriter::flush() {
    write_held();
    file_.flush();
}

void PcapngWriter::finish() {
    if (!file_.closed()) {
        write_held();
        file_.close();
    }
}

PcapngFiles::PcapngFiles(std::string directory, CapturePer per, const wire::ByteStore* store)
    : directory_(std::move(directory)), per_(per), store_(store) {}

void PcapngFiles::on_packet(const sim::PacketRecord& record) {
    std::string name(record.node_name);
    if (per_ == CapturePer::kInterface) {
        name += '.';
        name += record.interface_name.empty() ? "dropped" : record.interface_name;
    }
    const auto found = files_.find(name);
    if (found != files_.end()) {
        return found->second->on_packet(record);
    }
    if (files_.size() >= kFilesMax) {
        too_many_ = true;
        return;
    }
    std::string plain = name;
    std::replace(plain.begin(), plain.end(), '/', '_');  // a host's name may be anything
    auto file = std::make_unique<PcapngWriter>(directory_ + '/' + plain + ".pcapng", store_);
    file->on_packet(record);
    files_.emplace(name, std::move(file));
}

void PcapngFiles::finish() {
    for (const auto& [name, file] : files_) {
        file->finish();
    }
    if (too_many_) {
        throw InputError("captures in " + directory_ + ": only of the first " +
                         std::to_string(kFilesMax) +
                         (per_ == CapturePer::kHost ? " hosts" : " interfaces"));
    }
}

}  // namespace netsim::observe
