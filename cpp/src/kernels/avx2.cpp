// AVX2: 64 bytes a round as two vectors. Only the functions below are compiled for AVX2 (attributes, no file flags).
#include "fastguard/features.h"
#include "kernel_sets.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <cstring>

#define FASTGUARD_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

namespace fastguard::kernels {
namespace {

FASTGUARD_AVX2 inline std::uint64_t join(__m256i low, __m256i high) noexcept {
    const auto a = static_cast<std::uint32_t>(_mm256_movemask_epi8(low));
    const auto b = static_cast<std::uint32_t>(_mm256_movemask_epi8(high));
    return std::uint64_t{a} | (std::uint64_t{b} << 32U);
}

// Bytes in [low, high], both ASCII; bytes >= 0x80 are negative and never inside.
FASTGUARD_AVX2 inline __m256i in_range(__m256i v, char low, char high) noexcept {
    return _mm256_and_si256(_mm256_cmpgt_epi8(v, _mm256_set1_epi8(static_cast<char>(low - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(high + 1)), v));
}

FASTGUARD_AVX2 inline __m256i equals(__m256i v, char c) noexcept { return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)); }

// A set of ASCII bytes as a 16 x 8 table by nibbles: a byte is in it where low[c & 15] & kHighNibble[c >> 4] is not 0.
struct alignas(32) Nibbles {
    char low[32];
};

// High-nibble bits: 2x = 1, 3x = 2, 4x = 4, 5x = 8, 6x = 16, 7x = 32; 0 for controls and bytes >= 0x80.
constexpr Nibbles kHighNibble = {
    {0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0}};

constexpr Nibbles make_set(std::string_view members) noexcept {
    Nibbles set{};
    for (const char member : members) {
        const auto c = static_cast<unsigned char>(member);
        set.low[c & 15U] = static_cast<char>(set.low[c & 15U] | kHighNibble.low[c >> 4U]);
        set.low[16U + (c & 15U)] = set.low[c & 15U];
    }
    return set;
}
constexpr Nibbles kMarkup = make_set("<>{}[]|`#*=/\\");
constexpr Nibbles kLeet = make_set("@$!|+");

FASTGUARD_AVX2 inline __m256i in_set(__m256i v, const Nibbles& set) noexcept {
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    const __m256i low =
        _mm256_shuffle_epi8(_mm256_load_si256(reinterpret_cast<const __m256i*>(set.low)), _mm256_and_si256(v, nibble));
    const __m256i high = _mm256_shuffle_epi8(_mm256_load_si256(reinterpret_cast<const __m256i*>(kHighNibble.low)),
                                             _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
    return _mm256_cmpgt_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256());
}

struct Classes {
    __m256i folded;
    __m256i upper;
    __m256i word;
    __m256i digit;
    __m256i space;
    __m256i control;
};

FASTGUARD_AVX2 inline Classes classes_of(__m256i v) noexcept {
    const __m256i space_char = _mm256_set1_epi8(' ');
    Classes c;
    c.upper = in_range(v, 'A', 'Z');
    const __m256i blank = in_range(v, '\t', '\r');
    const __m256i lowered = _mm256_or_si256(v, _mm256_and_si256(c.upper, space_char));
    c.folded = _mm256_blendv_epi8(lowered, space_char, blank);
    c.digit = in_range(v, '0', '9');
    const __m256i letter = in_range(lowered, 'a', 'z');
    c.word = _mm256_or_si256(_mm256_or_si256(letter, c.digit), v);  // the sign bit of v marks bytes >= 0x80
    c.space = _mm256_or_si256(blank, _mm256_cmpeq_epi8(v, space_char));
    const __m256i low = _mm256_and_si256(_mm256_cmpgt_epi8(space_char, v), _mm256_cmpgt_epi8(v, _mm256_set1_epi8(-1)));
    c.control = _mm256_or_si256(_mm256_andnot_si256(blank, low), equals(v, 0x7F));
    return c;
}

// A nibble table in both halves of a vector.
FASTGUARD_AVX2 inline __m256i table(const std::array<std::uint8_t, 16>& nibbles) noexcept {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(nibbles.data())));
}

