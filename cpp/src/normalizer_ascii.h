// Sixteen bytes of text at a time for the normaliser: SSE2 and NEON are part of their baselines, the rest is scalar.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define FASTGUARD_SSE2 1
#elif defined(__aarch64__)
#include <arm_neon.h>
#define FASTGUARD_NEON 1
#endif

namespace fastguard::ascii {

inline constexpr std::size_t kBlock = 16;

#if defined(FASTGUARD_NEON)
// Four bits for each byte of a comparison.
inline std::uint64_t nibble_mask(uint8x16_t compared) noexcept {
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(compared), 4)), 0);
}
#endif

// Whether any block so far had an ASCII letter; a register in the loops that ask.
class Letters {
  public:
#if defined(FASTGUARD_SSE2)
    void add(__m128i letter) noexcept { bits_ = _mm_or_si128(bits_, letter); }
    bool any() const noexcept { return _mm_movemask_epi8(bits_) != 0; }

  private:
    __m128i bits_ = _mm_setzero_si128();
#elif defined(FASTGUARD_NEON)
    void add(uint8x16_t letter) noexcept { bits_ = vorrq_u8(bits_, letter); }
    bool any() const noexcept { return vmaxvq_u8(bits_) != 0; }

  private:
    uint8x16_t bits_ = vdupq_n_u8(0);
#else
    void add(bool letter) noexcept { bits_ |= letter; }
    bool any() const noexcept { return bits_; }

  private:
    bool bits_ = false;
#endif
};

// Folds the ASCII bytes of a block: lower case, white space to a space. Writes 16 bytes and returns how many of them
// come before the first byte that is not ASCII.
inline std::size_t fold_block(const char* src, char* dst, Letters& letters) noexcept {
#if defined(FASTGUARD_SSE2)
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(src));
    const __m128i case_bit = _mm_set1_epi8(0x20);
    const __m128i from_a = _mm_sub_epi8(_mm_or_si128(text, case_bit), _mm_set1_epi8('a'));
    const __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(from_a, _mm_set1_epi8(25)), from_a);
    const __m128i from_tab = _mm_sub_epi8(text, _mm_set1_epi8('\t'));
    const __m128i space = _mm_cmpeq_epi8(_mm_min_epu8(from_tab, _mm_set1_epi8(4)), from_tab);
    const __m128i lower = _mm_or_si128(text, _mm_and_si128(letter, case_bit));
    const __m128i folded = _mm_or_si128(_mm_andnot_si128(space, lower), _mm_and_si128(space, case_bit));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst), folded);
    letters.add(letter);
    const auto high = static_cast<std::uint32_t>(_mm_movemask_epi8(text));
    return high == 0 ? kBlock : static_cast<std::size_t>(std::countr_zero(high));
#elif defined(FASTGUARD_NEON)
    const uint8x16_t text = vld1q_u8(reinterpret_cast<const std::uint8_t*>(src));
    const uint8x16_t case_bit = vdupq_n_u8(0x20);
    const uint8x16_t letter = vcleq_u8(vsubq_u8(vorrq_u8(text, case_bit), vdupq_n_u8('a')), vdupq_n_u8(25));
    const uint8x16_t space = vcleq_u8(vsubq_u8(text, vdupq_n_u8('\t')), vdupq_n_u8(4));
    const uint8x16_t lower = vorrq_u8(text, vandq_u8(letter, case_bit));
    vst1q_u8(reinterpret_cast<std::uint8_t*>(dst), vbslq_u8(space, case_bit, lower));
    letters.add(letter);
    const std::uint64_t high = nibble_mask(vcgeq_u8(text, vdupq_n_u8(0x80)));
    return high == 0 ? kBlock : static_cast<std::size_t>(std::countr_zero(high)) / 4;
#else
    std::size_t prefix = kBlock;
    for (std::size_t k = kBlock; k-- > 0;) {
        const auto byte = static_cast<unsigned char>(src[k]);
        const bool letter = static_cast<unsigned char>((byte | 0x20) - 'a') < 26;
        const bool space = static_cast<unsigned char>(byte - '\t') < 5;
        dst[k] = static_cast<char>(space ? 0x20 : letter ? byte | 0x20 : byte);
        letters.add(letter);
        if (byte >= 0x80) prefix = k;
    }
    return prefix;
#endif
}

// Five Han characters of three bytes: the lowest value of each byte, and how far above it a byte may be.
alignas(16) inline constexpr std::uint8_t kHanLow[16] = {0xE4, 0x80, 0x80, 0xE4, 0x80, 0x80, 0xE4, 0x80,
                                                         0x80, 0xE4, 0x80, 0x80, 0xE4, 0x80, 0x80, 0};
