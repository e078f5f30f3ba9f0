// Words with marks between their letters that a program or a reader passes over: quotes and backslashes of a shell
// (i"g"n\ore), brackets, stray points and commas, a hyphen at a line's end; and lists of strings that are joined.
#include "codes.h"
#include "evidence.h"
#include "words.h"

#include "fastguard/tokenizer.h"

#include <algorithm>
#include <bit>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool is_letter(char c) noexcept { return is(c, kLower | kUpper) || static_cast<unsigned char>(c) >= 0x80; }
bool is_mark(char c) noexcept { return is(c, kPrint) && !is(c, kAlnum); }

// Where the marks at `at` end, if letters stand on both sides of them (quotes, and marks behind a backslash, also where
// a word begins or ends); `at` where they part words.
inline std::size_t inner_marks(std::string_view text, std::size_t at) noexcept {
    std::size_t end = at;
    std::size_t quoted = at;  // where quotes and escaped marks end
    while (end < text.size() && end - at < 4 && is_mark(text[end])) {
        const bool escaped = end == at + 1 && text[at] == '\\';
        const bool quote = text[end] == '"' || text[end] == '\'' || text[end] == '\\' || escaped;
        quoted += quoted == end && quote ? 1U : 0U;
        ++end;
    }
    bool quotes = quoted == end;
    if (end - at == 1 && text[at] == '-' && end < text.size() && text[end] == '\n') {
        ++end;
        quotes = false;
    }
    const bool before = at > 0 && is_letter(text[at - 1]);
    const bool behind = end < text.size() && is_letter(text[end]);
    if (end > at && (quotes ? before || behind : before && behind)) {
        return end;
    }
    return before ? quoted : at;  // what is behind the quotes ends the sentence
}

// The same at any byte; most are no mark.
inline std::size_t marks_at(std::string_view text, std::size_t at) noexcept {
    return is_mark(text[at]) ? inner_marks(text, at) : at;
}

// visit(begin, end, marks) for each word that marks were put into: `marks` is the number of places inside where they
// stand. An apostrophe alone is no such mark: "don't".
template <class Visit>
void each_marked_word(std::string_view text, const Visit& visit) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        std::size_t marks = 0;
        std::size_t apostrophes = 0;
        for (std::size_t end = at; at < text.size(); at = end) {
            end = marks_at(text, at);
            if (end == at && !is_letter(text[at])) {
                break;
            }
            marks += end > at ? 1U : 0U;
            apostrophes += end == at + 1 && text[at] == '\'' ? 1U : 0U;
            end = std::max(end, at + 1);
        }
        if (marks > apostrophes || marks > 1) {
            visit(begin, at, marks);
        }
        at += at == begin ? 1U : 0U;
    }
}

// Marks that no language has between two letters: two quotes, a quotation mark, an escaped mark.
bool is_foreign(std::string_view text, std::size_t begin, std::size_t end) noexcept {
    const bool between = begin > 0 && is_letter(text[begin - 1]) && end < text.size() && is_letter(text[end]);
    const bool quotes =
        end - begin > 1 && (text[begin] == '"' || text[begin] == '\'') && text[begin + 1] == text[begin];
    return between && (quotes || (end == begin + 1 && text[begin] == '"') || (end > begin + 1 && text[begin] == '\\'));
}

// Foreign marks and characters in words that have marks: enough of the former are put in whatever the language.
struct Foreign {
    std::size_t marks = 0;
    std::size_t letters = 0;

    [[nodiscard]] bool are_put_in() const noexcept { return marks >= kLeastInnerMarks && marks * 8 >= letters; }
};

// The words that marks were put into, read without them, and the places with marks in them.
struct Unmarked {
    std::size_t marks = 0;
    WordMeter::Count words;
    Foreign foreign;
};

// Letters in a row, of which the first few are kept.
class Row {
  public:
    void add(std::string_view letters) noexcept {
        for (std::size_t i = 0; i < letters.size() && size_ + i < word_.size(); ++i) {
            word_[size_ + i] = static_cast<char>(letters[i] | 0x20);
        }
        size_ += letters.size();
    }
    void end(WordMeter::Count& count) noexcept {
        count.letters += size_;
        count.common += size_ > 1 && size_ <= kLongestCommon && is_common(hash_bytes(word_.data(), size_)) ? size_ : 0;
        size_ = 0;
    }

