// Where matches of the patterns that occur in a text end, as one pass over the text gives it for all of them.
#pragma once

#include "fastguard/scratch.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace fastguard {

// Ends that follow each other byte by byte, both included.
struct EndRun {
    std::uint32_t pattern;
    std::uint32_t first;
    std::uint32_t last;
};

// Filled by `clear`, `add` for each end, `close`; then asked. Not allocating once `reserve` was called.
class PatternEnds {
  public:
    static constexpr std::size_t kMaxRuns = 16384;

    // Makes room for patterns with numbers below `patterns`. Throws std::bad_alloc.
    void reserve(std::size_t patterns);

    // Forgets all; at most `events` ends will be taken.
    void clear(std::size_t patterns, std::size_t events) noexcept;

    // An end of a match of `pattern`, which is below the number given to `clear`. False where there are too many: this
    // one and what comes after it is not known then.
    bool add(std::uint32_t pattern, std::uint32_t end) noexcept {
        if (events_ == 0) {
            return false;
        }
        --events_;
        const std::uint32_t open = open_.data()[pattern];
        if (open != kNone && end - collected_.data()[open].last <= 1) {
            collected_.data()[open].last = end;
            return true;
        }
        return begin_run(pattern, end);
    }

    // All ends were added: puts them in order. O(runs + patterns).
    void close() noexcept;

    // The least end of `pattern` at or behind `from`; 0 where there is none. O(log runs).
    [[nodiscard]] std::uint32_t next(std::uint32_t pattern, std::uint32_t from) const noexcept;

    // The greatest end of `pattern` at or before `to`; 0 where there is none. O(log runs).
    [[nodiscard]] std::uint32_t last(std::uint32_t pattern, std::uint32_t to) const noexcept;

  private:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    bool begin_run(std::uint32_t pattern, std::uint32_t end) noexcept;
    [[nodiscard]] std::span<const EndRun> runs_of(std::uint32_t pattern) const noexcept;

    Buffer<EndRun> collected_;      // as they came
    Buffer<EndRun> sorted_;         // by pattern, then by place
    Buffer<std::uint32_t> open_;    // by pattern: its latest run in `collected_`
    Buffer<std::uint32_t> behind_;  // by pattern: where its runs end in `sorted_`
    std::size_t patterns_ = 0;
    std::size_t count_ = 0;
    std::size_t events_ = 0;  // that may still be added
};

}  // namespace fastguard
