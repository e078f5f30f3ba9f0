// Phrases: ideas as sets of words, in many languages at once.
//
// A concept is a list of entries (words, word sequences, beginnings of words). A phrase asks for one entry of each of
// its concepts close together. Concepts are looked up by the hashes that the tokenizer has already made: two or three
// bit tests a token for text that has nothing to do with any concept, whatever the number of entries and languages.
// Where the concepts of no phrase come together within two blocks of tokens, nothing more is done.
//
//   ConceptTable table;  table.add(0, "ignore");  table.add(1, "instruct*");  table.finish();
//   PhraseMatcher matcher({{.slots = {0, 1}, .within = 6}});
//   table.find(text, tokens, matcher, scratch);  matcher.match(scratch, limit, out, truncated);
//
// Matches of a phrase are found left to right: at the earliest last token, the latest possible first token; the next
// match begins after it. One event per slot, none overlapping another, in the slots' order where `ordered`.
#pragma once

#include "fastguard/scratch.h"
#include "fastguard/tokenizer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fastguard {

inline constexpr std::size_t kMaxConcepts = 256;
inline constexpr std::size_t kMaxSlots = 5;
inline constexpr std::size_t kMaxEntryTokens = 16;
inline constexpr std::uint32_t kMaxWithin = 24;
inline constexpr std::uint32_t kUnlessBefore = 6;  // tokens before a match that a veto may begin in

using ConceptId = std::uint16_t;

// Set of concepts.
struct ConceptSet {
    std::array<std::uint64_t, kMaxConcepts / 64> words{};

    ConceptSet& operator|=(const ConceptSet& other) noexcept {
        for (std::size_t i = 0; i < words.size(); ++i) {
            words[i] |= other.words[i];
        }
        return *this;
    }
    void add(ConceptId id) noexcept { words[id / 64U] |= std::uint64_t{1} << (id % 64U); }
    [[nodiscard]] bool has(ConceptId id) const noexcept { return ((words[id / 64U] >> (id % 64U)) & 1U) != 0; }
    [[nodiscard]] bool contains(const ConceptSet& other) const noexcept {
        for (std::size_t i = 0; i < words.size(); ++i) {
            if ((other.words[i] & ~words[i]) != 0) {
                return false;
            }
        }
        return true;
    }
};

// An entry of `concept_id` stands at tokens first..last of a view.
struct ConceptEvent {
    std::uint32_t first;
    std::uint32_t last;
    ConceptId concept_id;
};

// Buffers of phrase matching, part of a Scratch.
struct PhraseScratch {
    Buffer<ConceptEvent> events;
    ConceptSet seen;
    std::size_t event_count = 0;
};

struct Phrase {
    std::vector<ConceptId> slots;  // 1 to kMaxSlots
    std::uint32_t within = 0;      // tokens from first to last; 0: not limited
    bool ordered = false;
    std::vector<ConceptId> unless;  // a match is void where one of these begins in it or up to kUnlessBefore before
    std::uint32_t tag = 0;          // the caller's
};

struct PhraseMatch {
    std::uint32_t tag;
    std::uint32_t first;  // tokens
    std::uint32_t last;
};

class PhraseMatcher {
  public:
    PhraseMatcher() = default;
    explicit PhraseMatcher(std::vector<Phrase> phrases);

    // Whether all concepts of some phrase are among `concepts`.
    [[nodiscard]] bool possible(const ConceptSet& concepts) const noexcept;

    // Writes matches phrase by phrase, at most `limit` of each and out.size() in all; returns how many, and sets
    // `truncated` where there were more. O(events), with a factor for each phrase all of whose concepts occur.
    std::size_t match(const PhraseScratch& events, std::size_t limit, std::span<PhraseMatch> out,
                      bool& truncated) const noexcept;

  private:
    struct Compiled {
        Phrase phrase;
        ConceptSet needed;
    };
    std::vector<Compiled> phrases_;
    std::vector<std::vector<std::uint32_t>> anchored_;  // per concept: phrases looked at when it occurs
};

// All entries of all concepts for one view. Immutable after `finish`.
class ConceptTable {
  public:
    // `entry`: folded (or skeleton) words as the view has them, separated by anything that separates tokens; a `*` at
    // the end makes the last word a beginning. Throws BuildError (no word, too many, beginning below 3 code points or
    // 4 bytes).
    void add(ConceptId concept_id, const std::string& entry);
    void finish();

