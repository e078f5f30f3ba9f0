// What the learned scores see of a text: hashed ids of its tokens, in windows, and a few dense numbers.
//
// Per token kFeatureSlots ids of 16 bits: the word, the word with the one before it, and the word's beginning
// (0 where the word is short). Windows of kWindowTokens tokens every kStrideTokens, so that no part of a long text is
// unseen and no part of it is diluted by the rest. Change anything here and kFeatureVersion changes with it.
#pragma once

#include "fastguard/kernels.h"
#include "fastguard/tokenizer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fastguard {

inline constexpr int kFeatureVersion = 1;
inline constexpr std::size_t kFeatureSlots = 3;
inline constexpr std::size_t kFeatureIds = std::size_t{1} << 16U;
inline constexpr std::size_t kGateBuckets = std::size_t{1} << 14U;
inline constexpr std::uint16_t kGateMask = kGateBuckets - 1;
inline constexpr std::size_t kWindowTokens = 128;
inline constexpr std::size_t kStrideTokens = 64;
inline constexpr std::size_t kWindowIds = kWindowTokens * kFeatureSlots;

inline constexpr std::array<std::string_view, 16> kDenseNames = {
    "log_bytes", "upper",   "digit",      "punctuation", "space",   "non_ascii",  "control",     "newline",
    "markup",    "entropy", "repetition", "invisible",   "scripts", "confusable", "word_length", "longest_word"};
inline constexpr std::size_t kDenseFeatures = kDenseNames.size();
using DenseFeatures = std::array<float, kDenseFeatures>;

// Windows that a text of `tokens` tokens has; 1 for an empty one.
[[nodiscard]] constexpr std::size_t window_count(std::size_t tokens) noexcept {
    const std::size_t blocks = (tokens + kStrideTokens - 1) / kStrideTokens;
    return blocks < 2 ? 1 : blocks - 1;
}

// ids[t * kFeatureSlots + slot] for each token. An id is 0 only where there is no feature, and then only; the gate's
// row of every other id is not 0 either. `text` may be read 8 bytes past its end. O(tokens).
void token_ids(std::string_view text, std::span<const Token> tokens, std::uint16_t* ids) noexcept;

// Facts beside the byte counts that the dense features are made from.
struct TextFacts {
    std::uint64_t size = 0;  // bytes of the raw text
    std::uint32_t invisible = 0;
    std::uint32_t scripts = 0;     // how many
    std::uint32_t confusable = 0;  // look-alike characters and digits inside words
};

// Ratios and logarithms in about 0 to 1; size and counts as of a text of at most 4 KB (counts of longer ones in
// proportion), so that a long text differs from a short one by what it holds and not by its length; entropy over at
// most 128 evenly spaced bytes of `text`, repetition over the first 512 tokens, so that the cost does not grow with the
// text.
[[nodiscard]] DenseFeatures dense_features(std::string_view text, std::span<const Token> tokens,
                                           const ByteCounts& counts, const TextFacts& facts) noexcept;

// Positions where a digit or one of @ $ ! | + touches a letter inside a word: the sign of leetspeak. O(blocks).
[[nodiscard]] std::uint32_t leet_positions(const ByteMasks& masks, std::size_t size) noexcept;

}  // namespace fastguard
