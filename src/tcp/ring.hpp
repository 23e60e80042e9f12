// A growable ring of trivially copyable values: 16 bytes while empty, no allocation until the first
// push, memory kept while in use. For queues that are empty most of the time on most connections.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "base/check.hpp"
#include "base/prefetch.hpp"

namespace netsim::tcp {

template <typename T>
class Ring {
    static_assert(std::is_trivially_copyable_v<T>);

 public:
    bool empty() const { return size_ == 0; }

    std::uint32_t size() const { return size_; }

    T& operator[](std::uint32_t i) { return slots_[(head_ + i) & mask()]; }

    const T& operator[](std::uint32_t i) const { return slots_[(head_ + i) & mask()]; }

    T& front() { return (*this)[0]; }

    const T& front() const { return (*this)[0]; }

    T& back() { return (*this)[size_ - 1]; }

    const T& back() const { return (*this)[size_ - 1]; }

    void push_back(const T& value) {
        if (size_ == capacity()) {
            grow();
        }
        ++size_;
        back() = value;
    }

    void pop_front() {
        DCHECK(size_ > 0);
        head_ = ((head_ + 1) & mask()) & kHeadMask;
        --size_;
    }

    void pop_back() {
        DCHECK(size_ > 0);
        --size_;
    }

    /// Puts `value` before element i.
    void insert(std::uint32_t i, const T& value) {
        push_back(value);
        for (std::uint32_t j = size_ - 1; j > i; --j) {
            (*this)[j] = (*this)[j - 1];
        }
        (*this)[i] = value;
    }

    void erase(std::uint32_t i) {
        for (std::uint32_t j = i; j + 1 < size_; ++j) {
            (*this)[j] = (*this)[j + 1];
        }
        pop_back();
    }

    void clear() {
        slots_.reset();
        head_ = 0;
        size_ = 0;
        log2_capacity_ = 0;
    }

    /// Empties it; keeps the memory of two, which is what most queues ever grow to.
    void recycle() {
        if (log2_capacity_ > 1) {
            return clear();
        }
        head_ = 0;
        size_ = 0;
    }

    /// Has the processor fetch the first element.
    void expect() const {
        if (slots_) {
            prefetch_object(&front());
        }
    }

    std::size_t heap_bytes() const { return slots_ ? capacity() * sizeof(T) : 0; }

 private:
    static constexpr std::uint32_t kHeadBits = 27;
    static constexpr std::uint32_t kHeadMask = (1U << kHeadBits) - 1;

    std::uint32_t capacity() const { return slots_ ? 1U << log2_capacity_ : 0; }

    std::uint32_t mask() const { return (1U << log2_capacity_) - 1; }

    void grow() {
        const std::uint32_t bigger = slots_ ? log2_capacity_ + 1U : 1U;
        CHECK(bigger <= kHeadBits);
        auto slots =
            std::make_unique<T[]>(std::size_t{1} << bigger);  // NOLINT: a bare array is meant
        for (std::uint32_t i = 0; i < size_; ++i) {
            slots[i] = (*this)[i];
        }
        slots_ = std::move(slots);
        head_ = 0;
        log2_capacity_ = bigger & 31U;
    }

    std::unique_ptr<T[]> slots_;  // NOLINT
    std::uint32_t head_ : kHeadBits = 0;
    std::uint32_t log2_capacity_ : 5 = 0;
    std::uint32_t size_ = 0;
};

}  // namespace netsim::tcp
