// base64 in ways that runs.cpp does not read: written backwards, in pieces with a mark between them, and with gzip or
// zlib data in it (also as hexadecimal digits).
#include "codes.h"
#include "evidence.h"
#include "inflate.h"

#include <algorithm>
#include <bit>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastRun = 24;          // digits in a row
constexpr std::size_t kLeastWord = 12;         // letters and digits in a row, signs parting them
constexpr std::size_t kSample = 48;            // digits that tell whether a run reads backwards
constexpr std::size_t kLeastText = 8;          // characters
constexpr std::size_t kMostPacked = 8 * 1024;  // bytes that are inflated
constexpr std::size_t kMostUnpacked = 16 * 1024;
constexpr std::size_t kLeastPieces = 6;
constexpr std::size_t kMostPiece = 32;

unsigned value64(char c) noexcept {
    return is(c, kUpper)          ? static_cast<unsigned>(c - 'A')
           : is(c, kLower)        ? static_cast<unsigned>(c - 'a' + 26)
           : is(c, kDigit)        ? static_cast<unsigned>(c - '0' + 52)
           : c == '+' || c == '-' ? 62U
                                  : 63U;
}

// Gives sink(byte, begin, end) for the bytes of the digits that next(at) finds from `at` on; `bits` each.
struct Digit {
    std::size_t at;  // npos: no more
    unsigned value;
};
template <class Next, class Sink>
void decode_digits(unsigned bits, const Next& next, const Sink& sink) {
    std::uint32_t value = 0;
    unsigned have = 0;
    std::size_t before = 0;
    for (Digit digit = next(); digit.at != std::string_view::npos; digit = next()) {
        value = value << bits | digit.value;
        have += bits;
        if (have >= 8) {
            have -= 8;
            const std::size_t begin = std::min(before, digit.at);
            sink(static_cast<unsigned char>(value >> have & 0xFFU), begin, std::max(before, digit.at) + 1);
        }
        before = digit.at;
    }
}

// The digits of [begin, end) that are of a class, from the front or from the back.
struct Walk {
    std::string_view text;
    std::size_t begin;
    std::size_t end;
    unsigned what;
    bool back;

    Digit operator()() noexcept {
        while (begin < end) {
            const std::size_t at = back ? --end : begin++;
            if (is(text[at], what)) {
                return {at, what == kHex ? hex_value(text[at]) : value64(text[at])};
            }
        }
        return {std::string_view::npos, 0};
    }
};

template <class Sink>
void decode_walk(Walk walk, const Sink& sink) {
    const unsigned bits = walk.what == kHex ? 4 : 6;
    decode_digits(bits, [&walk]() noexcept { return walk(); }, sink);
}

bool reads_like_text(const Walk& walk) {
    return mostly_readable(measure(kLeastText, [&](auto&& sink) { decode_walk(walk, sink); }));
}

// The data of a run, inflated; what it says is carried by all of the run. Whether it was kept.
bool keep_inflated(const Job& job, const Walk& walk) {
    std::array<unsigned char, kMostPacked> packed;
    std::size_t size = 0;
    decode_walk(walk, [&](unsigned char byte, std::size_t, std::size_t) {
        if (size < packed.size()) {
            packed[size++] = byte;
        }
    });
    const std::span<const unsigned char> data(packed.data(), size);
    const std::size_t begin = deflate_begin(data);
    if (begin == 0) {
        return false;
    }
    std::array<unsigned char, kMostUnpacked> unpacked;
    const Inflated inflated = inflate(data.subspan(begin), unpacked);
    return keep_readable(job, ViewKind::inflated, kLeastText, [&](auto&& sink) {
        for (std::size_t i = 0; i < inflated.size; ++i) {
            sink(unpacked[i], walk.begin, walk.end);
        }
    });
}

bool starts(std::string_view text, std::size_t at, std::string_view with) noexcept {
    return text.substr(at, with.size()) == with;
}

