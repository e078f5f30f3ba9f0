// One step of UTF-8 decoding that every reader of raw text shares, so that all agree on what is invalid.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace fastguard::utf8 {

static_assert(std::endian::native == std::endian::little, "words of text are read as little-endian");

inline constexpr char32_t kInvalid = 0xFFFFFFFF;

struct Step {
    char32_t cp;           // kInvalid where no valid sequence starts
    std::uint32_t length;  // 1 for an invalid byte
};

// Decodes the sequence at `p`, of which four bytes must be readable. Only shortest forms of scalar values are valid;
// everything else is one invalid byte, which gives the units of Python's "surrogateescape" decoder.
inline Step decode(const unsigned char* p) noexcept {
    const std::uint32_t b0 = p[0];
    if (b0 < 0x80) return {b0, 1};
    const std::uint32_t b1 = p[1];
    if (b0 < 0xE0) {
        if (b0 < 0xC2 || (b1 & 0xC0) != 0x80) return {kInvalid, 1};
        return {(b0 & 0x1F) << 6 | (b1 & 0x3F), 2};
    }
    const std::uint32_t b2 = p[2];
    if (((b1 & 0xC0) | (b2 & 0xC0) << 8) != 0x8080) return {kInvalid, 1};
    if (b0 < 0xF0) {
        const char32_t cp = (b0 & 0x0F) << 12 | (b1 & 0x3F) << 6 | (b2 & 0x3F);
        if (cp < 0x800 || (cp & 0xFFFFF800) == 0xD800) return {kInvalid, 1};
        return {cp, 3};
    }
    const std::uint32_t b3 = p[3];
    if (b0 > 0xF4 || (b3 & 0xC0) != 0x80) return {kInvalid, 1};
    const char32_t cp = (b0 & 0x07) << 18 | (b1 & 0x3F) << 12 | (b2 & 0x3F) << 6 | (b3 & 0x3F);
    if (cp < 0x10000 || cp > 0x10FFFF) return {kInvalid, 1};
    return {cp, 4};
}

// Length of the valid sequence that starts with this byte.
inline std::uint32_t length(char first) noexcept {
    const auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// Writes a scalar value; `out` has room for four bytes. Returns its length.
inline std::uint32_t encode(char32_t cp, char* out) noexcept {
    if (cp < 0x80) {
        out[0] = static_cast<char>(cp);
        return 1;
    }
    if (cp < 0x800) {
        out[0] = static_cast<char>(0xC0 | cp >> 6);
        out[1] = static_cast<char>(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = static_cast<char>(0xE0 | cp >> 12);
        out[1] = static_cast<char>(0x80 | (cp >> 6 & 0x3F));
        out[2] = static_cast<char>(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = static_cast<char>(0xF0 | cp >> 18);
    out[1] = static_cast<char>(0x80 | (cp >> 12 & 0x3F));
    out[2] = static_cast<char>(0x80 | (cp >> 6 & 0x3F));
    out[3] = static_cast<char>(0x80 | (cp & 0x3F));
    return 4;
}

// How one-byte and two-byte sequences are decoded without a branch, since letters and the spaces between words
// come in no order that could be foretold: by first byte, the code point it starts with << 16 | what to keep of the
// second byte ^ 0x180. That is nothing for ASCII; six bits of a continuation byte, more of any other; too much after an
// impossible first byte.
struct Leads {
    std::uint32_t of[0xE0];
};
inline constexpr Leads kLeads = [] {
    Leads leads{};
    for (std::uint32_t byte = 0; byte < 0xE0; ++byte) {
        leads.of[byte] = byte < 0x80 ? byte << 16 : byte < 0xC2 ? 0x1FF : (byte & 0x1F) << 22 | 0xFF;
    }
    return leads;
}();

inline std::uint32_t load32(const void* p) noexcept {
    std::uint32_t word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

}  // namespace fastguard::utf8
