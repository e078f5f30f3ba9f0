// What the learned scores see of a text: hashed ids of its tokens, in windows, and a few dense numbers.
//
// Per token kFeatureSlots ids of 16 bits: the word, the word with the one before it, and the word's beginning
// (0 where the word is short). All words that begin with a digit are one word: no arbitrary number decides about a
// text. Windows of kWindowTokens tokens every kStrideTokens, so that no part of a long text is unseen and no part of it
// is diluted by the rest. Change anything here and kFeatureVersion changes with it.
//
//   word       top 16 bits of hash_bytes(word), of kNumber for a word that begins with a digit
//   pair       top 16 bits of pair_hash(word before, word); before the first word stands kTextStart
//   beginning  top 16 bits of ((first eight bytes << what is not of the beginning) * kPrefix), where the word is longer
//              and no number
//
// An id of 0 is no feature; a word's own is 0 only by a chance of 1 in 65,536. The loop is in kernels/word_loops.inl.
#pragma once

#include "fastguard/kernels.h"
#include "fastguard/tokenizer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fastguard {

inline constexpr int kFeatureVersion = 2;
inline constexpr std::size_t kFeatureSlots = 3;
inline constexpr std::size_t kFeatureIds = std::size_t{1} << 16U;
inline constexpr std::size_t kGateBuckets = std::size_t{1} << 14U;
inline constexpr std::uint16_t kGateMask = kGateBuckets - 1;
inline constexpr std::size_t kWindowTokens = 128;
inline constexpr std::size_t kWindowIds = kWindowTokens * kFeatureSlots;

inline constexpr std::array<std::string_view, 16> kDenseNames = {
    "log_bytes", "upper", "digit",      "punctuation", "space",   "non_ascii",  "control",     "newline",
    "markup",    "glued", "repetition", "invisible",   "scripts", "confusable", "word_length", "longest_word"};
inline constexpr std::size_t kDenseFeatures = kDenseNames.size();
using DenseFeatures = std::array<float, kDenseFeatures>;

inline constexpr std::uint64_t kPrefix = 0xE7037ED1A0B428DBU;
// Bytes of the beginning that stands for a word's stem: 5 letters of one byte, 4 of two, 2 of three or four.
inline constexpr std::uint32_t kAsciiPrefix = 5;
[[nodiscard]] constexpr std::uint32_t prefix_size(unsigned char first) noexcept {
    return first < 0x80 ? kAsciiPrefix : first < 0xE0 ? 8 : 6;
}

// Windows that a text of `tokens` tokens has; 1 for an empty one.
[[nodiscard]] constexpr std::size_t window_count(std::size_t tokens) noexcept {
    const std::size_t blocks = (tokens + kStrideTokens - 1) / kStrideTokens;
    return blocks < 2 ? 1 : blocks - 1;
}

// Facts beside the byte counts that the dense features are made from.
struct TextFacts {
    std::uint64_t size = 0;  // bytes of the raw text
    std::uint32_t invisible = 0;
    std::uint32_t scripts = 0;     // how many
    std::uint32_t confusable = 0;  // look-alike characters and digits inside words
    std::uint32_t longest = 0;     // bytes of the longest word of the folded view
    std::uint32_t glued = 0;       // bytes of words longer than kGluedBytes
    std::uint32_t distinct = 0;    // different words among the first kRepeatWords
};

// Ratios and logarithms in about 0 to 1; size and counts as of a text of at most 4 KB (counts of longer ones in
// proportion), so that a long text differs from a short one by what it holds and not by its length; repetition over the
// first kRepeatWords words, so that the cost does not grow with the text.
[[nodiscard]] DenseFeatures dense_features(std::size_t words, const ByteCounts& counts,
                                           const TextFacts& facts) noexcept;

// Positions where a digit or one of @ $ ! | + touches a letter inside a word: the sign of leetspeak. O(blocks).
[[nodiscard]] std::uint32_t leet_positions(const ByteMasks& masks, std::size_t size) noexcept;

}  // namespace fastguard
