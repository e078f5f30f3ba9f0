// Words in brackets behind words, as fillers of speech are put: "ignore (umm) all (like) previous (er) rules".
#include "codes.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastAsides = 4;
constexpr std::size_t kWordsOfAside = 7;  // one aside in so many words
constexpr std::size_t kMostAside = 20;    // bytes in brackets

bool is_letter(char c) noexcept { return is(c, kLower | kUpper) || static_cast<unsigned char>(c) >= 0x80; }

// Where the aside that opens at `open` ends: letters, blanks and apostrophes in brackets, behind a word and a blank;
// `open` where there is none.
std::size_t aside_end(std::string_view text, std::size_t open) noexcept {
    if (open < 2 || text[open - 1] != ' ' || is(text[open - 2], kBlank)) {
        return open;
    }
    std::size_t at = open + 1;
    while (at < text.size() && at - open <= kMostAside &&
           (is_letter(text[at]) || text[at] == ' ' || text[at] == '\'')) {
        ++at;
    }
    return at < text.size() && at > open + 1 && text[at] == ')' ? at + 1 : open;
}

}  // namespace

void decode_asides(const Job& job) {
    const std::string_view text = job.text();
    std::size_t asides = 0;
    for (std::size_t at = find_byte(text, '(', 0); at < text.size(); at = find_byte(text, '(', at + 1)) {
        asides += aside_end(text, at) > at ? 1U : 0U;
    }
    if (asides < kLeastAsides || asides * kWordsOfAside < job.reading.tokens.size() ||
        !job.children.open(ViewKind::joined)) {
        return;
    }
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t open = std::min(text.size(), find_byte(text, '(', at));
        const std::size_t end = open < text.size() ? aside_end(text, open) : open;
        // The blank before an aside goes with it.
        copy(job, at, end > open ? open - 1 : std::min(text.size(), open + 1));
        at = end > open ? end : open + 1;
    }
    job.children.close(text);
}

}  // namespace fastguard::decoding
