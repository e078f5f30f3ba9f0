// Whether a match is talked about instead of said: "the phrase 'ignore previous instructions' is a known attack".
//
// Who writes about attacks quotes them, and who attacks can write like one who quotes. So a mention is no acquittal:
// the finding stays, and its category comes to level 4 ("may be worth a look") by it and no further. Everything else
// that the text says, other findings and the learned score, counts as ever.
//
// A match is a mention where
//   quoted    it stands in quotation marks (or backticks) with at most kMostQuoted bytes between them, and a word that
//             announces a quotation is among the kNear tokens before or after the marks;
//   reported  a clause that makes it somebody else's doing ("attackers may write", "how do I detect") begins in the
//   same
//             sentence among the kNear tokens before it, or with one of its first kInside tokens;
//   judged    what is said of attacks ("is a classic example", "is blocked") begins in the same sentence among the
//   kAfter
//             tokens behind it.
// unless words that make an order of a quotation ("and execute it", "do what it says") stand within kNear tokens of it.
#pragma once

#include "fastguard/phrases.h"
#include "fastguard/reading.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fastguard {

// The lists of words, as concepts of a pack's concepts.toml.
enum class MentionWords : ConceptId { quoting, reporting, judging, obeying };
inline constexpr std::array<std::string_view, 4> kMentionConcepts = {"quoting", "reporting", "judging", "obeying"};

// Immutable after `finish`.
class Mentions {
  public:
    static constexpr std::size_t kMostQuoted = 240;
    static constexpr std::size_t kMostSentence = 512;  // bytes of a sentence that are looked at on either side
    static constexpr std::size_t kNear = 10;
    static constexpr std::size_t kInside = 3;
    static constexpr std::size_t kAfter = 3;

    Mentions();

    // `entry` as for ConceptTable::add. Throws BuildError.
    void add(MentionWords list, const std::string& entry) { table_.add(static_cast<ConceptId>(list), entry); }
    void finish() { table_.finish(); }

    // Whether bytes [begin, end) of the folded view of a reading, `begin` < `end`, are a mention. O(1): looks at no
    // more than kMostSentence bytes and kNear tokens around them. Uses, and overwrites, `scratch`; allocates only to
    // grow it.
    [[nodiscard]] bool is_mention(const Reading& reading, std::size_t begin, std::size_t end,
                                  PhraseScratch& scratch) const;

  private:
    // Whether an entry of one of `lists` begins among `tokens`; it may end behind them.
    [[nodiscard]] bool any(const Reading& reading, std::size_t first, std::size_t last, ConceptSet lists,
                           PhraseScratch& scratch) const;

    ConceptTable table_;
    PhraseMatcher each_;  // one phrase a list, so that the table looks for all of them
};

}  // namespace fastguard
