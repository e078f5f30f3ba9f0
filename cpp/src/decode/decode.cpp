// Which decoders look at a text: those that a clue speaks for.
#include "fastguard/decoders.h"

#include "codes.h"
#include "evidence.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fastguard {
namespace decoding {
namespace {

// Whether 15 or more bytes in a row are neither ASCII letters nor digits nor beyond ASCII: such a row covers eight
// bytes that lie at a multiple of eight.
bool has_long_gap(const ByteMasks& masks, std::size_t size) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < size / 64; ++i) {
        any |= (masks.word[i] - kOnes) & ~masks.word[i] & (kOnes << 7U);
    }
    if (size % 64 != 0) {
        const std::uint64_t beyond = ~std::uint64_t{0} << (size % 64);
        const std::uint64_t last = masks.word[size / 64] | beyond;
        any |= (last - kOnes) & ~last & (kOnes << 7U);
    }
    return any != 0;
}

constexpr std::uint32_t kBeyond = mark_bits("\xE2");

constexpr std::size_t kPunctuationFeature = 3;  // of kDenseNames
constexpr std::size_t kLongestFeature = 15;
constexpr float kManyMarks = 1.0F / 12.0F;  // of bytes: more than sentences have
constexpr std::uint64_t kLinesOfAcrostic = 12;
constexpr std::uint64_t kLinesOfWords = 2;
static_assert(kDenseNames[kPunctuationFeature] == "punctuation" && kDenseNames[kLongestFeature] == "longest_word");

// Capitals and digits that a text in words does not have so many of.
bool is_broken_base64(const Reading& reading) noexcept {
    const ByteCounts& counts = reading.counts;
    return counts.upper >= 4 && reading.leet + counts.upper >= 8 && (counts.upper + counts.digit) * 12 > counts.word;
}

// Digits as many as hexadecimal text has.
bool is_broken_hex(const Reading& reading) noexcept {
    return reading.counts.digit >= 16 && reading.counts.digit * 3 > reading.counts.word;
}

// Digits and symbols inside words, and signs between letters, as codes over all of ASCII have them.
bool is_dense(const Reading& reading) noexcept {
    const ByteCounts& counts = reading.counts;
    const std::uint64_t size = reading.raw.bytes.size();
    const std::uint64_t signs = size - std::min(size, counts.word + counts.space + counts.control);
    const bool odd = reading.leet >= 2 || counts.upper * 6 > counts.word;
    return odd && signs >= 1 && (signs + counts.digit) * 16 > counts.word;
}

// Cells of Braille, and dots that Morse may be written with.
bool has_cells(const Reading& reading) noexcept {
    const std::string_view text = reading.raw.bytes;
    return reading.counts.has(kBeyond) && (text.find("\xE2\xA0") != text.npos || text.find("\xE2\xA1") != text.npos);
}
bool has_dots(const Reading& reading) noexcept {
    const std::string_view text = reading.raw.bytes;
    return has_long_gap(reading.raw_masks, text.size()) ||
           (!reading.ascii && (text.find("\u00B7") != text.npos || text.find("\u2022") != text.npos));
}

// A word of 16 bytes or more: log2(1 + 15) / 8 < longest_word.
bool has_long_word(const Reading& reading) noexcept { return reading.dense[kLongestFeature] > 0.5F; }

// A long word, or what gzip data begins with.
bool may_be_packed(const Reading& reading) noexcept {
    return has_long_word(reading) || (reading.counts.upper >= 8 && reading.counts.digit > 0 &&
                                      reading.raw.bytes.find("H4sI") != std::string_view::npos);
}

// More marks than sentences have: one in twelve bytes; and enough of them beside letters.
bool has_inner_marks(const Reading& reading) noexcept {
    return reading.dense[kPunctuationFeature] > kManyMarks &&
           marks_beside_letters(reading.raw_masks, reading.raw.bytes.size(), reading.counts.has(mark_bits("\"'\\"))) >=
               kLeastInnerMarks;
}

// "n--": hyphens are rarer than n, so they are looked for.
bool has_label(const Reading& reading) noexcept {
    const std::string_view text = reading.raw.bytes;
    for (std::size_t at = text.find("--"); at != std::string_view::npos; at = text.find("--", at + 2)) {
        if (at > 0 && text[at - 1] == 'n') {
            return true;
        }
    }
    return false;
}

