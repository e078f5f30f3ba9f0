// Tables of the normaliser: their layout and the look-ups. The data is in unicode_tables.cpp, made by
// unicode/generate.py.
//
// Two stages: an index by `code point / 64` names a block of 64 entries. The first 32 blocks lie in order, so that
// one-byte and two-byte UTF-8 sequences need no index. Code points from kLimit on fold to themselves but for plane 14.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fastguard::unicode {

inline constexpr char32_t kLimit = 0x32400;
inline constexpr std::size_t kMaxFold = 33;       // bytes of the longest folded form (U+FDFA)
inline constexpr std::size_t kFoldRatio = 11;     // most view bytes for one raw byte (U+FDFA: 33 from 3)
inline constexpr std::size_t kSkeletonRatio = 4;  // most skeleton bytes for one folded byte
inline constexpr std::size_t kPoolPadding = 64;   // a copy may read so far past the end of a string in the pool

// An entry of the fold table. Bits 0..31 are the view bytes themselves, or an offset in kPool, or for an identity its
// canonical combining class. Bits 55 and 58 stay 0, so that neighbours can be compared by shifting an entry by one.
inline constexpr std::uint64_t kConfusableCount = 1ULL << 32;  // the same bit as kConfusable, for adding up
inline constexpr unsigned kScripts = 34;                       // 13 bits, one of them set: 1 << Script; none for none
inline constexpr std::uint64_t kChanged = 1ULL << 47;  // differs from the source by more than ASCII case or white space
inline constexpr std::uint64_t kIdentity = 1ULL << 48;  // the bytes are those of the source (from U+0800 on)
inline constexpr std::uint64_t kSlow = 1ULL << 49;      // one of kRemoval, kPooled, kInteracts is set
inline constexpr unsigned kRemoval = 50;                // 3 bits: enum Removal
inline constexpr std::uint64_t kPooled = 1ULL
                                         << 53;  // longer than four bytes: in kPool lies the length, then the bytes
inline constexpr std::uint64_t kInteracts = 1ULL << 54;   // may compose with or be ordered before what precedes it
inline constexpr std::uint64_t kConfusable = 1ULL << 56;  // not ASCII, but its skeleton is
inline constexpr std::uint64_t kLetter = 1ULL << 57;      // ASCII letter
inline constexpr unsigned kLength = 60;                   // 4 bits: bytes in the view, 0 where pooled or removed

enum class Removal : std::uint8_t { none, ignorable, mark, tag, variation, bidi, zero_width };

// An entry of the skeleton table: bits 0..23 bytes or offset, then:
inline constexpr unsigned kSkeletonLength = 24;  // 6 bits
inline constexpr std::uint32_t kSkeletonPooled = 1U << 30;
inline constexpr std::uint32_t kSkeletonIdentity = 1U << 31;

extern const std::uint16_t kFoldIndex[];
extern const std::uint64_t kFoldBlocks[];
extern const std::uint16_t kSkeletonIndex[];
extern const std::uint32_t kSkeletonBlocks[];
extern const std::uint16_t kClassIndex[];
extern const std::uint8_t kClassBlocks[];  // enum TokenClass | enum Script << 2
extern const std::uint64_t kPairs[];       // first << 42 | second << 21 | composite, sorted
extern const std::size_t kPairCount;
extern const std::uint8_t kPool[];

inline std::uint64_t fold_entry(char32_t cp) noexcept {  // cp < kLimit
    return kFoldBlocks[static_cast<std::size_t>(kFoldIndex[cp >> 6]) * 64 + (cp & 63)];
}
inline std::uint32_t skeleton_entry(char32_t cp) noexcept {  // cp < kLimit
    return kSkeletonBlocks[static_cast<std::size_t>(kSkeletonIndex[cp >> 6]) * 64 + (cp & 63)];
}
inline std::uint8_t class_entry(char32_t cp) noexcept {  // cp < kLimit
    return kClassBlocks[static_cast<std::size_t>(kClassIndex[cp >> 6]) * 64 + (cp & 63)];
}

}  // namespace fastguard::unicode