alignas(16) inline constexpr std::uint8_t kHanSpan[16] = {5, 63, 63, 5, 63, 63, 5, 63, 63, 5, 63, 63, 5, 63, 63, 0};
// Bytes of whole characters in a number of bytes.
inline constexpr std::uint32_t kHanWhole[17] = {0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9, 12, 12, 12, 15, 15};

// Copies the Han characters E4 xx xx .. E9 xx xx at the start of a block, at most five. Writes 16 bytes and 16 origins;
// returns the number of bytes that count, a multiple of three.
inline std::size_t copy_han(const char* src, char* dst, std::uint32_t* origin, std::uint32_t first) noexcept {
#if defined(FASTGUARD_SSE2)
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(src));
    const __m128i from_low = _mm_sub_epi8(text, _mm_load_si128(reinterpret_cast<const __m128i*>(kHanLow)));
    const __m128i inside =
        _mm_cmpeq_epi8(_mm_min_epu8(from_low, _mm_load_si128(reinterpret_cast<const __m128i*>(kHanSpan))), from_low);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst), text);
    const __m128i base = _mm_set1_epi32(static_cast<int>(first));
    auto* to = reinterpret_cast<__m128i*>(origin);
    _mm_storeu_si128(to, _mm_add_epi32(base, _mm_setr_epi32(0, 0, 0, 3)));
    _mm_storeu_si128(to + 1, _mm_add_epi32(base, _mm_setr_epi32(3, 3, 6, 6)));
    _mm_storeu_si128(to + 2, _mm_add_epi32(base, _mm_setr_epi32(6, 9, 9, 9)));
    _mm_storeu_si128(to + 3, _mm_add_epi32(base, _mm_setr_epi32(12, 12, 12, 15)));
    const std::uint32_t outside = ~static_cast<std::uint32_t>(_mm_movemask_epi8(inside));
    return kHanWhole[std::countr_zero(outside)];
#else
    for (std::size_t k = 0; k < kBlock; ++k) origin[k] = first + kHanWhole[k];
    std::memcpy(dst, src, kBlock);
#if defined(FASTGUARD_NEON)
    const uint8x16_t text = vld1q_u8(reinterpret_cast<const std::uint8_t*>(src));
    const uint8x16_t inside = vcleq_u8(vsubq_u8(text, vld1q_u8(kHanLow)), vld1q_u8(kHanSpan));
    const std::uint64_t outside = ~nibble_mask(inside);
    return kHanWhole[outside == 0 ? 16 : std::countr_zero(outside) / 4];
#else
    std::size_t k = 0;
    while (k < kBlock && static_cast<std::uint8_t>(static_cast<std::uint8_t>(src[k]) - kHanLow[k]) <= kHanSpan[k]) ++k;
    return kHanWhole[k];
#endif
#endif
}

// Number of ASCII bytes at the start of a block.
inline std::size_t ascii_prefix(const char* src) noexcept {
#if defined(FASTGUARD_SSE2)
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(src));
    const std::uint32_t high = static_cast<std::uint32_t>(_mm_movemask_epi8(text)) | 0x10000U;
    return static_cast<std::size_t>(std::countr_zero(high));
#else
    std::uint64_t half[2];
    std::memcpy(half, src, sizeof half);
    if (((half[0] | half[1]) & 0x8080808080808080U) == 0) return kBlock;
    std::size_t k = 0;
    while (static_cast<unsigned char>(src[k]) < 0x80) ++k;
    return k;
#endif
}

// Writes first, first + 1, ... to 16 entries of an origin map.
inline void count_up(std::uint32_t* out, std::uint32_t first) noexcept {
#if defined(FASTGUARD_SSE2)
    const __m128i base = _mm_add_epi32(_mm_set1_epi32(static_cast<int>(first)), _mm_setr_epi32(0, 1, 2, 3));
    auto* to = reinterpret_cast<__m128i*>(out);
    _mm_storeu_si128(to, base);
    _mm_storeu_si128(to + 1, _mm_add_epi32(base, _mm_set1_epi32(4)));
    _mm_storeu_si128(to + 2, _mm_add_epi32(base, _mm_set1_epi32(8)));
    _mm_storeu_si128(to + 3, _mm_add_epi32(base, _mm_set1_epi32(12)));
#else
    for (std::uint32_t k = 0; k < kBlock; ++k) out[k] = first + k;
#endif
}

// Writes one value to four entries of an origin map.
inline void repeat4(std::uint32_t* out, std::uint32_t value) noexcept {
#if defined(FASTGUARD_SSE2)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_set1_epi32(static_cast<int>(value)));
#else
    for (int k = 0; k < 4; ++k) out[k] = value;
#endif
}

}  // namespace fastguard::ascii
