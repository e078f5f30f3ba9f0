// Characters as numbers: "73 103 110", "[73, 103]", "chr(73)+chr(103)", octal, binary and hexadecimal ones.
#include "codes.h"
#include "evidence.h"

#include "utf8_decode.h"

#include <algorithm>
#include <bit>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastNumbers = 6;
constexpr std::size_t kMostGap = 12;  // bytes between two numbers

enum : unsigned { kAsBinary = 1, kAsHex = 2, kAsOctal = 4, kAsDecimal = 8 };

// A number, and as what it can be read.
struct Item {
    std::size_t begin;
    std::size_t end;
    std::size_t digits;  // where they begin, behind 0x, x, 0o or 0b
    unsigned kinds;
};

constexpr std::array<unsigned, 4> kBases = {2, 16, 8, 10};

char32_t value_of(std::string_view text, const Item& item, unsigned base) noexcept {
    char32_t value = 0;
    for (std::size_t i = item.digits; i < item.end; ++i) {
        value = std::min<char32_t>(0x110000, value * base + hex_value(text[i]));
    }
    return value;
}

// A character, or a byte of one.
bool is_character(char32_t cp) noexcept {
    return (cp >= 32 && cp < 127) || cp == 9 || cp == 10 || cp == 13 || (cp >= 0x80 && cp < 0xD800);
}

constexpr std::size_t kMostItem = 18;  // bytes: 0b and 16 digits

// The word at bytes [begin, end) as a number; `kinds` is 0 where it is none.
Item item_of(std::string_view text, std::size_t begin, std::size_t end) noexcept {
    Item item = {begin, end, begin, 0};
    const std::size_t whole = end - begin;
    const char first = text[begin];
    if (whole < 2 || whole > kMostItem || !(is(first, kDigit) || whole == 2 || lower(first) == 'x')) {
        return item;
    }
    char mark = 0;
    if (whole > 2 && first == '0' && is(text[begin + 1], kLower | kUpper)) {
        mark = lower(text[begin + 1]);
        item.digits = begin + 2;
    } else if (lower(first) == 'x') {
        mark = 'x';
        item.digits = begin + 1;
    }
    unsigned classes = ~0U;
    for (std::size_t i = item.digits; i < item.end; ++i) {
        classes &= kClasses[static_cast<unsigned char>(text[i])];
    }
    const std::size_t size = item.end - item.digits;
    const bool bits = (classes & kBinary) != 0 && (size == 7 || size == 8 || size == 16);
    if (bits && (mark == 0 || mark == 'b')) {
        item.kinds |= kAsBinary;
    }
    if ((classes & kHex) != 0 && ((size == 2 && mark == 0) || (mark == 'x' && size <= 5))) {
        item.kinds |= kAsHex;
    }
    if ((classes & kOctal) != 0 && (mark == 0 || mark == 'o') && size >= 2 && size <= 4 &&
        is_character(value_of(text, item, 8))) {
        item.kinds |= kAsOctal;
    }
    if ((classes & kDigit) != 0 && mark == 0 && size >= 2 && size <= 5 && is_character(value_of(text, item, 10))) {
        item.kinds |= kAsDecimal;
    }
    return item;
}

// Names of functions that make a character of a number.
bool is_function(std::string_view word) noexcept {
    constexpr std::array<std::string_view, 8> kNames = {"chr",  "CHR",    "Chr",          "char",
                                                        "CHAR", "String", "fromCharCode", "ChrW"};
    return std::find(kNames.begin(), kNames.end(), word) != kNames.end();
}

// `bytes`: numbers below 256 are bytes of UTF-8; else those from 128 on are code points, unless they are of 8 bits.
template <class Sink>
void produce_numbers(std::string_view text, std::size_t begin, std::size_t end, unsigned kind, bool bytes,
                     const Sink& sink) {
    const unsigned base = kBases[kind];
    for (std::size_t at = begin; at < end;) {
        if (!is(text[at], kAlnum)) {
            ++at;
            continue;
        }
        std::size_t last = at;
        while (last < end && is(text[last], kAlnum)) {
            ++last;
        }
        const Item item = item_of(text, at, last);
        if ((item.kinds & (1U << kind)) != 0) {
            const char32_t value = value_of(text, item, base);
            char utf8[4] = {static_cast<char>(value)};
            const bool byte = value < 0x80 || (value < 0x100 && (bytes || (base != 10 && item.end - item.digits <= 8)));
            const std::size_t size = byte ? 1 : utf8::encode(is_character(value) ? value : 0xFFFD, utf8);
            for (std::size_t i = 0; i < size; ++i) {
                sink(static_cast<unsigned char>(utf8[i]), item.begin, item.end);
            }
        }
        at = item.end;
    }
}

struct Sequence {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t count = 0;
    unsigned kinds = 0;
};

