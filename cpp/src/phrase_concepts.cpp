// Concept events: which entries of which concepts stand where.
#include "decode/words.h"
#include "fastguard/error.h"
#include "fastguard/phrases.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <tuple>

namespace fastguard {
namespace {

std::size_t code_points(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// Tokens of a short padded text, by way of the scalar definition of word bytes.
std::vector<Token> tokens_of(const std::string& padded, std::size_t size) {
    const std::size_t blocks = size / kBlockBytes + 2;
    std::vector<std::uint64_t> words(ByteMasks::kCount * blocks);
    const ByteMasks masks = ByteMasks::in(words.data(), blocks);
    std::string folded(size + kBlockBytes, '\0');
    ByteCounts counts;
    active_kernel().classify(padded.data(), size, folded.data(), masks, counts);
    std::vector<Token> tokens(token_bound(size));
    tokens.resize(tokenize({padded.data(), size}, masks, counts.high == 0, tokens.data()));
    return tokens;
}

// What stands for a word in pairs: numbers are one word there (features.h).
std::uint64_t pair_word(std::string_view text, const Token& token) noexcept {
    return is_number(static_cast<unsigned char>(text[token.begin])) ? kNumber : token.hash;
}
// Hash of the words at `at` and behind it.
std::uint64_t pair_at(std::string_view text, std::span<const Token> tokens, std::size_t at) noexcept {
    return pair_hash(pair_word(text, tokens[at]), pair_word(text, tokens[at + 1]));
}

// The first four bytes of a word.
std::uint32_t stem_bytes(const char* word) noexcept {
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, word, sizeof bytes);
    return bytes;
}

// The same, spread over 64 bits.
std::uint64_t stem_key(const char* word) noexcept {
    return (stem_bytes(word) + std::uint64_t{1}) * 0x9E3779B97F4A7C15U;
}

// How common a word is that plain text is full of, and any other, in no unit: only which concept is rarer matters.
constexpr float kCommonWord = 0.02F;
constexpr float kOtherWord = 0.001F;

constexpr std::uint64_t kVocabularyBits = std::uint64_t{1} << 19U;
void set_bit(std::vector<std::uint64_t>& bits, std::uint64_t key) noexcept {
    const std::uint64_t bit = (key >> 24U) & (kVocabularyBits - 1);
    bits[bit / 64] |= std::uint64_t{1} << (bit % 64);
}
bool has_bit(const std::vector<std::uint64_t>& bits, std::uint64_t key) noexcept {
    const std::uint64_t bit = (key >> 24U) & (kVocabularyBits - 1);
    return ((bits[bit / 64] >> (bit % 64)) & 1U) != 0;
}

// Tokens whose concepts are looked at together: the entries of any match begin in kBlocks of them that follow each
// other.
constexpr std::size_t kBlockTokens = 8;
constexpr std::size_t kBlocks = 4;
// Tokens before a match that decide about it: those a veto may begin in, and entries that reach into them.
constexpr std::size_t kBefore = kUnlessBefore + kMaxEntryTokens;
constexpr std::size_t kAhead = 64;   // tokens that the memory is asked for in time
static_assert(kMaxConcepts <= 256);  // an index keeps concepts as bytes
static_assert(std::tuple_size_v<decltype(ConceptSet::words)> == 4);
static_assert(kMaxWithin <= (kBlocks - 1) * kBlockTokens + 1);

}  // namespace

std::size_t find_starters(const WordFilter& filter, std::string_view text, std::span<const Token> tokens,
                          Starter* out) noexcept {
    std::size_t count = 0;
    std::uint64_t word = tokens.empty() ? 0 : pair_word(text, tokens[0]);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        std::uint32_t passed = filter.maybe(tokens[i].hash, stem_bytes(text.data() + tokens[i].begin));
        if (i + 1 < tokens.size()) {
            const std::uint64_t next = pair_word(text, tokens[i + 1]);
            passed |= filter.maybe_pair(pair_hash(word, next));
            word = next;
        }
        out[count].value = static_cast<std::uint32_t>(i) << 3U | passed;
        count += passed != 0 ? 1U : 0U;
    }
    return count;
}

