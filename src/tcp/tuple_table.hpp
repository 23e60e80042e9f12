// The demultiplexer: which record has this four-tuple. Linux's established hash. Open addressing
// with linear probing; an entry is 32 bits of hash and the record's reference, so that a probe
// looks into a record only where its tuple will nearly always match, and erasing shifts back what
// follows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.hpp"
#include "base/prefetch.hpp"
#include "tcp/endpoint_key.hpp"

namespace netsim::tcp {

/// `Records` tells the tuple of a record: const FourTuple& tuple_of(RecordRef) const.
template <typename Records>
class TupleTable {
 public:
    explicit TupleTable(const Records& records) : records_(records) {}

    std::optional<RecordRef> find(const FourTuple& tuple) const {
        if (size_ == 0) {
            return std::nullopt;
        }
        const auto hash = static_cast<std::uint32_t>(hash_of(tuple));
        for (std::uint32_t i = home(hash); entries_[i].used(); i = after(i)) {
            if (entries_[i].hash == hash && records_.tuple_of(entries_[i].ref()) == tuple) {
                return entries_[i].ref();
            }
        }
        return std::nullopt;
    }

    /// find() in two steps, each of which waits for memory only if the one before is not done yet:
    /// has the entry fetched;
    void expect(const FourTuple& tuple) const {
        if (size_ != 0) {
            const std::uint32_t first = home(static_cast<std::uint32_t>(hash_of(tuple)));
            prefetch(&entries_[first]);
            // A search takes a few steps, of what is not there even more.
            prefetch(&entries_[std::min<std::size_t>(
                first + std::size_t{kCacheLine / sizeof(Entry)}, entries_.size() - 1)]);
        }
    }

    /// and what is likely the record, by its hash.
    std::optional<RecordRef> guess(const FourTuple& tuple) const {
        if (size_ == 0) {
            return std::nullopt;
        }
        const auto hash = static_cast<std::uint32_t>(hash_of(tuple));
        for (std::uint32_t i = home(hash); entries_[i].used(); i = after(i)) {
            if (entries_[i].hash == hash) {
                return entries_[i].ref();
            }
        }
        return std::nullopt;
    }

    /// False: a record with that tuple is there already.
    bool insert(RecordRef ref) {
        if (size_ >= most_) {
            grow();
        }
        const FourTuple& tuple = records_.tuple_of(ref);
        const auto hash = static_cast<std::uint32_t>(hash_of(tuple));
        std::uint32_t i = home(hash);
        for (; entries_[i].used(); i = after(i)) {
            if (entries_[i].hash == hash && records_.tuple_of(entries_[i].ref()) == tuple) {
                return false;
            }
        }
        entries_[i] = {hash, ref.word() + 1};
        ++size_;
        return true;
    }

    /// The record must be in the table, its tuple as it was.
    void erase(RecordRef ref) {
        std::uint32_t i = place_of(ref);
        // Whatever follows without a gap and does not stand where its hash wants it moves up.
        for (std::uint32_t next = after(i); entries_[next].used(); next = after(next)) {
            if (distance(home(entries_[next].hash), next) >= distance(i, next)) {
                entries_[i] = entries_[next];
                i = next;
            }
        }
        entries_[i] = {};
        --size_;
    }

    /// Another record of the same tuple takes the place of this one: a request's child, a
    /// connection's TIME-WAIT record. Both must hold the tuple.
    void replace(RecordRef old, RecordRef now) { entries_[place_of(old)].word = now.word() + 1; }

    std::size_t size() const { return size_; }

    std::size_t heap_bytes() const { return entries_.capacity() * sizeof(Entry); }

 private:
    struct Entry {
        std::uint32_t hash = 0;
        std::uint32_t word = 0;  // RecordRef's + 1; 0: nothing here

        bool used() const { return word != 0; }

        RecordRef ref() const { return RecordRef::from_word(word - 1); }
    };

    static constexpr std::size_t kSmallest = 16;

    std::uint32_t home(std::uint32_t hash) const {
        return static_cast<std::uint32_t>((std::uint64_t{hash} * entries_.size()) >> 32U);
    }

    std::uint32_t after(std::uint32_t i) const { return i + 1 == entries_.size() ? 0 : i + 1; }

    /// Steps from `a` on to `b`.
    std::uint32_t distance(std::uint32_t a, std::uint32_t b) const {
        return b >= a ? b - a : b + static_cast<std::uint32_t>(entries_.size()) - a;
    }

    std::uint32_t place_of(RecordRef ref) const {
        std::uint32_t i = home(static_cast<std::uint32_t>(hash_of(records_.tuple_of(ref))));
        while (entries_[i].word != ref.word() + 1) {
            CHECK(entries_[i].used());
            i = after(i);
        }
        return i;
    }

    void put(const Entry& entry) {
        std::uint32_t i = home(entry.hash);
        while (entries_[i].used()) {
            i = after(i);
        }
        entries_[i] = entry;
    }

    /// By a quarter, so that an entry takes 10 to 12.5 octets.
    void grow() {
        std::vector<Entry> old(entries_.empty() ? kSmallest : entries_.size() * 5 / 4);
        old.swap(entries_);
        most_ = entries_.size() * 4 / 5;
        for (const Entry& entry : old) {
            if (entry.used()) {
                put(entry);
            }
        }
    }

    const Records& records_;
    std::vector<Entry> entries_;
    std::size_t size_ = 0;
    std::size_t most_ = 0;  // a load of 4/5
};

}  // namespace netsim::tcp
