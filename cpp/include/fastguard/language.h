// The language and the script of a text: asked for, never part of a check.
//
// The script is that of most letters. Where a script has one language here (Greek, Thai, Hangul ...), that is it; kana
// make Japanese of Chinese characters, letters of its own make Persian of Arabic ones. Between the languages of the
// Latin and the Cyrillic script decide letter groups of one to four, hashed to a table that training/language.py makes.
//
//   const LanguageGuess guess = language_of(U"Wo ist der Bahnhof?");   // {"de", "Latin", 0.99}
//
// Linear in the text; of a long one the first kLanguageLetters letters decide. No allocation that grows with the text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fastguard {

inline constexpr std::size_t kLanguageBuckets = 4096;
inline constexpr std::size_t kLanguageLetters = 2000;

// Languages that letter groups decide between, in the order of the table's columns.
inline constexpr std::array<std::string_view, 15> kGroupedLanguages = {"da", "de", "en", "es", "fr", "id", "it", "nl",
                                                                       "pl", "pt", "ro", "tr", "vi", "ru", "uk"};
inline constexpr std::size_t kFirstCyrillic = 13;  // the columns before it are Latin

struct LanguageGuess {
    std::string_view language;  // "" where there are no letters, or the script has no language here
    std::string_view script;    // "Latin", "Han" ..., "" where there are no letters
    double confidence = 0.0;    // 0 to 1; a softmax over the languages of the script, no calibrated probability
};

struct LanguageSegment {
    std::size_t begin = 0;  // code points
    std::size_t end = 0;
    LanguageGuess guess;
};

[[nodiscard]] LanguageGuess language_of(std::u32string_view text);

// The text as runs of one language: sentences and lines, neighbours of the same language joined, what has fewer than
// `least` letters joined to what stands before it (at the beginning: to what comes after).
[[nodiscard]] std::vector<LanguageSegment> language_segments(std::u32string_view text, std::size_t least = 20);

// The buckets of the letter groups of a text, for training.
[[nodiscard]] std::vector<std::uint16_t> language_buckets(std::u32string_view text);

}  // namespace fastguard
