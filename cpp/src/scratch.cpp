#include "fastguard/scratch.h"

#include <atomic>

namespace fastguard {
namespace {

std::atomic<std::uint64_t>& counter() noexcept {
    static std::atomic<std::uint64_t> count = 0;
    return count;
}

}  // namespace

void count_allocation() noexcept { counter().fetch_add(1, std::memory_order_relaxed); }

std::uint64_t allocation_count() noexcept { return counter().load(std::memory_order_relaxed); }

}  // namespace fastguard
