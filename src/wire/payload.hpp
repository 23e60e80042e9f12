// Payload as a range of a stream: (stream, offset, length). Nothing is copied while a packet
// travels. A stream is what one end of one connection sends. Its bytes are either synthetic (a
// function of stream and offset, so 100 GB cost nothing and can still be checked) or real, kept in
// a ByteStore.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>

namespace netsim::wire {

using StreamId = std::uint32_t;  // 0: no stream; such bytes read as zeros

/// Streams with this bit hold real bytes in a ByteStore; the others are synthetic.
inline constexpr StreamId kRealStream = 0x80000000U;

struct PayloadRef {
    std::uint64_t offset = 0;
    StreamId stream = 0;
    std::uint32_t length = 0;

    friend constexpr bool operator==(const PayloadRef&, const PayloadRef&) = default;

    constexpr bool is_real() const { return (stream & kRealStream) != 0; }

    constexpr PayloadRef slice(std::uint32_t from, std::uint32_t count) const {
        return PayloadRef{offset + from, stream, count};
    }

    /// Does `next` continue this range?
    constexpr bool continued_by(const PayloadRef& next) const {
        return next.stream == stream && next.offset == offset + length;
    }
};

/// The byte of a synthetic stream at an offset; 0 for stream 0.
std::uint8_t synthetic_byte(StreamId stream, std::uint64_t offset);

/// Real bytes of all real streams of one simulation. Each stream has a writer and at most one
/// reader; what both have released is freed.
class ByteStore {
 public:
    /// A new real stream, open for writing. `hint` must be unique to the writer (host id, counter),
    /// so that ids do not depend on the order in which hosts ask.
    StreamId open();
    /// Appends; returns the offset of the first byte.
    std::uint64_t append(StreamId stream, std::string_view bytes);
    /// Forgets the last `count` bytes appended: they were not sent after all.
    void take_back(StreamId stream, std::uint64_t count);
    /// Copies [offset, offset+length) to the end of `out`; bytes no longer kept read as zeros.
    void read(const PayloadRef& range, std::string& out) const;
    /// The writer needs nothing below `offset` any more (acknowledged); the reader likewise.
    void release_writer(StreamId stream, std::uint64_t offset);
    void release_reader(StreamId stream, std::uint64_t offset);
    /// What the stream holds now and later is kept to the end, released or not: a packet on its way
    /// may outlive the connection.
    void keep(StreamId stream);
    bool is_kept(StreamId stream) const;
    void close_writer(StreamId stream);
    void close_reader(StreamId stream);

    std::size_t streams() const { return streams_.size(); }

    std::uint64_t bytes_kept() const { return bytes_kept_; }

 private:
    struct Stream {
        std::string bytes;       // from `base` on
        std::uint64_t base = 0;  // offset of bytes[0]
        std::uint64_t writer_done = 0;
        std::uint64_t reader_done = 0;
        bool writer_closed = false;
        bool reader_closed = false;
        bool kept = false;
    };

    void trim(StreamId id, Stream& stream);

    absl::flat_hash_map<StreamId, Stream> streams_;
    StreamId next_ = 0;
    std::uint64_t bytes_kept_ = 0;
};

}  // namespace netsim::wire
