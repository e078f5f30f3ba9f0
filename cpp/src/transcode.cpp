#include "fastguard/transcode.h"

#include <algorithm>
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

// Counts code points, and those above U+FFFF once more when `astral` is 1.
std::size_t count(std::string_view text, std::size_t astral) noexcept {
    const char* const bytes = text.data();
    const std::size_t n = text.size();
    std::size_t units = 0;
    std::size_t at = 0;
    while (n - at > ascii::kBlock + 4) {
        const std::size_t prefix = ascii::ascii_prefix(bytes + at);
        units += prefix;
        at += prefix;
        if (prefix == ascii::kBlock) continue;
        const std::size_t stop = std::min(at + ascii::kBlock, n - 4);
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
