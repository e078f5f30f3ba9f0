// String literals that are put together: "Ignore all prev" + "ious", and a = "Ignore all prev"; b = "ious".
#include "codes.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;
constexpr std::size_t kMostJoint = 24;  // bytes of blanks and operators
constexpr std::size_t kMostLiteral = 4096;

// Finds quotation marks, going on from place to place; as fast as memchr where there are few.
class Quotes {
  public:
    explicit Quotes(std::string_view text) noexcept : text_(text), double_(next('"', 0)), single_(next('\'', 0)) {}

    // The first one at `at` or behind it; the size of the text where there is none. `at` never goes back.
    std::size_t from(std::size_t at) noexcept {
        double_ = double_ < at ? next('"', at) : double_;
        single_ = single_ < at ? next('\'', at) : single_;
        return std::min(double_, single_);
    }

  private:
    [[nodiscard]] std::size_t next(char mark, std::size_t at) const noexcept {
        return std::min(text_.size(), find_byte(text_, mark, at));
    }
    std::string_view text_;
    std::size_t double_;
    std::size_t single_;
};

// Where the joint that begins with the quotation mark at `at` ends, behind the mark of the next literal; `at` where it
// is none: "a" + "b", "a" . "b", "a" || "b", "a" & "b", and "a" "b".
std::size_t joint_end(std::string_view text, std::size_t at) noexcept {
    std::size_t end = at + 1;
    std::size_t operators = 0;
    std::size_t blanks = 0;
    while (end < text.size() && end - at < kMostJoint) {
        const char c = text[end];
        if (c == text[at]) {
            return operators + blanks > 0 && operators <= 2 ? end + 1 : at;
        }
        if (is(c, kBlank) || c == '\\') {
            ++blanks;
        } else if (c == '+' || c == '.' || c == '|' || c == '&') {
            ++operators;
        } else {
            return at;
        }
        ++end;
    }
    return at;
}

void keep_joints(const Job& job) {
    const std::string_view text = job.text();
    std::size_t first = kNowhere;
    std::size_t last = 0;
    Quotes quotes(text);
    for (std::size_t at = quotes.from(0); at < text.size(); at = quotes.from(at)) {
        const std::size_t end = joint_end(text, at);
        first = end > at ? std::min(first, at) : first;
        last = end > at ? end : last;
        at = std::max(at + 1, end);
    }
    const bool put_in = job.children.has_made(ViewKind::joined);  // quotes stand in words, as a shell passes over them
    if (first == kNowhere || !job.children.open(ViewKind::joined)) {
        return;
    }
    const std::size_t limit = context_end(text, last);
    Quotes again(text);
    for (std::size_t at = context_begin(text, first); at < limit;) {
        const std::size_t quote = std::min(limit, again.from(at));
        copy(job, at, quote);
        if (quote == limit) {
            break;
        }
        at = joint_end(text, quote);
        if (at == quote) {
            copy(job, quote, quote + 1);
            at = quote + 1;
        }
    }
    if (put_in) {
        job.children.doubt();
    }
    job.children.close(text);
}

// Whether a name stands before the = at `at` (or := or =).
bool has_name(std::string_view text, std::size_t at) noexcept {
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == ':')) {
        --at;
    }
    return at > 0 && (is(text[at - 1], kAlnum) || text[at - 1] == '_');
}

// The literals that names stand for, one behind the other: visits what is between the quotation marks.
template <class Visit>
void each_assigned(std::string_view text, const Visit& visit) {
    for (std::size_t at = find_byte(text, '=', 0); at != kNowhere; at = find_byte(text, '=', at)) {
        std::size_t quote = at + 1;
        while (quote < text.size() && text[quote] == ' ') {
            ++quote;
        }
        const bool literal = quote < text.size() && (text[quote] == '"' || text[quote] == '\'') && has_name(text, at);
        const std::size_t end = literal ? find_byte(text, text[quote], quote + 1) : kNowhere;
        if (end != kNowhere && end - quote <= kMostLiteral) {
            visit(quote + 1, end);
            at = end;
        } else {
            at = quote;
        }
    }
}

void keep_assigned(const Job& job) {
    std::size_t count = 0;
    each_assigned(job.text(), [&](std::size_t, std::size_t) { ++count; });
    if (count < 2 || !job.children.open(ViewKind::joined)) {
        return;
    }
    each_assigned(job.text(), [&](std::size_t begin, std::size_t end) { copy(job, begin, end); });
    job.children.close(job.text());
}

}  // namespace

void decode_joined(const Job& job) {
    keep_joints(job);
    if (job.reading.counts.has(mark_bits("="))) {
        keep_assigned(job);
    }
}

}  // namespace fastguard::decoding