void ConceptTable::Index::build(std::vector<std::pair<std::uint64_t, Entry>> entries,
                                const std::function<Hint(const Entry&)>& hint) {
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::size_t keys = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        keys += i == 0 || entries[i].first != entries[i - 1].first ? 1 : 0;
    }
    std::size_t capacity = 16;
    while (3 * capacity < 4 * keys) {
        capacity *= 2;
    }
    slots_.assign(capacity, {});
    mask_ = capacity - 1;
    for (const auto& [key, entry] : entries) {
        Slot& slot = slots_[slot_of(key)];
        if (slot.size == 255) {
            throw BuildError("more than 255 entries of the concepts begin with the same word", "", "entry");
        }
        slot.tag = key & 0xFFFFFFU;
        ++slot.size;
    }
    std::uint32_t begin = 0;
    for (Slot& slot : slots_) {
        slot.begin = begin;
        begin += slot.size;
    }
    entries_.resize(entries.size());
    hints_.resize(entries.size());
    std::vector<std::uint8_t> filled(slots_.size());
    for (const auto& [key, entry] : entries) {
        const std::size_t slot = slot_of(key);
        const std::uint32_t at = slots_[slot].begin + filled[slot]++;
        entries_[at] = entry;
        hints_[at] = hint(entry);
    }
    for (Slot& slot : slots_) {
        std::copy_n(hints_.begin() + slot.begin, std::min<std::size_t>(slot.size, slot.few.size()), slot.few.begin());
    }
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
    float common = 1.0F;
    for (const Token& token : tokens) {
        common *= decoding::kCommonWords.has(token.hash) ? kCommonWord : kOtherWord;
    }
    commonness_[concept_id] += common;
    const Token& last = tokens.back();
    Entry made;
    made.concept_id = concept_id;
    made.hash_count = static_cast<std::uint8_t>(tokens.size() - (prefix ? 1 : 0));
    made.hashes = static_cast<std::uint32_t>(hashes_.size());
    for (std::size_t i = 0; i < made.hash_count; ++i) {
        hashes_.push_back(tokens[i].hash);
        set_bit(vocabulary_, tokens[i].hash);
    }
    if (prefix) {
        const std::string_view stem = std::string_view(words).substr(last.begin, last.size());
        if (tokens.size() == 1 && (code_points(stem) < 3 || stem.size() < 4)) {
            throw BuildError("the beginning '" + entry + "' is shorter than 3 characters or 4 bytes", "", "entry");
        }
        if (stem.size() > 255) {
            throw BuildError("the beginning '" + entry + "' is longer than 255 bytes", "", "entry");
        }
        made.stem = static_cast<std::uint32_t>(stems_text_.size());
        made.stem_size = static_cast<std::uint8_t>(stem.size());
        stems_text_ += stem;
        if (stem.size() >= 4) {
            set_bit(vocabulary_, stem_key(stem.data()));
        }
    }
    if (made.hash_count == 0) {
        const char* stem = words.data() + last.begin;
        made.head = first_bytes(stem, std::min<std::size_t>(8, made.stem_size));
        made.head_mask = ~std::uint64_t{0} >> (8 * (8 - std::min<std::size_t>(8, made.stem_size)));
        filter_.add_stem(stem_bytes(stem));
        pending_[2].emplace_back(stem_key(stem), made);
        return;
    }
    if (made.hash_count == 1) {
        filter_.add_word(tokens[0].hash);
        pending_[0].emplace_back(tokens[0].hash, made);
    } else {
        const std::uint64_t pair = pair_at(words, tokens, 0);
        filter_.add_pair(pair);
        pending_[1].emplace_back(pair, made);
    }
}

void ConceptTable::finish() {
    words_.build(std::move(pending_[0]), [this](const Entry& entry) { return hint_of(entry, 1); });
    pairs_.build(std::move(pending_[1]), [this](const Entry& entry) { return hint_of(entry, 2); });
    stems_.build(std::move(pending_[2]), [this](const Entry& entry) { return hint_of(entry, 1); });
    hashes_.shrink_to_fit();
    stems_text_.shrink_to_fit();
}

ConceptTable::Index::Hint ConceptTable::hint_of(const Entry& entry, std::size_t words) const noexcept {
    using Behind = Index::Hint::Behind;
    const auto concept_id = static_cast<std::uint8_t>(entry.concept_id);
    if (entry.hash_count > words) {
        return {concept_id, Behind::word, static_cast<std::uint16_t>(hashes_[entry.hashes + words])};
    }
    if (entry.size() > words && entry.stem_size >= sizeof(Index::Hint::bytes)) {
        Index::Hint hint{concept_id, Behind::stem, 0};
        std::memcpy(&hint.bytes, stems_text_.data() + entry.stem, sizeof hint.bytes);
        return hint;
    }
    return {concept_id, Behind::nothing, 0};
}

bool ConceptTable::knows(std::string_view word) const noexcept {
    return !word.empty() &&
           (has_bit(vocabulary_, hash_bytes(word.data(), word.size())) || has_bit(vocabulary_, stem_key(word.data())));
}

bool ConceptTable::matches(const Entry& entry, std::string_view text, std::span<const Token> tokens,
                           std::size_t first) const noexcept {
    if (first + entry.size() > tokens.size()) {
        return false;
    }
    for (std::size_t i = 0; i < entry.hash_count; ++i) {
        if (tokens[first + i].hash != hashes_[entry.hashes + i]) {
            return false;
        }
    }
    const Token& last = tokens[first + entry.size() - 1];
    return entry.stem_size == 0 || text.substr(last.begin, last.size())
                                       .starts_with(std::string_view(stems_text_).substr(entry.stem, entry.stem_size));
}

