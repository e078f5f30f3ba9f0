// Letters changed one by one or turned round: every Caesar shift, Atbash, reversed words and reversed text.
//
// A stretch of words of which none is common speaks for such a code. What it says is kept where, after the change, its
// words are common ones.
#include "codes.h"
#include "words.h"

#include "fastguard/tokenizer.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kFewWords = 48;     // a text of so few words is looked at more closely
constexpr std::size_t kStretchOfFew = 3;  // words without a common one that speak for a code there
constexpr std::size_t kStretch = 5;       // and elsewhere
constexpr std::size_t kSample = 24;       // words of a stretch that are tried
constexpr std::size_t kGlance = 8;        // of these, before it is given up
constexpr std::size_t kLeastLetters = 12;

// How a letter is changed: by `shift`, or to its mirror image; and words perhaps read from their end.
struct Change {
    unsigned shift = 0;
    bool mirror = false;
    bool reverse = false;

    [[nodiscard]] char of(char c) const noexcept {
        if (!is(c, kLower | kUpper)) {
            return c;
        }
        const unsigned base = is(c, kLower) ? unsigned{'a'} : unsigned{'A'};
        const unsigned at = static_cast<unsigned char>(c) - base;
        return static_cast<char>(base + (mirror ? 25 - at : (at + shift) % 26));
    }
};

// Words [begin, end) of the reading.
struct Words {
    std::size_t begin;
    std::size_t end;
};

std::string_view word_of(const Reading& reading, std::size_t index) noexcept {
    const Token& token = reading.tokens[index];
    return reading.folded.bytes.substr(token.begin, token.size());
}

// No branch: half of the words of a text are known.
bool is_known(const Reading& reading, std::size_t index) noexcept {
    const Token& token = reading.tokens[index];
    const unsigned first = static_cast<unsigned char>(reading.folded.bytes[token.begin]);
    return (static_cast<unsigned>(is_common(token.hash)) | static_cast<unsigned>(first - 'a' > 25U)) != 0;
}

// hash_bytes of a word of at most 16 bytes read from its end; up to 8 bytes past it are read and do not count.
std::uint64_t hash_reversed(std::string_view word) noexcept {
    const std::size_t size = word.size();
    const std::uint64_t first = __builtin_bswap64(first_bytes(word.data(), 8));
    if (size <= 8) {
        return fold_product(size * kHashSize ^ first >> (64 - 8 * size), kHashChunk);
    }
    const std::uint64_t last = __builtin_bswap64(first_bytes(word.data() + size - 8, 8));
    return fold_product(size * kHashSize ^ last, first ^ kHashChunk);
}

// Hash of a word of at most 16 bytes after the change, of the folded view: 8 bytes past it are read.
std::uint64_t hash_after(std::string_view word, const Change& change) noexcept {
    static_assert(kLongestCommon == 16);
    if (change.reverse) {
        return hash_reversed(word);
    }
    std::array<char, kLongestCommon + 8> changed{};
    std::transform(word.begin(), word.end(), changed.begin(), [&change](char c) { return change.of(c); });
    return hash_bytes(changed.data(), word.size());
}

bool is_common_after(std::string_view word, const Change& change) noexcept {
    return word.size() <= kLongestCommon && is_common(hash_after(word, change));
}

// Letters in common words after the change, of those of the sample; 0 where the first few words have none.
std::size_t score(const Reading& reading, const Words& sample, const Change& change) noexcept {
    std::size_t letters = 0;
    for (std::size_t i = sample.begin; i < sample.end; ++i) {
        if (i == sample.begin + kGlance && letters == 0) {
            return 0;
        }
        const std::string_view word = word_of(reading, i);
        letters += word.size() > 1 && is_common_after(word, change) ? word.size() : 0;
    }
    return letters;
}

// Whether so many letters in common words speak for a change.
bool is_enough(std::size_t common, std::size_t letters) noexcept { return common * 5 >= letters * 2 && common >= 6; }

