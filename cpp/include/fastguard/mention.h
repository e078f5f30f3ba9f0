// Whether a match is talked about instead of said: "the phrase 'ignore previous instructions' is a known attack".
//
// Who writes about attacks quotes them, and who attacks can write like one who quotes. So a mention is no acquittal:
// the finding stays, and its category comes to level 4 ("may be worth a look") by it and no further. Everything else
// that the text says, other findings and the learned score, counts as ever.
//
// A match is a mention where
//   quoted    it stands in quotation marks (or backticks) with at most kMostQuoted bytes between them, and a word that
//             announces or discusses a quotation is among the kNear tokens before or after the marks, and none that
//             commands; words that merely discuss count in what somebody says, not in data that is passed on, nor where
//             the marks are those of JSON and its like;
//   reported  a clause that makes it somebody else's doing ("attackers may write", "how do I detect") begins in the
//   same
//             sentence among the kNear tokens before it, or with one of its first kInside tokens;
//   judged    what is said of attacks ("is a classic example", "is blocked") begins in the same sentence among the
//   kAfter
//             tokens behind it.
// unless words that make an order of a quotation ("and execute it", "do what it says") stand within kNear tokens of it.
//
// The learned score knows no quotation marks. It is asked once more of a text without the quotations that it talks
// about (engine_learner.h): those where a word that announces, reports, judges or discusses stands among the kNear
// tokens before or after the marks, or of a neighbour that at most kListed tokens part from them, and no word outside
// all quotations orders. That goes for what somebody says alone: who plants an order in data can put a word beside it.
#pragma once

#include "fastguard/phrases.h"
#include "fastguard/reading.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fastguard {

// The lists of words, as concepts of a pack's concepts.toml.
enum class MentionWords : ConceptId { quoting, reporting, judging, obeying, discussing, commanding };
inline constexpr std::array<std::string_view, 6> kMentionConcepts = {"quoting", "reporting",  "judging",
                                                                     "obeying", "discussing", "commanding"};

// Immutable after `finish`.
class Mentions {
  public:
    static constexpr std::size_t kMostQuoted = 240;
    static constexpr std::size_t kMostSentence = 512;  // bytes of a sentence that are looked at on either side
    static constexpr std::size_t kNear = 10;
    static constexpr std::size_t kInside = 3;
    static constexpr std::size_t kAfter = 3;
    static constexpr std::size_t kMostTold = 480;       // bytes of a quotation in a text that is scored without it
    static constexpr std::size_t kLeastTold = 3;        // tokens of one: fewer say nothing by themselves
    static constexpr std::size_t kListed = 3;           // tokens between the members of a list
    static constexpr std::size_t kMostQuotations = 32;  // in a text; where there are more, none is talked about

    Mentions();

    // `entry` as for ConceptTable::add. Throws BuildError.
    void add(MentionWords list, const std::string& entry) { table_.add(static_cast<ConceptId>(list), entry); }
    void finish() { table_.finish(); }

    // Whether bytes [begin, end) of the folded view of a reading, `begin` < `end`, are a mention. O(1): looks at no
    // more than kMostSentence bytes and kNear tokens around them. `spoken`: the text was written by who takes part in
    // the conversation. Uses, and overwrites, `scratch`; allocates only to grow it.
    [[nodiscard]] bool is_mention(const Reading& reading, std::size_t begin, std::size_t end, bool spoken,
                                  PhraseScratch& scratch) const;

    // The quotations that a text only talks about: bytes of its folded view, with the marks, in order and apart, at
    // most kMostQuotations. O(size). Uses, and overwrites, `scratch`; allocates only to grow it.
    [[nodiscard]] std::size_t talked_about(const Reading& reading, std::span<Part, kMostQuotations> found,
                                           PhraseScratch& scratch) const;

  private:
    // The same of tokens [first, last), as many as there are.
    [[nodiscard]] bool any_of_many(const Reading& reading, std::size_t first, std::size_t last, ConceptSet lists,
                                   PhraseScratch& scratch) const;
    // Whether an entry of one of `lists` begins among `tokens`; it may end behind them.
    [[nodiscard]] bool any(const Reading& reading, std::size_t first, std::size_t last, ConceptSet lists,
                           PhraseScratch& scratch) const;

    ConceptTable table_;
    PhraseMatcher each_;  // one phrase a list, so that the table looks for all of them
};

}  // namespace fastguard
