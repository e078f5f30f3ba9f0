// Phrases: ideas as sets of words, in many languages at once.
//
// A concept is a list of entries (words, word sequences, beginnings of words). A phrase asks for one entry of each of
// its concepts close together. Concepts are looked up by the hashes that the tokenizer has already made: three bit
// tests a token for text that has nothing to do with any concept, whatever the number of entries and languages. Only
// the tokens that pass, the starters, are looked at again, and where the concepts of no phrase come together within a
// few blocks of tokens, nothing more is done.
//
//   ConceptTable table;  table.add(0, "ignore");  table.add(1, "instruct*");  table.finish();
//   PhraseMatcher matcher({{.slots = {0, 1}, .within = 6}});
//   starters.resize(find_starters(table.filter(), text, tokens, starters.data()));
//   table.find(text, tokens, starters, matcher, scratch);  matcher.match(scratch, limit, out, truncated);
//
// Matches of a phrase are found left to right: at the earliest last token, the latest possible first token; the next
// match begins after it. One event per slot, none overlapping another, in the slots' order where `ordered`.
#pragma once

#include "fastguard/scratch.h"
#include "fastguard/tokenizer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
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
    ConceptSet& operator&=(const ConceptSet& other) noexcept {
        for (std::size_t i = 0; i < words.size(); ++i) {
            words[i] &= other.words[i];
        }
        return *this;
    }
    [[nodiscard]] bool empty() const noexcept { return (words[0] | words[1] | words[2] | words[3]) == 0; }
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

// How often the concepts stand in plain text, as far as it matters which is rarer (ConceptTable::commonness).
using Commonness = std::array<float, kMaxConcepts>;

class PhraseMatcher {
  public:
    PhraseMatcher() = default;
    explicit PhraseMatcher(std::vector<Phrase> phrases, const Commonness& commonness = {});

    // Whether all concepts of some phrase are among `concepts`. Takes a few instructions where none of them is the
    // rarest of a phrase, which is so for most of what plain text has.
    [[nodiscard]] bool possible(const ConceptSet& concepts) const noexcept {
        ConceptSet rarest = concepts;
        rarest &= rarest_;
        return !rarest.empty() && any_complete(rarest, concepts);
    }

    [[nodiscard]] std::size_t size() const noexcept { return phrases_.size(); }

    // Writes matches phrase by phrase, at most `limit` of each and out.size() in all; returns how many, and sets
    // `truncated` where there were more. Where `out` has room for `size` at least, none is crowded out: once the room
    // left is for one of each, that is all it takes. O(events), with a factor for each phrase all of whose concepts
    // occur.
    std::size_t match(const PhraseScratch& events, std::size_t limit, std::span<PhraseMatch> out,
                      bool& truncated) const noexcept;

  private:
    // Whether all concepts of the phrase at `place` are among `concepts`.
    [[nodiscard]] bool complete(std::size_t place, const ConceptSet& concepts) const noexcept {
        return concepts.contains(needed_[place]);
    }

    // Phrases by the concept that anchors them, the one that fewest phrases use: those of concept c are at places
    // anchors_[c] up to anchors_[c + 1]. They are looked at when their anchor occurs.
    std::vector<Phrase> phrases_;
    std::vector<ConceptSet> needed_;
    std::array<std::uint32_t, kMaxConcepts + 1> anchors_{};

    // What phrases need by the concept of each that is the rarest, for `possible`.
    void index_by_rarest(const Commonness& commonness);
    [[nodiscard]] bool any_complete(const ConceptSet& rarest, const ConceptSet& concepts) const noexcept;
    ConceptSet rarest_;
    std::vector<ConceptSet> needed_by_rarest_;
    std::array<std::uint32_t, kMaxConcepts + 1> rarest_places_{};
};

