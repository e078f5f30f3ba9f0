// Which decoders look at a text: those that a clue speaks for.
#include "fastguard/decoders.h"

#include "codes.h"

#include <algorithm>

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

constexpr std::size_t kNone = std::string_view::npos;
bool has(std::string_view text, char byte) noexcept { return find_byte(text, byte, 0) != std::string_view::npos; }

Clues clues_of(const Reading& reading) noexcept {
    const std::string_view text = reading.raw.bytes;
    const bool markup = reading.counts.markup > 0;
    Clues clues;
    clues.long_gap = has_long_gap(reading.raw_masks, text.size());
    clues.percent = has(text, '%');
    clues.ampersand = has(text, '&');
    clues.backslash = markup && has(text, '\\');
    clues.equals = markup && has(text, '=');
    clues.plus = reading.leet > 0 && has(text, '+');
    // A joint has two quotation marks and at least a byte between them.
    clues.quote = has(text, '"') || (markup && has(text, '\''));
    const bool beyond = !reading.ascii;
    clues.braille = beyond && (text.find("\xE2\xA0") != kNone || text.find("\xE2\xA1") != kNone);
    clues.long_gap = clues.long_gap || (beyond && (text.find("\u00B7") != kNone || text.find("\u2022") != kNone));
    return clues;
}

// Capitals and digits that a text in words does not have so many of.
bool is_broken_base64(const Reading& reading) noexcept {
    const ByteCounts& counts = reading.counts;
    return counts.upper >= 4 && reading.leet + counts.upper >= 8 && (counts.upper + counts.digit) * 12 > counts.word;
}

// Digits and symbols inside words, and signs between letters, as codes over all of ASCII have them.
bool is_dense(const Reading& reading) noexcept {
    const ByteCounts& counts = reading.counts;
    const std::uint64_t size = reading.raw.bytes.size();
    const std::uint64_t signs = size - std::min(size, counts.word + counts.space + counts.control);
    const bool odd = reading.leet >= 2 || counts.upper * 6 > counts.word;
    return odd && signs >= 1 && (signs + counts.digit) * 16 > counts.word;
}

struct Decoder {
    bool (*may)(const Reading&, const Clues&) noexcept;
    void (*decode)(const Job&);
};

constexpr Decoder kDecoders[] = {
    {[](const Reading& r, const Clues&) noexcept { return !r.ascii && r.stats.ignorables > 0; }, decode_hidden},
    {[](const Reading&, const Clues& c) noexcept { return c.percent; }, decode_percent},
    {[](const Reading&, const Clues& c) noexcept { return c.ampersand; }, decode_entities},
    {[](const Reading&, const Clues& c) noexcept { return c.backslash; }, decode_escapes},
    {[](const Reading&, const Clues& c) noexcept { return c.plus; }, decode_code_points},
    {[](const Reading&, const Clues& c) noexcept { return c.equals; }, decode_quoted_printable},
    {[](const Reading&, const Clues&) noexcept { return true; }, decode_runs},
    {[](const Reading& r, const Clues&) noexcept { return is_broken_base64(r); }, decode_broken_base64},
    {[](const Reading& r, const Clues&) noexcept { return r.counts.digit >= 10; }, decode_numbers},
    {[](const Reading&, const Clues& c) noexcept { return c.long_gap; }, decode_morse},
    {[](const Reading&, const Clues& c) noexcept { return c.braille; }, decode_braille},
    {[](const Reading& r, const Clues&) noexcept { return is_dense(r); }, decode_base85},
    {[](const Reading& r, const Clues&) noexcept { return is_dense(r); }, decode_rot47},
    {[](const Reading& r, const Clues&) noexcept { return is_dense(r); }, decode_uuencode},
    {[](const Reading&, const Clues& c) noexcept { return c.quote; }, decode_joined},
    {[](const Reading&, const Clues&) noexcept { return true; }, decode_letters},
};

}  // namespace
}  // namespace decoding

void decode(const Reading& reading, Children& children) {
    const decoding::Job job = {reading, children};
    const decoding::Clues clues = decoding::clues_of(reading);
    for (const decoding::Decoder& decoder : decoding::kDecoders) {
        if (decoder.may(reading, clues)) {
            decoder.decode(job);
        }
    }
}

}  // namespace fastguard
