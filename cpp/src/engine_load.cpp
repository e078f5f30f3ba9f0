// Load (load.h) as a step of a check.
#include "engine_collector.h"

#include <algorithm>
#include <array>
#include <optional>

namespace fastguard {
namespace {

bool inside_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Without a character at a cut of the segment: what reaches it is long enough without.
LoadSpan within(const Segment& segment, std::string_view view, LoadSpan span) noexcept {
    if (!segment.first && span.begin == 0) {
        ++span.begin;
    }
    while (span.begin < span.end && inside_character(view[span.begin])) {
        ++span.begin;
    }
    if (!segment.last && span.end == view.size()) {
        --span.end;
    }
    while (span.end > span.begin && span.end < view.size() && inside_character(view[span.end])) {
        --span.end;
    }
    return span;
}

}  // namespace

void Engine::scan_load(const Segment& segment, const Reading& reading, bool counts, Collector& collector) const {
    if (!finds_load_) {
        return;
    }
    if (counts && policy_.max_tokens != 0) {
        count_tokens(segment, reading, collector);
    }
    if (segment.raw.size() < kLeastShape) {
        return;
    }
    std::array<std::optional<LoadSpan>, kLoadTraits.size()> found;
    const auto of = [&found](LoadTrait trait) -> std::optional<LoadSpan>& {
        return found[static_cast<std::size_t>(trait)];
    };
    constexpr std::size_t kRepetition = *index_of(kDenseNames, "repetition");
    of(LoadTrait::flood) = find_flood(reading.raw.bytes);
    of(LoadTrait::repetition) = find_repetition(reading.tokens, reading.dense[kRepetition]);
    of(LoadTrait::nesting) = find_nesting(reading.raw.bytes, reading.counts);
    for (const auto& [trait, signature] : pack_->load()) {
        if (!of(trait) || !collector.wants(signature)) {
            continue;
        }
        const View& view = trait == LoadTrait::repetition ? reading.folded : reading.raw;
        const LoadSpan span = within(segment, view.bytes, *of(trait));
        if (span.begin < span.end) {
            collector.add(signature, view, view.kind, span.begin, span.end);
        }
    }
}

// A word at a cut is told of by the next segment, as the first of those behind the limit.
void Engine::count_tokens(const Segment& segment, const Reading& reading, Collector& collector) const {
    CheckResult& result = collector.result();
    const std::uint64_t known = std::max(result.counted_bytes, segment.begin.byte) - segment.begin.byte;
    const auto skip = std::min(static_cast<std::size_t>(known), segment.raw.size());
    const std::uint64_t limit = policy_.max_tokens * 1000 + 499;  // as `estimate_tokens` rounds
    const TokenCost cost = token_cost(segment.raw.substr(skip), limit - std::min(limit, result.milli_tokens));
    result.milli_tokens += cost.milli;
    result.counted_bytes = segment.begin.byte + segment.raw.size();
    if (result.over_tokens || !cost.passed) {
        return;
    }
    const LoadSpan word = {skip + cost.passed->begin, skip + cost.passed->end};
    if ((!segment.first && word.begin == 0) || (!segment.last && word.end == segment.raw.size())) {
        return;
    }
    for (const auto& [trait, signature] : pack_->load()) {
        if (trait == LoadTrait::token_limit && collector.wants(signature)) {
            collector.add(signature, reading.raw, ViewKind::raw, word.begin, word.end);
            result.over_tokens = true;
        }
    }
}

}  // namespace fastguard
