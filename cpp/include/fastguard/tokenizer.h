// Words of a view, with a hash each.
//
// A token is a maximal run of word characters (ASCII letters and digits, letters, numbers and marks of other scripts);
// each code point of a script that is written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar) is one by itself.
// Everything else separates. Works on folded text, so words that differ in case or accents are the same token.
#pragma once

#include "fastguard/kernels.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace fastguard {

struct Token {
    std::uint64_t hash;
    std::uint32_t begin;  // bytes of the view
    std::uint32_t end;

    [[nodiscard]] std::uint32_t size() const noexcept { return end - begin; }
};

// Hash of `size` >= 1 bytes; up to 7 bytes past them are read and do not count. Same value on every little-endian CPU.
[[nodiscard]] inline std::uint64_t hash_bytes(const char* bytes, std::size_t size) noexcept {
    constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15U;
    constexpr std::uint64_t kSecond = 0xD6E8FEB86659FD93U;
    std::uint64_t hash = size * kFirst;
    std::uint64_t chunk = 0;
    while (size > 8) {
        std::memcpy(&chunk, bytes, 8);
        hash = (hash ^ chunk) * kSecond;
        hash ^= hash >> 29U;
        bytes += 8;
        size -= 8;
    }
    std::memcpy(&chunk, bytes, 8);
    chunk &= ~std::uint64_t{0} >> (8 * (8 - size));
    hash = (hash ^ chunk) * kSecond;
    hash ^= hash >> 29U;
    hash *= kFirst;
    return hash ^ (hash >> 32U);
}

// Most tokens that `size` bytes can have.
[[nodiscard]] constexpr std::size_t token_bound(std::size_t size) noexcept { return size / 2 + 1; }

// Writes the tokens of `folded` in order and returns how many. `masks` are those of `folded`; `out` has room for
// token_bound(folded.size()); 8 bytes past the end of `folded` may be read. O(size).
std::size_t tokenize(std::string_view folded, const ByteMasks& masks, bool ascii, Token* out) noexcept;

}  // namespace fastguard