  private:
    std::array<char, kLongestCommon + 8> word_;  // not initialised: only what was added counts
    std::size_t size_ = 0;
};

// Where the ASCII letters from `at` on end.
std::size_t letters_end(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && is(text[at], kLower | kUpper)) {
        ++at;
    }
    return at;
}

// What each_marked_word and a WordMeter for its words without marks would say, in one pass.
Unmarked read_unmarked(std::string_view text) noexcept {
    Unmarked all;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        // Most words have no marks in them.
        const std::size_t first = letters_end(text, at);
        if (first == text.size() || is(text[first], kDigit | kBlank)) {
            at = first + 1;
            continue;
        }
        Row row;
        WordMeter::Count words;
        Foreign foreign;
        std::size_t marks = 0;
        std::size_t apostrophes = 0;
        for (; at < text.size();) {
            if (const std::size_t end = letters_end(text, at); end > at) {
                row.add(text.substr(at, end - at));
                foreign.letters += end - at;
                at = end;
                continue;
            }
            if (static_cast<unsigned char>(text[at]) >= 0x80) {
                row.end(words);
                foreign.letters += (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U ? 1U : 0U;
                ++at;
                continue;
            }
            const std::size_t end = marks_at(text, at);
            if (end == at) {
                break;
            }
            ++marks;
            foreign.marks += is_foreign(text, at, end) ? 1U : 0U;
            apostrophes += end == at + 1 && text[at] == '\'' ? 1U : 0U;
            at = end;
        }
        if (marks > apostrophes || marks > 1) {
            row.end(words);
            all.marks += marks;
            all.words.letters += words.letters;
            all.words.common += words.common;
            all.foreign.marks += foreign.marks;
            all.foreign.letters += foreign.letters;
        }
        at += at == begin ? 1U : 0U;
    }
    return all;
}

// Adds the word at bytes [begin, end); marks part its letters.
void meter_word(std::string_view text, std::size_t begin, std::size_t end, WordMeter& meter) noexcept {
    for (std::size_t at = begin; at < end;) {
        const std::size_t behind = marks_at(text, at);
        meter.add(behind > at ? ' ' : text[at]);
        at = std::max(behind, at + 1);
    }
    meter.add(' ');
}

// Whether words make sense without their marks: what the next function asks first.
bool may_be_put_in(const WordMeter::Count& joined) noexcept {
    return joined.common >= 8 && joined.common * 4 >= joined.letters;
}

// Whether the marks of words were put into them: without, they are twice as often common ones; or they are so more
// often and there is a place with marks for every two letters.
bool are_put_in(std::size_t marks, const WordMeter::Count& joined, const WordMeter::Count& plain) noexcept {
    return joined.says_more_than(plain) ||
           (may_be_put_in(joined) && joined.common > plain.common && marks * 2 >= joined.letters);
}

// ---------------------------------------------------------------- letters in brackets

constexpr std::string_view kEnclosed = "\xE2\x92";  // U+2480 to U+24BF begin so
constexpr int kLeastLetters = 3;                    // different ones

// The letter that a parenthesised one at `at` (U+249C to U+24B5) stands for; 0: none is there.
char parenthesised(std::string_view text, std::size_t at) noexcept {
    if (text.size() - at < 3 || text.substr(at, 2) != kEnclosed) {
        return '\0';
    }
    const unsigned last = static_cast<unsigned char>(text[at + 2]);
    return last >= 0x9C && last <= 0xB5 ? static_cast<char>('a' + (last - 0x9C)) : '\0';
}

// ---------------------------------------------------------------- lists of strings

bool is_quote(char c) noexcept { return c == '"' || c == '\''; }

// The literals of the list that begins behind the bracket at `open`: visit(begin, end) for each. False where something
// else stands between them, or where `budget`, which the bytes read are taken from, is used up.
template <class Visit>
bool each_literal(std::string_view text, std::size_t open, std::size_t& budget, const Visit& visit) {
    std::size_t at = open + 1;
    for (std::size_t read = open; at < text.size(); read = at) {
        if (budget < at - read) {
            return false;
        }
        budget -= at - read;
        while (at < text.size() && (is(text[at], kBlank) || text[at] == ',')) {
            ++at;
        }
        if (at == text.size() || !is_quote(text[at])) {
            return at < text.size() && (text[at] == ']' || text[at] == ')');
        }
        const std::size_t end = find_byte(text, text[at], at + 1);
        if (end == kNowhere) {
            return false;
        }
        visit(at + 1, end);
        at = end + 1;
    }
    return false;
}

}  // namespace

