// Words and the ways in which they are misspelt: one letter wrong, missing or too many, two changed places, letters
// drawn out, the inner letters in any order.
//
// Each word is stored under a few keys: itself and itself without any one letter, its inner letters sorted between
// first and last, and itself with every row of one letter as one. What shares a key with it is compared with it. The
// first and the last letter are never wrong: other forms of a word, and of other languages' words, differ there.
// Immutable after `finish`; shared by all threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastguard {

class Spellings {
  public:
    static constexpr std::size_t kLeast = 6;  // letters of a word that is known
    static constexpr std::size_t kMost = 20;  // and at most; a misspelt one may have six more
    static constexpr std::size_t kLeastMisspelt = 5;
    static constexpr std::size_t kMostMisspelt = kMost + 6;

    // Adds a word of a to z; one that is too short or too long is left out.
    void add(std::string_view word);
    void finish();

    // The word that this one, of a to z, is a misspelling of; empty: none. O(size), no more than 30 look-ups, and none
    // where no word with its first and last letter has about as many letters as it. Words of
    // the table are no misspellings of themselves but may be of others: ask for what is no word.
    [[nodiscard]] std::string_view meant_by(std::string_view word) const noexcept;

    [[nodiscard]] bool empty() const noexcept { return keys_.empty(); }

  private:
    struct Key {
        std::uint32_t hash;  // the upper half: what shares it by chance is compared and found to be another word
        std::uint32_t word;
    };
    static constexpr unsigned kIndexBits = 12;

    [[nodiscard]] std::string_view word(std::size_t i) const noexcept {
        return std::string_view(letters_).substr(begins_[i], begins_[i + 1] - begins_[i]);
    }
    // Whether it may be one letter away from a word that is known; no only where it is not.
    [[nodiscard]] bool has_ends_of_one(std::string_view word) const noexcept;
    [[nodiscard]] std::string_view find(std::uint64_t hash, std::string_view word) const noexcept;

    std::vector<std::string> pending_;                           // before `finish`
    std::string letters_;                                        // of all words, sorted
    std::vector<std::uint32_t> begins_;                          // of each word there, and the end of the last
    std::vector<Key> keys_;                                      // by hash, then word
    std::array<std::uint32_t, (1U << kIndexBits) + 1> index_{};  // the first key with these upper bits
    std::array<std::uint64_t, 1U << 14U> may_have_{};

    // First and last letters of words (has_ends_of_one), by hash.
    std::array<std::uint64_t, (1U << 16U) / 64> ends_{};

    // Sizes of words with the same first and last letter, a bit each: of what may be one letter away from one or have
    // its letters in another order; of words with every row of a letter as one.
    struct Sizes {
        std::uint32_t near = 0;
        std::uint32_t single = 0;
    };
    std::array<Sizes, 26 * std::size_t{26}> sizes_{};
};

}  // namespace fastguard