void keep_sequence(const Job& job, const Sequence& sequence) {
    constexpr std::array<ViewKind, 4> kViewOf = {ViewKind::binary, ViewKind::base16, ViewKind::octal,
                                                 ViewKind::decimal};
    if (sequence.count < kLeastNumbers) {
        return;
    }
    for (unsigned kind = 0; kind < kViewOf.size(); ++kind) {
        if ((sequence.kinds & (1U << kind)) == 0) {
            continue;
        }
        const auto produce_as = [&](bool bytes) {
            return [&job, &sequence, kind, bytes](auto&& sink) {
                produce_numbers(job.text(), sequence.begin, sequence.end, kind, bytes, sink);
            };
        };
        // In UTF-8 where all of it is; else by code points.
        const Stretches in_bytes = measure(kLeastNumbers, produce_as(true));
        const bool bytes = in_bytes.readable() == in_bytes.given();
        const Stretches stretches = bytes ? in_bytes : measure(kLeastNumbers, produce_as(false));
        if (mostly_readable(stretches) && keep(job, kViewOf[kind], stretches, produce_as(bytes))) {
            return;
        }
    }
}

// A sequence that counts has a digit in every number (letters alone are no bytes of a text in hexadecimal), and its
// first numbers take no more than this many blocks.
constexpr std::size_t kReachBlocks = 3;

// Blocks with rows of digits enough around them for a sequence, from block `from` on.
Blocks next_blocks(const ByteMasks& masks, std::size_t count, std::size_t from) noexcept {
    const auto digits = [&](std::size_t block) {  // in a row, however many: a number has one such row at least
        const std::uint64_t bits = masks.digit[block];
        return static_cast<std::size_t>(std::popcount(bits & ~(bits << 1U)));
    };
    Blocks found = {from, from};
    std::size_t near = 0;  // rows of digits of the blocks around `at`
    for (std::size_t i = from > kReachBlocks ? from - kReachBlocks : 0; i < std::min(count, from + kReachBlocks); ++i) {
        near += digits(i);
    }
    for (std::size_t at = from; at < count; ++at) {
        near += at + kReachBlocks < count ? digits(at + kReachBlocks) : 0;
        if (near >= kLeastNumbers) {
            found.begin = found.begin == found.end ? at : found.begin;
            found.end = at + 1;
        } else if (found.begin != found.end) {
            break;
        }
        near -= at >= kReachBlocks ? digits(at - kReachBlocks) : 0;
    }
    return found;
}

// Whether what stands between two numbers may stand there.
bool is_gap(std::string_view text, std::size_t begin, std::size_t end) noexcept {
    return end - begin <= kMostGap + 1 && std::all_of(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                                      text.begin() + static_cast<std::ptrdiff_t>(end),
                                                      [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Where the first word with a digit begins that reaches beyond `at`; not before `at`.
std::size_t word_with_digit(const Reading& reading, std::size_t at) noexcept {
    const std::string_view text = reading.raw.bytes;
    for (std::size_t block = at / 64, skip = at % 64; block * 64 < text.size(); ++block, skip = 0) {
        const std::uint64_t bits = reading.raw_masks.digit[block] >> skip;
        if (bits != 0) {
            std::size_t begin = block * 64 + skip + static_cast<std::size_t>(std::countr_zero(bits));
            while (begin > at && is(text[begin - 1], kAlnum)) {
                --begin;
            }
            return begin;
        }
    }
    return text.size();
}

// Sequences in bytes [at, end) of the text, where a word that begins before `at` is passed over.
void decode_part(const Job& job, std::size_t at, std::size_t end) {
    const std::string_view text = job.text();
    const Runs runs(job.reading.raw_masks, text.size());
    if (at > 0 && is(text[at - 1], kAlnum) && is(text[at], kAlnum)) {
        at = runs.end_of(at);
    }
    Sequence sequence = {at, at, 0, 0};
    // Every number has a digit: up to the first one of a sequence, words without are passed over.
    const auto next = [&]() { return sequence.count > 0 ? runs.begin_from(at) : word_with_digit(job.reading, at); };
    for (std::size_t begin = next(); begin < end; begin = next()) {
        at = runs.end_of(begin);
        if (sequence.count > 0 && !is_gap(text, sequence.end, begin)) {
            keep_sequence(job, sequence);
            sequence = {begin, begin, 0, 0};
        }
        const Item item = item_of(text, begin, at);
        if (item.kinds == 0 && is_function(text.substr(begin, at - begin))) {
            sequence.end = sequence.count > 0 ? at : sequence.end;
        } else if (sequence.count == 0 || (sequence.kinds & item.kinds) == 0) {
            keep_sequence(job, sequence);
            sequence = {begin, at, item.kinds == 0 ? 0U : 1U, item.kinds};
        } else {
            sequence.kinds &= item.kinds;
            sequence.end = at;
            ++sequence.count;
        }
    }
    keep_sequence(job, sequence);
}

}  // namespace

void decode_numbers(const Job& job) {
    const std::size_t size = job.text().size();
    const std::size_t count = (size + kBlockBytes - 1) / kBlockBytes;
    for (Blocks blocks = {0, 0}; blocks.end < count;) {
        blocks = next_blocks(job.reading.raw_masks, count, blocks.end);
        if (blocks.begin == blocks.end) {
            return;
        }
        decode_part(job, blocks.begin * kBlockBytes, std::min(size, blocks.end * kBlockBytes));
    }
}

}  // namespace fastguard::decoding
