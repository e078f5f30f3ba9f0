// AVX-512 (F, BW, VL): comparisons give the bit masks directly. Used only where FASTGUARD_KERNEL asks for it.
#include "fastguard/features.h"
#include "kernel_sets.h"

#if defined(__x86_64__)

#include <immintrin.h>

// GCC 12's own AVX-512 headers read a deliberately undefined vector, which it then reports in our functions.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define FASTGUARD_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,bmi,bmi2,popcnt")))

namespace fastguard::kernels {
namespace {

FASTGUARD_AVX512 inline std::uint64_t in_range(__m512i v, char low, char high) noexcept {
    return _mm512_cmpge_epi8_mask(v, _mm512_set1_epi8(low)) & _mm512_cmple_epi8_mask(v, _mm512_set1_epi8(high));
}

FASTGUARD_AVX512 inline std::uint64_t equals(__m512i v, char c) noexcept {
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c));
}

FASTGUARD_AVX512 inline std::uint64_t any_of(__m512i v, const char* members) noexcept {
    std::uint64_t mask = 0;
    for (; *members != '\0'; ++members) {
        mask |= equals(v, *members);
    }
    return mask;
}

FASTGUARD_AVX512 inline __m512i table(const std::array<std::uint8_t, 16>& nibbles) noexcept {
    return _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(nibbles.data())));
}

FASTGUARD_AVX512 inline __m512i marks_of(__m512i v, const MarkTable& marks) noexcept {
    const __m512i nibble = _mm512_set1_epi8(0x0F);
    const __m512i low = _mm512_shuffle_epi8(table(marks.low), _mm512_and_si512(v, nibble));
    const __m512i high = _mm512_shuffle_epi8(table(marks.high), _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble));
    return _mm512_and_si512(low, high);
}

// All bits that any byte has.
FASTGUARD_AVX512 inline std::uint32_t any_byte(__m512i v) noexcept {
    auto bits = static_cast<std::uint32_t>(_mm512_reduce_or_epi32(v));
    bits |= bits >> 16U;
    return (bits | bits >> 8U) & 0xFFU;
}

FASTGUARD_AVX512 inline std::uint64_t ones(std::uint64_t mask) noexcept {
    return static_cast<std::uint64_t>(_mm_popcnt_u64(mask));
}

FASTGUARD_AVX512 void classify(const char* source, std::size_t size, char* folded, const ByteMasks& masks,
                               ByteCounts& counts) noexcept {
    const __m512i space_char = _mm512_set1_epi8(' ');
    __m512i first_marks = _mm512_setzero_si512();
    __m512i last_marks = _mm512_setzero_si512();
    for (std::size_t block = 0; block * kBlockBytes < size; ++block) {
        const std::size_t begin = block * kBlockBytes;
        const std::size_t left = size - begin;
        const std::uint64_t valid = left >= kBlockBytes ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
        const __m512i v = _mm512_maskz_loadu_epi8(valid, source + begin);
        const std::uint64_t upper = in_range(v, 'A', 'Z');
        const std::uint64_t blank = in_range(v, '\t', '\r');
        const __m512i lowered = _mm512_mask_add_epi8(v, upper, v, space_char);
        _mm512_mask_storeu_epi8(folded + begin, valid, _mm512_mask_mov_epi8(lowered, blank, space_char));
        const std::uint64_t high = _mm512_movepi8_mask(v);
        const std::uint64_t digit = in_range(v, '0', '9');
        const std::uint64_t word = high | digit | in_range(lowered, 'a', 'z');
        const std::uint64_t control = (in_range(v, 0, 0x1F) & ~blank) | equals(v, 0x7F);
        masks.word[block] = word;
        masks.high[block] = high;
        masks.digit[block] = digit;
        masks.at[block] = equals(v, '@');
        masks.colon[block] = equals(v, ':');
        masks.leet[block] = any_of(v, "@$!|+");
        const std::uint64_t space = blank | equals(v, ' ');
        masks.space[block] = space;
        masks.upper[block] = upper;
        counts.upper += ones(upper);
        counts.digit += ones(digit);
        counts.word += ones(word);
        counts.high += ones(high);
        counts.space += ones(space);
        counts.newline += ones(equals(v, '\n'));
        counts.control += ones(control & valid);
        counts.markup += ones(any_of(v, "<>{}[]|`#*=/\\"));
        first_marks = _mm512_or_si512(first_marks, marks_of(v, kFirstMarks));
        last_marks = _mm512_or_si512(last_marks, marks_of(v, kLastMarks));
    }
    counts.marks |= any_byte(first_marks) | any_byte(last_marks) << 8U;
}

#define FASTGUARD_TARGET FASTGUARD_AVX512
#include "sums256.inl"
#include "word_loops.inl"

}  // namespace

const Kernel avx512 = {"avx512", &classify, &find_runs, &read_words};

}  // namespace fastguard::kernels

#endif
