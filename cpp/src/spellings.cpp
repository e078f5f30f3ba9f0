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

// Keys of a word of at most kMostMisspelt letters are sums of numbers, one per letter and place. Each depends on the
// word's first and last letter as well. `kind`: keys of one kind are compared with their like.
std::uint64_t key_of(std::uint64_t letters, std::uint64_t edges, std::uint64_t kind) noexcept {
    const std::uint64_t value = (letters ^ ((edges + 1) * kMix + kind)) * kBase;
    return value ^ value >> 32U;
}

// The keys of a word drawn out or with its inner letters in another order.
class Redrawn {
  public:
    explicit Redrawn(std::string_view word) noexcept : edges_(edges_of(word)) {
        std::size_t singles = 0;
        std::uint64_t before = 0;
        for (std::size_t i = 0; i < word.size(); ++i) {
            const std::uint64_t letter = kLetters[letter_at(word, i)];
            sorted_ += letter;
            single_ += letter != before ? letter * kPowers[singles] : 0;
            singles += letter != before ? 1U : 0U;
            before = letter;
        }
    }
    // The letters in any order.
    [[nodiscard]] std::uint64_t sorted() const noexcept { return key_of(sorted_, edges_, 1); }
    // Every row of one letter as one.
    [[nodiscard]] std::uint64_t single() const noexcept { return key_of(single_, edges_, 2); }

  private:
    std::uint64_t edges_;
    std::uint64_t sorted_ = 0;
    std::uint64_t single_ = 0;
};

// The keys of a word and of the word without any one letter, of a few instructions each.
class Shortened {
  public:
    explicit Shortened(std::string_view word) noexcept : size_(word.size()), edges_(edges_of(word)) {
        prefixes_[0] = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            prefixes_[i + 1] = prefixes_[i] + kLetters[letter_at(word, i)] * kPowers[i];
        }
    }
    // visit(key) for each of them; stops where that says true.
    template <class Visit>
    void each(const Visit& visit) const {
        const std::uint64_t whole = prefixes_[size_];
        bool done = visit(key_of(whole, edges_, 0));
        for (std::size_t i = 1; i < size_ && !done; ++i) {
            done = visit(key_of(prefixes_[i] + (whole - prefixes_[i + 1]) * kInverse, edges_, 0));
        }
    }

  private:
    std::size_t size_;
    std::size_t edges_;
    std::array<std::uint64_t, Spellings::kMostMisspelt + 1> prefixes_;  // not initialised beyond the word
};

// visit(key) for each key of a word.
template <class Visit>
void each_key(std::string_view word, const Visit& visit) {
    const Redrawn redrawn(word);
    visit(redrawn.single());
    visit(redrawn.sorted());
    Shortened(word).each([&](std::uint64_t key) {
        visit(key);
        return false;
    });
}

// The place in a set of 2^16 of a word's first three letters and its last one, or of its first one and its last three.
std::size_t place_of_ends(char a, char b, char c, char d, std::uint64_t which) noexcept {
    const auto value = [](char letter) { return static_cast<std::uint64_t>(letter - 'a'); };
    return (((value(a) * kAlphabet + value(b)) * kAlphabet + value(c)) * kAlphabet + value(d) + which) * kMix >> 48U;
}
std::size_t place_of_first(std::string_view word) noexcept {
    return place_of_ends(word[0], word[1], word[2], word.back(), 0);
}
std::size_t place_of_last(std::string_view word) noexcept {
    const std::size_t size = word.size();
    return place_of_ends(word[0], word[size - 3], word[size - 2], word[size - 1], kMix >> 8U);
}

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
    const Redrawn first(a);
    const Redrawn second(b);
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
        pending_.emplace_back(word);
    }
}

void Spellings::finish() {
    std::sort(pending_.begin(), pending_.end());
    pending_.erase(std::unique(pending_.begin(), pending_.end()), pending_.end());
    std::size_t letters = 0;
    for (const std::string& word : pending_) {
        letters += word.size();
    }
    letters_.reserve(letters);
    begins_.reserve(pending_.size() + 1);
    keys_.reserve(letters + 2 * pending_.size());
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        const std::string& word = pending_[i];
        begins_.push_back(static_cast<std::uint32_t>(letters_.size()));
        letters_ += word;
        each_key(word, [&](std::uint64_t key) {
            keys_.push_back({static_cast<std::uint32_t>(key >> 32U), static_cast<std::uint32_t>(i)});
            may_have_[place_of(key)] |= bits_of(key);
        });
        for (const std::size_t place : {place_of_first(word), place_of_last(word)}) {
            ends_[place / 64] |= std::uint64_t{1} << (place % 64);
        }
        Sizes& sizes = sizes_[edges_of(word)];
        sizes.near |= 7U << (word.size() - 1);
        sizes.single |= 1U << single_letters(word);
    }
    begins_.push_back(static_cast<std::uint32_t>(letters_.size()));
    pending_ = {};
    std::sort(keys_.begin(), keys_.end(),
              [](const Key& a, const Key& b) { return a.hash != b.hash ? a.hash < b.hash : a.word < b.word; });
    for (const Key& key : keys_) {
        ++index_[(key.hash >> (32 - kIndexBits)) + 1];
    }
    std::partial_sum(index_.begin(), index_.end(), index_.begin());
}

std::string_view Spellings::find(std::uint64_t hash, std::string_view word) const noexcept {
    const auto wanted = static_cast<std::uint32_t>(hash >> 32U);
    const auto place = static_cast<std::ptrdiff_t>(wanted >> (32 - kIndexBits));
    const auto end = keys_.begin() + index_[static_cast<std::size_t>(place + 1)];
    auto key = std::lower_bound(keys_.begin() + index_[static_cast<std::size_t>(place)], end, wanted,
                                [](const Key& one, std::uint32_t least) { return one.hash < least; });
    for (; key != end && key->hash == wanted; ++key) {
        const std::string_view known = this->word(key->word);
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
    const auto look_up = [&](std::uint64_t key) {
        if ((may_have_[place_of(key)] & bits_of(key)) == bits_of(key)) {
            meant = find(key, word);
        }
        return !meant.empty();
    };
    const Redrawn redrawn(word);
    if (!look_up(redrawn.single()) && !look_up(redrawn.sorted()) && has_ends_of_one(word)) {
        Shortened(word).each(look_up);
    }
    return meant;
}

// One letter wrong, missing or too many, or two neighbours in each other's place: the first three letters stay as they
// are, or the last three do, unless the two are the middle ones of six.
bool Spellings::has_ends_of_one(std::string_view word) const noexcept {
    const auto has = [this](std::size_t place) { return (ends_[place / 64] >> (place % 64) & 1U) != 0; };
    return word.size() == 6 || has(place_of_first(word)) || has(place_of_last(word));
}

}  // namespace fastguard
