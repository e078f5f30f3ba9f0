#include "fastguard/reading.h"

#include <bit>

namespace fastguard {
namespace {

// The folded view of a segment that is not ASCII.
void fold(const Segment& segment, ReadingScratch& scratch, Reading& reading) {
    const std::size_t bound = fold_bound(segment.raw.size());
    char* folded = scratch.folded.reserve(bound + kBlockBytes + kViewPadding);
    std::uint32_t* origin = scratch.folded_origin.reserve(bound + 65);
    const std::size_t size = fold_utf8(segment.raw.data(), segment.raw.size(), folded, origin, reading.stats);
    reading.stats.invalid += static_cast<std::uint32_t>(segment.surrogates);
    reading.folded = {ViewKind::folded, {folded, size}, origin};
    reading.folded_masks = scratch.folded_masks.reserve(size);
    ByteCounts ignored;
    active_kernel().classify(folded, size, folded, reading.folded_masks, ignored);
}

}  // namespace

void read_segment(const Segment& segment, ReadingScratch& scratch, Reading& reading) {
    const std::size_t size = segment.raw.size();
    reading.raw = {ViewKind::raw, segment.raw, nullptr};
    reading.raw_masks = scratch.raw_masks.reserve(size);
    reading.counts = {};
    reading.stats = {};
    char* folded = scratch.folded.reserve(size + kBlockBytes + kViewPadding);
    active_kernel().classify(segment.raw.data(), size, folded, reading.raw_masks, reading.counts);
    reading.ascii = reading.counts.high == 0;
    if (reading.ascii) {
        reading.folded = {ViewKind::folded, {folded, size}, nullptr};
        reading.folded_masks = reading.raw_masks;
        reading.stats.scripts = reading.counts.word > reading.counts.digit ? 1U : 0U;
    } else {
        fold(segment, scratch, reading);
    }
    const std::string_view text = reading.folded.bytes;
    Token* tokens = scratch.tokens.reserve(token_bound(text.size()));
    reading.tokens = {tokens, tokenize(text, reading.folded_masks, reading.ascii, tokens)};
    std::uint16_t* ids = scratch.ids.reserve(reading.tokens.size() * kFeatureSlots + 1);
    token_ids(text, reading.tokens, ids);
    reading.ids = {ids, reading.tokens.size() * kFeatureSlots};

    reading.leet = leet_positions(reading.raw_masks, size);
    TextFacts facts;
    facts.size = size;
    facts.invisible = reading.stats.ignorables;
    facts.scripts = static_cast<std::uint32_t>(std::popcount(reading.stats.scripts));
    facts.confusable = reading.leet + reading.stats.mixed;
    reading.dense = dense_features(segment.raw, reading.tokens, reading.counts, facts);
}

Skeleton read_skeleton(const Reading& reading, ReadingScratch& scratch) {
    const std::string_view folded = reading.folded.bytes;
    const std::size_t bound = skeleton_bound(folded.size());
    char* bytes = scratch.skeleton.reserve(bound + kBlockBytes + kViewPadding);
    std::uint32_t* origin = scratch.skeleton_origin.reserve(bound + 65);
    Skeleton result;
    const std::size_t size = skeleton_of_folded(folded.data(), folded.size(), reading.folded.origin, bytes, origin);
    result.view = {ViewKind::skeleton, {bytes, size}, origin};
    const ByteMasks masks = scratch.skeleton_masks.reserve(size);
    ByteCounts counts;
    active_kernel().classify(bytes, size, bytes, masks, counts);
    Token* tokens = scratch.skeleton_tokens.reserve(token_bound(size));
    result.tokens = {tokens, tokenize(result.view.bytes, masks, counts.high == 0, tokens)};
    return result;
}

RawSpan raw_span(const View& view, std::size_t begin, std::size_t end) noexcept {
    if (view.origin == nullptr) {
        return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
    }
    const std::uint32_t last = view.origin[end - 1];
    std::size_t at = end;
    while (at < view.bytes.size() && view.origin[at] <= last) {
        ++at;
    }
    return {view.origin[begin], view.origin[at]};
}

}  // namespace fastguard