// Bytes of UTF-8 shown as Latin-1: most are beyond ASCII there, and written with two bytes each.
bool has_latin_bytes(const Reading& reading) noexcept {
    return !reading.ascii && reading.raw.bytes.find('\xC2') != std::string_view::npos;
}
// Not of long texts: what a flood of controls is read as costs more than it says.
constexpr std::size_t kMostWide = 2048;
bool has_wide_controls(const Reading& reading) noexcept {
    return reading.raw.bytes.size() <= kMostWide && reading.counts.control * 4 >= reading.raw.bytes.size();
}

// Letters of scripts that part words by spaces, more than ASCII ones.
bool is_beyond_latin(const Reading& reading) noexcept {
    constexpr auto kBit = [](Script script) { return 1U << static_cast<unsigned>(script); };
    constexpr std::uint32_t kSpaced = kBit(Script::cyrillic) | kBit(Script::greek) | kBit(Script::arabic) |
                                      kBit(Script::hebrew) | kBit(Script::devanagari);
    return !reading.ascii && (reading.stats.scripts & kSpaced) != 0 && reading.counts.high >= 24;
}

struct Decoder {
    bool (*may)(const Reading&) noexcept;
    void (*decode)(const Job&);
};

constexpr Decoder kDecoders[] = {
    {[](const Reading& r) noexcept { return !r.ascii && r.stats.ignorables > 0; }, decode_hidden},
    {[](const Reading& r) noexcept { return r.counts.has(mark_bits("%")); }, decode_percent},
    {[](const Reading& r) noexcept { return r.counts.has(mark_bits("&")); }, decode_entities},
    {has_inner_marks, decode_inner_marks},  // before escapes and literals, which are doubted where it finds something
    {[](const Reading& r) noexcept { return r.counts.has(mark_bits("\\")); }, decode_escapes},
    {[](const Reading& r) noexcept { return r.leet > 0 && r.counts.has(mark_bits("+")); }, decode_code_points},
    {[](const Reading& r) noexcept { return r.counts.has(mark_bits("=")); }, decode_quoted_printable},
    {[](const Reading& r) noexcept { return !r.ascii || has_long_word(r); }, decode_runs},
    {is_broken_base64, decode_broken_base64},
    {is_broken_hex, decode_broken_hex},
    {may_be_packed, decode_packed},
    {is_broken_base64, decode_marked_base64},
    {[](const Reading& r) noexcept { return r.counts.has(mark_bits("\\")); }, decode_css},
    {[](const Reading& r) noexcept { return !r.ascii && r.counts.has(kBeyond); }, decode_parenthesised},
    {has_label, decode_punycode},
    {has_latin_bytes, decode_mojibake},
    {has_wide_controls, decode_wide},
    {[](const Reading& r) noexcept { return r.counts.newline >= kLinesOfAcrostic; }, decode_acrostic},
    {[](const Reading& r) noexcept { return r.counts.digit >= 10; }, decode_numbers},
    {has_dots, decode_morse},
    {has_cells, decode_braille},
    {is_dense, decode_base85},
    {is_dense, decode_rot47},
    {is_dense, decode_uuencode},
    {[](const Reading& r) noexcept { return r.counts.has(mark_bits("\"'")); }, decode_joined},
    {[](const Reading& r) noexcept { return r.counts.has(mark_bits("\"'")); }, decode_lists},
    {[](const Reading&) noexcept { return true; }, decode_letters},
    {is_beyond_latin, decode_letters_beyond},
    {[](const Reading& r) noexcept { return r.tokens.size() >= 8; }, decode_spelling},
    {[](const Reading& r) noexcept { return r.tokens.size() >= 3; }, decode_pig_latin},
    {[](const Reading& r) noexcept { return r.counts.newline >= kLinesOfWords && !r.starters.empty(); },
     decode_line_words},
};

// Each in turn, unrolled: a clue is a few instructions then, and most texts have none.
template <std::size_t... kIndex>
void run(const Job& job, std::index_sequence<kIndex...> /*indices*/) {
    ((kDecoders[kIndex].may(job.reading) ? kDecoders[kIndex].decode(job) : void()), ...);
}

}  // namespace
}  // namespace decoding

void decode(const Reading& reading, Children& children) {
    decoding::run({reading, children}, std::make_index_sequence<std::size(decoding::kDecoders)>());
}

}  // namespace fastguard
