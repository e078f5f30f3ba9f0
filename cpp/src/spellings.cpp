#include "fastguard/spellings.h"

#include <algorithm>
#include <numeric>

namespace fastguard {
namespace {

constexpr std::size_t kAlphabet = 26;
constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15U;
constexpr std::uint64_t kBase = 0xD1342543DE82EF95U;  // odd, so that it has an inverse
constexpr std::uint64_t kInverse = [] {
    std::uint64_t inverse = kBase;  // right in three bits; each round doubles them
    for (int round = 0; round < 5; ++round) {
        inverse *= 2 - kBase * inverse;
    }
    return inverse;
}();
static_assert(kBase * kInverse == 1);

constexpr std::uint64_t mixed(std::uint64_t value) noexcept {
    value = (value ^ value >> 30U) * 0xBF58476D1CE4E5B9U;
    value = (value ^ value >> 27U) * 0x94D049BB133111EBU;
    return value ^ value >> 31U;
}

constexpr auto kLetters = [] {
    std::array<std::uint64_t, kAlphabet> values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = mixed((i + 1) * kMix);
    }
    return values;
}();
constexpr auto kPowers = [] {
    std::array<std::uint64_t, Spellings::kMostMisspelt> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) {
        powers[i] = powers[i - 1] * kBase;
    }
    return powers;
}();

std::size_t letter_at(std::string_view word, std::size_t i) noexcept { return static_cast<std::size_t>(word[i] - 'a'); }

// The first and the last letter of a word.
std::size_t edges_of(std::string_view word) noexcept {
    return letter_at(word, 0) * kAlphabet + letter_at(word, word.size() - 1);
}

// Letters of a word, each row of one letter as one.
std::size_t single_letters(std::string_view word) noexcept {
    std::size_t count = 1;
    for (std::size_t i = 1; i < word.size(); ++i) {
        count += word[i] != word[i - 1] ? 1U : 0U;
    }
    return count;
}

// The keys of a word of at most kMostMisspelt letters: sums of numbers, one per letter and place, so that a word
// without one of its letters takes a few instructions. Each key depends on the word's first and last letter as well.
class Keys {
  public:
    explicit Keys(std::string_view word) noexcept : size_(word.size()), edges_((edges_of(word) + 1) * kMix) {
        std::size_t singles = 0;
        std::uint64_t before = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            const std::uint64_t letter = kLetters[letter_at(word, i)];
            prefixes_[i + 1] = prefixes_[i] + letter * kPowers[i];
            sorted_ += letter;
            single_ += letter != before ? letter * kPowers[singles] : 0;
            singles += letter != before ? 1U : 0U;
            before = letter;
        }
    }

    // The letters in any order.
    [[nodiscard]] std::uint64_t sorted() const noexcept { return key(sorted_, 1); }
    // Every row of one letter as one.
    [[nodiscard]] std::uint64_t single() const noexcept { return key(single_, 2); }
    [[nodiscard]] std::uint64_t whole() const noexcept { return key(prefixes_[size_], 0); }
    // The word without its letter `i`.
    [[nodiscard]] std::uint64_t without(std::size_t i) const noexcept {
        return key(prefixes_[i] + (prefixes_[size_] - prefixes_[i + 1]) * kInverse, 0);
    }

    // visit(key) for each of them; stops where that says true.
    template <class Visit>
    void each(const Visit& visit) const {
        if (visit(single()) || visit(sorted()) || visit(whole())) {
            return;
        }
        for (std::size_t i = 1; i < size_; ++i) {
            if (visit(without(i))) {
                return;
            }
        }
    }

  private:
    // `kind`: keys of one kind are compared with their like.
    [[nodiscard]] std::uint64_t key(std::uint64_t letters, std::uint64_t kind) const noexcept {
        const std::uint64_t value = (letters ^ (edges_ + kind)) * kBase;
        return value ^ value >> 32U;
    }

    std::size_t size_;
    std::uint64_t edges_;
    std::uint64_t sorted_ = 0;
    std::uint64_t single_ = 0;
    std::array<std::uint64_t, Spellings::kMostMisspelt + 1> prefixes_{};
};

