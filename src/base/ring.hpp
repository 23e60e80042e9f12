// A growing ring buffer: a queue that allocates only when it grows beyond its largest size so far.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace netsim {

template <typename T>
class Ring {
 public:
    std::size_t size() const { return size_; }

    bool empty() const { return size_ == 0; }

    /// The i-th from the front.
    T& operator[](std::size_t i) { return slots_[(head_ + i) & (slots_.size() - 1)]; }

    const T& operator[](std::size_t i) const { return slots_[(head_ + i) & (slots_.size() - 1)]; }

    const T& front() const { return slots_[head_]; }

    /// Where the element `beyond` the last one would be, for prefetch(); a ring that holds
    /// something.
    const T* ahead_of_end(std::size_t beyond) const {
        return &slots_[(head_ + size_ + beyond) & (slots_.size() - 1)];
    }

    void push_back(T value) {
        if (size_ == slots_.size()) {
            grow();
        }
        (*this)[size_] = std::move(value);
        ++size_;
    }

    /// Makes it the i-th from the front; shifts whichever side is shorter.
    void insert(std::size_t i, T value) {
        if (size_ == slots_.size()) {
            grow();
        }
        if (i < size_ / 2) {
            head_ = (head_ - 1) & (slots_.size() - 1);
            for (std::size_t j = 0; j < i; ++j) {
                (*this)[j] = std::move((*this)[j + 1]);
            }
        } else {
            for (std::size_t j = size_; j > i; --j) {
                (*this)[j] = std::move((*this)[j - 1]);
            }
        }
        (*this)[i] = std::move(value);
        ++size_;
    }

    T pop_front() {
        DCHECK(size_ > 0);
        T value = std::move(slots_[head_]);
        head_ = (head_ + 1) & (slots_.size() - 1);
        --size_;
        return value;
    }

    void clear() {
        while (!empty()) {
            static_cast<void>(pop_front());
        }
    }

 private:
    void grow() {
        std::vector<T> larger(slots_.empty() ? 16 : slots_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i) {
            larger[i] = std::move((*this)[i]);
        }
        slots_.swap(larger);
        head_ = 0;
    }

    std::vector<T> slots_;  // a power of two
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace netsim
