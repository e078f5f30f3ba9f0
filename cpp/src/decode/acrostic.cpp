// Acrostics: the first letters of lines, an empty line between words.
#include "codes.h"
#include "words.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastLetters = 12;

// visit(letter, begin, end) for the first letter of each line, and a blank for each line without any.
template <class Visit>
void each_first(std::string_view text, const Visit& visit) {
    for (std::size_t line = 0; line < text.size();) {
        const std::size_t end = std::min(text.size(), find_byte(text, '\n', line));
        std::size_t at = line;
        while (at < end && !is(text[at], kLower | kUpper)) {
            ++at;
        }
        if (at < end) {
            visit(text[at], at, at + 1);
        } else {
            visit(' ', line, std::min(text.size(), end + 1));
        }
        line = end + 1;
    }
}

}  // namespace

void decode_acrostic(const Job& job) {
    WordMeter meter;
    each_first(job.text(), [&](char c, std::size_t, std::size_t) { meter.add(c); });
    const WordMeter::Count count = meter.end();
    if (count.letters < kLeastLetters || count.common * 2 < count.letters || !job.children.open(ViewKind::acrostic)) {
        return;
    }
    each_first(job.text(),
               [&](char c, std::size_t begin, std::size_t end) { (void)job.children.put_byte(lower(c), begin, end); });
    job.children.close(job.text());
}

}  // namespace fastguard::decoding