FASTGUARD_AVX2 inline __m256i marks_of(__m256i v, const MarkTable& marks) noexcept {
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    const __m256i low = _mm256_shuffle_epi8(table(marks.low), _mm256_and_si256(v, nibble));
    const __m256i high = _mm256_shuffle_epi8(table(marks.high), _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
    return _mm256_and_si256(low, high);
}

// All bits that any byte has.
FASTGUARD_AVX2 inline std::uint32_t any_byte(__m256i v) noexcept {
    __m128i all = _mm_or_si128(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    all = _mm_or_si128(all, _mm_srli_si128(all, 8));
    all = _mm_or_si128(all, _mm_srli_si128(all, 4));
    auto bits = static_cast<std::uint32_t>(_mm_cvtsi128_si32(all));
    bits |= bits >> 16U;
    return (bits | bits >> 8U) & 0xFFU;
}

FASTGUARD_AVX2 inline std::uint64_t ones(std::uint64_t mask) noexcept {
    return static_cast<std::uint64_t>(_mm_popcnt_u64(mask));
}

FASTGUARD_AVX2 void classify(const char* source, std::size_t size, char* folded, const ByteMasks& masks,
                             ByteCounts& counts) noexcept {
    alignas(32) char tail[kBlockBytes];
    __m256i first_marks = _mm256_setzero_si256();
    __m256i last_marks = _mm256_setzero_si256();
    for (std::size_t block = 0; block * kBlockBytes < size; ++block) {
        const std::size_t begin = block * kBlockBytes;
        const char* in = source + begin;
        std::uint64_t valid = ~std::uint64_t{0};
        if (size - begin < kBlockBytes) {
            std::memset(tail, 0, sizeof tail);
            std::memcpy(tail, in, size - begin);
            in = tail;
            valid = (std::uint64_t{1} << (size - begin)) - 1;
        }
        const __m256i v0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
        const __m256i v1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + 32));
        const Classes a = classes_of(v0);
        const Classes b = classes_of(v1);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(folded + begin), a.folded);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(folded + begin + 32), b.folded);
        const std::uint64_t word = join(a.word, b.word);
        const std::uint64_t high = join(v0, v1);
        const std::uint64_t digit = join(a.digit, b.digit);
        masks.word[block] = word;
        masks.high[block] = high;
        masks.digit[block] = digit;
        masks.at[block] = join(equals(v0, '@'), equals(v1, '@'));
        masks.colon[block] = join(equals(v0, ':'), equals(v1, ':'));
        masks.leet[block] = join(in_set(v0, kLeet), in_set(v1, kLeet));
        const std::uint64_t space = join(a.space, b.space);
        masks.space[block] = space;
        const std::uint64_t upper = join(a.upper, b.upper);
        masks.upper[block] = upper;
        counts.upper += ones(upper);
        counts.digit += ones(digit);
        counts.word += ones(word);
        counts.high += ones(high);
        counts.space += ones(space);
        counts.newline += ones(join(equals(v0, '\n'), equals(v1, '\n')));
        counts.control += ones(join(a.control, b.control) & valid);  // the padding is NUL, a control
        counts.markup += ones(join(in_set(v0, kMarkup), in_set(v1, kMarkup)));
        first_marks = _mm256_or_si256(first_marks, marks_of(v0, kFirstMarks));
        first_marks = _mm256_or_si256(first_marks, marks_of(v1, kFirstMarks));
        last_marks = _mm256_or_si256(last_marks, marks_of(v0, kLastMarks));
        last_marks = _mm256_or_si256(last_marks, marks_of(v1, kLastMarks));
    }
    counts.marks |= any_byte(first_marks) | any_byte(last_marks) << 8U;
}

#define FASTGUARD_TARGET FASTGUARD_AVX2
#include "sums256.inl"
#include "word_loops.inl"

}  // namespace

const Kernel avx2 = {"avx2", &classify, &find_runs, &read_words};

}  // namespace fastguard::kernels

#endif