// The same as `score` of all of the sample, with no word that only looks like a common one.
std::size_t exact_score(const Reading& reading, const Words& sample, const Change& change) noexcept {
    std::size_t letters = 0;
    for (std::size_t i = sample.begin; i < sample.end; ++i) {
        const std::string_view word = word_of(reading, i);
        const bool small = word.size() > 1 && word.size() <= kLongestCommon;
        letters += small && kCommonWords.has(hash_after(word, change)) ? word.size() : 0;
    }
    return letters;
}

// Letters of English, per 1000, as most languages written so have them; twice, so that a shift needs no modulo.
constexpr std::size_t kShifts = 32;  // 26, and lanes that are not looked at
constexpr std::array<std::uint16_t, 26 + kShifts> kFrequency = {
    82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24, 67, 75, 19, 1, 60, 63, 91, 28, 10, 24, 2, 20, 1,
    82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24, 67, 75, 19, 1, 60, 63, 91, 28, 10, 24, 2, 20, 1};
constexpr std::uint16_t kMostLetters = 500;  // that are counted: their sums stay below 2^16

// How well the letters of the sample fit those of a text after each shift, and after Atbash.
struct Fit {
    std::array<std::uint16_t, kShifts> shifted{};
    std::uint16_t mirrored = 0;
    bool plain = false;  // as it stands, far too well for the others to be looked at
};
constexpr std::uint32_t kPlainLetters = 16;  // that show it
constexpr std::uint32_t kPlainFit = 52;      // of a letter, on average; after a wrong shift 38

// How often each byte is in a text (kFrequency), and above that a one for each letter.
constexpr unsigned kOneLetter = 20;  // bits below it
constexpr auto kWeights = [] {
    std::array<std::uint32_t, 256> weights{};
    for (std::size_t c = 0; c < 26; ++c) {
        weights['a' + c] = (1U << kOneLetter) + kFrequency[c];
    }
    return weights;
}();

// Whether the letters of the sample are those of a text as they stand: no letter stands between words.
bool is_plain(const Reading& reading, const Words& sample) noexcept {
    const std::size_t begin = reading.tokens[sample.begin].begin;
    const std::size_t size = reading.tokens[sample.end - 1].end - begin;
    if (size > kMostLetters) {
        return false;
    }
    std::uint32_t sum = 0;
    for (const char c : reading.folded.bytes.substr(begin, size)) {
        sum += kWeights[static_cast<unsigned char>(c)];
    }
    const std::uint32_t letters = sum >> kOneLetter;
    return letters >= kPlainLetters && (sum & ((1U << kOneLetter) - 1)) >= kPlainFit * letters;
}

Fit fit_of(const Reading& reading, const Words& sample) noexcept {
    if (is_plain(reading, sample)) {
        return {.plain = true};
    }
    std::array<std::uint16_t, 26> counts{};
    std::uint16_t letters = 0;
    for (std::size_t i = sample.begin; i < sample.end; ++i) {
        for (const char c : word_of(reading, i)) {
            if (is(c, kLower) && letters < kMostLetters) {
                ++counts[static_cast<std::size_t>(c - 'a')];
                ++letters;
            }
        }
    }
    Fit fit;
    const std::uint32_t plain = std::inner_product(counts.begin(), counts.end(), kFrequency.begin(), std::uint32_t{0});
    if (letters >= kPlainLetters && plain >= kPlainFit * letters) {
        fit.plain = true;
        return fit;
    }
    for (std::size_t c = 0; c < counts.size(); ++c) {
        if (counts[c] == 0) {
            continue;
        }
        for (std::size_t shift = 0; shift < kShifts; ++shift) {
            fit.shifted[shift] = static_cast<std::uint16_t>(fit.shifted[shift] + counts[c] * kFrequency[c + shift]);
        }
        fit.mirrored = static_cast<std::uint16_t>(fit.mirrored + counts[c] * kFrequency[25 - c]);
    }
    return fit;
}

