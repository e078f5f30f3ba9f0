#include "fastguard/features.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fastguard {
namespace {

// An id from a hash: never 0, and never of the gate's row 0, which belongs to "no feature".
std::uint16_t id_of(std::uint64_t hash) noexcept {
    const auto id = static_cast<std::uint16_t>(hash >> 48U);
    return (id & kGateMask) == 0 ? static_cast<std::uint16_t>(id | 1U) : id;
}

// Bytes of the beginning that stands for a word's stem: 5 letters of one byte, 4 of two, 2 of three or four.
std::size_t prefix_size(unsigned char first) noexcept { return first < 0x80 ? 5 : first < 0xE0 ? 8 : 6; }

float entropy_of_sample(std::string_view text) noexcept {
    constexpr std::size_t kSample = 128;
    const std::size_t count = std::min(text.size(), kSample);
    if (count < 2) {
        return 0.0F;
    }
    const std::size_t step = text.size() / count;
    std::array<std::uint8_t, 256> seen{};
    for (std::size_t i = 0; i < count; ++i) {
        ++seen[static_cast<unsigned char>(text[i * step])];
    }
    static const std::array<float, kSample + 1> kLog2 = [] {
        std::array<float, kSample + 1> table{};
        for (std::size_t i = 1; i <= kSample; ++i) {
            table[i] = std::log2(static_cast<float>(i));
        }
        return table;
    }();
    float sum = 0.0F;
    for (std::size_t i = 0; i < count; ++i) {
        sum += kLog2[seen[static_cast<unsigned char>(text[i * step])]];
    }
    return kLog2[count] - sum / static_cast<float>(count);
}

// Share of words that occurred before, by a bitmap of hashes.
float repetition_of(std::span<const Token> tokens) noexcept {
    const std::size_t count = std::min<std::size_t>(tokens.size(), 512);
    if (count == 0) {
        return 0.0F;
    }
    std::array<std::uint64_t, 16> bits{};
    std::uint64_t distinct = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t hash = tokens[i].hash;
        std::uint64_t& word = bits[(hash >> 6U) & 15U];
        distinct += ~(word >> (hash & 63U)) & 1U;
        word |= std::uint64_t{1} << (hash & 63U);
    }
    return 1.0F - static_cast<float>(distinct) / static_cast<float>(count);
}

}  // namespace

void token_ids(std::string_view text, std::span<const Token> tokens, std::uint16_t* ids) noexcept {
    constexpr std::uint64_t kPair = 0xA0761D6478BD642FU;
    constexpr std::uint64_t kSpread = 0xE7037ED1A0B428DBU;
    std::uint64_t before = 0x51ED270B7B1F3C69U;  // the beginning of the text, as a word
    for (const Token& token : tokens) {
        ids[0] = id_of(token.hash * kSpread);
        ids[1] = id_of((token.hash ^ std::rotl(before, 23)) * kPair);
        const std::size_t prefix = prefix_size(static_cast<unsigned char>(text[token.begin]));
        ids[2] = token.size() > prefix ? id_of(hash_bytes(text.data() + token.begin, prefix) * kPair) : 0;
        before = token.hash;
        ids += kFeatureSlots;
    }
}

DenseFeatures dense_features(std::string_view text, std::span<const Token> tokens, const ByteCounts& counts,
                             const TextFacts& facts) noexcept {
    const auto number = [](std::uint64_t value) { return static_cast<float>(value); };
    // A count says as much in a long text as the same share of a text of kLongText bytes; so does the length itself.
    constexpr std::uint64_t kLongText = 4096;
    const auto in_long_text = [&](std::uint64_t count) {
        return facts.size <= kLongText ? number(count) : number(count) * number(kLongText) / number(facts.size);
    };
    const float share = facts.size == 0 ? 0.0F : 1.0F / number(facts.size);
    const std::uint64_t other = counts.word + counts.space + counts.control;
    const std::uint64_t punctuation = facts.size > other ? facts.size - other : 0;
    std::uint32_t longest = 0;
    for (const Token& token : tokens) {
        longest = std::max(longest, token.size());
    }
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
            entropy_of_sample(text) / 8.0F,
            repetition_of(tokens),
            std::log2(1.0F + in_long_text(facts.invisible)) / 8.0F,
            number(facts.scripts) / 4.0F,
            std::log2(1.0F + in_long_text(facts.confusable)) / 8.0F,
            std::min(2.0F, number(counts.word) / words / 16.0F),
            std::log2(1.0F + number(longest)) / 8.0F};
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
