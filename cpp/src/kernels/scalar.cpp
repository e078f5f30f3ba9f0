// The readable kernel: what the others must equal on every input.
#include "kernel_sets.h"

#include <cstring>
#include "fastguard/features.h"

namespace fastguard::kernels {
namespace {

void classify(const char* source, std::size_t size, char* folded, const ByteMasks& masks, ByteCounts& counts) noexcept {
    for (std::size_t block = 0; block * kBlockBytes < size; ++block) {
        const std::size_t begin = block * kBlockBytes;
        const std::size_t end = begin + kBlockBytes < size ? begin + kBlockBytes : size;
        std::uint64_t word = 0;
        std::uint64_t high = 0;
        std::uint64_t digit = 0;
        std::uint64_t at = 0;
        std::uint64_t colon = 0;
        std::uint64_t leet = 0;
        std::uint64_t space = 0;
        std::uint64_t upper = 0;
        for (std::size_t i = begin; i < end; ++i) {
            const auto c = static_cast<unsigned char>(source[i]);
            const std::uint64_t bit = std::uint64_t{1} << (i - begin);
            const bool is_upper = c >= 'A' && c <= 'Z';
            const bool is_lower = c >= 'a' && c <= 'z';
            const bool is_digit = c >= '0' && c <= '9';
            const bool is_high = c >= 0x80;
            const bool is_blank = c >= '\t' && c <= '\r';
            folded[i] = is_upper ? static_cast<char>(c | 0x20) : is_blank ? ' ' : source[i];
            word |= (is_upper || is_lower || is_digit || is_high) ? bit : 0;
            high |= is_high ? bit : 0;
            digit |= is_digit ? bit : 0;
            at |= c == '@' ? bit : 0;
            colon |= c == ':' ? bit : 0;
            leet |= is_leet_symbol(c) ? bit : 0;
            space |= is_blank || c == ' ' ? bit : 0;
            upper |= is_upper ? bit : 0;
            counts.upper += is_upper;
            counts.digit += is_digit;
            counts.word += is_upper || is_lower || is_digit || is_high;
            counts.high += is_high;
            counts.space += is_blank || c == ' ';
            counts.newline += c == '\n';
            counts.control += (c < 0x20 && !is_blank) || c == 0x7F;
            counts.markup += is_markup(c);
            counts.marks |= kMarksOf[c];
        }
        masks.word[block] = word;
        masks.high[block] = high;
        masks.digit[block] = digit;
        masks.at[block] = at;
        masks.colon[block] = colon;
        masks.leet[block] = leet;
        masks.space[block] = space;
        masks.upper[block] = upper;
    }
}

template <std::size_t Width>
struct PlainSums {
    static constexpr std::size_t kWidth = Width;
    std::int32_t total[kGateLabels] = {};

    void add(const void* row) noexcept {
        std::int16_t weights[Width];
        std::memcpy(weights, row, sizeof weights);
        for (std::size_t label = 0; label < Width; ++label) {
            total[label] += weights[label];
        }
    }
    void store(std::int32_t* out) const noexcept { std::memcpy(out, total, sizeof total); }
};
using Sums = PlainSums<kGateLabels>;
using FewSums = PlainSums<kFewLabels>;

#define FASTGUARD_TARGET
#include "word_loops.inl"

}  // namespace

const Kernel scalar = {"scalar", &classify, &find_runs, &read_words};

}  // namespace fastguard::kernels
