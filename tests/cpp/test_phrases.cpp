// Events and phrase matches are those that trying every choice of entries gives.
#include "fastguard/phrases.h"

#include "check.h"
#include "fastguard/error.h"
#include "material.h"

#include <algorithm>
#include <optional>

namespace {

using fastguard::ConceptEvent;
using fastguard::ConceptId;
using fastguard::ConceptTable;
using fastguard::Phrase;
using fastguard::PhraseMatch;
using fastguard::PhraseMatcher;
using fastguard::PhraseScratch;
using fastguard::Token;
using material::Random;
using std::string;
using std::string_view;

// A folded text with its tokens, padded as a view is.
struct Words {
    string padded;
    std::size_t size;
    std::vector<Token> tokens;

    explicit Words(const string& text) : padded(text + string(64, '\0')), size(text.size()) {
        material::Masks masks(size);
        fastguard::ByteCounts counts;
        std::vector<char> folded(material::block_room(size));
        fastguard::active_kernel().classify(padded.data(), size, folded.data(), masks.masks(), counts);
        tokens.resize(fastguard::token_bound(size));
        tokens.resize(fastguard::tokenize(view(), masks.masks(), false, tokens.data()));
    }
    [[nodiscard]] string_view view() const { return string_view(padded).substr(0, size); }
    [[nodiscard]] string word(std::size_t at) const {
        return string(view().substr(tokens[at].begin, tokens[at].size()));
    }
};

void look_up(const ConceptTable& table, const Words& text, const PhraseMatcher& matcher, PhraseScratch& scratch) {
    std::vector<fastguard::Starter> starters(text.tokens.size() + 1);
    starters.resize(fastguard::find_starters(table.filter(), text.view(), text.tokens, starters.data()));
    table.find(text.view(), text.tokens, starters, matcher, scratch);
}

struct Concept {
    std::vector<string> entries;
};

struct Event {
    std::uint32_t first, last;
    bool operator==(const Event&) const = default;
};

bool entry_at(const Words& text, const string& entry, std::size_t first, std::uint32_t& last) {
    const bool prefix = entry.ends_with('*');
    const Words words(prefix ? entry.substr(0, entry.size() - 1) : entry);
    const std::size_t count = words.tokens.size();
    if (first + count > text.tokens.size()) {
        return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const bool whole = i + 1 < count || !prefix;
        if (whole ? text.word(first + i) != words.word(i) : !text.word(first + i).starts_with(words.word(i))) {
            return false;
        }
    }
    last = static_cast<std::uint32_t>(first + count - 1);
    return true;
}

std::vector<Event> plain_events(const Words& text, const Concept& made) {
    std::vector<Event> events;
    for (std::uint32_t first = 0; first < text.tokens.size(); ++first) {
        std::optional<std::uint32_t> longest;
        for (const string& entry : made.entries) {
            std::uint32_t last = 0;
            if (entry_at(text, entry, first, last)) {
                longest = std::max(longest.value_or(0), last);
            }
        }
        if (longest) {
            events.push_back({first, *longest});
        }
    }
    return events;
}

// The latest first token of a choice of one event per slot that ends at `end`, tried one by one; none where there is
// none.
class Chooser {
  public:
    Chooser(const Phrase& phrase, const std::vector<std::vector<Event>>& events, std::uint32_t free, std::uint32_t end)
        : phrase_(phrase), events_(events), free_(free), end_(end) {
        choose(0);
    }
    [[nodiscard]] std::optional<std::uint32_t> latest() const { return latest_; }

  private:
    void choose(std::size_t slot) {
        if (slot == phrase_.slots.size()) {
            judge();
            return;
        }
        for (const Event& event : events_[phrase_.slots[slot]]) {
            if (event.first >= free_ && event.last <= end_) {
                chosen_.push_back(event);
                choose(slot + 1);
                chosen_.pop_back();
            }
        }
    }
    void judge() {
        std::vector<Event> order = chosen_;
        if (!phrase_.ordered) {
            std::sort(order.begin(), order.end(), [](const Event& a, const Event& b) { return a.first < b.first; });
        }
        for (std::size_t i = 1; i < order.size(); ++i) {
            if (order[i].first <= order[i - 1].last) {
                return;
            }
        }
        if (order.back().last == end_ && (phrase_.within == 0 || end_ - order.front().first + 1 <= phrase_.within)) {
            latest_ = std::max(latest_.value_or(0), order.front().first);
        }
    }

