// Acrostics: the first letters of lines, or the last ones, an empty line between words; first words of lines, and last
// ones, where words that concepts begin with stand there.
#include "codes.h"
#include "words.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastLetters = 12;

// visit(letter, begin, end) for the first letter of each line (or the last), and a blank for each line without any.
template <class Visit>
void each_letter(std::string_view text, bool last, const Visit& visit) {
    for (std::size_t line = 0; line < text.size();) {
        const std::size_t end = std::min(text.size(), find_byte(text, '\n', line));
        std::size_t at = last ? end : line;
        while (last ? at > line && !is(text[at - 1], kLower | kUpper) : at < end && !is(text[at], kLower | kUpper)) {
            at = last ? at - 1 : at + 1;
        }
        at -= last && at > line ? 1U : 0U;
        if (at < end && is(text[at], kLower | kUpper)) {
            visit(text[at], at, at + 1);
        } else {
            visit(' ', line, std::min(text.size(), end + 1));
        }
        line = end + 1;
    }
}

void keep_letters(const Job& job, bool last) {
    WordMeter meter;
    each_letter(job.text(), last, [&](char c, std::size_t, std::size_t) { meter.add(c); });
    const WordMeter::Count count = meter.end();
    if (count.letters < kLeastLetters || count.common * 2 < count.letters || !job.children.open(ViewKind::acrostic)) {
        return;
    }
    each_letter(job.text(), last,
                [&](char c, std::size_t begin, std::size_t end) { (void)job.children.put_byte(lower(c), begin, end); });
    job.children.close(job.text());
}

constexpr std::size_t kLinesOfStarter = 4;  // one line in so many begins (or ends) with one
constexpr std::size_t kLeastStarters = 3;
constexpr std::size_t kMostWords = 12;  // of a line, on average: prose has more

// Whether nothing but blanks and marks stands between a token and the end of its line (or its begin).
bool is_at_edge(const Reading& reading, std::size_t token, bool last) noexcept {
    const std::string_view text = reading.raw.bytes;  // folding leaves no line ends
    const auto passes = [](char c) { return c != '\n' && !is(c, kAlnum) && static_cast<unsigned char>(c) < 0x80; };
    const RawSpan place = raw_span(reading.folded, reading.tokens[token].begin, reading.tokens[token].end);
    std::size_t at = last ? place.end : place.begin;
    if (last) {
        while (at < text.size() && passes(text[at])) {
            ++at;
        }
        return at == text.size() || text[at] == '\n';
    }
    while (at > 0 && passes(text[at - 1])) {
        --at;
    }
    return at == 0 || text[at - 1] == '\n';
}

// The words at the edges of lines, where some of them begin something that a signature looks for. Any text in lines has
// such words by chance, so they are doubted.
void keep_words(const Job& job, bool last) {
    const Reading& reading = job.reading;
    const std::size_t lines = reading.counts.newline;
    if (reading.tokens.size() > lines * kMostWords || reading.starters.size() < kLeastStarters ||
        reading.starters.size() * kLinesOfStarter < lines) {
        return;
    }
    std::size_t found = 0;
    for (const Starter& starter : reading.starters) {
        found += is_at_edge(reading, starter.index(), last) ? 1U : 0U;
    }
    if (found < kLeastStarters || found * kLinesOfStarter < lines || !job.children.open(ViewKind::acrostic)) {
        return;
    }
    job.children.doubt();
    for (std::size_t i = 0; i < reading.tokens.size(); ++i) {
        if (!is_at_edge(reading, i, last)) {
            continue;
        }
        const Token& token = reading.tokens[i];
        for (std::size_t at = token.begin; at < token.end; ++at) {
            const RawSpan place = raw_span(reading.folded, at, at + 1);
            (void)job.children.put_byte(reading.folded.bytes[at], place.begin, place.end);
        }
        const RawSpan gap = raw_span(reading.folded, token.end - 1, token.end);
        (void)job.children.put_byte(' ', gap.begin, gap.end);
    }
    job.children.close(job.text());
}

}  // namespace

void decode_acrostic(const Job& job) {
    keep_letters(job, false);
    keep_letters(job, true);
}

void decode_line_words(const Job& job) {
    keep_words(job, false);
    keep_words(job, true);
}

}  // namespace fastguard::decoding