// Whether words that some shift or Atbash makes common ones have letters enough.
bool may_be_moved(const Reading& reading, const Words& sample) noexcept {
    std::size_t letters = 0;
    std::size_t moved = 0;
    for (std::size_t i = sample.begin; i < sample.end; ++i) {
        const std::string_view word = word_of(reading, i);
        letters += word.size();
        const bool small = word.size() > 1 && word.size() <= kLongestCommon;
        moved += small && kMovedWords.may_have(hash_of_steps(word.data(), word.size())) ? word.size() : 0;
    }
    return is_enough(moved, letters);
}

struct Found {
    Change change;
    std::size_t score = 0;
};

void consider(const Reading& reading, const Words& sample, const Change& change, Found& best) noexcept {
    const std::size_t now = score(reading, sample, change);
    if (now > best.score) {
        best = {change, now};
    }
}

// The change that makes most of the sample common words: of the four shifts that fit the letters best, rot13, Atbash
// and reading from the end. What fits no better than the text as it stands is not tried. O(letters + 26 * 32).
Found best_change(const Reading& reading, const Words& sample) noexcept {
    Found best;
    consider(reading, sample, {0, false, true}, best);
    if (!may_be_moved(reading, sample)) {
        return best;
    }
    Fit fit = fit_of(reading, sample);
    const std::uint16_t plain = fit.shifted[0];
    if (fit.plain) {
        return best;
    }
    if (fit.mirrored > plain) {
        consider(reading, sample, {0, true, false}, best);
    }
    if (fit.shifted[13] > plain) {
        consider(reading, sample, {13, false, false}, best);
    }
    for (int round = 0; round < 4; ++round) {
        const auto* found = std::max_element(fit.shifted.begin() + 1, fit.shifted.begin() + 26);
        const auto shift = static_cast<unsigned>(found - fit.shifted.begin());
        if (*found <= plain) {
            break;
        }
        fit.shifted[shift] = 0;
        consider(reading, sample, {shift, false, false}, best);
    }
    return best;
}

// Letters of the sample.
std::size_t letters_of(const Reading& reading, const Words& sample) noexcept {
    std::size_t letters = 0;
    for (std::size_t i = sample.begin; i < sample.end; ++i) {
        letters += reading.tokens[i].size();
    }
    return letters;
}

// The stretch and the words beside it that the change fits, too: words that are unknown, or common after it.
Words extended(const Reading& reading, Words words, const Change& change) noexcept {
    const auto belongs = [&](std::size_t i) {
        return !is_known(reading, i) || !is(reading.folded.bytes[reading.tokens[i].begin], kLower) ||
               is_common_after(word_of(reading, i), change);
    };
    while (words.begin > 0 && belongs(words.begin - 1)) {
        --words.begin;
    }
    while (words.end < reading.tokens.size() && belongs(words.end)) {
        ++words.end;
    }
    return words;
}

RawSpan bytes_of(const Reading& reading, const Words& words) noexcept {
    return raw_span(reading.folded, reading.tokens[words.begin].begin, reading.tokens[words.end - 1].end);
}

std::size_t character_begin(std::string_view text, std::size_t end) noexcept {
    std::size_t begin = end - 1;
    while (begin > 0 && end - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) {
        --begin;
    }
    return begin;
}

// Bytes [begin, end) of the text, character by character from the end.
void put_reversed(const Job& job, std::size_t begin, std::size_t end) {
    for (std::size_t at = end; at > begin;) {
        const std::size_t first = std::max(begin, character_begin(job.text(), at));
        for (std::size_t i = first; i < at; ++i) {
            (void)job.children.put_byte(job.text()[i], first, at);
        }
        at = first;
    }
}

void keep_changed(const Job& job, const RawSpan& span, const Change& change) {
    const ViewKind kind = change.mirror ? ViewKind::atbash : change.shift == 13 ? ViewKind::rot13 : ViewKind::caesar;
    if (!job.children.open(kind)) {
        return;
    }
    for (std::size_t i = span.begin; i < span.end; ++i) {
        (void)job.children.put_byte(change.of(job.text()[i]), i, i + 1);
    }
    job.children.close(job.text());
}

bool is_word_byte(char c) noexcept { return is(c, kAlnum) || static_cast<unsigned char>(c) >= 0x80; }

