// When the skeleton view is worth making.
#include "fastguard/reading.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fastguard {
namespace {

constexpr std::size_t kWordBytes = 48;  // of a leetspeak word that are looked at
constexpr std::size_t kMaxWords = 64;   // words looked at before the whole text is taken as disguised

constexpr std::uint32_t bit(Script script) noexcept { return 1U << static_cast<unsigned>(script); }

// Scripts of which honest text is full of letters that look like ASCII ones.
constexpr std::uint32_t kLookAlikeScripts = bit(Script::cyrillic) | bit(Script::greek) | bit(Script::other_letter);

bool letter_like(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 'a' && u <= 'z') || (u >= '0' && u <= '9') || u >= 0x80 || u == '@' || u == '$' || u == '!' ||
           u == '|' || u == '+';
}

// The word around byte `at` of folded text, with the symbols that may stand for letters in it.
std::string_view word_around(std::string_view text, std::size_t at) noexcept {
    std::size_t begin = at;
    std::size_t end = at + 1;
    while (begin > 0 && at - begin < kWordBytes / 2 && letter_like(text[begin - 1])) {
        --begin;
    }
    while (end < text.size() && end - at < kWordBytes / 2 && letter_like(text[end])) {
        ++end;
    }
    return text.substr(begin, end - begin);
}

// Whether one of the words that the skeleton of `word` falls into may be a word of a concept.
bool skeleton_known(std::string_view word, const ConceptTable& concepts) noexcept {
    char skeleton[4 * kWordBytes + 64 + kBlockBytes];
    std::uint32_t origin[4 * kWordBytes + 65];
    const std::size_t size = skeleton_of_folded(word.data(), word.size(), nullptr, skeleton, origin);
    std::memset(skeleton + size, 0, 16);
    std::uint64_t masks[6 * (4 * kWordBytes / kBlockBytes + 2)];
    constexpr std::size_t kBlocks = 4 * kWordBytes / kBlockBytes + 2;
    const ByteMasks words = {
        masks, masks + kBlocks, masks + 2 * kBlocks, masks + 3 * kBlocks, masks + 4 * kBlocks, masks + 5 * kBlocks};
    ByteCounts counts;
    active_kernel().classify(skeleton, size, skeleton, words, counts);
    Token tokens[token_bound(4 * kWordBytes)];
    const std::size_t count = tokenize({skeleton, size}, words, counts.high == 0, tokens);
    return std::any_of(tokens, tokens + count, [&](const Token& token) {
        return concepts.knows(std::string_view(skeleton, size).substr(token.begin, token.size()));
    });
}

}  // namespace

bool is_disguised(const Reading& reading, const ConceptTable& concepts) noexcept {
    const FoldStats& stats = reading.stats;
    if (stats.mixed > 0 || (stats.confusables > 0 && (stats.scripts & kLookAlikeScripts) == 0)) {
        return true;
    }
    if (reading.leet == 0) {
        return false;
    }
    const std::string_view text = reading.folded.bytes;
    const ByteMasks& masks = reading.folded_masks;
    std::size_t looked_at = 0;
    std::size_t done = 0;  // bytes of the text before here were part of a word looked at
    for (std::size_t block = 0; block * kBlockBytes < text.size(); ++block) {
        // A digit beside a letter, a symbol between two; the neighbours across a block's edge are taken as letters.
        const std::uint64_t letter = masks.word[block] & ~masks.digit[block];
        const std::uint64_t before = (letter << 1U) | 1U;
        const std::uint64_t after = (letter >> 1U) | (std::uint64_t{1} << 63U);
        std::uint64_t marks = (masks.digit[block] & (before | after)) | (masks.leet[block] & before & after);
        for (; marks != 0; marks &= marks - 1) {
            const std::size_t at = block * kBlockBytes + static_cast<std::size_t>(std::countr_zero(marks));
            if (at < done) {
                continue;
            }
            const std::string_view word = word_around(text, at);
            done = static_cast<std::size_t>(word.data() - text.data()) + word.size();
            if (++looked_at > kMaxWords || skeleton_known(word, concepts)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace fastguard
