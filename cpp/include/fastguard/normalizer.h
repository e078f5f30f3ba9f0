// Views of a text that undo what hides words: case, width, style, accents, invisible characters, look-alikes.
//
// folded: each code point in compatibility decomposition (Unicode 15.0), without the marks and ignorables below, case
//   folded in full, composed again: the result is NFC and folding it again changes nothing.
//   * White_Space and U+2800, U+3164, U+115F, U+1160, U+FFA0 become one ASCII space each; none are joined.
//   * Removed: Default_Ignorable_Code_Point, U+0640 (tatweel), U+FFF9..U+FFFB (interlinear annotation).
//   * Dropped marks: all of category Me, and Mn of combining class 1, 10..36 or >= 200 (e with acute -> e,
//     U+0439 -> U+0438). They are dropped before case folding, so the Greek iota subscript goes, too. Kept: vowel
//     signs, viramas, nuktas, kana voicing, Thai and Lao tone marks.
//   * Of more than 30 marks (combining class not 0) in a row the rest is dropped; so folding is linear.
//   * Controls (U+0000..U+001F without white space, U+007F, C1) stay.
//   * Every byte that is no part of valid UTF-8 becomes U+FFFD, as many as Python's "surrogateescape" makes units.
//
// skeleton: folded text with each code point shown as its UTS #39 prototype (folded again; confusables.txt 15.0 and
//   unicode/lookalikes.txt), then 0->o 1->l 2->z 3->e 4->a 5->s 6->g 7->t 8->b 9->g i->l |->l m->rn, and between two
//   word characters !->l @->a $->s +->t (one of them, or up to three of @ and $). A prototype is left out where it
//   would make a separator of a word character, a word character other than ASCII of a separator, or where it is more
//   than four times as long. Limits: the case of the source is gone, so a capital Greek nu shows as v, not n.
//
// Maps: origin[k] is the byte offset in the source of the character that made byte k of the view, origin[size] the size
// of the source. Origins never decrease and lie on borders of characters; a composed character has the origin of its
// first part; marks that were put in canonical order change places, their origins do not.
//
// All functions are pure, linear, allocate nothing and may run in any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fastguard {

// What a non-ASCII code point is to the tokenizer; `single` is a token of its own (scripts written without spaces).
enum class TokenClass : std::uint8_t { separator, word, single };

// Script of a letter, mark or number; `none` for everything else and for what several scripts share.
enum class Script : std::uint8_t {
    latin,
    cyrillic,
    greek,
    arabic,
    hebrew,
    devanagari,
    bengali,
    thai,
    han,
    hiragana,
    katakana,
    hangul,
    other_letter,
    none
};

// What folding met in the source; numbers count characters.
struct FoldStats {
    std::uint32_t invalid;              // bytes that are no part of valid UTF-8
    std::uint32_t ignorables;           // removed characters that are not marks, the four kinds below included
    std::uint32_t tags;                 // U+E0000..U+E007F
    std::uint32_t variation_selectors;  // U+FE00..U+FE0F, U+E0100..U+E01EF, Mongolian ones
    std::uint32_t bidi_controls;        // marks, embeddings, overrides, isolates
    std::uint32_t zero_width;           // U+200B..U+200D, U+2060..U+2064, U+FEFF, U+180E
    std::uint32_t dropped_marks;        // marks dropped by class or by the limit of 30
    std::uint32_t confusables;          // not ASCII when folded, but all ASCII letters or digits in the skeleton
    std::uint32_t scripts;              // bit 1 << Script for each script of the source, ASCII letters included
    bool mixed;                         // a confusable stands directly beside an ASCII letter
    bool changed;                       // more than ASCII case and white space differs from the source
};

// Whether look-alikes come from more than one alphabet beyond Latin, or from a rare one, and are nearly all of what is
// beyond ASCII: then words need no plain letter to be in disguise. Of honest Greek and Russian about half the letters
// look like Latin ones. `high`: bytes beyond ASCII, of which a letter has two or three.
[[nodiscard]] inline bool borrows_letters(const FoldStats& stats, std::uint64_t high) noexcept {
    constexpr auto kBit = [](Script script) { return 1U << static_cast<unsigned>(script); };
    constexpr std::uint32_t kAlphabets = kBit(Script::cyrillic) | kBit(Script::greek) | kBit(Script::other_letter);
    constexpr std::uint32_t kLeastLooks = 3;
    const std::uint32_t used = stats.scripts & kAlphabets;
    const bool several = (used & (used - 1)) != 0 && std::uint64_t{3} * stats.confusables >= high;
    const bool rare = used == kBit(Script::other_letter) && std::uint64_t{4} * stats.confusables >= high;
    return stats.confusables >= kLeastLooks && (several || rare);
}

// Most marks in a row that folding keeps.
inline constexpr std::uint32_t kMaxMarks = 30;

// Most bytes that folding n bytes can give.
std::size_t fold_bound(std::size_t n) noexcept;

// Folds n bytes (n < 2^32) into dst and returns the size of the view.
//
// dst has room for fold_bound(n) + 64 bytes, origin for fold_bound(n) + 65 entries; what lies after the result in them
// is undefined. The buffers must not overlap. stats is overwritten.
std::size_t fold_utf8(const char* src, std::size_t n, char* dst, std::uint32_t* origin, FoldStats& stats) noexcept;

// Where folding in steps stands; all zero at the start.
struct FoldCursor {
    std::size_t read = 0;     // bytes of the source done
    std::size_t written = 0;  // bytes of the view made
    std::uint32_t marks = 0;  // marks in a row up to here
    std::uint64_t last = 0;   // what the last character was
};

// Room that a step needs beyond what it has written; with less it does nothing.
inline constexpr std::size_t kFoldReserve = 128;

// Folds on from the cursor until the text is done (true, origin is closed) or the room may not suffice (false).
//
// For callers who would rather grow a buffer than reserve fold_bound(n). dst has `room` bytes, origin `room` + 1
// entries, both filled up to the cursor by earlier steps; stats is added to, so it starts as FoldStats{}.
bool fold_step(const char* src, std::size_t n, char* dst, std::uint32_t* origin, std::size_t room, FoldCursor& cursor,
               FoldStats& stats) noexcept;

// Most bytes that the skeleton of n bytes of folded text can have.
std::size_t skeleton_bound(std::size_t n) noexcept;

// Makes the skeleton of a folded text and returns its size.
//
// `folded` is a result of folding (it must be valid UTF-8); folded_origin is its map, nullptr where that is the
// identity. dst has room for skeleton_bound(n) + 64 bytes, origin for skeleton_bound(n) + 65 entries.
std::size_t skeleton_of_folded(const char* folded, std::size_t n, const std::uint32_t* folded_origin, char* dst,
                               std::uint32_t* origin) noexcept;

// Class of a code point for the tokenizer (ASCII too: letters and digits are words); constant time.
TokenClass token_class(char32_t cp) noexcept;

// Script of a code point; constant time.
Script script_of(char32_t cp) noexcept;

}  // namespace fastguard
