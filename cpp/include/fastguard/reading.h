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
    Buffer<char> skeleton;
    Buffer<std::uint32_t> skeleton_origin;
    MaskBuffers skeleton_masks;
    Buffer<Token> skeleton_tokens;
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
    DenseFeatures dense{};
};

// Reads a segment. O(size). Throws std::bad_alloc when the scratch cannot grow.
void read_segment(const Segment& segment, ReadingScratch& scratch, Reading& reading);

// The skeleton view of a reading and its tokens. O(size). Throws std::bad_alloc.
struct Skeleton {
    View view;
    std::span<const Token> tokens;
};
[[nodiscard]] Skeleton read_skeleton(const Reading& reading, ReadingScratch& scratch);

// Whether the skeleton may show words that the folded view does not: look-alike letters among the letters of another
// script, or a word with leetspeak in it that, read as letters, is a word of `concepts`. O(size), and only the words
// with digits or symbols among their letters are looked at.
[[nodiscard]] bool is_disguised(const Reading& reading, const ConceptTable& concepts) noexcept;

// Bytes [begin, end) of a view as bytes of the raw segment. What the view left out behind the last character (accents,
// joiners) belongs to the span, and a character that became several is never cut. `begin` < `end` <= view size.
struct RawSpan {
    std::uint32_t begin;
    std::uint32_t end;
};
[[nodiscard]] RawSpan raw_span(const View& view, std::size_t begin, std::size_t end) noexcept;

}  // namespace fastguard
