// Concept events: which entries of which concepts stand where.
#include "fastguard/error.h"
#include "fastguard/phrases.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fastguard {
namespace {

std::size_t code_points(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// Tokens of a short padded text, by way of the scalar definition of word bytes.
std::vector<Token> tokens_of(const std::string& padded, std::size_t size) {
    std::vector<std::uint64_t> words(6 * (size / kBlockBytes + 2));
    const std::size_t blocks = size / kBlockBytes + 2;
    const ByteMasks masks = {words.data(),
                             words.data() + blocks,
                             words.data() + 2 * blocks,
                             words.data() + 3 * blocks,
                             words.data() + 4 * blocks,
                             words.data() + 5 * blocks};
    std::string folded(size + kBlockBytes, '\0');
    ByteCounts counts;
    active_kernel().classify(padded.data(), size, folded.data(), masks, counts);
    std::vector<Token> tokens(token_bound(size));
    tokens.resize(tokenize({padded.data(), size}, masks, counts.high == 0, tokens.data()));
    return tokens;
}

std::uint64_t pair_key(std::uint64_t first, std::uint64_t second) noexcept {
    return (first ^ std::rotl(second, 29)) * 0x9FB21C651E98DF25U;
}

// The first four bytes of a word, spread.
std::uint64_t stem_key(const char* word) noexcept {
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, word, sizeof bytes);
    return (bytes + 1U) * 0x9E3779B97F4A7C15U;
}

constexpr std::uint64_t kVocabularyBits = std::uint64_t{1} << 19U;
void set_bit(std::vector<std::uint64_t>& bits, std::uint64_t key) noexcept {
    const std::uint64_t bit = (key >> 24U) & (kVocabularyBits - 1);
    bits[bit / 64] |= std::uint64_t{1} << (bit % 64);
}
bool has_bit(const std::vector<std::uint64_t>& bits, std::uint64_t key) noexcept {
    const std::uint64_t bit = (key >> 24U) & (kVocabularyBits - 1);
    return ((bits[bit / 64] >> (bit % 64)) & 1U) != 0;
}

// Tokens whose concepts are looked at together: two such blocks hold any match, since kMaxWithin is less.
constexpr std::size_t kBlockTokens = 64;
// Tokens before a match that decide about it: those a veto may begin in, and entries that reach into them.
constexpr std::size_t kBefore = kUnlessBefore + kMaxEntryTokens;
static_assert(kMaxWithin <= kBlockTokens && kMaxEntryTokens <= kBlockTokens);

}  // namespace

void ConceptTable::Index::build(std::vector<std::pair<std::uint64_t, Entry>> entries) {
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::size_t capacity = 16;
    while (capacity < 2 * entries.size()) {
        capacity *= 2;
    }
    slots_.assign(capacity, {});
    for (std::size_t begin = 0; begin < entries.size();) {
        const std::uint64_t key = entries[begin].first;
        Slot& slot = slots_[find(key)];
        if (slot.group == 0) {
            groups_.push_back({{}, static_cast<std::uint32_t>(begin), 0});
            slot = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(groups_.size())};
        }
        // Two keys with one tag share a group from the first's entries to the second's: `matches` tells them apart.
        Group& group = groups_[slot.group - 1];
        std::size_t end = begin;
        for (; end < entries.size() && entries[end].first == key; ++end) {
            group.concepts.add(entries[end].second.concept_id);
            entries_.push_back(std::move(entries[end].second));
        }
        group.end = static_cast<std::uint32_t>(end);
        filter_[(key >> 40U) & (kFilterWords - 1)] |= std::uint64_t{1} << (key >> 58U);
        begin = end;
    }
}

std::size_t ConceptTable::Index::find(std::uint64_t key) const noexcept {
    const auto tag = static_cast<std::uint32_t>(key);
    std::size_t slot = (key >> 20U) & (slots_.size() - 1);
    while (slots_[slot].group != 0 && slots_[slot].tag != tag) {
        slot = (slot + 1) & (slots_.size() - 1);
    }
    return slot;
}