// Whether one letter is wrong, missing or too many, or two neighbours changed places.
bool is_one_away(std::string_view a, std::string_view b) noexcept {
    std::size_t front = 0;
    while (front < std::min(a.size(), b.size()) && a[front] == b[front]) {
        ++front;
    }
    a.remove_prefix(front);
    b.remove_prefix(front);
    while (!a.empty() && !b.empty() && a.back() == b.back()) {
        a.remove_suffix(1);
        b.remove_suffix(1);
    }
    return (a.size() <= 1 && b.size() <= 1) || (a.size() == 2 && b.size() == 2 && a[0] == b[1] && a[1] == b[0]);
}

// Whether all letters of both are the same but for their order, or for how often one stands there in a row.
bool is_redrawn(std::string_view a, std::string_view b) noexcept {
    const Keys first(a);
    const Keys second(b);
    return first.sorted() == second.sorted() || first.single() == second.single();
}

// Two bits of one place of a filter with 2^14 places.
std::size_t place_of(std::uint64_t key) noexcept { return key >> 50U; }
std::uint64_t bits_of(std::uint64_t key) noexcept {
    return std::uint64_t{1} << (key >> 44U & 63U) | std::uint64_t{1} << (key >> 38U & 63U);
}

}  // namespace

void Spellings::add(std::string_view word) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    if (word.size() >= kLeast && word.size() <= kMost && std::all_of(word.begin(), word.end(), is_letter)) {
        words_.emplace_back(word);
    }
}

void Spellings::finish() {
    std::sort(words_.begin(), words_.end());
    words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
    for (std::size_t i = 0; i < words_.size(); ++i) {
        Keys(words_[i]).each([&](std::uint64_t key) {
            keys_.push_back({key, static_cast<std::uint32_t>(i)});
            may_have_[place_of(key)] |= bits_of(key);
            return false;
        });
        Sizes& sizes = sizes_[edges_of(words_[i])];
        sizes.near |= 7U << (words_[i].size() - 1);
        sizes.single |= 1U << single_letters(words_[i]);
    }
    std::sort(keys_.begin(), keys_.end(),
              [](const Key& a, const Key& b) { return a.hash != b.hash ? a.hash < b.hash : a.word < b.word; });
    for (const Key& key : keys_) {
        ++first_[(key.hash >> kRestBits) + 1];
    }
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
}

std::string_view Spellings::find(std::uint64_t hash, std::string_view word) const noexcept {
    const std::size_t bucket = hash >> kRestBits;
    const auto end = keys_.begin() + first_[bucket + 1];
    auto key = std::lower_bound(keys_.begin() + first_[bucket], end, hash,
                                [](const Key& one, std::uint64_t wanted) { return one.hash < wanted; });
    for (; key != end && key->hash == hash; ++key) {
        const std::string& known = words_[key->word];
        const bool edges = known.front() == word.front() && known.back() == word.back();
        if (edges && known != word && (is_redrawn(known, word) || is_one_away(known, word))) {
            return known;
        }
    }
    return {};
}

std::string_view Spellings::meant_by(std::string_view word) const noexcept {
    std::string_view meant;
    if (word.size() < kLeastMisspelt || word.size() > kMostMisspelt) {
        return meant;
    }
    const Sizes sizes = sizes_[edges_of(word)];
    if ((sizes.near >> word.size() & 1U) == 0 &&
        (sizes.single == 0 || (sizes.single >> single_letters(word) & 1U) == 0)) {
        return meant;
    }
    Keys(word).each([&](std::uint64_t key) {
        if ((may_have_[place_of(key)] & bits_of(key)) == bits_of(key)) {
            meant = find(key, word);
        }
        return !meant.empty();
    });
    return meant;
}

}  // namespace fastguard