void ConceptTable::prefetch(std::string_view text, std::span<const Token> tokens, Starter starter) const noexcept {
    const std::size_t at = starter.index();
    if (starter.may(WordFilter::kWord)) {
        words_.prefetch(tokens[at].hash);
    }
    if (starter.may(WordFilter::kPair)) {
        pairs_.prefetch(pair_at(text, tokens, at));
    }
    if (starter.may(WordFilter::kStem)) {
        stems_.prefetch(stem_key(text.data() + tokens[at].begin));
    }
}

void ConceptTable::add_hinted(std::span<const Index::Hint> hints, std::string_view text, std::span<const Token> tokens,
                              std::size_t behind, ConceptSet& found) noexcept {
    using Behind = Index::Hint::Behind;
    std::uint16_t hash = 0;
    std::uint16_t begins = 0;
    const bool last = behind >= tokens.size();
    if (!last) {
        hash = static_cast<std::uint16_t>(tokens[behind].hash);
        std::memcpy(&begins, text.data() + tokens[behind].begin, sizeof begins);
    }
    for (const Index::Hint& hint : hints) {
        const bool may =
            hint.behind == Behind::nothing || (!last && hint.bytes == (hint.behind == Behind::word ? hash : begins));
        if (may) {
            found.add(hint.concept_id);
        }
    }
}

void ConceptTable::sketch(std::string_view text, std::span<const Token> tokens, Starter starter,
                          ConceptSet& found) const noexcept {
    const std::size_t at = starter.index();
    const Token& token = tokens[at];
    if (starter.may(WordFilter::kWord)) {
        add_hinted(words_.hints(token.hash), text, tokens, at + 1, found);
    }
    if (starter.may(WordFilter::kPair)) {
        add_hinted(pairs_.hints(pair_at(text, tokens, at)), text, tokens, at + 2, found);
    }
    if (starter.may(WordFilter::kStem)) {
        const std::uint64_t head = first_bytes(text.data() + token.begin, 8);
        for (const Entry& entry : stems_.find(stem_key(text.data() + token.begin))) {
            if ((head & entry.head_mask) == entry.head && matches(entry, text, tokens, at)) {
                found.add(entry.concept_id);
            }
        }
    }
}

void ConceptTable::try_entries(std::span<const Entry> entries, std::string_view text, std::span<const Token> tokens,
                               std::size_t first, PhraseScratch& scratch) const noexcept {
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

void ConceptTable::add_events(std::string_view text, std::span<const Token> tokens, Starter starter,
                              PhraseScratch& scratch) const {
    const std::size_t at = starter.index();
    scratch.events.grow(scratch.event_count + kMaxConcepts, scratch.event_count);  // one event a concept and token
    if (starter.may(WordFilter::kWord)) {
        try_entries(words_.find(tokens[at].hash), text, tokens, at, scratch);
    }
    if (starter.may(WordFilter::kPair)) {
        try_entries(pairs_.find(pair_at(text, tokens, at)), text, tokens, at, scratch);
    }
    if (starter.may(WordFilter::kStem)) {
        try_entries(stems_.find(stem_key(text.data() + tokens[at].begin)), text, tokens, at, scratch);
    }
}

void ConceptTable::find(std::string_view text, std::span<const Token> tokens, std::span<const Starter> starters,
                        const PhraseMatcher& phrases, PhraseScratch& scratch) const {
    scratch.event_count = 0;
    scratch.seen = {};
    std::array<ConceptSet, kBlocks> latest;  // block b at b % kBlocks
    std::size_t done = 0;                    // events of starters below are there, or not needed
    std::size_t from = 0;                    // first starter within reach of the block
    std::size_t ahead = 0;
    for (std::size_t at = 0, block = 0; at < starters.size(); ++block) {
        const std::size_t begin = block * kBlockTokens;
        const std::size_t end = begin + kBlockTokens;
        for (; ahead < starters.size() && starters[ahead].index() < begin + kAhead; ++ahead) {
            prefetch(text, tokens, starters[ahead]);
        }
        ConceptSet& here = latest[block % kBlocks];
        here = {};
        for (; at < starters.size() && starters[at].index() < end; ++at) {
            sketch(text, tokens, starters[at], here);
        }
        // What is possible now and was not before, is so by a concept of this block.
        if (here.empty()) {
            continue;
        }
        ConceptSet all = here;
        for (std::size_t back = 1; back < kBlocks; ++back) {
            all |= latest[(block + back) % kBlocks];
        }
        if (!phrases.possible(all)) {
            continue;
        }
        constexpr std::size_t kReach = (kBlocks - 1) * kBlockTokens + kBefore;
        while (starters[from].index() + kReach < begin) {
            ++from;
        }
        // A veto may begin in the last entry of the match.
        for (done = std::max(done, from); done < starters.size() && starters[done].index() < end + kMaxEntryTokens;
             ++done) {
            add_events(text, tokens, starters[done], scratch);
        }
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
