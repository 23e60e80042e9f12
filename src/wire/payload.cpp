// Bytes of streams: made by formula, or kept until both ends have released them.
#include "wire/payload.hpp"

#include <algorithm>
#include <limits>

#include "base/check.hpp"

namespace netsim::wire {

std::uint8_t synthetic_byte(StreamId stream, std::uint64_t offset) {
    if (stream == 0) {
        return 0;
    }
    // Eight bytes of one mixed word: any shift of the stream by a few bytes looks different.
    std::uint64_t word = (std::uint64_t{stream} << 32U) ^ (offset / 8) ^ 0x9e3779b97f4a7c15ULL;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebULL;
    word ^= word >> 31U;
    // Never ASCII: Wireshark would look for HTTP in what stands on port 80 and begins with a
    // letter.
    constexpr std::uint8_t kNotAscii = 0x80;
    return static_cast<std::uint8_t>(word >> (8 * (offset % 8))) | kNotAscii;
}

StreamId ByteStore::open() {
    CHECK(next_ < kRealStream - 1);
    const StreamId id = kRealStream | ++next_;
    streams_.try_emplace(id);
    return id;
}

std::uint64_t ByteStore::append(StreamId stream, std::string_view bytes) {
    const auto found = streams_.find(stream);
    CHECK(found != streams_.end() && !found->second.writer_closed);
    Stream& s = found->second;
    const std::uint64_t offset = s.base + s.bytes.size();
    s.bytes += bytes;
    bytes_kept_ += bytes.size();
    return offset;
}

void ByteStore::take_back(StreamId stream, std::uint64_t count) {
    const auto found = streams_.find(stream);
    if (count == 0 || found == streams_.end()) {
        return;
    }
    Stream& s = found->second;
    CHECK(count <= s.bytes.size());
    s.bytes.resize(s.bytes.size() - static_cast<std::size_t>(count));
    bytes_kept_ -= count;
}

void ByteStore::read(const PayloadRef& range, std::string& out) const {
    if (!range.is_real()) {
        out.reserve(out.size() + range.length);
        for (std::uint32_t i = 0; i < range.length; ++i) {
            out += static_cast<char>(synthetic_byte(range.stream, range.offset + i));
        }
        return;
    }
    const std::size_t start = out.size();
    out.resize(start + range.length, '\0');
    const auto found = streams_.find(range.stream);
    if (found == streams_.end()) {
        return;
    }
    const Stream& s = found->second;
    const std::uint64_t from = std::max(range.offset, s.base);
    const std::uint64_t to = std::min(range.offset + range.length, s.base + s.bytes.size());
    if (from < to) {
        s.bytes.copy(&out[start + (from - range.offset)], to - from, from - s.base);
    }
}

void ByteStore::release_writer(StreamId stream, std::uint64_t offset) {
    const auto found = streams_.find(stream);
    if (found != streams_.end() && offset > found->second.writer_done) {
        found->second.writer_done = offset;
        trim(stream, found->second);
    }
}

void ByteStore::release_reader(StreamId stream, std::uint64_t offset) {
    const auto found = streams_.find(stream);
    if (found != streams_.end() && offset > found->second.reader_done) {
        found->second.reader_done = offset;
        trim(stream, found->second);
    }
}

void ByteStore::keep(StreamId stream) {
    const auto found = streams_.find(stream);
    if (found != streams_.end()) {
        found->second.kept = true;
    }
}

bool ByteStore::is_kept(StreamId stream) const {
    const auto found = streams_.find(stream);
    return found != streams_.end() && found->second.kept;
}

void ByteStore::close_writer(StreamId stream) {
    const auto found = streams_.find(stream);
    if (found != streams_.end()) {
        found->second.writer_closed = true;
        trim(stream, found->second);
    }
}

void ByteStore::close_reader(StreamId stream) {
    const auto found = streams_.find(stream);
    if (found != streams_.end()) {
        found->second.reader_closed = true;
        trim(stream, found->second);
    }
}

void ByteStore::trim(StreamId id, Stream& stream) {
    if (stream.kept) {
        return;
    }
    if (stream.writer_closed && stream.reader_closed) {
        bytes_kept_ -= stream.bytes.size();
        streams_.erase(id);
        return;
    }
    constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t needed = std::min(stream.writer_closed ? kAll : stream.writer_done,
                                          stream.reader_closed ? kAll : stream.reader_done);
    const std::uint64_t end = stream.base + stream.bytes.size();
    const std::uint64_t gone = std::min(needed, end) - std::min(needed, stream.base);
    // Moving the rest down costs its length: worth it once half is gone, so each byte moves once.
    if (gone > 0 && gone * 2 >= stream.bytes.size()) {
        stream.bytes.erase(0, gone);
        stream.base += gone;
        bytes_kept_ -= gone;
    }
}

}  // namespace netsim::wire
