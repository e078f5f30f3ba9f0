// One segment of a text, read: its views, tokens, feature ids and dense features.
#pragma once

#include "fastguard/features.h"
#include "fastguard/normalizer.h"
#include "fastguard/phrases.h"
#include "fastguard/text.h"
#include "fastguard/tokenizer.h"
#include "fastguard/view.h"

#include <span>

namespace fastguard {

// Buffers of a reading, part of a Scratch.
struct ReadingScratch {
    Buffer<char> folded;
    Buffer<std::uint32_t> folded_origin;
    MaskBuffers raw_masks;
    MaskBuffers folded_masks;
    Buffer<Token> tokens;
    Buffer<std::uint16_t> ids;
    Buffer<GateBlock> blocks;
    Buffer<Starter> starters;
    Buffer<char> skeleton;
    Buffer<std::uint32_t> skeleton_origin;
    MaskBuffers skeleton_masks;
    Buffer<Token> skeleton_tokens;
    Buffer<Starter> skeleton_starters;
};

// What words are looked up in as they are read. Borrowed; `none` knows no word and has no weights.
struct WordTables {
    GateRows rows;             // of a Gate
    const WordFilter* filter;  // of a ConceptTable

    [[nodiscard]] static const WordTables& none() noexcept;
};

// Everything that later steps need of a segment. Borrows the segment and the scratch.
struct Reading {
    View raw;
    View folded;  // of an ASCII segment: the same places, lower case
    ByteMasks raw_masks{};
    ByteMasks folded_masks{};
    ByteCounts counts;  // of raw
    FoldStats stats{};
    bool ascii = true;
    std::uint32_t leet = 0;              // digits and symbols that touch letters (leet_positions)
    std::span<const Token> tokens;       // of folded
    std::span<const std::uint16_t> ids;  // kFeatureSlots a token
    std::span<const GateBlock> blocks;   // one per kStrideTokens tokens, at least one
    std::span<const Starter> starters;   // tokens that an entry of a concept may begin with
    DenseFeatures dense{};
};

// Reads a segment. O(size). Throws std::bad_alloc when the scratch cannot grow.
void read_segment(const Segment& segment, const WordTables& tables, ReadingScratch& scratch, Reading& reading);

// The dense features alone: those that read_segment gives, at a sixth of the cost. O(size). Throws std::bad_alloc.
[[nodiscard]] DenseFeatures read_dense(const Segment& segment, ReadingScratch& scratch);

// Bytes [begin, end) of the folded view.
struct Part {
    std::uint32_t begin;
    std::uint32_t end;
};

// Parts of the folded view where the skeleton may show words of a concept that the folded view does not: words with
// leetspeak or look-alike letters that, read as ASCII letters, are words of `skeleton_concepts` and, as they stand,
// none of `folded_concepts`; each with as many words around it as a phrase with it may reach. Whole words in scripts
// that are full of look-alikes (Cyrillic, Greek, Arabic ...) are honest unless a look-alike stands beside an ASCII
// letter. In order, apart, at most kMaxParts. O(size).
inline constexpr std::size_t kMaxParts = 32;
[[nodiscard]] std::size_t disguised_parts(const Reading& reading, const ConceptTable& folded_concepts,
                                          const ConceptTable& skeleton_concepts,
                                          std::span<Part, kMaxParts> parts) noexcept;

// The skeleton of a part of the folded view and its tokens. `starters` are those of `filter`. O(size). Throws
// std::bad_alloc.
struct Skeleton {
    View view;
    std::span<const Token> tokens;
    std::span<const Starter> starters;
};
[[nodiscard]] Skeleton read_skeleton(const Reading& reading, const Part& part, const WordFilter& filter,
                                     ReadingScratch& scratch);

// The skeleton of the whole text; no starters.
[[nodiscard]] Skeleton read_skeleton(const Reading& reading, ReadingScratch& scratch);

// Bytes [begin, end) of a view as bytes of the raw segment. What the view left out behind the last character (accents,
// joiners) belongs to the span, and a character that became several is never cut. `begin` < `end` <= view size.
struct RawSpan {
    std::uint32_t begin;
    std::uint32_t end;
};
[[nodiscard]] RawSpan raw_span(const View& view, std::size_t begin, std::size_t end) noexcept;

}  // namespace fastguard
