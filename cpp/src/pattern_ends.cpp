#include "fastguard/pattern_ends.h"

#include <algorithm>

namespace fastguard {

void PatternEnds::reserve(std::size_t patterns) {
    collected_.reserve(kMaxRuns);
    sorted_.reserve(kMaxRuns);
    open_.reserve(patterns + 1);
    behind_.reserve(patterns + 1);
}

void PatternEnds::clear(std::size_t patterns, std::size_t events) noexcept {
    patterns_ = patterns;
    count_ = 0;
    events_ = events;
    std::fill_n(open_.data(), patterns, kNone);
}

bool PatternEnds::begin_run(std::uint32_t pattern, std::uint32_t end) noexcept {
    if (count_ == kMaxRuns) {
        events_ = 0;
        return false;
    }
    open_.data()[pattern] = static_cast<std::uint32_t>(count_);
    collected_.data()[count_++] = {pattern, end, end};
    return true;
}

void PatternEnds::close() noexcept {
    const std::span<EndRun> collected{collected_.data(), count_};
    std::uint32_t* const behind = behind_.data();
    std::fill_n(behind, patterns_, 0U);
    for (const EndRun& run : collected) {
        ++behind[run.pattern];
    }
    std::uint32_t before = 0;  // of runs of patterns with lesser numbers
    for (std::size_t pattern = 0; pattern < patterns_; ++pattern) {
        const std::uint32_t mine = behind[pattern];
        behind[pattern] = before;
        before += mine;
    }
    for (const EndRun& run : collected) {
        sorted_.data()[behind[run.pattern]++] = run;
    }
    // Libhs reports in order of place, but does not promise it for one pattern.
    const auto earlier = [](const EndRun& a, const EndRun& b) { return a.first < b.first; };
    for (std::size_t begin = 0; begin < count_;) {
        EndRun* const first = sorted_.data() + begin;
        EndRun* const last = sorted_.data() + behind[first->pattern];
        if (!std::is_sorted(first, last, earlier)) {
            std::sort(first, last, earlier);
        }
        for (EndRun* run = first + 1; run < last; ++run) {
            run->last = std::max(run->last, (run - 1)->last);  // of runs that overlap
        }
        begin = behind[first->pattern];
    }
}

std::span<const EndRun> PatternEnds::runs_of(std::uint32_t pattern) const noexcept {
    const std::uint32_t begin = pattern == 0 ? 0 : behind_.data()[pattern - 1];
    return {sorted_.data() + begin, behind_.data()[pattern] - begin};
}

std::uint32_t PatternEnds::next(std::uint32_t pattern, std::uint32_t from) const noexcept {
    const std::span<const EndRun> runs = runs_of(pattern);
    const auto run = std::partition_point(runs.begin(), runs.end(), [from](const EndRun& r) { return r.last < from; });
    return run == runs.end() ? 0 : std::max(run->first, from);
}

std::uint32_t PatternEnds::last(std::uint32_t pattern, std::uint32_t to) const noexcept {
    const std::span<const EndRun> runs = runs_of(pattern);
    const auto behind = std::partition_point(runs.begin(), runs.end(), [to](const EndRun& r) { return r.first <= to; });
    return behind == runs.begin() ? 0 : std::min((behind - 1)->last, to);
}

}  // namespace fastguard
