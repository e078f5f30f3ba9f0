#include "fastguard/context.h"

#include <algorithm>
#include <array>

namespace fastguard {
namespace {

constexpr std::size_t kLookedAt = 160;  // tokens whose words are found in one go at most
constexpr std::size_t kAtOnce = 16;     // and at first: those around one number
static_assert(kLookedAt > ContextWords::kMostBefore + ContextWords::kMostAfter + kMaxEntryTokens);

}  // namespace

ConceptId ContextWords::add(std::span<const std::string> folded) {
    const std::vector<std::string> words(folded.begin(), folded.end());
    const auto known = std::find(lists_.begin(), lists_.end(), words);
    const auto id = static_cast<ConceptId>(known - lists_.begin());
    if (known == lists_.end()) {
        for (const std::string& word : words) words_.add(id, word);
        lists_.push_back(words);
    }
    return id;
}

void ContextWords::finish() {
    words_.finish();
    std::vector<Phrase> phrases(lists_.size());
    for (std::size_t i = 0; i < phrases.size(); ++i) phrases[i].slots = {static_cast<ConceptId>(i)};
    each_ = PhraseMatcher(std::move(phrases));
}

std::uint32_t ContextWords::distance(const Reading& reading, ConceptId id, std::size_t begin, std::size_t end,
                                     std::size_t before, std::size_t after, ContextScratch& scratch) const {
    const std::span<const Token> tokens = reading.tokens;
    const auto token_at = [&](std::size_t place) {
        return static_cast<std::size_t>(
            std::partition_point(tokens.begin(), tokens.end(), [&](const Token& t) { return t.end <= place; }) -
            tokens.begin());
    };
    const std::size_t first = token_at(begin);
    const std::size_t behind = std::max(token_at(end), first);
    const std::size_t low = first > before ? first - before : 0;
    const std::size_t high = std::min(behind + after, tokens.size());
    std::uint32_t nearest = kFar;
    // The words before and those behind are looked up apart: what lies between may be long.
    const auto look = [&](std::size_t from, std::size_t to) {
        find_words(reading, from, to, scratch);
        for (std::size_t i = 0; i < scratch.words.event_count; ++i) {
            const ConceptEvent& event = scratch.words.events.data()[i];
            if (event.concept_id != id) continue;
            const std::size_t word = scratch.first + event.first;
            const std::size_t word_end = scratch.first + event.last;
            if (word >= low && word_end < first)
                nearest = std::min(nearest, static_cast<std::uint32_t>(first - word_end));
            else if (word >= behind && word < high)
                nearest = std::min(nearest, static_cast<std::uint32_t>(2 * (word - behind) + 2));
        }
    };
    if (high - low <= kLookedAt - kMaxEntryTokens) {
        look(low, high);
    } else {
        look(low, first);
        look(behind, high);
    }
    return nearest;
}

// Makes `scratch.words` hold all words that begin in tokens [low, high).
void ContextWords::find_words(const Reading& reading, std::size_t low, std::size_t high,
                              ContextScratch& scratch) const {
    if (scratch.first <= low && high <= scratch.last) return;
    const std::span<const Token> tokens = reading.tokens;
    // Where one number follows the other, more at a time.
    const bool goes_on = scratch.last != 0 && low <= scratch.last;
    const std::size_t size = std::max(goes_on ? kLookedAt - kMaxEntryTokens : kAtOnce, high - low);
    const std::size_t count = std::min(std::min(size, kLookedAt) + kMaxEntryTokens, tokens.size() - low);
    const std::span<const Token> near = tokens.subspan(low, count);
    std::array<Starter, kLookedAt + kMaxEntryTokens + 1> starters;
    const std::size_t found = find_starters(words_.filter(), reading.folded.bytes, near, starters.data());
    words_.find(reading.folded.bytes, near, {starters.data(), found}, each_, scratch.words);
    scratch.first = low;
    scratch.last = low + std::min(size, count);
}

}  // namespace fastguard
