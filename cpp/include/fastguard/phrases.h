// Phrases: ideas as sets of words, in many languages at once.
//
// A concept is a list of entries (words, word sequences, beginnings of words). A phrase asks for one entry of each of
// its concepts close together. Concepts are looked up by the hashes that the tokenizer has already made: one bit test
// a token for text that has nothing to do with any concept, whatever the number of entries and languages.
//
//   ConceptTable table;  table.add(0, "ignore");  table.add(1, "instruct*");  table.finish();
//   PhraseMatcher matcher({{.slots = {0, 1}, .within = 6}});
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
#include <unordered_map>
#include <vector>

namespace fastguard {

inline constexpr std::size_t kMaxConcepts = 512;
inline constexpr std::size_t kMaxSlots = 5;
inline constexpr std::size_t kMaxEntryTokens = 16;
inline constexpr std::uint32_t kMaxWithin = 24;
inline constexpr std::uint32_t kUnlessBefore = 6;  // tokens before a match that a veto may begin in

using ConceptId = std::uint16_t;

// Set of concepts.
struct ConceptSet {
    std::array<std::uint64_t, kMaxConcepts / 64> words{};

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

// All entries of all concepts for one view. Immutable after `finish`.
class ConceptTable {
  public:
    // `entry`: folded (or skeleton) words as the view has them, separated by anything that separates tokens; a `*` at
    // the end makes the last word a beginning. Throws BuildError (no word, too many, beginning below 3 code points).
    void add(ConceptId concept_id, const std::string& entry);
    void finish();

    // Events in order of (last, first); for a concept and first token only the entry with the most tokens.
    // O(tokens): the entries tried at one token are bounded by the table. Allocates only to grow `scratch`.
    void find(std::string_view text, std::span<const Token> tokens, PhraseScratch& scratch) const;

  private:
    struct Entry {
        std::vector<std::uint64_t> hashes;  // of all words but a last beginning
        std::string stem;                   // the last beginning; empty where the entry ends with a whole word
        ConceptId concept_id;
    };
    struct Range {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
    };
    using Index = std::unordered_map<std::uint64_t, Range>;

    [[nodiscard]] static std::uint64_t stem_key(const char* text, std::size_t size) noexcept;
    [[nodiscard]] bool matches(const Entry& entry, std::string_view text, std::span<const Token> tokens,
                               std::size_t first, std::uint32_t& last) const noexcept;
    void try_entries(const Index& index, std::uint64_t key, std::string_view text, std::span<const Token> tokens,
                     std::size_t first, PhraseScratch& scratch) const noexcept;

    std::vector<Entry> by_word_;  // grouped by their first word
    std::vector<Entry> by_stem_;  // entries of one beginning, grouped by its first bytes
    Index word_index_;
    Index stem_index_[2];                        // beginnings of 3 bytes, of 4 and more
    std::array<std::uint64_t, 512> word_bits_{};  // bit per hash: may be an entry's first word
    std::array<std::uint64_t, 128> stem_bits_{};
};

struct Phrase {
    std::vector<ConceptId> slots;   // 1 to kMaxSlots
    std::uint32_t within = 0;       // tokens from first to last; 0: not limited
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

}  // namespace fastguard
