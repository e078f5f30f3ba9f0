#include "fastguard/transcode.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "normalizer_ascii.h"
#include "utf8_decode.h"

namespace fastguard {

namespace {

constexpr std::size_t kStep = 8;  // characters that a fast path takes at once

#if defined(FASTGUARD_SSE2)
__m128i load(const void* p) noexcept { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
void store8(char* dst, __m128i bytes) noexcept { _mm_storel_epi64(reinterpret_cast<__m128i*>(dst), bytes); }
bool all_zero(__m128i bits) noexcept { return _mm_movemask_epi8(_mm_cmpeq_epi8(bits, _mm_setzero_si128())) == 0xFFFF; }
#endif

// Writes eight characters that are all ASCII, or returns false; eight bytes of dst are overwritten in any case.
bool eight_ascii(const std::uint8_t* src, char* dst) noexcept {
    std::uint64_t word;
    std::memcpy(&word, src, sizeof word);
    std::memcpy(dst, &word, sizeof word);
    return (word & 0x8080808080808080U) == 0;
}

bool eight_ascii(const std::uint16_t* src, char* dst) noexcept {
#if defined(FASTGUARD_SSE2)
    const __m128i units = load(src);
    store8(dst, _mm_packus_epi16(units, units));
    return all_zero(_mm_and_si128(units, _mm_set1_epi16(static_cast<short>(0xFF80))));
#elif defined(FASTGUARD_NEON)
    const uint16x8_t units = vld1q_u16(src);
    vst1_u8(reinterpret_cast<std::uint8_t*>(dst), vmovn_u16(units));
    return vmaxvq_u16(units) < 0x80;
#else
    std::uint32_t joined = 0;
    for (std::size_t k = 0; k < kStep; ++k) {
        joined |= src[k];
        dst[k] = static_cast<char>(src[k]);
    }
    return joined < 0x80;
#endif
}

bool eight_ascii(const std::uint32_t* src, char* dst) noexcept {
#if defined(FASTGUARD_SSE2)
    const __m128i low = load(src);
    const __m128i high = load(src + 4);
    const __m128i units = _mm_packs_epi32(low, high);
    store8(dst, _mm_packus_epi16(units, units));
    return all_zero(_mm_and_si128(_mm_or_si128(low, high), _mm_set1_epi32(~0x7F)));
#else
    std::uint32_t joined = 0;
    for (std::size_t k = 0; k < kStep; ++k) {
        joined |= src[k];
        dst[k] = static_cast<char>(src[k]);
    }
    return joined < 0x80;
#endif
}

char32_t scalar_or_replacement(char32_t cp, std::size_t& surrogates) noexcept {
    if ((cp & 0xFFFFF800) != 0xD800 && cp <= 0x10FFFF) return cp;
    ++surrogates;
    return 0xFFFD;
}

// Writes one character of at most three bytes; four bytes of dst are overwritten.
std::size_t encode_bmp(std::uint32_t cp, char* dst, std::size_t& surrogates) noexcept {
    if (cp < 0x80) {
        *dst = static_cast<char>(cp);
        return 1;
    }
    if (cp < 0x800) {
        const std::uint32_t bytes = 0x80C0 | cp >> 6 | (cp & 0x3F) << 8;
        std::memcpy(dst, &bytes, 4);
        return 2;
    }
    cp = static_cast<std::uint32_t>(scalar_or_replacement(cp, surrogates));
    const std::uint32_t bytes = 0x8080E0 | cp >> 12 | (cp >> 6 & 0x3F) << 8 | (cp & 0x3F) << 16;
    std::memcpy(dst, &bytes, 4);
    return 3;
}

template <class Unit>
std::size_t transcode(const Unit* src, std::size_t n, char* dst, std::size_t& surrogates) noexcept {
    char* out = dst;
    surrogates = 0;
    for (std::size_t at = 0; at < n;) {
        if (n - at >= kStep && src[at] < 0x80 && eight_ascii(src + at, out)) {
            at += kStep;
            out += kStep;
            continue;
        }
        // A letter that is not ASCII seldom stands alone: stay here for a while.
        const std::size_t stop = std::min(n, at + kStep);
        for (; at < stop; ++at) {
            const std::uint32_t cp = src[at];
            if (sizeof(Unit) < 4 || cp < 0x10000)
                out += encode_bmp(cp, out, surrogates);
            else
                out += utf8::encode(scalar_or_replacement(cp, surrogates), out);
        }
    }
    return static_cast<std::size_t>(out - dst);
}

// What whole_block() found: bytes of whole characters, and their units; no bytes when something is invalid.
struct Counted {
    std::size_t bytes, units;
};

#if defined(FASTGUARD_SSE2)
std::uint32_t bits(__m128i compared) noexcept { return static_cast<std::uint32_t>(_mm_movemask_epi8(compared)); }
__m128i at_least(__m128i bytes, int low) noexcept {
    return _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8(static_cast<char>(low))), bytes);
}
__m128i is(__m128i bytes, int value) noexcept { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(static_cast<char>(value))); }
std::uint32_t ones(std::uint32_t word) noexcept {  // popcnt is not in the baseline
    word -= word >> 1 & 0x5555;
    word = (word & 0x3333) + (word >> 2 & 0x3333);
    word = (word + (word >> 4)) & 0x0F0F;
    return (word + (word >> 8)) & 0x1F;
}

