// Phrases over a small concept table: every match holds one event per slot, within its limit.
#include "fastguard/normalizer.h"
#include "fastguard/phrases.h"
#include "fastguard/tokenizer.h"

#include "fuzz_input.h"

#include <cstdint>
#include <vector>

namespace {

using fastguard::fuzz::require;

constexpr std::size_t kReadable = 64;
constexpr std::uint32_t kWithin = 6;

const fastguard::ConceptTable& concepts() {
    static const fastguard::ConceptTable kTable = [] {
        fastguard::ConceptTable table;
        for (const char* entry : {"a", "b c", "ignore", "pay no attention to", "verg*"}) {
            table.add(0, entry);
        }
        for (const char* entry : {"d", "e e", "instruct*", "指示", "a b"}) {
            table.add(1, entry);
        }
        for (const char* entry : {"f", "all", "c c c"}) {
            table.add(2, entry);
        }
        table.add(3, "not");
        table.finish();
        return table;
    }();
    return kTable;
}

const fastguard::PhraseMatcher& matcher() {
    static const fastguard::PhraseMatcher kMatcher({
        {.slots = {0, 1}, .within = kWithin, .ordered = false, .unless = {}, .tag = 0},
        {.slots = {0, 2, 1}, .within = kWithin, .ordered = true, .unless = {3}, .tag = 1},
        {.slots = {2}, .within = 0, .ordered = false, .unless = {}, .tag = 2},
    });
    return kMatcher;
}

bool holds(const fastguard::PhraseScratch& scratch, const fastguard::PhraseMatch& match, fastguard::ConceptId slot) {
    for (std::size_t i = 0; i < scratch.event_count; ++i) {
        const fastguard::ConceptEvent& event = scratch.events.data()[i];
        if (event.concept_id == slot && event.first >= match.first && event.last <= match.last) {
            return true;
        }
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::size_t bound = fastguard::fold_bound(size);
    std::vector<char> folded(bound + kReadable);
    std::vector<std::uint32_t> origin(bound + kReadable + 1);
    fastguard::FoldStats stats{};
    const std::size_t folded_size =
        fastguard::fold_utf8(fastguard::fuzz::chars(data), size, folded.data(), origin.data(), stats);
    const fastguard::fuzz::ExactText text(folded.data(), folded_size, kReadable);
    std::vector<char> room(fastguard::fuzz::block_room(folded_size));
    fastguard::fuzz::ExactMasks masks(folded_size);
    fastguard::ByteCounts counts;
    fastguard::active_kernel().classify(text.view().data(), folded_size, room.data(), masks.masks(), counts);
    std::vector<fastguard::Token> tokens(fastguard::token_bound(folded_size));
    tokens.resize(fastguard::tokenize(text.view(), masks.masks(), counts.high == 0, tokens.data()));

    fastguard::PhraseScratch scratch;
    std::vector<fastguard::Starter> starters(tokens.size() + 1);
    starters.resize(fastguard::find_starters(concepts().filter(), text.view(), tokens, starters.data()));
    concepts().find(text.view(), tokens, starters, matcher(), scratch);
    for (std::size_t i = 0; i < scratch.event_count; ++i) {
        const fastguard::ConceptEvent& event = scratch.events.data()[i];
        require(event.first <= event.last && event.last < tokens.size(), "events lie in the text");
    }

    std::vector<fastguard::PhraseMatch> matches(3 * tokens.size() + 1);
    bool truncated = false;
    matches.resize(matcher().match(scratch, tokens.size() + 1, matches, truncated));
    require(!truncated, "no phrase matches more often than there are tokens");
    for (const fastguard::PhraseMatch& match : matches) {
        require(match.first <= match.last && match.last < tokens.size(), "matches lie in the text");
        require(match.tag == 2 || match.last - match.first + 1 <= kWithin, "a match keeps its limit");
        require(match.tag == 2 ? holds(scratch, match, 2) : holds(scratch, match, 0) && holds(scratch, match, 1),
                "a match holds an event of each slot");
    }
    return 0;
}