// One run of digits around a long word; returns where it ends.
std::size_t unpack(const Job& job, std::size_t begin, std::size_t least) {
    const std::string_view text = job.text();
    std::size_t end = begin;
    while (begin > least && is(text[begin - 1], kBase64)) {
        --begin;
    }
    const std::size_t padding = begin;
    while (end < text.size() && (is(text[end], kBase64) || ((text[end] == '\n' || text[end] == '\r') && end > begin))) {
        ++end;
    }
    if (end - begin < kLeastRun) {
        return end;
    }
    const Walk forward = {text, begin, end, kBase64, false};
    if (starts(text, begin, "H4sI") || starts(text, begin, "eJ") || starts(text, begin, "eN") ||
        starts(text, begin, "eA") || starts(text, begin, "eF")) {
        if (keep_inflated(job, forward)) {
            return end;
        }
    }
    if (starts(text, begin, "1f8b08") || starts(text, begin, "1F8B08") || starts(text, begin, "78")) {
        if (keep_inflated(job, {text, begin, end, kHex, false})) {
            return end;
        }
    }
    // Backwards: the padding stands before it, or the number of digits is one that a whole text has.
    const bool padded = padding > 0 && text[padding - 1] == '=';
    Walk sample = forward;
    sample.end = std::min(end, begin + kSample);
    Walk backward = {text, begin, end, kBase64, true};
    Walk tail = backward;
    tail.begin = end - std::min(end - begin, kSample);
    if ((padded || (end - begin) % 4 == 0) && !reads_like_text(sample) && reads_like_text(tail)) {
        (void)keep_readable(job, ViewKind::base64, kLeastText, [&](auto&& sink) { decode_walk(backward, sink); });
    }
    return end;
}

// Pieces of one size with one mark between them from `begin` on: where they end, how many, and that mark.
struct Pieces {
    std::size_t end = 0;
    std::size_t count = 0;
};
Pieces pieces_from(std::string_view text, std::size_t begin) noexcept {
    std::size_t end = begin;
    while (end < text.size() && is(text[end], kAlnum | kBase64) && end - begin <= kMostPiece) {
        ++end;
    }
    const std::size_t size = end - begin;
    Pieces pieces = {end, 1};
    if (size == 0 || size > kMostPiece || end >= text.size() || is(text[end], kBase64 | kBlank)) {
        return pieces;
    }
    const char mark = text[end];
    while (pieces.end + 1 < text.size() && text[pieces.end] == mark) {
        std::size_t at = pieces.end + 1;
        while (at < text.size() && at - pieces.end <= size && is(text[at], kBase64)) {
            ++at;
        }
        if (at == pieces.end + 1) {
            break;
        }
        ++pieces.count;
        const bool whole = at - pieces.end == size + 1;
        pieces.end = at;
        if (!whole) {
            break;
        }
    }
    return pieces;
}

// Decodes the pieces from `at` on, if they are many and say something; returns where they end.
std::size_t decode_marked(const Job& job, std::size_t at) {
    const Pieces pieces = pieces_from(job.text(), at);
    const Walk walk = {job.text(), at, pieces.end, kBase64, false};
    if (pieces.count >= kLeastPieces && reads_like_text(walk)) {
        (void)keep_readable(job, ViewKind::base64, kLeastText, [&](auto&& sink) { decode_walk(walk, sink); });
    }
    return pieces.end;
}

}  // namespace

void decode_packed(const Job& job) {
    const std::string_view text = job.text();
    std::size_t done = 0;
    for (const Token& token : job.reading.tokens) {
        if (token.size() >= kLeastWord) {
            const RawSpan place = raw_span(job.reading.folded, token.begin, token.end);
            if (place.begin >= done && is(text[place.begin], kBase64)) {
                done = unpack(job, place.begin, done);
            }
        }
    }
}

void decode_marked_base64(const Job& job) {
    const std::string_view text = job.text();
    const MixedCase evidence(job.reading.raw_masks, text.size());
    std::size_t at = 0;
    for (Blocks blocks = evidence.next(0); blocks.begin < blocks.end; blocks = evidence.next(blocks.end)) {
        std::size_t from = std::max(at, blocks.begin * kBlockBytes);
        while (from > at && is(text[from - 1], kBase64)) {
            --from;
        }
        const std::size_t end = std::min(text.size(), blocks.end * kBlockBytes);
        for (at = from; at < end;) {
            at = is(text[at], kBase64) ? decode_marked(job, at) : at + 1;
        }
    }
}

}  // namespace fastguard::decoding
