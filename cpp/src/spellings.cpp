#include "fastguard/spellings.h"

#include <algorithm>
#include <cstdlib>

namespace fastguard {
namespace {

// What a key says of a word, so that keys of one kind are compared with their like.
enum class Kind : std::uint64_t { letters = 1, sorted = 2, single = 3 };

// A hash of letters given one by one.
class Hash {
  public:
    explicit Hash(Kind kind) noexcept : value_(static_cast<std::uint64_t>(kind) * 0x9E3779B97F4A7C15U) {}
    void add(char c) noexcept { value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001B3U; }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_ ^ value_ >> 29U; }

  private:
    std::uint64_t value_;
};

constexpr std::size_t kWhole = ~std::size_t{0};

// The word without the letter at `left_out`.
std::uint64_t hash_without(std::string_view word, std::size_t left_out) noexcept {
    Hash hash(Kind::letters);
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (i != left_out) {
            hash.add(word[i]);
        }
    }
    return hash.value();
}

std::uint64_t hash_sorted(std::string_view word) noexcept {
    std::array<std::uint8_t, 26> counts{};
    for (const char c : word.substr(1, word.size() - 2)) {
        ++counts[static_cast<std::size_t>(c - 'a')];
    }
    Hash hash(Kind::sorted);
    hash.add(word.front());
    for (std::size_t i = 0; i < counts.size(); ++i) {
        for (; counts[i] > 0; --counts[i]) {
            hash.add(static_cast<char>('a' + i));
        }
    }
    hash.add(word.back());
    return hash.value();
}

std::uint64_t hash_single(std::string_view word) noexcept {
    Hash hash(Kind::single);
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (i == 0 || word[i] != word[i - 1]) {
            hash.add(word[i]);
        }
    }
    return hash.value();
}

// visit(key) for each key of a word; stops where that says true.
template <class Visit>
void each_key(std::string_view word, const Visit& visit) {
    if (visit(hash_single(word)) || visit(hash_sorted(word)) || visit(hash_without(word, kWhole))) {
        return;
    }
    for (std::size_t i = 1; i < word.size(); ++i) {
        if (visit(hash_without(word, i))) {
            return;
        }
    }
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
    return hash_sorted(a) == hash_sorted(b) || hash_single(a) == hash_single(b);
}

std::size_t bit_of(std::uint64_t hash) noexcept { return hash & ((std::size_t{1} << 18U) - 1); }

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
        each_key(words_[i], [&](std::uint64_t hash) {
            keys_.push_back({hash, static_cast<std::uint32_t>(i)});
            may_have_[bit_of(hash) / 64] |= std::uint64_t{1} << bit_of(hash) % 64;
            return false;
        });
    }
    std::sort(keys_.begin(), keys_.end(),
              [](const Key& a, const Key& b) { return a.hash != b.hash ? a.hash < b.hash : a.word < b.word; });
}

std::string_view Spellings::find(std::uint64_t hash, std::string_view word) const noexcept {
    auto key = std::lower_bound(keys_.begin(), keys_.end(), hash,
                                [](const Key& one, std::uint64_t wanted) { return one.hash < wanted; });
    for (; key != keys_.end() && key->hash == hash; ++key) {
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
    each_key(word, [&](std::uint64_t hash) {
        if ((may_have_[bit_of(hash) / 64] >> bit_of(hash) % 64 & 1U) != 0) {
            meant = find(hash, word);
        }
        return !meant.empty();
    });
    return meant;
}

}  // namespace fastguard
