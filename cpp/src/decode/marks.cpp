// Words with marks between their letters that a program or a reader passes over: quotes and backslashes of a shell
// (i"g"n\ore), brackets, stray points and commas, a hyphen at a line's end; and lists of strings that are joined.
#include "codes.h"
#include "evidence.h"
#include "words.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool is_letter(char c) noexcept { return is(c, kLower | kUpper) || static_cast<unsigned char>(c) >= 0x80; }
bool is_mark(char c) noexcept { return is(c, kPrint) && !is(c, kAlnum); }

// Where the marks at `at` end, if letters stand on both sides of them (quotes also where a word begins or ends); `at`
// where they part words.
std::size_t inner_marks(std::string_view text, std::size_t at) noexcept {
    std::size_t end = at;
    bool quotes = true;
    while (end < text.size() && end - at < 4 && is_mark(text[end])) {
        quotes = quotes && (text[end] == '"' || text[end] == '\'' || text[end] == '\\');
        ++end;
    }
    if (end - at == 1 && text[at] == '-' && end < text.size() && text[end] == '\n') {
        ++end;
        quotes = false;
    }
    const bool before = at > 0 && is_letter(text[at - 1]);
    const bool behind = end < text.size() && is_letter(text[end]);
    return end > at && (quotes ? before || behind : before && behind) ? end : at;
}

// ---------------------------------------------------------------- lists of strings

bool is_quote(char c) noexcept { return c == '"' || c == '\''; }

// The literals of the list that begins behind the bracket at `open`: visit(begin, end) for each. False where something
// else stands between them.
template <class Visit>
bool each_literal(std::string_view text, std::size_t open, const Visit& visit) {
    std::size_t at = open + 1;
    while (at < text.size()) {
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

void decode_inner_marks(const Job& job) {
    const std::string_view text = job.text();
    std::size_t marks = 0;
    WordMeter plain;
    WordMeter joined;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = inner_marks(text, at);
        if (end > at) {
            ++marks;
            plain.add(' ');
            at = end;
            continue;
        }
        plain.add(text[at]);
        joined.add(text[at]);
        ++at;
    }
    if (marks < kLeastInnerMarks || !joined.end().says_more_than(plain.end()) || !job.children.open(ViewKind::joined)) {
        return;
    }
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = inner_marks(text, at);
        if (end > at) {
            at = end;
        } else {
            copy(job, at, at + 1);
            ++at;
        }
    }
    job.children.close(text);
}

void decode_lists(const Job& job) {
    const std::string_view text = job.text();
    for (std::size_t at = text.find("join"); at != kNowhere; at = text.find("join", at + 4)) {
        // ''.join([..]) has the list behind the word, [..].join('') before it.
        const std::size_t behind = find_byte(text.substr(0, std::min(text.size(), at + 12)), '[', at);
        const std::size_t before = text[at - (at > 0 ? 1 : 0)] == '.' ? text.rfind('[', at) : kNowhere;
        for (const std::size_t open : {behind, before}) {
            std::size_t count = 0;
            if (open == kNowhere || !each_literal(text, open, [&](std::size_t, std::size_t) { ++count; }) ||
                count < 3 || !job.children.open(ViewKind::joined)) {
                continue;
            }
            (void)each_literal(text, open, [&](std::size_t begin, std::size_t end) { copy(job, begin, end); });
            job.children.close(text);
            break;
        }
    }
}

}  // namespace fastguard::decoding
