#include "fastguard/mention.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace fastguard {
namespace {

struct Quote {
    std::string_view open;
    std::string_view close;
};
// As the folded view has them. Marks that open in one language close in another: „German“, “English”.
constexpr std::array<Quote, 14> kQuotes = {{{"```", "```"},
                                            {"\"", "\""},
                                            {"'", "'"},
                                            {"`", "`"},
                                            {"\u201C", "\u201D"},
                                            {"\u201E", "\u201C"},
                                            {"\u201E", "\u201D"},
                                            {"\u2018", "\u2019"},
                                            {"\u201A", "\u2018"},
                                            {"\u00AB", "\u00BB"},
                                            {"\u00BB", "\u00AB"},
                                            {"\u2039", "\u203A"},
                                            {"\u300C", "\u300D"},
                                            {"\u300E", "\u300F"}}};

bool is_high(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }
bool is_word(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

// Marks with room inside: a fence is followed by a line break, French marks by a space.
bool has_room(const Quote& quote) noexcept { return quote.open == "```" || quote.open == "\u00AB"; }

// Places of the marks of a quotation: the first byte of the opening one, the byte after the closing one.
using Range = std::pair<std::size_t, std::size_t>;

// Many marks open in one place and close in another: one opens where a letter follows it at once and no ASCII letter
// stands before it, and closes the other way round. The apostrophe of "don't" does neither.
bool opens(std::string_view text, std::size_t at, const Quote& quote) noexcept {
    std::size_t after = at + quote.open.size();
    after += has_room(quote) && after < text.size() && text[after] == ' ' ? 1U : 0U;
    return (at == 0 || !is_word(text[at - 1])) && after < text.size() && (is_word(text[after]) || is_high(text[after]));
}
bool closes(std::string_view text, std::size_t at, const Quote& quote) noexcept {
    const std::size_t after = at + quote.close.size();
    return at > 0 && (text[at - 1] != ' ' || has_room(quote)) && (after >= text.size() || !is_word(text[after]));
}

// Whether a sentence ends with byte `at` of `text`, which goes on behind it: at a mark before a space or a letter that
// is not ASCII (Chinese and Japanese have no space there), or at a mark of another script.
bool ends_sentence_at(std::string_view text, std::size_t at) noexcept {
    const char c = text[at];
    if (c == '.' || c == '!' || c == '?') {
        return at + 1 < text.size() && (text[at + 1] == ' ' || is_high(text[at + 1]));
    }
    constexpr std::array<std::string_view, 3> kMarks = {"\u3002", "\u061F", "\u0964"};
    return is_high(c) && std::any_of(kMarks.begin(), kMarks.end(),
                                     [&](std::string_view mark) { return text.substr(at, mark.size()) == mark; });
}

bool ends_sentence(std::string_view text) noexcept {
    if (text.size() > Mentions::kMostSentence) {
        return true;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (ends_sentence_at(text, at)) {
            return true;
        }
    }
    return false;
}

// The first of tokens [from, first) that no end of a sentence, nor more than kMostSentence bytes, part from byte
// `begin`, which lies behind them; `first` where there is none.
std::size_t sentence_start(std::string_view text, std::span<const Token> tokens, std::size_t from, std::size_t first,
                           std::size_t begin) noexcept {
    text = text.substr(0, begin);
    const std::size_t least = begin > Mentions::kMostSentence ? begin - Mentions::kMostSentence : 0;
    std::size_t start = first;
    for (std::size_t at = begin; start > from && at > least && at-- > tokens[start - 1].begin;) {
        if (ends_sentence_at(text, at)) {
            return start;
        }
        start -= at == tokens[start - 1].begin ? 1 : 0;
    }
    return start;
}

// The first closing mark at or after `from` and below `limit`.
std::optional<std::size_t> find_close(std::string_view text, const Quote& quote, std::size_t from,
                                      std::size_t limit) noexcept {
    const std::string_view part = text.substr(0, std::min(limit, text.size()));
    for (std::size_t at = part.find(quote.close, from); at != std::string_view::npos;
         at = part.find(quote.close, at + 1)) {
        if (closes(text, at, quote)) {
            return at;
        }
    }
    return std::nullopt;
}

// The first byte of every opening mark.
bool may_open(char c) noexcept {
    return c == '"' || c == '\'' || c == '`' || c == '\xC2' || c == '\xE2' || c == '\xE3';
}

using Places = std::array<std::optional<std::size_t>, kQuotes.size()>;

// Of each pair of marks the last opening one before byte `inside`, at most kMostQuoted bytes before it.
Places opening_marks(std::string_view text, std::size_t inside) noexcept {
    Places places;
    const std::size_t least = inside > Mentions::kMostQuoted ? inside - Mentions::kMostQuoted : 0;
    for (std::size_t at = inside; at-- > least;) {
        if (!may_open(text[at])) {
            continue;
        }
        for (std::size_t i = 0; i < kQuotes.size(); ++i) {
            if (!places[i] && text.substr(at, 3).starts_with(kQuotes[i].open) && opens(text, at, kQuotes[i])) {
                places[i] = at;
            }
        }
    }
    return places;
}

// The quotation that `quote` opens at `open`, where it ends at `end` or behind it.
std::optional<Range> quotation(std::string_view text, const Quote& quote, std::size_t open, std::size_t end,
                               std::size_t most = Mentions::kMostQuoted) noexcept {
    const std::size_t from = open + quote.open.size();
    const auto close = find_close(text, quote, from, from + most + quote.close.size());
    if (close && *close >= end) {
        return Range{open, *close + quote.close.size()};
    }
    return std::nullopt;
}

// Whether the marks of a quotation are those of JSON and its like: they part a value from its neighbours, and quote
// nobody. A key stands in marks and before a colon, a value beside a bracket; a list without brackets is a sentence's.
bool is_syntax(std::string_view text, const Range& range) noexcept {
    const auto before = [text](std::size_t at) {  // the last byte before `at` that is no space
        while (at > 0 && text[at - 1] == ' ') {
            --at;
        }
        return at;
    };
    const std::size_t sign = before(range.first);
    if (sign == 0) {
        return false;
    }
    const char left = text[sign - 1];
    if (left == ':') {
        const std::size_t key = before(sign - 1);
        if (key > 0 && (text[key - 1] == '"' || text[key - 1] == '\'')) {
            return true;
        }
    }
    std::size_t behind = range.second;
    while (behind < text.size() && text[behind] == ' ') {
        ++behind;
    }
    const char right = behind < text.size() ? text[behind] : ' ';
    return left == '[' || left == '{' || ((left == ':' || left == ',') && (right == ']' || right == '}'));
}

// Most tokens that are looked at in one go, with those that an entry beginning among them may have behind them.
constexpr std::size_t kMostLookedAt = Mentions::kNear + Mentions::kInside + kMaxEntryTokens;

ConceptSet set_of(std::initializer_list<MentionWords> lists) noexcept {
    ConceptSet set;
    for (const MentionWords list : lists) {
        set.add(static_cast<ConceptId>(list));
    }
    return set;
}

// The first token that ends behind byte `place`.
std::size_t token_at(std::span<const Token> tokens, std::size_t place) noexcept {
    return static_cast<std::size_t>(
        std::partition_point(tokens.begin(), tokens.end(), [&](const Token& t) { return t.end <= place; }) -
        tokens.begin());
}

// All quotations of a text but those of its syntax, left to right, none inside another; `found.size()` where there are
// as many or more.
std::size_t all_quotations(std::string_view text, std::span<Part> found) noexcept {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size() && count < found.size();) {
        std::optional<Range> range;
        for (std::size_t i = 0; may_open(text[at]) && i < kQuotes.size() && !range; ++i) {
            if (text.substr(at).starts_with(kQuotes[i].open) && opens(text, at, kQuotes[i])) {
                range = quotation(text, kQuotes[i], at, at, Mentions::kMostTold);
            }
        }
        if (range && !is_syntax(text, *range)) {
            found[count++] = {static_cast<std::uint32_t>(range->first), static_cast<std::uint32_t>(range->second)};
        }
        at = range ? range->second : at + 1;
    }
    return count;
}

}  // namespace