// Where sentences begin and end says whether a text was reversed as a whole: 1, or word by word: -1. 0: nothing does.
int reversed_as(std::string_view text) noexcept {
    const auto ends_sentence = [](char c) { return c == '.' || c == '?' || c == '!'; };
    const std::size_t word = std::min(text.size(), find_byte(text, ' ', 0));
    const std::size_t last = text.rfind(' ') == std::string_view::npos ? 0 : text.rfind(' ') + 1;
    if (word == 0 || last >= text.size()) {
        return 0;
    }
    const bool whole = ends_sentence(text[0]) || (is(text.back(), kUpper) && text.size() - last > 1);
    const bool words = ends_sentence(text[last]) || (is(text[word - 1], kUpper) && word > 1);
    return whole == words ? 0 : whole ? 1 : -1;
}

// Both readings: the whole from its end, and each word from its end.
void keep_reversed(const Job& job, const RawSpan& span) {
    const bool mark = span.begin > 0 && is(job.text()[span.begin - 1], kPrint);
    const std::size_t sentence = span.begin - (mark ? 1 : 0);
    const int as = reversed_as(job.text().substr(sentence, span.end - sentence));
    if (job.children.open(ViewKind::reversed)) {
        put_reversed(job, span.begin, span.end);
        if (as < 0) {
            job.children.doubt();
        }
        job.children.close(job.text());
    }
    if (!job.children.open(ViewKind::reversed_words)) {
        return;
    }
    if (as > 0) {
        job.children.doubt();
    }
    for (std::size_t at = span.begin; at < span.end;) {
        std::size_t end = at;
        while (end < span.end && is_word_byte(job.text()[end])) {
            ++end;
        }
        put_reversed(job, at, end);
        at = end;
        while (at < span.end && !is_word_byte(job.text()[at])) {
            (void)job.children.put_byte(job.text()[at], at, at + 1);
            ++at;
        }
    }
    job.children.close(job.text());
}

// Tries a stretch; returns the word behind what was done with.
std::size_t try_stretch(const Job& job, const Words& stretch) {
    const Reading& reading = job.reading;
    const Words sample = {stretch.begin, std::min(stretch.end, stretch.begin + kSample)};
    const std::size_t letters = letters_of(reading, sample);
    if (letters < kLeastLetters) {
        return stretch.end;
    }
    const Found found = best_change(reading, sample);
    if (!is_enough(found.score, letters) || !is_enough(exact_score(reading, sample, found.change), letters)) {
        return stretch.end;
    }
    const Words whole = extended(reading, stretch, found.change);
    if (found.change.reverse) {
        keep_reversed(job, bytes_of(reading, whole));
    } else {
        keep_changed(job, bytes_of(reading, whole), found.change);
    }
    return whole.end;
}

}  // namespace

void decode_letters(const Job& job) {
    const Reading& reading = job.reading;
    const std::size_t count = reading.tokens.size();
    const std::size_t least = count <= kFewWords ? kStretchOfFew : kStretch;
    const auto unknown_before = [&](std::size_t at) {
        while (at > 0 && !is_known(reading, at - 1)) {
            --at;
        }
        return at;
    };
    // Every stretch has a word whose place is a multiple of `least`: of those, 64 at a time without a branch.
    std::size_t done = 0;
    for (std::size_t base = least - 1; base < count; base += 64 * least) {
        std::uint64_t unknown = 0;
        for (std::size_t i = 0; i < 64 && base + i * least < count; ++i) {
            unknown |= (is_known(reading, base + i * least) ? std::uint64_t{0} : std::uint64_t{1}) << i;
        }
        for (; unknown != 0; unknown &= unknown - 1) {
            const std::size_t at = base + static_cast<std::size_t>(std::countr_zero(unknown)) * least;
            if (at < done) {
                continue;
            }
            const std::size_t begin = std::max(done, unknown_before(at));
            std::size_t end = at + 1;
            while (end < count && !is_known(reading, end)) {
                ++end;
            }
            done = end - begin >= least ? std::max(end, try_stretch(job, {begin, end})) : end;
        }
    }
}

}  // namespace fastguard::decoding
