// NEON (every AArch64 CPU has it): 64 bytes a round as four vectors, masks made by pairwise adds.
#include "fastguard/features.h"
#include "kernel_sets.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <cstring>

namespace fastguard::kernels {
namespace {

struct Block {
    uint8x16_t part[4];
};

// One bit per byte of four byte masks (0x00 or 0xFF), byte 0 lowest.
inline std::uint64_t bits(const Block& mask) noexcept {
    static const std::uint8_t kWeights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t weight = vld1q_u8(kWeights);
    const uint8x16_t a = vpaddq_u8(vandq_u8(mask.part[0], weight), vandq_u8(mask.part[1], weight));
    const uint8x16_t b = vpaddq_u8(vandq_u8(mask.part[2], weight), vandq_u8(mask.part[3], weight));
    const uint8x16_t c = vpaddq_u8(a, b);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(c, c)), 0);
}

template <class F>
inline Block map(const Block& in, F f) noexcept {
    return {{f(in.part[0]), f(in.part[1]), f(in.part[2]), f(in.part[3])}};
}

inline uint8x16_t in_range(uint8x16_t v, std::uint8_t low, std::uint8_t high) noexcept {
    return vandq_u8(vcgeq_u8(v, vdupq_n_u8(low)), vcleq_u8(v, vdupq_n_u8(high)));
}

inline std::uint64_t equals(const Block& in, char c) noexcept {
    return bits(map(in, [c](uint8x16_t v) { return vceqq_u8(v, vdupq_n_u8(static_cast<std::uint8_t>(c))); }));
}

inline std::uint64_t any_of(const Block& in, const char* members) noexcept {
    Block found = map(in, [](uint8x16_t) { return vdupq_n_u8(0); });
    for (; *members != '\0'; ++members) {
        const uint8x16_t c = vdupq_n_u8(static_cast<std::uint8_t>(*members));
        for (int i = 0; i < 4; ++i) {
            found.part[i] = vorrq_u8(found.part[i], vceqq_u8(in.part[i], c));
        }
    }
    return bits(found);
}

inline uint8x16_t marks_of(const Block& in, const MarkTable& marks) noexcept {
    const uint8x16_t low = vld1q_u8(marks.low.data());
    const uint8x16_t high = vld1q_u8(marks.high.data());
    uint8x16_t found = vdupq_n_u8(0);
    for (const uint8x16_t part : in.part) {
        found = vorrq_u8(
            found, vandq_u8(vqtbl1q_u8(low, vandq_u8(part, vdupq_n_u8(0x0F))), vqtbl1q_u8(high, vshrq_n_u8(part, 4))));
    }
    return found;
}

// All bits that any byte has.
inline std::uint32_t any_byte(uint8x16_t v) noexcept {
    const uint64x2_t halves = vreinterpretq_u64_u8(v);
    std::uint64_t bits = vgetq_lane_u64(halves, 0) | vgetq_lane_u64(halves, 1);
    bits |= bits >> 32U;
    bits |= bits >> 16U;
    return static_cast<std::uint32_t>(bits | bits >> 8U) & 0xFFU;
}

inline std::uint64_t ones(std::uint64_t mask) noexcept {
    return static_cast<std::uint64_t>(__builtin_popcountll(mask));
}

