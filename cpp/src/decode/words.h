// Words that plain text is full of, in twenty languages written in Latin letters: where none of them stands, letters
// may have been shuffled; where they stand after a change of letters, the change was right.
#pragma once

#include "fastguard/tokenizer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastguard::decoding {

// A set of words by hash (hash_bytes of the lower case). Three bits of one place stand for one.
class WordBits {
  public:
    // The common words.
    WordBits() noexcept;

    // Whether a word may be in the set; about one in ten thousand other words passes, too.
    [[nodiscard]] bool may_have(std::uint64_t hash) const noexcept {
        return (bits_[hash >> 53U] & wanted(hash)) == wanted(hash);
    }
    // Whether a word is in the set: slower, and of no other word.
    [[nodiscard]] bool has(std::uint64_t hash) const noexcept {
        std::size_t place = hash % hashes_.size();
        while (hashes_[place] != 0 && hashes_[place] != hash) {
            place = (place + 1) % hashes_.size();
        }
        return hashes_[place] == hash;
    }

  private:
    [[nodiscard]] static std::uint64_t wanted(std::uint64_t hash) noexcept {
        return std::uint64_t{1} << (hash >> 47U & 63U) | std::uint64_t{1} << (hash >> 41U & 63U) |
               std::uint64_t{1} << (hash >> 35U & 63U);
    }
    std::array<std::uint64_t, 2048> bits_{};
    std::array<std::uint64_t, 8192> hashes_{};  // 0: nothing is here; most places
};
extern const WordBits kCommonWords;

// What a word of 2 to 16 lower-case letters has in common with the same word moved along the alphabet by any shift: how
// far it is from each letter to the next one. Bytes up to 8 past it are read and do not count.
[[nodiscard]] inline std::uint64_t hash_of_steps(const char* word, std::size_t size) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    const auto steps = [](const char* letters, std::size_t count) {
        const std::uint64_t up = first_bytes(letters + 1, 8) + 26 * kOnes - first_bytes(letters, 8);  // 1 to 51
        const std::uint64_t around = (up + (128 - 26) * kOnes) >> 7U & kOnes;
        const std::uint64_t all = up - 26 * around;
        return count >= 8 ? all : all & ((std::uint64_t{1} << (8 * count)) - 1);
    };
    const std::uint64_t more = size > 9 ? steps(word + 8, size - 9) : 0;
    return fold_product(size * kHashSize ^ steps(word, size - 1), more ^ kHashChunk);
}

// Words that a shift, or Atbash, makes common ones.
class MovedWords {
  public:
    MovedWords() noexcept;

    // False only where neither any shift nor Atbash makes the word with these steps a common one.
    [[nodiscard]] bool may_have(std::uint64_t steps) const noexcept {
        return (bits_[steps >> 54U] & wanted(steps)) == wanted(steps);
    }

  private:
    [[nodiscard]] static std::uint64_t wanted(std::uint64_t steps) noexcept {
        return std::uint64_t{1} << (steps >> 48U & 63U) | std::uint64_t{1} << (steps >> 42U & 63U);
    }
    std::array<std::uint64_t, 1024> bits_{};
};
extern const MovedWords kMovedWords;

[[nodiscard]] inline bool is_common(std::uint64_t hash) noexcept { return kCommonWords.may_have(hash); }

// Longest word that is among them.
inline constexpr std::size_t kLongestCommon = 16;

// Whether this lower-case word is one of them. Copies it, so nothing past its end is read.
[[nodiscard]] bool is_common_word(std::string_view word) noexcept;

// Counts letters, and those in common words, of text given byte by byte.
class WordMeter {
  public:
    struct Count {
        std::size_t letters = 0;
        std::size_t common = 0;  // in common words of two letters or more

        // Whether letters put so make more words than put otherwise.
        [[nodiscard]] bool says_more_than(const Count& other) const noexcept {
            return common >= 2 * other.common + 8 && common * 4 >= letters;
        }
    };

    void add(char c) noexcept {
        const auto letter = static_cast<unsigned>(static_cast<unsigned char>(c) | 0x20U) - 'a';
        if (letter >= 26) {
            if (size_ > 0) {
                (void)end();
            }
            return;
        }
        if (size_ < word_.size()) {
            word_[size_] = static_cast<char>('a' + letter);
        }
        ++size_;
    }
    // The counts so far; the text begins anew with a word.
    Count end() noexcept;

  private:
    std::array<char, kLongestCommon> word_{};
    std::size_t size_ = 0;
    Count count_;
};

}  // namespace fastguard::decoding
