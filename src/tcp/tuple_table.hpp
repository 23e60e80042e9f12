// The demultiplexer: which record has this four-tuple. Linux's established hash. Open addressing
// with linear probing; an entry is 32 bits of hash and the record's reference, so that a probe
// looks into a record only where its tuple will nearly always match, and erasing shifts back what
// follows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.hpp"
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
        for (std::uint32_t i = hash & mask(); entries_[i].used(); i = (i + 1) & mask()) {
            if (entries_[i].hash == hash && records_.tuple_of(entries_[i].ref()) == tuple) {
                return entries_[i].ref();
            }
        }
        return std::nullopt;
    }

    /// False: a record with that tuple is there already.
    bool insert(RecordRef ref) {
        if ((size_ + 1) * 4 > entries_.size() * 3) {
            grow();
        }
        const FourTuple& tuple = records_.tuple_of(ref);
        const auto hash = static_cast<std::uint32_t>(hash_of(tuple));
        std::uint32_t i = hash & mask();
        for (; entries_[i].used(); i = (i + 1) & mask()) {
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
        std::uint32_t i = static_cast<std::uint32_t>(hash_of(records_.tuple_of(ref))) & mask();
        while (entries_[i].word != ref.word() + 1) {
            CHECK(entries_[i].used());
            i = (i + 1) & mask();
        }
        // Whatever follows without a gap and does not stand where its hash wants it moves up.
        for (std::uint32_t next = (i + 1) & mask(); entries_[next].used();
             next = (next + 1) & mask()) {
            const std::uint32_t home = entries_[next].hash & mask();
            if (((next - home) & mask()) >= ((next - i) & mask())) {
                entries_[i] = entries_[next];
                i = next;
            }
        }
        entries_[i] = {};
        --size_;
    }

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

    std::uint32_t mask() const { return static_cast<std::uint32_t>(entries_.size() - 1); }

    void put(const Entry& entry) {
        std::uint32_t i = entry.hash & mask();
        while (entries_[i].used()) {
            i = (i + 1) & mask();
        }
        entries_[i] = entry;
    }

    void grow() {
        std::vector<Entry> old(entries_.empty() ? kSmallest : entries_.size() * 2);
        old.swap(entries_);
        for (const Entry& entry : old) {
            if (entry.used()) {
                put(entry);
            }
        }
    }

    const Records& records_;
    std::vector<Entry> entries_;  // a power of two
    std::size_t size_ = 0;
};

}  // namespace netsim::tcp
