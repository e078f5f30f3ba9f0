// When the skeleton view is worth making.
#include "fastguard/reading.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fastguard {
namespace {

constexpr std::size_t kWordBytes = 48;  // of a word that are looked at
constexpr std::size_t kMaxWords = 128;  // words looked at before the rest of the text is taken as disguised

// Folded tokens on either side of a disguised word that a phrase with it, or its veto, may reach. A token of the
// skeleton is one or more of the folded view (p@ss is two), rarely more than two.
constexpr std::size_t kReach = 2 * (kMaxWithin + kUnlessBefore + kMaxEntryTokens);

constexpr std::uint32_t bit(Script script) noexcept { return 1U << static_cast<unsigned>(script); }

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
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (std::all_of(skeleton, skeleton + size, plain)) {
        return concepts.knows({skeleton, size});
    }
    constexpr std::size_t kBlocks = 4 * kWordBytes / kBlockBytes + 2;
    std::uint64_t masks[ByteMasks::kCount * kBlocks];
    const ByteMasks words = ByteMasks::in(masks, kBlocks);
    ByteCounts counts;
    active_kernel().classify(skeleton, size, skeleton, words, counts);
    Token tokens[token_bound(4 * kWordBytes)];
    const std::size_t count = tokenize({skeleton, size}, words, counts.high == 0, tokens);
    return std::any_of(tokens, tokens + count, [&](const Token& token) {
        return concepts.knows(std::string_view(skeleton, size).substr(token.begin, token.size()));
    });
}

// Marks of one block of 64 bytes at which a disguised letter may stand.
class Marks {
  public:
    explicit Marks(const Reading& reading) noexcept
        : masks_(reading.folded_masks),
          blocks_((reading.folded.bytes.size() + kBlockBytes - 1) / kBlockBytes),
          leet_(reading.leet > 0),
          beside_(reading.stats.mixed),
          alone_((reading.stats.confusables > 0 &&
                  (reading.stats.scripts & ~(bit(Script::latin) | bit(Script::none))) == 0) ||
                 borrows_letters(reading.stats, reading.counts.high)) {}

    [[nodiscard]] bool none() const noexcept { return !leet_ && !beside_ && !alone_; }

    [[nodiscard]] std::uint64_t of(std::size_t block) const noexcept {
        const std::uint64_t high = masks_.high[block];
        const std::uint64_t digit = masks_.digit[block];
        const std::uint64_t symbol = masks_.leet[block];
        if (((digit | symbol) == 0 || !leet_) && (high == 0 || !beside_)) {
            return alone_ ? high : 0;
        }
        const std::uint64_t here = letters(block);
        const std::uint64_t before = (here << 1U) | (block == 0 ? 0 : letters(block - 1) >> 63U);
        const std::uint64_t after = (here >> 1U) | (block + 1 == blocks_ ? 0 : letters(block + 1) << 63U);
        // A digit beside an ASCII letter, a symbol between two, another script's letter beside one.
        const std::uint64_t leet = (digit & (before | after)) | (symbol & before & after);
        return (leet_ ? leet : 0) | (beside_ ? high & (before | after) : 0) | (alone_ ? high : 0);
    }

  private:
    [[nodiscard]] std::uint64_t letters(std::size_t block) const noexcept {
        return masks_.word[block] & ~masks_.digit[block] & ~masks_.high[block];
    }

    const ByteMasks& masks_;
    std::size_t blocks_;
    bool leet_;
    bool beside_;
    bool alone_;
};

// Whether byte `at` belongs to a character that the skeleton shows as another one.
bool changes(std::string_view text, std::size_t at) noexcept {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
        return true;
    }
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) {
        --at;
    }
    char skeleton[64 + 8];
    std::uint32_t origin[65];
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const std::size_t size = skeleton_of_folded(text.data() + at, length, nullptr, skeleton, origin);
    return std::string_view(skeleton, size) != text.substr(at, length);
}

// The parts so far, each around one or more words.
class PartList {
  public:
    PartList(const Reading& reading, std::span<Part, kMaxParts> parts) noexcept : reading_(reading), parts_(parts) {}

    // Adds the surroundings of byte `at`, or all the text from there on. Called from left to right.
    void add(std::size_t at, bool to_the_end) noexcept {
        const auto tokens = reading_.tokens;
        const auto size = static_cast<std::uint32_t>(reading_.folded.bytes.size());
        const auto here =
            std::partition_point(tokens.begin(), tokens.end(), [at](const Token& token) { return token.end <= at; });
        const auto index = static_cast<std::size_t>(here - tokens.begin());
        const std::uint32_t begin = index > kReach ? tokens[index - kReach].begin : 0;
        const bool last = to_the_end || index + kReach >= tokens.size() || count_ == kMaxParts;
        const std::uint32_t end = last ? size : tokens[index + kReach].begin;
        if (count_ > 0 && begin <= parts_[count_ - 1].end) {
            parts_[count_ - 1].end = std::max(parts_[count_ - 1].end, end);
        } else if (count_ < kMaxParts) {
            parts_[count_++] = {begin, end};
        } else {
            parts_[count_ - 1].end = size;
        }
    }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }

  private:
    const Reading& reading_;
    std::span<Part, kMaxParts> parts_;
    std::size_t count_ = 0;
};

}  // namespace

std::size_t disguised_parts(const Reading& reading, const ConceptTable& folded_concepts,
                            const ConceptTable& skeleton_concepts, std::span<Part, kMaxParts> parts) noexcept {
    const Marks places(reading);
    if (places.none()) {
        return 0;
    }
    const std::string_view text = reading.folded.bytes;
    PartList list(reading, parts);
    std::size_t looked_at = 0;
    std::size_t done = 0;  // bytes of the text before here were part of a word looked at
    for (std::size_t block = 0; block * kBlockBytes < text.size(); ++block) {
        for (std::uint64_t marks = places.of(block); marks != 0; marks &= marks - 1) {
            const std::size_t at = block * kBlockBytes + static_cast<std::size_t>(std::countr_zero(marks));
            if (at < done || !changes(text, at)) {
                continue;
            }
            const std::string_view word = word_around(text, at);
            done = static_cast<std::size_t>(word.data() - text.data()) + word.size();
            if (++looked_at > kMaxWords) {
                list.add(at, true);
                return list.count();
            }
            if (skeleton_known(word, skeleton_concepts) && !folded_concepts.knows(word)) {
                list.add(at, false);
            }
        }
    }
    return list.count();
}

}  // namespace fastguard