std::span<const ConceptTable::Entry> ConceptTable::Index::entries(std::uint64_t key) const noexcept {
    const std::uint32_t group = slots_[find(key)].group;
    if (group == 0) {
        return {};
    }
    const Group& found = groups_[group - 1];
    return std::span(entries_).subspan(found.begin, found.end - found.begin);
}

const ConceptSet* ConceptTable::Index::concepts(std::uint64_t key) const noexcept {
    const std::uint32_t group = slots_[find(key)].group;
    return group == 0 ? nullptr : &groups_[group - 1].concepts;
}

void ConceptTable::add(ConceptId concept_id, const std::string& entry) {
    const bool prefix = entry.ends_with('*');
    std::string words = prefix ? entry.substr(0, entry.size() - 1) : entry;
    const std::size_t size = words.size();
    words.append(8, '\0');
    const std::vector<Token> tokens = tokens_of(words, size);
    if (tokens.empty()) {
        throw BuildError("the entry '" + entry + "' has no word", "", "entry");
    }
    if (tokens.size() > kMaxEntryTokens) {
        throw BuildError("the entry '" + entry + "' has more than " + std::to_string(kMaxEntryTokens) + " words", "",
                         "entry");
    }
    Entry made;
    made.concept_id = concept_id;
    for (const Token& token : tokens) {
        made.hashes.push_back(token.hash);
    }
    if (prefix) {
        made.stem = words.substr(tokens.back().begin, tokens.back().size());
        made.hashes.pop_back();
        if (tokens.size() == 1 && (code_points(made.stem) < 3 || made.stem.size() < 4)) {
            throw BuildError("the beginning '" + entry + "' is shorter than 3 characters or 4 bytes", "", "entry");
        }
    }
    for (const std::uint64_t hash : made.hashes) {
        set_bit(vocabulary_, hash);
    }
    if (made.stem.size() >= 4) {
        set_bit(vocabulary_, stem_key(made.stem.data()));
    }
    if (made.size() == 1 && prefix) {
        const std::size_t known = std::min<std::size_t>(8, made.stem.size());
        std::memcpy(&made.head, made.stem.data(), known);
        made.head_mask = ~std::uint64_t{0} >> (8 * (8 - known));
    }
    if (made.size() == 1) {
        const bool whole = made.stem.empty();
        pending_[whole ? 0 : 2].emplace_back(whole ? made.hashes[0] : stem_key(made.stem.data()), std::move(made));
    } else if (made.hashes.size() >= 2) {
        pending_[1].emplace_back(pair_key(made.hashes[0], made.hashes[1]), std::move(made));
    } else {
        pending_[0].emplace_back(made.hashes[0], std::move(made));  // a word and a beginning: by the word
    }
}

void ConceptTable::finish() {
    words_.build(std::move(pending_[0]));
    pairs_.build(std::move(pending_[1]));
    stems_.build(std::move(pending_[2]));
}

bool ConceptTable::knows(std::string_view word) const noexcept {
    return !word.empty() &&
           (has_bit(vocabulary_, hash_bytes(word.data(), word.size())) || has_bit(vocabulary_, stem_key(word.data())));
}

ConceptTable::Keys ConceptTable::keys_at(std::string_view text, std::span<const Token> tokens,
                                         std::size_t at) noexcept {
    const std::uint64_t next = at + 1 < tokens.size() ? tokens[at + 1].hash : 0;
    return {tokens[at].hash, pair_key(tokens[at].hash, next), stem_key(text.data() + tokens[at].begin)};
}

bool ConceptTable::matches(const Entry& entry, std::string_view text, std::span<const Token> tokens,
                           std::size_t first) noexcept {
    if (first + entry.size() > tokens.size()) {
        return false;
    }
    for (std::size_t i = 0; i < entry.hashes.size(); ++i) {
        if (tokens[first + i].hash != entry.hashes[i]) {
            return false;
        }
    }
    const Token& last = tokens[first + entry.size() - 1];
    return entry.stem.empty() || text.substr(last.begin, last.size()).starts_with(entry.stem);
}

