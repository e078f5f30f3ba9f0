#include "fastguard/features.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fastguard {
namespace {

// log2(1 + value): most counts are small, and the library's logarithm takes as long as a word's features.
float log_of(float value) noexcept {
    static const std::array<float, 64> kSmall = [] {
        std::array<float, 64> table{};
        for (std::size_t i = 0; i < table.size(); ++i) {
            table[i] = std::log2(1.0F + static_cast<float>(i));
        }
        return table;
    }();
    const auto whole = static_cast<std::uint32_t>(value);
    return value < static_cast<float>(kSmall.size()) && static_cast<float>(whole) == value ? kSmall[whole]
                                                                                           : std::log2(1.0F + value);
}

// Share of the first words that occurred before.
float repetition_of(std::size_t words, std::uint32_t distinct) noexcept {
    const std::size_t looked_at = std::min(words, kRepeatWords);
    return looked_at == 0 ? 0.0F : 1.0F - static_cast<float>(distinct) / static_cast<float>(looked_at);
}

}  // namespace

DenseFeatures dense_features(std::size_t words, const ByteCounts& counts, const TextFacts& facts) noexcept {
    const auto number = [](std::uint64_t value) { return static_cast<float>(value); };
    // A count says as much in a long text as the same share of a text of kLongText bytes; so does the length itself.
    constexpr std::uint64_t kLongText = 4096;
    const auto in_long_text = [&](std::uint64_t count) {
        return facts.size <= kLongText ? number(count) : number(count) * number(kLongText) / number(facts.size);
    };
    const float share = facts.size == 0 ? 0.0F : 1.0F / number(facts.size);
    const std::uint64_t other = counts.word + counts.space + counts.control;
    const std::uint64_t punctuation = facts.size > other ? facts.size - other : 0;
    return {log_of(number(std::min(facts.size, kLongText))) / 16.0F,
            number(counts.upper) * share,
            number(counts.digit) * share,
            number(punctuation) * share,
            number(counts.space) * share,
            number(counts.high) * share,
            number(counts.control) * share,
            number(counts.newline) * share,
            number(counts.markup) * share,
            std::min(1.0F, number(facts.glued) * share),
            repetition_of(words, facts.distinct),
            log_of(in_long_text(facts.invisible)) / 8.0F,
            number(facts.scripts) / 4.0F,
            log_of(in_long_text(facts.confusable)) / 8.0F,
            std::min(2.0F, number(counts.word) / std::max(1.0F, number(words)) / 16.0F),
            log_of(number(facts.longest)) / 8.0F};
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
