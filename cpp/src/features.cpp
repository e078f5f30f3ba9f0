#include "fastguard/features.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fastguard {
namespace {

// Share of words that occurred before, by a bitmap of hashes.
float repetition_of(std::span<const Token> tokens) noexcept {
    const std::size_t count = std::min<std::size_t>(tokens.size(), 512);
    if (count == 0) {
        return 0.0F;
    }
    // A byte for each of 1,024 values of a hash, written without a look at what is there.
    alignas(std::uint64_t) std::array<std::uint8_t, 1024> seen{};
    for (std::size_t i = 0; i < count; ++i) {
        seen[tokens[i].hash % seen.size()] = 1;
    }
    std::uint32_t distinct = 0;
    for (const std::uint8_t value : seen) {
        distinct += value;
    }
    return 1.0F - static_cast<float>(distinct) / static_cast<float>(count);
}

}  // namespace

DenseFeatures dense_features(std::span<const Token> tokens, const ByteCounts& counts, const TextFacts& facts) noexcept {
    const auto number = [](std::uint64_t value) { return static_cast<float>(value); };
    // A count says as much in a long text as the same share of a text of kLongText bytes; so does the length itself.
    constexpr std::uint64_t kLongText = 4096;
    const auto in_long_text = [&](std::uint64_t count) {
        return facts.size <= kLongText ? number(count) : number(count) * number(kLongText) / number(facts.size);
    };
    const float share = facts.size == 0 ? 0.0F : 1.0F / number(facts.size);
    const std::uint64_t other = counts.word + counts.space + counts.control;
    const std::uint64_t punctuation = facts.size > other ? facts.size - other : 0;
    const float words = std::max(1.0F, number(tokens.size()));
    return {std::log2(1.0F + number(std::min(facts.size, kLongText))) / 16.0F,
            number(counts.upper) * share,
            number(counts.digit) * share,
            number(punctuation) * share,
            number(counts.space) * share,
            number(counts.high) * share,
            number(counts.control) * share,
            number(counts.newline) * share,
            number(counts.markup) * share,
            std::min(1.0F, number(facts.glued) * share),
            repetition_of(tokens),
            std::log2(1.0F + in_long_text(facts.invisible)) / 8.0F,
            number(facts.scripts) / 4.0F,
            std::log2(1.0F + in_long_text(facts.confusable)) / 8.0F,
            std::min(2.0F, number(counts.word) / words / 16.0F),
            std::log2(1.0F + number(facts.longest)) / 8.0F};
}

std::uint32_t leet_positions(const ByteMasks& masks, std::size_t size) noexcept {
    const std::size_t blocks = (size + kBlockBytes - 1) / kBlockBytes;
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < blocks; ++i) {
        const std::uint64_t digit = masks.digit[i];
        const std::uint64_t symbol = masks.leet[i];
        if ((digit | symbol) == 0) {
            continue;
        }
        // Across a block's edge nothing is counted: the number is a trigger, not a measure.
        const std::uint64_t letter = masks.word[i] & ~digit;
        const std::uint64_t after = letter << 1U;
        const std::uint64_t before = letter >> 1U;
        found += static_cast<std::uint32_t>(std::popcount(digit & (after | before)));
        found += 2U * static_cast<std::uint32_t>(std::popcount(symbol & after & before));
    }
    return found;
}

}  // namespace fastguard