void classify(const char* source, std::size_t size, char* folded, const ByteMasks& masks, ByteCounts& counts) noexcept {
    std::uint8_t tail[kBlockBytes];
    uint8x16_t first_marks = vdupq_n_u8(0);
    uint8x16_t last_marks = vdupq_n_u8(0);
    for (std::size_t block = 0; block * kBlockBytes < size; ++block) {
        const std::size_t begin = block * kBlockBytes;
        const auto* in = reinterpret_cast<const std::uint8_t*>(source) + begin;
        std::uint64_t valid = ~std::uint64_t{0};
        if (size - begin < kBlockBytes) {
            std::memset(tail, 0, sizeof tail);
            std::memcpy(tail, in, size - begin);
            in = tail;
            valid = (std::uint64_t{1} << (size - begin)) - 1;
        }
        const Block v = {{vld1q_u8(in), vld1q_u8(in + 16), vld1q_u8(in + 32), vld1q_u8(in + 48)}};
        const Block upper = map(v, [](uint8x16_t x) { return in_range(x, 'A', 'Z'); });
        const Block blank = map(v, [](uint8x16_t x) { return in_range(x, '\t', '\r'); });
        Block lowered;
        auto* out = reinterpret_cast<std::uint8_t*>(folded) + begin;
        for (int i = 0; i < 4; ++i) {
            lowered.part[i] = vorrq_u8(v.part[i], vandq_u8(upper.part[i], vdupq_n_u8(0x20)));
            vst1q_u8(out + 16 * i, vbslq_u8(blank.part[i], vdupq_n_u8(' '), lowered.part[i]));
        }
        const std::uint64_t blank_bits = bits(blank);
        const std::uint64_t high = bits(map(v, [](uint8x16_t x) { return vcgeq_u8(x, vdupq_n_u8(0x80)); }));
        const std::uint64_t digit = bits(map(v, [](uint8x16_t x) { return in_range(x, '0', '9'); }));
        const std::uint64_t letter = bits(map(lowered, [](uint8x16_t x) { return in_range(x, 'a', 'z'); }));
        const std::uint64_t low = bits(map(v, [](uint8x16_t x) { return vcltq_u8(x, vdupq_n_u8(0x20)); }));
        const std::uint64_t control = ((low & ~blank_bits) | equals(v, 0x7F)) & valid;
        masks.word[block] = high | digit | letter;
        masks.high[block] = high;
        masks.digit[block] = digit;
        masks.at[block] = equals(v, '@');
        masks.colon[block] = equals(v, ':');
        masks.leet[block] = any_of(v, "@$!|+");
        const std::uint64_t space = blank_bits | equals(v, ' ');
        masks.space[block] = space;
        masks.upper[block] = bits(upper);
        counts.upper += ones(masks.upper[block]);
        counts.digit += ones(digit);
        counts.word += ones(high | digit | letter);
        counts.high += ones(high);
        counts.space += ones(space);
        counts.newline += ones(equals(v, '\n'));
        counts.control += ones(control);
        counts.markup += ones(any_of(v, "<>{}[]|`#*=/\\"));
        first_marks = vorrq_u8(first_marks, marks_of(v, kFirstMarks));
        last_marks = vorrq_u8(last_marks, marks_of(v, kLastMarks));
    }
    counts.marks |= any_byte(first_marks) | any_byte(last_marks) << 8U;
}

struct Sums {
    static constexpr std::size_t kWidth = kGateLabels;
    int32x4_t low = vdupq_n_s32(0);
    int32x4_t high = vdupq_n_s32(0);

    void add(const void* row) noexcept {
        const int16x8_t weights = vld1q_s16(static_cast<const std::int16_t*>(row));
        low = vaddw_s16(low, vget_low_s16(weights));
        high = vaddw_high_s16(high, weights);
    }
    void store(std::int32_t* out) const noexcept {
        vst1q_s32(out, low);
        vst1q_s32(out + 4, high);
    }
};

struct FewSums {
    static constexpr std::size_t kWidth = kFewLabels;
    int32x4_t total = vdupq_n_s32(0);

    void add(const void* row) noexcept { total = vaddw_s16(total, vld1_s16(static_cast<const std::int16_t*>(row))); }
    void store(std::int32_t* out) const noexcept {
        vst1q_s32(out, total);
        vst1q_s32(out + 4, vdupq_n_s32(0));
    }
};

#define FASTGUARD_TARGET
#include "word_loops.inl"

}  // namespace

const Kernel neon = {"neon", &classify, &find_runs, &read_words};

}  // namespace fastguard::kernels

#endif
