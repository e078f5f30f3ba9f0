// Load: what a text costs the model that reads it, and shapes that make it cost more than they say.
//
// The estimate of tokens knows no vocabulary. It walks over the letters once and adds what words, numbers, punctuation
// and lines of each script cost on average in a byte-pair vocabulary of 200,000 entries, the kind that models use today
// (tests/python/test_load.py holds it to 15 % for nineteen languages and code; dialects and romanised languages are
// underestimated by a quarter). Older vocabularies take up to three times as many tokens of scripts other than Latin.
//
//   estimate_tokens("The train leaves at nine.")      // 6
//
// The shapes are told of a segment of at least kLeastShape bytes; a shorter text cannot cost much, and pays nothing.
#pragma once

#include "fastguard/reading.h"
#include "fastguard/scratch.h"
#include "fastguard/text.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fastguard {

inline constexpr std::array<std::string_view, 4> kLoadTraits = {"flood", "repetition", "nesting", "token_limit"};
enum class LoadTrait : std::uint8_t {
    flood,        // a unit of 1 to kMostUnit bytes over and over, for kLeastFlood bytes
    repetition,   // the same words, up to kMostPeriod of them, over and over
    nesting,      // brackets, tags or quotation marks kLeastDepth deep
    token_limit,  // more tokens than the policy allows
};

inline constexpr std::size_t kLeastShape = 1024;  // bytes of a segment that is looked at
inline constexpr std::size_t kMostUnit = 32;      // bytes of what a flood repeats
inline constexpr std::size_t kLeastFlood =
    1024;  // bytes; of white space kLeastBlank: vocabularies hold long runs of it
inline constexpr std::size_t kLeastBlank = 16 * 1024;
inline constexpr std::size_t kMostPeriod = 512;      // words of what is repeated
inline constexpr std::size_t kLeastRepeated = 2048;  // bytes that repetitions cover
inline constexpr std::size_t kLeastTimes = 8;        // that they stand there
inline constexpr std::size_t kLeastDepth = 100;      // of brackets
inline constexpr std::size_t kLeastQuoted = 48;      // marks at the beginning of one line

// Bytes [begin, end) of the view that was looked at.
struct LoadSpan {
    std::size_t begin;
    std::size_t end;

    bool operator==(const LoadSpan&) const = default;
};

// The longest run that is a flood; of the raw bytes. O(size / 64), and O(run) where there is one.
[[nodiscard]] std::optional<LoadSpan> find_flood(std::string_view raw) noexcept;

// Words that are repeated one after the other, of the folded view, the longest such run. `repeated`: the share of the
// first words that occurred before (kDenseNames); where it is small, short repetitions are not looked for: one of fewer
// than 2 * kMostPeriod words behind the first kRepeatWords may be missed. O(words), one comparison a word.
[[nodiscard]] std::optional<LoadSpan> find_repetition(std::span<const Token> tokens, float repeated) noexcept;

// Brackets in brackets, opening tags after opening tags, or marks of quotation: from the first to the deepest. Asks the
// bytes only where every fourth is punctuation. O(size).
[[nodiscard]] std::optional<LoadSpan> find_nesting(std::string_view raw, const ByteCounts& counts) noexcept;

// Tokens of a text, in thousandths, and the word with which a limit was passed.
struct TokenCost {
    std::uint64_t milli = 0;
    std::optional<LoadSpan> passed;
};

// The cost of UTF-8 text; an invalid byte costs what a symbol does. O(size).
[[nodiscard]] TokenCost token_cost(std::string_view utf8, std::optional<std::uint64_t> limit_milli = {}) noexcept;

// About how many tokens a text is, counted like a check counts them. O(size). Throws std::bad_alloc when `buffer`
// cannot grow.
[[nodiscard]] std::uint64_t estimate_tokens(const Text& text, Buffer<char>& buffer);

}  // namespace fastguard
