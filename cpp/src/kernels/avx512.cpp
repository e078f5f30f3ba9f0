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

FASTGUARD_AVX512 inline std::uint64_t ones(std::uint64_t mask) noexcept {
    return static_cast<std::uint64_t>(_mm_popcnt_u64(mask));
}

FASTGUARD_AVX512 void classify(const char* source, std::size_t size, char* folded, const ByteMasks& masks,
                               ByteCounts& counts) noexcept {
    const __m512i space_char = _mm512_set1_epi8(' ');
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
        counts.upper += ones(upper);
        counts.digit += ones(digit);
        counts.word += ones(word);
        counts.high += ones(high);
        counts.space += ones(blank | equals(v, ' '));
        counts.newline += ones(equals(v, '\n'));
        counts.control += ones(control & valid);
        counts.markup += ones(any_of(v, "<>{}[]|`#*=/\\"));
    }
}

#define FASTGUARD_TARGET FASTGUARD_AVX512
#include "sums256.inl"
#include "word_loops.inl"

}  // namespace

const Kernel avx512 = {"avx512", &classify, &find_runs, &read_words};

}  // namespace fastguard::kernels

#endif
