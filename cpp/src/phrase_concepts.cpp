// Concept events: which entries of which concepts stand where.
#include "fastguard/error.h"
#include "fastguard/phrases.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fastguard {
namespace {

std::size_t code_points(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
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

std::size_t word_bit(std::uint64_t hash) noexcept { return (hash >> 16U) & 0x7FFFU; }
std::size_t stem_bit(std::uint64_t key) noexcept { return (key * 0x9E3779B97F4A7C15U) >> 51U; }

}  // namespace

std::uint64_t ConceptTable::stem_key(const char* text, std::size_t size) noexcept {
    std::uint32_t key = 0;
    std::memcpy(&key, text, 4);
    return size == 3 ? (key & 0x00FFFFFFU) | (std::uint64_t{1} << 40U) : key;
}

void ConceptTable::add(ConceptId concept_id, const std::string& entry) {
    const bool prefix = !entry.empty() && entry.back() == '*';
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
        if (tokens.size() == 1 && (code_points(made.stem) < 3 || made.stem.size() < 3)) {
            throw BuildError("the beginning '" + entry + "' is shorter than 3 characters", "", "entry");
        }
    }
    (made.hashes.empty() ? by_stem_ : by_word_).push_back(std::move(made));
}

void ConceptTable::finish() {
    const auto group = [](std::vector<Entry>& entries, auto key_of, auto&& index_of) {
        std::stable_sort(entries.begin(), entries.end(),
                         [&](const Entry& a, const Entry& b) { return key_of(a) < key_of(b); });
        for (std::uint32_t begin = 0; begin < entries.size();) {
            std::uint32_t end = begin;
            const std::uint64_t key = key_of(entries[begin]);
            while (end < entries.size() && key_of(entries[end]) == key) {
                ++end;
            }
            index_of(entries[begin])[key] = {begin, end};
            begin = end;
        }
    };
    const auto word_key = [](const Entry& e) { return e.hashes.front(); };
    const auto stem_key_of = [](const Entry& e) {
        std::string padded = e.stem;
        padded.append(4, '\0');
        return stem_key(padded.data(), e.stem.size());
    };
    group(by_word_, word_key, [&](const Entry&) -> Index& { return word_index_; });
    group(by_stem_, stem_key_of, [&](const Entry& e) -> Index& { return stem_index_[e.stem.size() == 3 ? 0 : 1]; });
    for (const auto& [key, range] : word_index_) {
        word_bits_[word_bit(key) / 64] |= std::uint64_t{1} << (word_bit(key) % 64);
    }
    for (const Index& index : stem_index_) {
        for (const auto& [key, range] : index) {
            stem_bits_[stem_bit(key) / 64] |= std::uint64_t{1} << (stem_bit(key) % 64);
        }
    }
}

bool ConceptTable::matches(const Entry& entry, std::string_view text, std::span<const Token> tokens, std::size_t first,
                           std::uint32_t& last) const noexcept {
    const std::size_t count = entry.hashes.size() + (entry.stem.empty() ? 0 : 1);
    if (first + count > tokens.size()) {
        return false;
    }
    for (std::size_t i = 0; i < entry.hashes.size(); ++i) {
        if (tokens[first + i].hash != entry.hashes[i]) {
            return false;
        }
    }
    last = static_cast<std::uint32_t>(first + count - 1);
    const Token& end = tokens[last];
    return entry.stem.empty() || text.substr(end.begin, end.size()).starts_with(entry.stem);
}

void ConceptTable::try_entries(const Index& index, std::uint64_t key, std::string_view text,
                               std::span<const Token> tokens, std::size_t first,
                               PhraseScratch& scratch) const noexcept {
    const auto found = index.find(key);
    if (found == index.end()) {
        return;
    }
    const std::vector<Entry>& entries = &index == &word_index_ ? by_word_ : by_stem_;
    ConceptEvent* events = scratch.events.data();
    for (std::uint32_t i = found->second.begin; i < found->second.end; ++i) {
        const Entry& entry = entries[i];
        std::uint32_t last = 0;
        if (!matches(entry, text, tokens, first, last)) {
            continue;
        }
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

void ConceptTable::find(std::string_view text, std::span<const Token> tokens, PhraseScratch& scratch) const {
    scratch.event_count = 0;
    scratch.seen = {};
    std::size_t room = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const Token& token = tokens[i];
        const std::size_t bit = word_bit(token.hash);
        const bool word = ((word_bits_[bit / 64] >> (bit % 64)) & 1U) != 0;
        const std::uint64_t key4 = stem_key(text.data() + token.begin, 4);
        const std::uint64_t key3 = stem_key(text.data() + token.begin, 3);
        const std::size_t bit4 = stem_bit(key4);
        const std::size_t bit3 = stem_bit(key3);
        const bool stem4 = token.size() >= 4 && ((stem_bits_[bit4 / 64] >> (bit4 % 64)) & 1U) != 0;
        const bool stem3 = token.size() >= 3 && ((stem_bits_[bit3 / 64] >> (bit3 % 64)) & 1U) != 0;
        if (!word && !stem4 && !stem3) {
            continue;
        }
        if (scratch.event_count + kMaxConcepts > room) {
            // At most one event per concept and token: room for this token and a good many after it.
            room = scratch.event_count + 4 * kMaxConcepts;
            scratch.events.grow(room, scratch.event_count);
        }
        if (word) {
            try_entries(word_index_, token.hash, text, tokens, i, scratch);
        }
        if (stem4) {
            try_entries(stem_index_[1], key4, text, tokens, i, scratch);
        }
        if (stem3) {
            try_entries(stem_index_[0], key3, text, tokens, i, scratch);
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
