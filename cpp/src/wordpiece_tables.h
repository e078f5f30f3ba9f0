// Tables of the WordPiece tokenizer: their layout and the look-up. The data is in wordpiece_tables.cpp, made by
// unicode/generate_wordpiece.py.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fastguard::unicode {

inline constexpr char32_t kPieceLimit = 0x32400;  // from here on piece_entry computes

// What a code point is as it stands in the text. `single`: Han, a word of its own. `mark`: an accent.
enum class PieceClass : std::uint8_t { word, punctuation, space, removed, mark, single, pooled };

// An entry. Bits 0..20: the code point that it becomes when accents and capitals go, 0 where that is itself; of a
// pooled one, which is a word's part as it stands, the offset in kPiecePool of the count and the code points. Bits
// 21..23: PieceClass. Bits 24..31: canonical combining class.
inline constexpr std::uint32_t kPieceShown = (1U << 21) - 1;

extern const std::uint16_t kPieceIndex[];
extern const std::uint32_t kPieceBlocks[];
extern const std::uint32_t kPiecePool[];

constexpr std::uint32_t piece_entry_of(PieceClass kind) noexcept { return static_cast<std::uint32_t>(kind) << 21; }

inline std::uint32_t piece_entry(char32_t cp) noexcept {
    if (cp < kPieceLimit) {
        return kPieceBlocks[static_cast<std::size_t>(kPieceIndex[cp >> 6]) * 64 + (cp & 63)];
    }
    if (cp >= 0xE0100 && cp <= 0xE01EF) {
        return piece_entry_of(PieceClass::mark);  // variation selectors
    }
    const bool tag = cp == 0xE0001 || (cp >= 0xE0020 && cp <= 0xE007F);
    const bool own = cp >= 0xF0000 && (cp & 0xFFFF) <= 0xFFFD;  // private use
    return piece_entry_of(tag || own ? PieceClass::removed : PieceClass::word);
}
inline PieceClass piece_class(std::uint32_t entry) noexcept { return static_cast<PieceClass>(entry >> 21 & 7U); }
inline std::uint8_t piece_ccc(std::uint32_t entry) noexcept { return static_cast<std::uint8_t>(entry >> 24); }

}  // namespace fastguard::unicode
