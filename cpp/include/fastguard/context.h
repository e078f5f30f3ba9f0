// Words that stand near a place: what names a number an account, what makes a link a lure.
#pragma once

#include "fastguard/phrases.h"
#include "fastguard/reading.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace fastguard {

// What is known of the words around the last place that was asked for. Part of a Scratch.
struct ContextScratch {
    PhraseScratch words;
    std::size_t first = 0, last = 0;  // tokens whose words are in `words`

    // Forgets the text before.
    void reset() noexcept { first = last = 0; }
};

// Immutable after `finish`.
class ContextWords {
  public:
    static constexpr std::uint32_t kFar = std::numeric_limits<std::uint32_t>::max();
    // Most tokens before a place and behind it that may be asked for.
    static constexpr std::size_t kMostBefore = 60;
    static constexpr std::size_t kMostAfter = 40;

    // Folded words, a `*` at the end for a beginning; the same list has the same id. Throws BuildError without id.
    ConceptId add(std::span<const std::string> folded);
    void finish();

    // Tokens between bytes [begin, end) of the folded view and the nearest of the words among the `before` tokens
    // before them and the `after` behind, those behind counting double; kFar: none near. Amortised linear in the tokens
    // looked at. Allocates only to grow `scratch`, which is of this text.
    [[nodiscard]] std::uint32_t distance(const Reading& reading, ConceptId id, std::size_t begin, std::size_t end,
                                         std::size_t before, std::size_t after, ContextScratch& scratch) const;

  private:
    void find_words(const Reading& reading, std::size_t low, std::size_t high, ContextScratch& scratch) const;

    ConceptTable words_;
    PhraseMatcher each_;
    std::vector<std::vector<std::string>> lists_;  // by concept
};

}  // namespace fastguard