    const Phrase& phrase_;
    const std::vector<std::vector<Event>>& events_;
    std::uint32_t free_, end_;
    std::vector<Event> chosen_;
    std::optional<std::uint32_t> latest_;
};

std::vector<Event> plain_matches(const Phrase& phrase, const std::vector<std::vector<Event>>& events,
                                 std::size_t tokens) {
    std::vector<Event> matches;
    std::uint32_t free = 0;
    for (std::uint32_t end = 0; end < tokens; ++end) {
        const std::optional<std::uint32_t> first = Chooser(phrase, events, free, end).latest();
        if (!first) {
            continue;
        }
        bool vetoed = false;
        for (const ConceptId id : phrase.unless) {
            for (const Event& event : events[id]) {
                vetoed = vetoed || (event.first + fastguard::kUnlessBefore >= *first && event.first <= end);
            }
        }
        if (!vetoed) {
            matches.push_back({*first, end});
            free = end + 1;
        }
    }
    return matches;
}

string random_entry(Random& random) {
    static constexpr std::array<string_view, 9> kWords = {"a",     "b",      "c",      "abc", "abcd",
                                                          "abcde", "\u5FFD", "\u7565", "abx"};
    static constexpr std::array<string_view, 4> kStems = {"abcd*", "abcde*", "abcdefg*", "\u0436\u0436\u0436*"};
    string entry;
    for (std::size_t words = random() % 3; words > 0; --words) {
        entry += string(kWords[random() % kWords.size()]) + " ";
    }
    return entry + string(random() % 4 == 0 ? kStems[random() % kStems.size()] : kWords[random() % kWords.size()]);
}

string random_text(Random& random, std::size_t words) {
    static constexpr std::array<string_view, 14> kWords = {"a",
                                                           "a",
                                                           "b",
                                                           "b",
                                                           "c",
                                                           "abc",
                                                           "abcd",
                                                           "abcdefgh",
                                                           "\u5FFD",
                                                           "\u7565",
                                                           "x",
                                                           "abcdx",
                                                           "\u0436\u0436\u0436\u0438",
                                                           "ab"};
    string text;
    for (std::size_t i = 0; i < words; ++i) {
        text += string(kWords[random() % kWords.size()]) + (random() % 9 == 0 ? "" : " ");
    }
    return text;
}

Phrase random_phrase(Random& random, std::size_t concepts) {
    Phrase phrase;
    std::vector<ConceptId> ids(concepts);
    for (std::size_t i = 0; i < concepts; ++i) {
        ids[i] = static_cast<ConceptId>(i);
    }
    std::shuffle(ids.begin(), ids.end(), random);
    const std::size_t slots = 1 + random() % std::min(concepts, fastguard::kMaxSlots);
    phrase.slots.assign(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(slots));
    phrase.ordered = random() % 2 == 0;
    phrase.within = slots == 1 ? 0 : static_cast<std::uint32_t>(slots + random() % (fastguard::kMaxWithin - slots + 1));
    if (random() % 3 == 0) {
        phrase.unless.push_back(ids[random() % concepts]);
    }
    return phrase;
}

void check_events(const Words& text, const std::vector<std::vector<Event>>& expected, const PhraseScratch& found) {
    const ConceptEvent* events = found.events.data();
    for (ConceptId id = 0; id < static_cast<ConceptId>(expected.size()); ++id) {
        std::vector<Event> of_concept;
        for (std::size_t i = 0; i < found.event_count; ++i) {
            if (events[i].concept_id == id) {
                of_concept.push_back({events[i].first, events[i].last});
            }
        }
        std::sort(of_concept.begin(), of_concept.end(),
                  [](const Event& a, const Event& b) { return a.first < b.first; });
        // Events that can be part of no match may be left out; the matches below tell whether one was missed.
        const bool real = std::all_of(of_concept.begin(), of_concept.end(), [&](const Event& event) {
            return std::find(expected[id].begin(), expected[id].end(), event) != expected[id].end();
        });
        if (!real) {
            CHECK_EQUAL(text.view(), "a text whose events are found");
        }
        CHECK_EQUAL(found.seen.has(id), !of_concept.empty());
    }
    CHECK(std::is_sorted(events, events + found.event_count, [](const ConceptEvent& a, const ConceptEvent& b) {
        return a.last != b.last ? a.last < b.last : a.first < b.first;
    }));
}

void random_phrases_match_as_trying_every_choice() {
    Random random(1);
    PhraseScratch scratch;
    std::size_t total = 0;
    for (int round = 0; round < 12000 && check::failures < 10; ++round) {
        std::vector<Concept> concepts(1 + random() % 5);
        ConceptTable table;
        for (ConceptId id = 0; id < static_cast<ConceptId>(concepts.size()); ++id) {
            for (std::size_t n = 1 + random() % 4; n > 0; --n) {
                concepts[id].entries.push_back(random_entry(random));
                table.add(id, concepts[id].entries.back());
            }
        }
        table.finish();
        std::vector<Phrase> phrases(1 + random() % 3);
        for (std::uint32_t tag = 0; tag < phrases.size(); ++tag) {
            phrases[tag] = random_phrase(random, concepts.size());
            phrases[tag].tag = tag;
        }
        const PhraseMatcher matcher(phrases, table.commonness());
        const Words text(random_text(random, random() % 14));
        look_up(table, text, matcher, scratch);
        std::vector<std::vector<Event>> events;
        events.reserve(concepts.size());
        for (const Concept& made : concepts) {
            events.push_back(plain_events(text, made));
        }
        check_events(text, events, scratch);
        std::vector<PhraseMatch> matches(1000);
        bool truncated = false;
        matches.resize(matcher.match(scratch, 1000, matches, truncated));
        CHECK(!truncated);
        for (std::uint32_t tag = 0; tag < phrases.size(); ++tag) {
            std::vector<Event> of_phrase;
            for (const PhraseMatch& match : matches) {
                if (match.tag == tag) {
                    of_phrase.push_back({match.first, match.last});
                }
            }
            if (of_phrase != plain_matches(phrases[tag], events, text.tokens.size())) {
                CHECK_EQUAL(text.view(), "a text whose matches are found");
            }
            total += of_phrase.size();
        }
    }
    CHECK(total > 2000);  // the random texts do match
}

void long_entries_and_long_texts_match() {
    ConceptTable table;
    string longest;
    for (std::size_t i = 0; i < fastguard::kMaxEntryTokens; ++i) {
        longest += "w" + std::to_string(i) + " ";
    }
    table.add(0, longest);
    table.add(1, "end");
    table.finish();
    const PhraseMatcher matcher({{.slots = {0, 1}, .within = 24, .ordered = true, .unless = {}, .tag = 7}});
    string filler;
    for (int i = 0; i < 10'000; ++i) {
        filler += "x ";
    }
    const Words text(filler + longest + "a b end " + filler + longest + "c end");
    PhraseScratch scratch;
    look_up(table, text, matcher, scratch);
    std::array<PhraseMatch, 10> matches{};
    bool truncated = false;
    CHECK_EQUAL(matcher.match(scratch, 10, matches, truncated), 2U);
    CHECK_EQUAL(matches[0].first, 10'000U);
    CHECK_EQUAL(matches[0].last, 10'000U + 16 + 2);
    CHECK_EQUAL(matches[0].tag, 7U);
    CHECK_EQUAL(matches[1].last - matches[1].first, 17U);
}

void a_flood_of_matches_stops_at_the_limit_and_says_so() {
    ConceptTable table;
    table.add(0, "a");
    table.add(1, "b");
    table.finish();
    const PhraseMatcher matcher({{.slots = {0}, .within = 0, .ordered = false, .unless = {}, .tag = 0},
                                 {.slots = {0, 1}, .within = 4, .ordered = false, .unless = {}, .tag = 1}});
    string flood;
    for (int i = 0; i < 5000; ++i) {
        flood += "a b ";
    }
    const Words text(flood);
    PhraseScratch scratch;
    look_up(table, text, matcher, scratch);
    std::vector<PhraseMatch> matches(300);
    bool truncated = false;
    CHECK_EQUAL(matcher.match(scratch, 100, matches, truncated), 200U);
    CHECK(truncated);
    truncated = false;
    CHECK_EQUAL(matcher.match(scratch, 10'000, std::span(matches).subspan(0, 150), truncated), 150U);
    CHECK(truncated);
    CHECK(matches[148].tag != matches[149].tag);  // the first phrase leaves room for one of the other
    truncated = false;
    std::vector<PhraseMatch> all(10'000);
    CHECK_EQUAL(matcher.match(scratch, 10'000, all, truncated), 10'000U);
    CHECK(!truncated);
}

void a_text_without_words_matches_nothing() {
    ConceptTable table;
    table.add(0, "a");
    table.finish();
    const PhraseMatcher matcher({{.slots = {0}, .within = 0, .ordered = false, .unless = {}, .tag = 0}});
    PhraseScratch scratch;
    std::array<PhraseMatch, 1> matches{};
    bool truncated = false;
    for (const string text : {"", " ", "-- --", "ab"}) {
        const Words words(text);
        look_up(table, words, matcher, scratch);
        CHECK_EQUAL(matcher.match(scratch, 1, matches, truncated), 0U);
    }
    CHECK_EQUAL(PhraseMatcher().match(scratch, 1, matches, truncated), 0U);
}

void entries_that_cannot_match_are_refused() {
    string too_many;
    for (std::size_t i = 0; i <= fastguard::kMaxEntryTokens; ++i) {
        too_many += "a ";
    }
    for (const string& entry :
         {string(""), string("*"), string("--"), string("ab*"), string("abc*"), string("\u0436\u0436*"), too_many}) {
        ConceptTable table;
        try {
            table.add(0, entry);
            CHECK_EQUAL(entry, "an entry that is refused");
        } catch (const fastguard::BuildError& error) {
            CHECK_EQUAL(error.field(), "entry");
        }
    }
}

}  // namespace

int main() {
    random_phrases_match_as_trying_every_choice();
    long_entries_and_long_texts_match();
    a_flood_of_matches_stops_at_the_limit_and_says_so();
    a_text_without_words_matches_nothing();
    entries_that_cannot_match_are_refused();
    return check::result();
}
