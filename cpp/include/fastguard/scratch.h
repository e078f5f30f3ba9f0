// The memory that a check works in: one Scratch per thread, grown as needed and then reused.
//
// After warm-up (the longest segment seen, every pack seen) a check allocates nothing; `allocation_count` counts what
// the scratches of all threads have allocated, so that a test can prove it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace fastguard {

// Counts every growth of a scratch buffer in this process. Relaxed atomic: for tests, not for control flow.
void count_allocation() noexcept;
[[nodiscard]] std::uint64_t allocation_count() noexcept;

// A buffer of trivial values that only grows and does not keep its content when it does.
template <class T>
class Buffer {
  public:
    // At least `size` values, uninitialised where they are new.
    T* reserve(std::size_t size) {
        if (size > capacity_) {
            const std::size_t wanted = size + size / 2;
            values_ = std::make_unique_for_overwrite<T[]>(wanted);
            capacity_ = wanted;
            count_allocation();
        }
        return values_.get();
    }
    // The same, and the first `kept` values stay.
    T* grow(std::size_t size, std::size_t kept) {
        if (size > capacity_) {
            const std::unique_ptr<T[]> old = std::move(values_);
            capacity_ = 0;
            reserve(size);
            std::copy_n(old.get(), kept, values_.get());
        }
        return values_.get();
    }
    [[nodiscard]] T* data() noexcept { return values_.get(); }
    [[nodiscard]] const T* data() const noexcept { return values_.get(); }

  private:
    std::unique_ptr<T[]> values_;
    std::size_t capacity_ = 0;
};

}  // namespace fastguard