    // Whether `word` (8 bytes past it may be read) may be a word of some entry, at any place in it. May say yes
    // wrongly; no only where it is none, last beginnings of less than 4 bytes aside.
    [[nodiscard]] bool knows(std::string_view word) const noexcept;

    // Events in order of (last, first), at least all those that a match of `phrases` (or its veto) is made of; for a
    // concept and first token only the entry with the most tokens. O(tokens): the entries tried at one token are
    // bounded by the table. `text` may be read 8 bytes past its end. Allocates only to grow `scratch`.
    void find(std::string_view text, std::span<const Token> tokens, const PhraseMatcher& phrases,
              PhraseScratch& scratch) const;

  private:
    struct Entry {
        ConceptId concept_id;
        std::vector<std::uint64_t> hashes;  // of all words but a last beginning
        std::string stem;                   // the last beginning; empty where the entry ends with a whole word
        std::uint64_t head = 0;             // up to 8 first bytes of a lone beginning, and which of them it has: most
        std::uint64_t head_mask = 0;        // words are told from it without a look at `stem`
        [[nodiscard]] std::size_t size() const noexcept { return hashes.size() + (stem.empty() ? 0 : 1); }
    };

    // Entries by a 64-bit key, with open addressing and a filter of bits in front.
    class Index {
      public:
        void build(std::vector<std::pair<std::uint64_t, Entry>> entries);
        [[nodiscard]] bool maybe(std::uint64_t key) const noexcept {
            return ((filter_[(key >> 40U) & (kFilterWords - 1)] >> (key >> 58U)) & 1U) != 0;
        }
        [[nodiscard]] std::span<const Entry> entries(std::uint64_t key) const noexcept;
        [[nodiscard]] const ConceptSet* concepts(std::uint64_t key) const noexcept;

      private:
        static constexpr std::size_t kFilterWords = 2048;  // 2^17 bits
        // A slot has 32 bits of the key: another key with the same ones costs a look at entries that do not match.
        struct Slot {
            std::uint32_t tag = 0;
            std::uint32_t group = 0;  // index + 1; 0: empty
        };
        struct Group {
            ConceptSet concepts;
            std::uint32_t begin = 0;
            std::uint32_t end = 0;
        };
        [[nodiscard]] std::size_t find(std::uint64_t key) const noexcept;

        std::vector<Slot> slots_;
        std::vector<Group> groups_;
        std::vector<Entry> entries_;
        std::vector<std::uint64_t> filter_ = std::vector<std::uint64_t>(kFilterWords);
    };

    // The keys under which the entries that may begin at one token lie.
    struct Keys {
        std::uint64_t word;
        std::uint64_t pair;  // with the next token
        std::uint64_t stem;
    };
    [[nodiscard]] static Keys keys_at(std::string_view text, std::span<const Token> tokens, std::size_t at) noexcept;
    [[nodiscard]] static bool matches(const Entry& entry, std::string_view text, std::span<const Token> tokens,
                                      std::size_t first) noexcept;

    // Concepts of which an entry may begin at one of the tokens [begin, end).
    [[nodiscard]] ConceptSet sketch(std::string_view text, std::span<const Token> tokens, std::size_t begin,
                                    std::size_t end) const noexcept;
    // Adds the events that begin at tokens [begin, end).
    void add_events(std::string_view text, std::span<const Token> tokens, std::size_t begin, std::size_t end,
                    PhraseScratch& scratch) const;
    static void try_entries(std::span<const Entry> entries, std::string_view text, std::span<const Token> tokens,
                            std::size_t first, PhraseScratch& scratch) noexcept;

    std::vector<std::pair<std::uint64_t, Entry>> pending_[3];                   // before `finish`
    std::vector<std::uint64_t> vocabulary_ = std::vector<std::uint64_t>(8192);  // a bit per word and beginning
    Index words_;                                                               // entries of one word
    Index pairs_;  // entries of more, by their first two words
    Index stems_;  // entries of one beginning, by its first 4 bytes; and of a word and a beginning, by that word
};

}  // namespace fastguard
