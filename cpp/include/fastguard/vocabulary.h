// The words that a pack's phrases are made of, for taking run-together text apart.
#pragma once

#include "fastguard/spellings.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastguard {

// Words of ASCII letters in a trie. Immutable after `finish`; shared by all threads.
class Vocabulary {
  public:
    // Adds a word of a to z; anything else is left out. `stem`: a beginning, which letters may follow.
    void add(std::string_view word, bool stem);
    void finish();

    enum class Kind : std::uint8_t { none, word, stem };

    // Goes along a text letter by letter.
    class Walk {
      public:
        explicit Walk(const Vocabulary& words) noexcept : words_(words) {}
        // One letter further; false where no word goes on like this.
        [[nodiscard]] bool step(char letter) noexcept;
        // Whether the letters so far are a word.
        [[nodiscard]] Kind kind() const noexcept { return words_.nodes_[at_].kind; }

      private:
        const Vocabulary& words_;
        std::uint32_t at_ = 0;
    };

    // Whether a word may begin with these four letters; no only where none does. Four bytes are read.
    [[nodiscard]] bool may_begin(const char* letters) const noexcept {
        const std::uint32_t place = place_of(letters);
        return ((heads_[place / 64] >> (place % 64)) & 1U) != 0;
    }

    [[nodiscard]] bool empty() const noexcept { return nodes_.empty() || nodes_[0].next == 0; }

    // The words, and stems with the endings of English, as they may be misspelt.
    [[nodiscard]] const Spellings& spellings() const noexcept { return spellings_; }

  private:
    struct Node {
        std::uint32_t next = 0;   // bit per letter that may follow
        std::uint32_t first = 0;  // node of the least of them; the others stand behind it, in order
        Kind kind = Kind::none;
    };

    static constexpr std::uint32_t kHeadBits = 16;
    [[nodiscard]] static std::uint32_t place_of(const char* letters) noexcept {
        std::uint32_t head = 0;
        std::memcpy(&head, letters, sizeof head);
        return (head * 0x9E3779B1U) >> (32 - kHeadBits);
    }

    void build(std::size_t node, std::size_t begin, std::size_t end, std::size_t depth);

    std::vector<std::pair<std::string, bool>> pending_;
    std::vector<Node> nodes_;
    Spellings spellings_;
    std::array<std::uint64_t, (1U << kHeadBits) / 64> heads_{};
};

}  // namespace fastguard