Mentions::Mentions() {
    std::vector<Phrase> phrases(kMentionConcepts.size());
    for (std::size_t i = 0; i < phrases.size(); ++i) {
        phrases[i].slots = {static_cast<ConceptId>(i)};
    }
    each_ = PhraseMatcher(std::move(phrases));
}

bool Mentions::any(const Reading& reading, std::size_t first, std::size_t last, ConceptSet lists,
                   PhraseScratch& scratch) const {
    last = std::min(last, reading.tokens.size());
    if (first >= last) {
        return false;
    }
    const std::size_t count = std::min(last - first + kMaxEntryTokens - 1, reading.tokens.size() - first);
    const std::span<const Token> tokens = reading.tokens.subspan(first, count);
    std::array<Starter, kMostLookedAt + 1> starters;  // find_starters writes one more than there are tokens
    const std::size_t found = find_starters(table_.filter(), reading.folded.bytes, tokens, starters.data());
    table_.find(reading.folded.bytes, tokens, {starters.data(), found}, each_, scratch);
    const std::span<const ConceptEvent> events(scratch.events.data(), scratch.event_count);
    return std::any_of(events.begin(), events.end(), [&](const ConceptEvent& event) {
        return first + event.first < last && lists.has(event.concept_id);
    });
}

bool Mentions::is_mention(const Reading& reading, std::size_t begin, std::size_t end, bool spoken,
                          PhraseScratch& scratch) const {
    const std::string_view text = reading.folded.bytes;
    const std::span<const Token> tokens = reading.tokens;
    const auto before = [](std::size_t token) { return token > kNear ? token - kNear : 0; };
    const std::size_t first = token_at(tokens, begin);
    const std::size_t behind = token_at(tokens, end);
    if (first >= behind) {
        return false;  // no word in it
    }
    const std::size_t sentence = sentence_start(text, tokens, before(first), first, begin);
    const ConceptSet reporting = set_of({MentionWords::reporting});
    const ConceptSet judging = set_of({MentionWords::judging});
    const ConceptSet obeying = set_of({MentionWords::obeying});
    if (any(reading, before(first), first, obeying, scratch) ||
        any(reading, behind, behind + kNear, obeying, scratch)) {
        return false;
    }
    if (any(reading, sentence, std::min(first + kInside, behind), reporting, scratch) ||
        (behind < tokens.size() && !ends_sentence(text.substr(end, tokens[behind].begin - end)) &&
         any(reading, behind, behind + kAfter, judging, scratch))) {
        return true;
    }
    const ConceptSet strict = set_of({MentionWords::quoting, MentionWords::reporting, MentionWords::judging});
    const ConceptSet wide =
        set_of({MentionWords::quoting, MentionWords::reporting, MentionWords::judging, MentionWords::discussing});
    const std::size_t inside = std::max<std::size_t>(tokens[behind - 1].begin, begin);
    const Places places = opening_marks(text, inside);
    for (std::size_t i = 0; i < kQuotes.size(); ++i) {
        const auto range = places[i] ? quotation(text, kQuotes[i], *places[i], end) : std::nullopt;
        if (!range) {
            continue;
        }
        const std::size_t open = token_at(tokens, range->first);
        const std::size_t close = token_at(tokens, range->second);
        const auto beside = [&](ConceptSet lists) {
            return any(reading, before(open), open, lists, scratch) ||
                   any(reading, close, close + kNear, lists, scratch);
        };
        if (beside(set_of({MentionWords::commanding}))) {
            continue;
        }
        const ConceptSet& all = spoken && !is_syntax(text, *range) ? wide : strict;
        // What begins outside the marks begins with a word of the announcement itself, or it is no quotation.
        if (range->first > begin ? any(reading, first, first + 1, all, scratch) : beside(all)) {
            return true;
        }
    }
    return false;
}

