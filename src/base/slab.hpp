// A slab of T addressed by 32-bit index + generation: ids stay cheap to store and a stale id is
// detected, never dereferenced. Objects do not move (chunks of fixed size), so references stay
// valid until erase(). Freed slots are reused last-in first-out: deterministic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace netsim {

template <typename T>
struct Id {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;  // 0: no object

    friend constexpr bool operator==(Id, Id) = default;

    constexpr explicit operator bool() const { return generation != 0; }

    /// One word, to pass as an event's argument.
    constexpr std::uint64_t word() const { return (std::uint64_t{generation} << 32U) | index; }

    static constexpr Id from_word(std::uint64_t w) {
        return Id{static_cast<std::uint32_t>(w), static_cast<std::uint32_t>(w >> 32U)};
    }
};

/// How many records a slab's chunk has.
inline constexpr std::uint32_t kSlabChunk = 256;

/// What a slab notes of each place: odd while it is in use, another number each time.
class Generations {
 public:
    std::uint32_t of(std::uint32_t i) const { return of_[i]; }

    bool live(std::uint32_t i) const { return (of_[i] & 1U) != 0; }

    void turn(std::uint32_t i) { ++of_[i]; }

 private:
    std::uint32_t of_[kSlabChunk] = {};  // NOLINT: a bare array is meant
};

/// For records that nobody names but their owner's tables: a bit instead of four octets, and no id
/// is ever stale.
class LiveBits {
 public:
    std::uint32_t of(std::uint32_t i) const { return live(i) ? 1 : 0; }

    bool live(std::uint32_t i) const { return (words_[i / 64] >> (i % 64) & 1U) != 0; }

    void turn(std::uint32_t i) { words_[i / 64] ^= std::uint64_t{1} << (i % 64); }

 private:
    std::uint64_t words_[kSlabChunk / 64] = {};  // NOLINT
};

template <typename T, typename Marks = Generations>
class Slab {
 public:
    Slab() = default;
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;
    Slab(Slab&&) = delete;
    Slab& operator=(Slab&&) = delete;

    ~Slab() {
        for (std::uint32_t i = 0; i < used_; ++i) {
            if (live(i)) {
                at(i).~T();
            }
        }
    }

    template <typename... Args>
    Id<T> emplace(Args&&... args) {
        std::uint32_t index = free_;
        if (index != kNone) {
            free_ = next_free(index);
        } else {
            if (used_ == chunks_.size() * kChunk) {
                chunks_.push_back(std::make_unique<Chunk>());
            }
            index = used_++;
        }
        Chunk& chunk = *chunks_[index / kChunk];
        chunk.marks.turn(index % kChunk);
        ::new (chunk.raw(index % kChunk)) T(std::forward<Args>(args)...);
        ++size_;
        return Id<T>{index, chunk.marks.of(index % kChunk)};
    }

    void erase(Id<T> id) {
        CHECK(contains(id));
        at(id.index).~T();
        chunks_[id.index / kChunk]->marks.turn(id.index % kChunk);
        next_free(id.index) = free_;
        free_ = id.index;
        --size_;
    }

    /// Erases all. Their ids stay stale: the slots go on with later generations, lowest index
    /// first.
    void clear() {
        free_ = kNone;
        for (std::uint32_t i = used_; i-- > 0;) {
            if (live(i)) {
                at(i).~T();
                chunks_[i / kChunk]->marks.turn(i % kChunk);
            }
            next_free(i) = free_;
            free_ = i;
        }
        size_ = 0;
    }

    void swap(Slab& other) noexcept {
        std::swap(chunks_, other.chunks_);
        std::swap(free_, other.free_);
        std::swap(used_, other.used_);
        std::swap(size_, other.size_);
    }

    bool contains(Id<T> id) const {
        return id.generation != 0 && id.index < used_ &&
               chunks_[id.index / kChunk]->marks.of(id.index % kChunk) == id.generation;
    }

    T* find(Id<T> id) { return contains(id) ? &at(id.index) : nullptr; }

    const T* find(Id<T> id) const { return contains(id) ? &at(id.index) : nullptr; }

    /// The object at an index known to be live (an index kept by a table of the same owner).
    T& at(std::uint32_t index) {
        return *std::launder(
            reinterpret_cast<T*>(chunks_[index / kChunk]->raw(index % kChunk)));  // NOLINT
    }

    const T& at(std::uint32_t index) const {
        return *std::launder(
            reinterpret_cast<const T*>(chunks_[index / kChunk]->raw(index % kChunk)));  // NOLINT
    }

    bool live(std::uint32_t index) const {
        return index < used_ && chunks_[index / kChunk]->marks.live(index % kChunk);
    }

    Id<T> id_at(std::uint32_t index) const {
        return Id<T>{index, chunks_[index / kChunk]->marks.of(index % kChunk)};
    }

    /// Indices in [0, end_index()) may be live; walk them in order with live().
    std::uint32_t end_index() const { return used_; }

    std::size_t size() const { return size_; }

 private:
    static constexpr std::uint32_t kChunk = kSlabChunk;

    struct Chunk {
        // Records of whole cache lines begin with one.
        static constexpr std::size_t kLine = 64;
        static constexpr std::size_t kAlign = sizeof(T) % kLine == 0 ? kLine : alignof(T);

        alignas(kAlign) std::byte storage[sizeof(T) * kChunk];  // NOLINT: raw storage
        Marks marks;

        void* raw(std::uint32_t i) { return storage + sizeof(T) * i; }

        const void* raw(std::uint32_t i) const { return storage + sizeof(T) * i; }
    };

    static constexpr std::uint32_t kNone = 0xffffffffU;

    /// The chain of free slots runs through the slots themselves.
    std::uint32_t& next_free(std::uint32_t index) {
        static_assert(sizeof(T) >= sizeof(std::uint32_t) && alignof(T) >= alignof(std::uint32_t));
        return *static_cast<std::uint32_t*>(chunks_[index / kChunk]->raw(index % kChunk));
    }

    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::uint32_t free_ = kNone;  // the last one freed
    std::uint32_t used_ = 0;
    std::size_t size_ = 0;
};

}  // namespace netsim