// Tokens that `filter` lets through, in order; returns how many. `out` has room for one more than there are tokens,
// `text` may be read 8 bytes past its end. WordPass gives the same along the way. O(tokens).
std::size_t find_starters(const WordFilter& filter, std::string_view text, std::span<const Token> tokens,
                          Starter* out) noexcept;

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

    // For each concept the sum over its entries of how common they are: those of common words (decode/words.h) are, the
    // more words they have the less.
    [[nodiscard]] const Commonness& commonness() const noexcept { return commonness_; }

    // Lets through at least every token that an entry begins with.
    [[nodiscard]] const WordFilter& filter() const noexcept { return filter_; }

    // Events in order of (last, first), at least all those that a match of `phrases` (or its veto) is made of; for a
    // concept and first token only the entry with the most tokens. `starters` are those of `filter()`. O(starters): the
    // entries tried at one token are bounded by the table. `text` may be read 8 bytes past its end. Allocates only to
    // grow `scratch`.
    void find(std::string_view text, std::span<const Token> tokens, std::span<const Starter> starters,
              const PhraseMatcher& phrases, PhraseScratch& scratch) const;

  private:
    // Words of an entry are hashes in `hashes_`, and a last beginning (the stem) is bytes in `stems_text_`.
    struct Entry {
        std::uint64_t head = 0;       // up to 8 first bytes of the stem of a lone beginning, and which of them it has:
        std::uint64_t head_mask = 0;  // most words are told from it without a look at the stem
        std::uint32_t hashes = 0;
        std::uint32_t stem = 0;
        ConceptId concept_id = 0;
        std::uint8_t hash_count = 0;
        std::uint8_t stem_size = 0;  // 0: the entry ends with a whole word
        [[nodiscard]] std::size_t size() const noexcept { return hash_count + (stem_size == 0 ? 0U : 1U); }
    };

    // Entries by a 64-bit key, with open addressing.
    class Index {
      public:
        // What is seen of an entry without a look at it: its concept, and two bytes of the word behind the key's, where
        // it has one: of its hash, or its first ones.
        struct Hint {
            enum class Behind : std::uint8_t { nothing, word, stem };
            std::uint8_t concept_id = 0;
            Behind behind = Behind::nothing;
            std::uint16_t bytes = 0;
        };
        // What begins with one key: entries in a row. It has 24 bits of the key (the place says more): another key with
        // the same ones costs a look at entries that do not match. Most keys have no more entries than there is room
        // for their hints here: each table is far from the caches.
        struct Slot {
            std::uint32_t begin = 0;
            std::uint32_t tag : 24 = 0;
            std::uint32_t size : 8 = 0;  // 0: empty
            std::array<Hint, 2> few{};
        };
        // Throws BuildError where more than 255 entries have one key. `hint` gives an entry's.
        void build(std::vector<std::pair<std::uint64_t, Entry>> entries, const std::function<Hint(const Entry&)>& hint);
        [[nodiscard]] std::span<const Entry> find(std::uint64_t key) const noexcept {
            const Slot& slot = slots_[slot_of(key)];
            return {entries_.data() + slot.begin, slot.size};
        }
        // Asks the memory for what `find` and `hints` look at first.
        void prefetch(std::uint64_t key) const noexcept { __builtin_prefetch(&slots_[(key >> 24U) & mask_]); }
        // Hints of the same entries: a smaller table, for the look at every starter.
        [[nodiscard]] std::span<const Hint> hints(std::uint64_t key) const noexcept {
            const Slot& slot = slots_[slot_of(key)];
            return {slot.size <= slot.few.size() ? slot.few.data() : hints_.data() + slot.begin, slot.size};
        }

      private:
        [[nodiscard]] std::size_t slot_of(std::uint64_t key) const noexcept {
            const std::uint32_t tag = key & 0xFFFFFFU;
            std::size_t slot = (key >> 24U) & mask_;
            while (slots_[slot].size != 0 && slots_[slot].tag != tag) {
                slot = (slot + 1) & mask_;
            }
            return slot;
        }

        std::vector<Slot> slots_;
        std::size_t mask_ = 0;
        std::vector<Entry> entries_;
        std::vector<Hint> hints_;  // of each entry
    };

    [[nodiscard]] bool matches(const Entry& entry, std::string_view text, std::span<const Token> tokens,
                               std::size_t first) const noexcept;
    // Asks the memory for what `sketch` looks at: the tables are larger than the nearest caches.
    void prefetch(std::string_view text, std::span<const Token> tokens, Starter starter) const noexcept;
    // The hint of an entry whose key is its first `words` words.
    [[nodiscard]] Index::Hint hint_of(const Entry& entry, std::size_t words) const noexcept;
    // Adds the concepts of hints that the token behind the key's words, at `behind`, does not refute.
    static void add_hinted(std::span<const Index::Hint> hints, std::string_view text, std::span<const Token> tokens,
                           std::size_t behind, ConceptSet& found) noexcept;
    // Concepts of which an entry may begin at a token.
    void sketch(std::string_view text, std::span<const Token> tokens, Starter starter,
                ConceptSet& found) const noexcept;
    // Adds the events that begin at a token.
    void add_events(std::string_view text, std::span<const Token> tokens, Starter starter,
                    PhraseScratch& scratch) const;
    void try_entries(std::span<const Entry> entries, std::string_view text, std::span<const Token> tokens,
                     std::size_t first, PhraseScratch& scratch) const noexcept;

    std::vector<std::pair<std::uint64_t, Entry>> pending_[3];                   // before `finish`
    std::vector<std::uint64_t> vocabulary_ = std::vector<std::uint64_t>(8192);  // a bit per word and beginning
    WordFilter filter_;
    Commonness commonness_{};
    std::vector<std::uint64_t> hashes_;
    std::string stems_text_;
    Index words_;  // entries of one word, and of a word and a beginning, by that word
    Index pairs_;  // entries of more, by their first two words
    Index stems_;  // entries of one beginning, by its first 4 bytes
};

}  // namespace fastguard