ConceptSet ConceptTable::sketch(std::string_view text, std::span<const Token> tokens, std::size_t begin,
                                std::size_t end) const noexcept {
    ConceptSet found;
    for (std::size_t i = begin; i < end; ++i) {
        const Keys keys = keys_at(text, tokens, i);
        if (words_.maybe(keys.word)) {
            if (const ConceptSet* set = words_.concepts(keys.word)) {
                found |= *set;
            }
        }
        if (pairs_.maybe(keys.pair)) {
            if (const ConceptSet* set = pairs_.concepts(keys.pair)) {
                found |= *set;
            }
        }
        if (stems_.maybe(keys.stem)) {
            std::uint64_t head = 0;
            std::memcpy(&head, text.data() + tokens[i].begin, sizeof head);
            for (const Entry& entry : stems_.entries(keys.stem)) {
                if ((head & entry.head_mask) == entry.head && matches(entry, text, tokens, i)) {
                    found.add(entry.concept_id);
                }
            }
        }
    }
    return found;
}

void ConceptTable::try_entries(std::span<const Entry> entries, std::string_view text, std::span<const Token> tokens,
                               std::size_t first, PhraseScratch& scratch) noexcept {
    ConceptEvent* events = scratch.events.data();
    for (const Entry& entry : entries) {
        if (!matches(entry, text, tokens, first)) {
            continue;
        }
        const auto last = static_cast<std::uint32_t>(first + entry.size() - 1);
        // Only the longest entry of a concept counts at one token; this token's events are the last ones written.
        std::size_t at = scratch.event_count;
        while (at > 0 && events[at - 1].first == first && events[at - 1].concept_id != entry.concept_id) {
            --at;
        }
        if (at > 0 && events[at - 1].first == first) {
            events[at - 1].last = std::max(events[at - 1].last, last);
            continue;
        }
        events[scratch.event_count++] = {static_cast<std::uint32_t>(first), last, entry.concept_id};
        scratch.seen.add(entry.concept_id);
    }
}

void ConceptTable::add_events(std::string_view text, std::span<const Token> tokens, std::size_t begin, std::size_t end,
                              PhraseScratch& scratch) const {
    for (std::size_t i = begin; i < end; ++i) {
        const Keys keys = keys_at(text, tokens, i);
        scratch.events.grow(scratch.event_count + kMaxConcepts, scratch.event_count);  // one event a concept and token
        if (words_.maybe(keys.word)) {
            try_entries(words_.entries(keys.word), text, tokens, i, scratch);
        }
        if (pairs_.maybe(keys.pair)) {
            try_entries(pairs_.entries(keys.pair), text, tokens, i, scratch);
        }
        if (stems_.maybe(keys.stem)) {
            try_entries(stems_.entries(keys.stem), text, tokens, i, scratch);
        }
    }
}

void ConceptTable::find(std::string_view text, std::span<const Token> tokens, const PhraseMatcher& phrases,
                        PhraseScratch& scratch) const {
    scratch.event_count = 0;
    scratch.seen = {};
    ConceptSet before;
    std::size_t done = 0;  // events of tokens below are there, or not needed
    for (std::size_t begin = 0; begin < tokens.size(); begin += kBlockTokens) {
        const std::size_t end = std::min(tokens.size(), begin + kBlockTokens);
        const ConceptSet here = sketch(text, tokens, begin, end);
        before |= here;
        if (phrases.possible(before)) {
            const std::size_t reach = kBlockTokens + kBefore;
            add_events(text, tokens, std::max(done, begin > reach ? begin - reach : 0), end, scratch);
            done = end;
        }
        before = here;
    }
    ConceptEvent* events = scratch.events.data();
    const auto by_end = [](const ConceptEvent& a, const ConceptEvent& b) {
        return a.last != b.last ? a.last < b.last : a.first < b.first;
    };
    if (!std::is_sorted(events, events + scratch.event_count, by_end)) {
        std::sort(events, events + scratch.event_count, by_end);
    }
}

}  // namespace fastguard