namespace {

// Of marks [begin, end) those that are no quotation marks, backslashes or escaped: where such were put in, the others
// are the text's own ("h'tt'ps://").
void copy_others(const Job& job, std::size_t begin, std::size_t end) {
    const std::string_view text = job.text();
    for (std::size_t at = begin; at < end; ++at) {
        const char c = text[at];
        const bool escaped = at > 0 && text[at - 1] == '\\';
        if (c != '"' && c != '\'' && c != '\\' && !escaped) {
            copy(job, at, at + 1);
        }
    }
}

}  // namespace

void decode_inner_marks(const Job& job) {
    const std::string_view text = job.text();
    const Unmarked unmarked = read_unmarked(text);
    const bool foreign = unmarked.foreign.are_put_in();
    bool put_in = foreign;
    if (unmarked.marks < kLeastInnerMarks || (!put_in && !may_be_put_in(unmarked.words))) {
        return;
    }
    if (!put_in) {
        WordMeter plain;
        each_marked_word(text,
                         [&](std::size_t begin, std::size_t end, std::size_t) { meter_word(text, begin, end, plain); });
        put_in = are_put_in(unmarked.marks, unmarked.words, plain.end());
    }
    if (!put_in || !job.children.open(ViewKind::joined)) {
        return;
    }
    for (std::size_t at = 0; at < text.size();) {
        std::size_t plain_end = at;
        std::size_t end = at;
        while (plain_end < text.size() && (end = marks_at(text, plain_end)) == plain_end) {
            ++plain_end;
        }
        copy(job, at, plain_end);
        if (foreign) {
            copy_others(job, plain_end, end);
        }
        at = std::max(end, plain_end);
    }
    job.children.close(text);
}

void decode_parenthesised(const Job& job) {
    const std::string_view text = job.text();
    std::uint32_t letters = 0;  // a bit each, of those that touch another letter
    for (std::size_t at = text.find(kEnclosed); at != kNowhere; at = text.find(kEnclosed, at + 1)) {
        const char letter = parenthesised(text, at);
        const bool touches = (at > 0 && is_letter(text[at - 1])) || (at + 3 < text.size() && is_letter(text[at + 3]));
        letters |= letter != '\0' && touches ? 1U << static_cast<unsigned>(letter - 'a') : 0U;
    }
    if (std::popcount(letters) < kLeastLetters || !job.children.open(ViewKind::joined)) {
        return;
    }
    for (std::size_t at = 0; at < text.size();) {
        const char letter = parenthesised(text, at);
        if (letter == '\0') {
            copy(job, at, at + 1);
            ++at;
        } else {
            (void)job.children.put_byte(letter, at, at + 3);
            at += 3;
        }
    }
    job.children.close(text);
}

void decode_lists(const Job& job) {
    const std::string_view text = job.text();
    std::size_t budget = 4 * text.size();  // lists may stand in the strings of lists: none is read for ever
    std::size_t seen = 0;                  // what is before was looked at for a bracket
    for (std::size_t at = text.find("join"); at != kNowhere; at = text.find("join", at + 4)) {
        // ''.join([..]) has the list behind the word, [..].join('') before it.
        const std::size_t behind = find_byte(text.substr(0, std::min(text.size(), at + 12)), '[', at);
        std::size_t before = kNowhere;
        if (at > 0 && text[at - 1] == '.') {
            before = text.substr(seen, at - seen).rfind('[');
            before += before == kNowhere ? 0 : seen;
            seen = at;
        }
        for (const std::size_t open : {behind, before}) {
            std::size_t count = 0;
            if (open == kNowhere || !each_literal(text, open, budget, [&](std::size_t, std::size_t) { ++count; }) ||
                count < 3 || !job.children.open(ViewKind::joined)) {
                continue;
            }
            std::size_t again = text.size();  // the same once more
            (void)each_literal(text, open, again, [&](std::size_t begin, std::size_t end) { copy(job, begin, end); });
            job.children.close(text);
            break;
        }
    }
}

}  // namespace fastguard::decoding
