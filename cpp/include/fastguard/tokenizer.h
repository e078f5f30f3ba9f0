// Words of a view, with a hash each.
//
// A token is a maximal run of word characters (ASCII letters and digits, letters, numbers and marks of other scripts);
// each code point of a script that is written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar) is one by itself.
// Everything else separates. Works on folded text, so words that differ in case or accents are the same token.
#pragma once

#include "fastguard/kernels.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fastguard {

// The low 64 bits of a product with the high ones over them.
[[nodiscard]] inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

// The first `size` <= 8 bytes at `bytes`, of which 8 are read, as a little-endian number.
[[nodiscard]] inline std::uint64_t first_bytes(const char* bytes, std::size_t size) noexcept {
    std::uint64_t chunk = 0;
    std::memcpy(&chunk, bytes, 8);
    return size >= 8 ? chunk : chunk & ((std::uint64_t{1} << (8 * size)) - 1);
}

inline constexpr std::uint64_t kHashSize = 0x9E3779B97F4A7C15U;
inline constexpr std::uint64_t kHashChunk = 0xD6E8FEB86659FD93U;

// Which of the first eight bytes of a word of `size` <= 16 bytes are its own, whether it is longer than they are, and
// what its hash begins with.
struct ByteMasksOfSize {
    std::array<std::uint64_t, 17> first{};
    std::array<std::uint64_t, 17> more{};
    std::array<std::uint64_t, 17> start{};

    constexpr ByteMasksOfSize() noexcept {
        for (std::size_t size = 0; size < first.size(); ++size) {
            first[size] = size < 8 ? (std::uint64_t{1} << (8 * size)) - 1 : ~std::uint64_t{0};
            more[size] = size > 8 ? ~std::uint64_t{0} : 0;
            start[size] = size * kHashSize;
        }
    }
};
inline constexpr ByteMasksOfSize kBytesOfSize;

// The hash of a word of `size` <= 16 bytes: what hash_bytes gives.
[[nodiscard]] inline std::uint64_t hash_short(const char* bytes, std::size_t size) noexcept {
    const std::uint64_t more = kBytesOfSize.more[size];
    const std::uint64_t last = first_bytes(bytes + ((size - 8) & more), 8) & more;
    return fold_product(kBytesOfSize.start[size] ^ (first_bytes(bytes, 8) & kBytesOfSize.first[size]),
                        last ^ kHashChunk);
}

// Hash of `size` >= 1 bytes; up to 8 bytes past them are read and do not count. Same value on every little-endian CPU.
[[nodiscard]] inline std::uint64_t hash_bytes(const char* bytes, std::size_t size) noexcept {
    std::uint64_t hash = size * kHashSize;
    for (; size > 16; size -= 8, bytes += 8) {
        hash = fold_product(hash ^ first_bytes(bytes, 8), kHashChunk);
    }
    const std::uint64_t more = kBytesOfSize.more[size];
    const std::uint64_t last = first_bytes(bytes + ((size - 8) & more), 8) & more;
    return fold_product(hash ^ (first_bytes(bytes, 8) & kBytesOfSize.first[size]), last ^ kHashChunk);
}

inline constexpr std::uint64_t kPairFactor = 0xA0761D6478BD642FU;
inline constexpr std::uint64_t kTextStart = 0x51ED270B7B1F3C69U;  // stands before the first word of a text
inline constexpr std::uint64_t kNumber = 0x2545F4914F6CDD1DU;     // stands for every word that begins with a digit

// Whether the word with these first bytes begins with a digit.
[[nodiscard]] inline bool is_number(std::uint64_t head) noexcept {
    return static_cast<std::uint32_t>(head & 0xFFU) - '0' < 10;
}

// Hash of two words that follow each other, from the hash (or kNumber, kTextStart) of each.
[[nodiscard]] inline std::uint64_t pair_hash(std::uint64_t before, std::uint64_t word) noexcept {
    return (word ^ std::rotl(before, 23)) * kPairFactor;
}

// Most tokens that `size` bytes can have, and one more for the finder's convenience.
[[nodiscard]] constexpr std::size_t token_bound(std::size_t size) noexcept { return size / 2 + 2; }

// Writes begin and end of the tokens of `folded` in order and returns how many; their hashes are not set. `masks` are
// those of `folded`; `out` has room for token_bound(folded.size()). O(size).
std::size_t find_tokens(std::string_view folded, const ByteMasks& masks, bool ascii, Token* out) noexcept;

// The same with the hashes; 8 bytes past the end of `folded` may be read.
std::size_t tokenize(std::string_view folded, const ByteMasks& masks, bool ascii, Token* out) noexcept;

}  // namespace fastguard