// Counts 16 bytes that start at the border of a character; the byte after them must be readable.
Counted whole_block(const char* text, std::size_t astral) noexcept {
    const __m128i bytes = load(text);
    const std::uint32_t high = bits(bytes);
    if (high == 0) return {16, 16};
    const std::uint32_t lead1 = bits(at_least(bytes, 0xC0));
    const std::uint32_t lead2 = bits(at_least(bytes, 0xC2));
    const std::uint32_t lead3 = bits(at_least(bytes, 0xE0));
    const std::uint32_t lead4 = bits(at_least(bytes, 0xF0));
    const std::uint32_t never = bits(at_least(bytes, 0xF5));
    const std::uint32_t wanted = lead2 << 1 | lead3 << 2 | lead4 << 3;
    // Forms that are not the shortest, surrogates, and what lies above U+10FFFF show in the second byte.
    const __m128i second = load(text + 1);
    const __m128i from_a0 = at_least(second, 0xA0);
    const __m128i from_90 = at_least(second, 0x90);
    const __m128i wrong =
        _mm_or_si128(_mm_or_si128(_mm_andnot_si128(from_a0, is(bytes, 0xE0)), _mm_and_si128(from_a0, is(bytes, 0xED))),
                     _mm_or_si128(_mm_andnot_si128(from_90, is(bytes, 0xF0)), _mm_and_si128(from_90, is(bytes, 0xF4))));
    const std::uint32_t rest = high & ~lead1;
    if ((wanted & 0xFFFF) != rest || lead1 != lead2 || (never | bits(wrong)) != 0) return {0, 0};
    // The last character may go on in the next block.
    const std::size_t whole = wanted >> 16 == 0 ? 16 : 31U - static_cast<std::size_t>(std::countl_zero(lead2));
    const std::uint32_t inside = (1U << whole) - 1;
    return {whole, whole - ones(rest & inside) + astral * ones(lead4 & inside)};
}
#else
Counted whole_block(const char* text, std::size_t) noexcept {
    const bool ascii_only = ascii::ascii_prefix(text) == ascii::kBlock;
    return ascii_only ? Counted{ascii::kBlock, ascii::kBlock} : Counted{0, 0};
}
#endif

// Counts code points, and those above U+FFFF once more when `astral` is 1.
std::size_t count(std::string_view text, std::size_t astral) noexcept {
    const char* const bytes = text.data();
    const std::size_t n = text.size();
    std::size_t units = 0;
    std::size_t at = 0;
    while (n - at > ascii::kBlock + 4) {
        if (const Counted block = whole_block(bytes + at, astral); block.bytes != 0) {
            units += block.units;
            at += block.bytes;
            continue;
        }
        const std::size_t stop = at + ascii::kBlock;
        while (at < stop) {
            const utf8::Step step = utf8::decode(reinterpret_cast<const unsigned char*>(bytes + at));
            units += 1 + (step.length == 4 ? astral : 0);
            at += step.length;
        }
    }
    unsigned char tail[ascii::kBlock + 8] = {};
    if (at != n) std::memcpy(tail, bytes + at, n - at);
    for (std::size_t k = 0; k < n - at;) {
        const utf8::Step step = utf8::decode(tail + k);
        units += 1 + (step.length == 4 ? astral : 0);
        k += step.length;
    }
    return units;
}

}  // namespace

std::size_t utf8_from_latin1(const std::uint8_t* src, std::size_t n, char* dst) noexcept {
    std::size_t none;
    return transcode(src, n, dst, none);
}

std::size_t utf8_from_ucs2(const std::uint16_t* src, std::size_t n, char* dst, std::size_t& surrogates) noexcept {
    return transcode(src, n, dst, surrogates);
}

std::size_t utf8_from_ucs4(const std::uint32_t* src, std::size_t n, char* dst, std::size_t& surrogates) noexcept {
    return transcode(src, n, dst, surrogates);
}

std::size_t count_code_points(std::string_view text) noexcept { return count(text, 0); }

std::size_t count_utf16_units(std::string_view text) noexcept { return count(text, 1); }

}  // namespace fastguard
