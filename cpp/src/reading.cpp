#include "fastguard/reading.h"

#include <algorithm>
#include <array>
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

// The raw and the folded view, and what is counted in them.
void read_views(const Segment& segment, ReadingScratch& scratch, Reading& reading) {
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
    reading.leet = leet_positions(reading.raw_masks, size);
}

// The dense features of a reading with `words` words; `facts` has what is known of those.
DenseFeatures dense_of(const Reading& reading, std::size_t words, TextFacts& facts) noexcept {
    facts.size = reading.raw.bytes.size();
    facts.invisible = reading.stats.ignorables;
    facts.scripts = static_cast<std::uint32_t>(std::popcount(reading.stats.scripts));
    facts.confusable = reading.leet + reading.stats.mixed;
    return dense_features(words, reading.counts, facts);
}

// What the pass over words finds of their sizes and repetition.
void measure_words(std::string_view text, std::span<const Token> words, TextFacts& facts) noexcept {
    for (const Token& word : words) {
        facts.longest = std::max(facts.longest, word.size());
        facts.glued += word.size() > kGluedBytes ? word.size() : 0;
    }
    std::array<std::uint64_t, 16> seen{};
    for (const Token& word : words.first(std::min(words.size(), kRepeatWords))) {
        const std::uint64_t hash = hash_bytes(text.data() + word.begin, word.size());
        seen[(hash >> 6U) % seen.size()] |= std::uint64_t{1} << (hash % 64);
    }
    for (const std::uint64_t bits : seen) {
        facts.distinct += static_cast<std::uint32_t>(std::popcount(bits));
    }
}

// Finds the words of the folded view and looks them up, in one pass over them.
void read_words(const WordTables& tables, ReadingScratch& scratch, Reading& reading, TextFacts& facts) {
    const std::string_view text = reading.folded.bytes;
    Token* tokens = scratch.tokens.reserve(token_bound(text.size()));
    WordPass pass{};
    pass.text = text.data();
    pass.tokens = tokens;
    pass.count = find_tokens(text, reading.folded_masks, reading.ascii, tokens);
    pass.rows = tables.rows;
    pass.filter = tables.filter;
    const std::size_t blocks = std::max<std::size_t>(1, (pass.count + kStrideTokens - 1) / kStrideTokens);
    pass.ids = scratch.ids.reserve(pass.count * kFeatureSlots + 1);
    pass.blocks = scratch.blocks.reserve(blocks);
    pass.starters = scratch.starters.reserve(pass.count + 1);
    active_kernel().read_words(pass, reading.ascii);
    reading.tokens = {tokens, pass.count};
    reading.ids = {pass.ids, pass.count * kFeatureSlots};
    reading.blocks = {pass.blocks, blocks};
    reading.starters = {pass.starters, pass.starter_count};
    facts.longest = pass.longest;
    facts.glued = pass.glued;
    facts.distinct = pass.distinct;
}

}  // namespace

const WordTables& WordTables::none() noexcept {
    static constexpr std::array<std::int16_t, kGateLabels> kNoWeights{};
    static constexpr std::int8_t kNotToxic = 0;
    static const WordFilter knows_none;
    static const WordTables tables = {{kNoWeights.data(), 0, kGateLabels, &kNotToxic}, &knows_none};
    return tables;
}

void read_segment(const Segment& segment, const WordTables& tables, ReadingScratch& scratch, Reading& reading) {
    read_views(segment, scratch, reading);
    TextFacts facts;
    read_words(tables, scratch, reading, facts);
    reading.dense = dense_of(reading, reading.tokens.size(), facts);
}

DenseFeatures read_dense(const Segment& segment, ReadingScratch& scratch) {
    Reading reading;
    read_views(segment, scratch, reading);
    const std::string_view text = reading.folded.bytes;
    Token* tokens = scratch.tokens.reserve(token_bound(text.size()));
    const std::size_t count = find_tokens(text, reading.folded_masks, reading.ascii, tokens);
    TextFacts facts;
    measure_words(text, {tokens, count}, facts);
    return dense_of(reading, count, facts);
}

Skeleton read_skeleton(const Reading& reading, const Part& part, const WordFilter& filter, ReadingScratch& scratch) {
    const std::string_view folded = reading.folded.bytes.substr(part.begin, part.end - part.begin);
    const std::size_t bound = skeleton_bound(folded.size());
    char* bytes = scratch.skeleton.reserve(bound + kBlockBytes + kViewPadding);
    std::uint32_t* origin = scratch.skeleton_origin.reserve(bound + 65);
    const std::uint32_t* folded_origin =
        reading.folded.origin == nullptr ? nullptr : reading.folded.origin + part.begin;
    Skeleton result;
    const std::size_t size = skeleton_of_folded(folded.data(), folded.size(), folded_origin, bytes, origin);
    if (folded_origin == nullptr && part.begin != 0) {
        std::for_each(origin, origin + size + 1, [&](std::uint32_t& place) { place += part.begin; });
    }
    result.view = {ViewKind::skeleton, {bytes, size}, origin};
    const ByteMasks masks = scratch.skeleton_masks.reserve(size);
    ByteCounts counts;
    active_kernel().classify(bytes, size, bytes, masks, counts);
    Token* tokens = scratch.skeleton_tokens.reserve(token_bound(size));
    result.tokens = {tokens, tokenize(result.view.bytes, masks, counts.high == 0, tokens)};
    Starter* starters = scratch.skeleton_starters.reserve(result.tokens.size() + 1);
    result.starters = {starters, find_starters(filter, result.view.bytes, result.tokens, starters)};
    return result;
}

Skeleton read_skeleton(const Reading& reading, ReadingScratch& scratch) {
    const Part whole = {0, static_cast<std::uint32_t>(reading.folded.bytes.size())};
    return read_skeleton(reading, whole, *WordTables::none().filter, scratch);
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
