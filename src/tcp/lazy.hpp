// State that most connections never need, made when first written to: Lazy<T> reads as a default T
// until then and costs one pointer. The records of a stack come from its LazyPool, which gives the
// one that was returned last, so the one whose memory is warm.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace netsim::tcp {

template <typename T>
class Lazy;
template <typename T>
class LazyPool;

namespace lazy {

/// A record, with where it came from. T has recycle(): as new, but with what memory of its own is
/// worth keeping.
template <typename T>
struct Record {
    T value{};
    LazyPool<T>* pool = nullptr;  // null: of no pool
    Record* next = nullptr;       // itself while in use; null: what is read where nothing was made
};

template <typename T>
inline const Record<T> kOfNoPool{};

}  // namespace lazy

/// Records are made in chunks, which stay.
template <typename T>
class LazyPool {
 public:
    using Record = lazy::Record<T>;

    LazyPool() { blank_.pool = this; }

    LazyPool(const LazyPool&) = delete;
    LazyPool& operator=(const LazyPool&) = delete;
    LazyPool(LazyPool&&) = delete;
    LazyPool& operator=(LazyPool&&) = delete;
    ~LazyPool() = default;

    /// How many are in use.
    std::size_t size() const { return size_; }

 private:
    friend class Lazy<T>;

    static constexpr std::size_t kChunk = 64;

    Record* take() {
        if (free_ == nullptr) {
            add_chunk();
        }
        Record* record = std::exchange(free_, free_->next);
        record->next = record;
        ++size_;
        return record;
    }

    void give_back(Record* record) {
        record->value.recycle();
        record->next = std::exchange(free_, record);
        --size_;
    }

    void add_chunk() {
        chunks_.push_back(std::make_unique<Record[]>(kChunk));  // NOLINT: a bare array is meant
        for (std::size_t i = kChunk; i-- > 0;) {
            Record& record = chunks_.back()[i];
            record.pool = this;
            record.next = std::exchange(free_, &record);
        }
    }

    Record blank_;
    Record* free_ = nullptr;
    std::size_t size_ = 0;
    std::vector<std::unique_ptr<Record[]>> chunks_;  // NOLINT
};

template <typename T>
class Lazy {
 public:
    Lazy() : record_(&lazy::kOfNoPool<T>) {}

    explicit Lazy(LazyPool<T>& pool) : record_(&pool.blank_) {}

    Lazy(const Lazy&) = delete;
    Lazy& operator=(const Lazy&) = delete;

    Lazy(Lazy&& other) noexcept : record_(std::exchange(other.record_, other.blank())) {}

    Lazy& operator=(Lazy&& other) noexcept {
        std::swap(record_, other.record_);
        return *this;
    }

    ~Lazy() { reset(); }

    const T& operator*() const { return record_->value; }

    const T* operator->() const { return &record_->value; }

    bool made() const { return record_->next != nullptr; }

    /// To write to: makes the record if there is none.
    T& edit() {
        if (!made()) {
            make();
        }
        return mine()->value;
    }

    /// The same, of a record that is made().
    T& own() { return mine()->value; }

    /// Gives the record back; it reads as a default T again.
    void reset() {
        if (!made()) {
            return;
        }
        Record* gone = mine();
        record_ = blank();
        if (gone->pool != nullptr) {
            gone->pool->give_back(gone);
        } else {
            delete gone;  // NOLINT(cppcoreguidelines-owning-memory)
        }
    }

 private:
    using Record = lazy::Record<T>;

    /// Once made() it is this object's own.
    Record* mine() const { return const_cast<Record*>(record_); }  // NOLINT

    const Record* blank() const {
        return record_->pool != nullptr ? &record_->pool->blank_ : &lazy::kOfNoPool<T>;
    }

    void make() {
        if (record_->pool != nullptr) {
            record_ = record_->pool->take();
        } else {
            auto* record = new Record;  // NOLINT(cppcoreguidelines-owning-memory)
            record->next = record;
            record_ = record;
        }
    }

    const Record* record_;
};

}  // namespace netsim::tcp