bool Mentions::any_of_many(const Reading& reading, std::size_t first, std::size_t last, ConceptSet lists,
                           PhraseScratch& scratch) const {
    constexpr std::size_t kAtOnce = kNear + kInside;
    for (; first < last; first += kAtOnce) {
        if (any(reading, first, std::min(last, first + kAtOnce), lists, scratch)) {
            return true;
        }
    }
    return false;
}

std::size_t Mentions::talked_about(const Reading& reading, std::span<Part, kMostQuotations> found,
                                   PhraseScratch& scratch) const {
    const std::span<const Token> tokens = reading.tokens;
    const std::size_t count = all_quotations(reading.folded.bytes, found);
    if (count == 0 || count == found.size()) {
        return 0;
    }
    // Tokens of each quotation.
    struct Words {
        std::size_t first;
        std::size_t last;
        bool announced;
    };
    std::array<Words, kMostQuotations> words{};
    const ConceptSet orders = set_of({MentionWords::obeying, MentionWords::commanding});
    const ConceptSet talk =
        set_of({MentionWords::quoting, MentionWords::reporting, MentionWords::judging, MentionWords::discussing});
    std::size_t outside = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t first = token_at(tokens, found[i].begin);
        const std::size_t last = token_at(tokens, found[i].end);
        if (any_of_many(reading, outside, first, orders, scratch)) {
            return 0;
        }
        words[i] = {first, last,
                    any(reading, first > kNear ? first - kNear : 0, first, talk, scratch) ||
                        any(reading, last, last + kNear, talk, scratch)};
        outside = last;
    }
    if (any_of_many(reading, outside, tokens.size(), orders, scratch)) {
        return 0;
    }
    // What is announced for one member of a list is for all.
    for (std::size_t i = 1; i < count; ++i) {
        words[i].announced |= words[i - 1].announced && words[i].first - words[i - 1].last <= kListed;
    }
    for (std::size_t i = count - 1; i-- > 0;) {
        words[i].announced |= words[i + 1].announced && words[i + 1].first - words[i].last <= kListed;
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (words[i].announced && words[i].last - words[i].first >= kLeastTold) {
            found[kept++] = found[i];
        }
    }
    return kept;
}

}  // namespace fastguard
