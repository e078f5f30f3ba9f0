// Codes in groups of bits: base64, base32, base16 and binary, in long runs or cut up by blanks.
#include "codes.h"
#include "evidence.h"
#include "rows.h"
#include "units.h"

#include "fastguard/tokenizer.h"

#include <algorithm>
#include <bit>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastDecodedText = 6;  // characters
constexpr std::size_t kLongRun = 16;
constexpr std::size_t kLeastNext = 16;  // a run behind a line end goes on with the one before from this size
constexpr std::size_t kMimeLine = 40;   // behind a run of this size any run may be the last line

// Bytes [begin, end) of the text.
struct Run {
    std::size_t begin;
    std::size_t end;
};

// Values of the digits of a code, 255 for what is none.
using Digits = std::array<std::uint8_t, 256>;
constexpr Digits digits_of(std::string_view alphabet, bool fold) {
    Digits digits{};
    digits.fill(255);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        const char c = alphabet[i];
        digits[static_cast<unsigned char>(c)] = static_cast<std::uint8_t>(i);
        if (fold && c >= 'A' && c <= 'Z') {
            digits[static_cast<unsigned char>(c + 32)] = static_cast<std::uint8_t>(i);
        }
    }
    return digits;
}
constexpr Digits kDigits64 = [] {
    Digits digits = digits_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", false);
    digits['-'] = 62;
    digits['_'] = 63;
    return digits;
}();
constexpr Digits kDigits32 = digits_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", true);
constexpr Digits kDigits32Hex = digits_of("0123456789ABCDEFGHIJKLMNOPQRSTUV", true);
constexpr Digits kDigitsCrockford = digits_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", true);
constexpr Digits kDigits16 = digits_of("0123456789ABCDEF", true);
constexpr Digits kDigits2 = digits_of("01", false);

// Digits of `bits` bits each to bytes of `per_byte` bits; the first `skip` digits and all that is no digit are passed
// over.
struct Groups {
    const Digits* digits;
    unsigned bits;
    std::size_t skip = 0;
    unsigned per_byte = 8;
};
template <class Sink>
void produce_groups(std::string_view text, const Run& run, const Groups& groups, const Sink& sink) {
    std::uint32_t value = 0;
    unsigned have = 0;
    std::size_t skip = groups.skip;
    // Where the oldest bits of the value came from: a byte never begins before the last 8 digits.
    std::array<std::size_t, 32> places{};
    std::size_t count = 0;
    const std::uint32_t mask = (1U << groups.per_byte) - 1;
    for (std::size_t at = run.begin; at < run.end; ++at) {
        const std::uint8_t digit = (*groups.digits)[static_cast<unsigned char>(text[at])];
        if (digit == 255) {
            continue;
        }
        if (skip > 0) {
            --skip;
            continue;
        }
        value = value << groups.bits | digit;
        have += groups.bits;
        places[count++ % places.size()] = at;
        if (have >= groups.per_byte) {
            const std::size_t carriers = (have + groups.bits - 1) / groups.bits;
            have -= groups.per_byte;
            const std::uint32_t byte = value >> have & mask;
            sink(static_cast<unsigned char>(byte > 0xFF ? 0xFF : byte), places[(count - carriers) % places.size()],
                 at + 1);
        }
    }
}

// "data:text/plain;base64," before a run: the wrapping of what the run says, no part of it. Empty where there is none.
Run data_header(std::string_view text, const Run& run) noexcept {
    constexpr std::string_view kMark = ";base64,";
    constexpr std::size_t kMostHeader = 96;
    const std::size_t from = run.begin - std::min(run.begin, kMostHeader);
    const std::string_view before = text.substr(from, run.begin - from);
    const std::size_t scheme = before.ends_with(kMark) ? before.rfind("data:") : std::string_view::npos;
    if (scheme == std::string_view::npos) {
        return {run.begin, run.begin};
    }
    const std::string_view type = before.substr(scheme);
    const bool whole = std::all_of(type.begin(), type.end(), [](char c) { return is(c, kPrint) && c != '"'; });
    return {whole ? from + scheme : run.begin, run.begin};
}

// Calls sink(byte) for each byte that `produce_groups` gives, without their places, until it says false.
template <class Sink>
void produce_bytes(std::string_view text, const Run& run, const Groups& groups, const Sink& sink) {
    std::uint32_t value = 0;
    unsigned have = 0;
    std::size_t skip = groups.skip;
    const std::uint32_t mask = (1U << groups.per_byte) - 1;
    for (std::size_t at = run.begin; at < run.end; ++at) {
        const std::uint8_t digit = (*groups.digits)[static_cast<unsigned char>(text[at])];
        if (digit == 255) {
            continue;
        }
        if (skip > 0) {
            --skip;
            continue;
        }
        value = value << groups.bits | digit;
        have += groups.bits;
        if (have >= groups.per_byte) {
            have -= groups.per_byte;
            const std::uint32_t byte = value >> have & mask;
            if (!sink(static_cast<unsigned char>(byte > 0xFF ? 0xFF : byte))) {
                return;
            }
        }
    }
}

// What reads like text in the groups of a run. Most runs are noise: that no stretch of it is long enough is told
// without their places.
Stretches measure_groups(std::string_view text, const Run& run, const Groups& groups) {
    LongestRow row;
    produce_bytes(text, run, groups, [&row](unsigned char byte) { return row.add(byte) < kLeastDecodedText; });
    if (row.longest() < kLeastDecodedText) {
        return Stretches(kLeastDecodedText);
    }
    return measure(kLeastDecodedText, [&](auto&& sink) { produce_groups(text, run, groups, sink); });
}

// Units of 16 bits of a script beyond Latin; of a long run, whether they are is told by its beginning.
constexpr std::size_t kLeastUnits = 24;   // digits
constexpr std::size_t kUnitSample = 192;  // the same
bool keep_wide(const Job& job, ViewKind kind, const Run& run, Groups groups, std::size_t phases, bool latin_alone) {
    const Run sample = {run.begin, std::min(run.end, run.begin + kUnitSample)};
    // The plus sign of UTF-7 is no digit; any other phase of it may look like another alphabet.
    for (groups.skip = job.text()[run.begin] == '+' ? 1 : 0; groups.skip < phases; ++groups.skip) {
        UnitMeters meters(std::min(UnitMeter::kEnough, (sample.end - sample.begin) * groups.bits / 16));
        produce_bytes(job.text(), sample, groups, [&meters](unsigned char byte) { return meters.add(byte); });
        const auto produce = [&](auto&& sink) { produce_groups(job.text(), run, groups, sink); };
        if (meters.are_text(latin_alone) && keep_units(job, kind, produce)) {
            return true;
        }
    }
    return false;
}

// Tries the groups from each of the first `phases` digits on and keeps the best where it reads like text.
bool keep_groups(const Job& job, ViewKind kind, const Run& run, Groups groups, std::size_t phases) {
    Stretches best(kLeastDecodedText);
    std::size_t best_phase = 0;
    for (std::size_t phase = 0; phase < phases; ++phase) {
        groups.skip = phase;
        const Stretches stretches = measure_groups(job.text(), run, groups);
        if (stretches.readable() > best.readable()) {
            best = stretches;
            best_phase = phase;
        }
        if (mostly_readable(stretches)) {
            break;
        }
    }
    groups.skip = best_phase;
    const auto finish = [&](Children& children) {
        const Run header = data_header(job.text(), run);
        if (header.begin < header.end) {
            children.pass(header.begin, header.end);
            if (mostly_readable(best)) {
                children.vouch();
            }
        }
    };
    // Letters with marks break a text in units of 16 bits into pieces that read like text.
    const bool whole = mostly_readable(best) && best.found().size() <= 1;
    if (!whole && run.end - run.begin >= kLeastUnits &&
        keep_wide(job, kind, run, groups, phases, mostly_readable(best))) {
        return true;
    }
    return keep(job, kind, best, [&](auto&& sink) { produce_groups(job.text(), run, groups, sink); }, finish);
}

bool keep_whole(const Job& job, ViewKind kind, const Run& run, const Groups& groups) {
    const Stretches stretches = measure_groups(job.text(), run, groups);
    return mostly_readable(stretches) &&
           keep(job, kind, stretches, [&](auto&& sink) { produce_groups(job.text(), run, groups, sink); });
}

bool keep_base32(const Job& job, const Run& run, unsigned classes) {
    return ((classes & kBase32) != 0 && keep_whole(job, ViewKind::base32, run, {&kDigits32, 5})) ||
           ((classes & kBase32Hex) != 0 && keep_whole(job, ViewKind::base32, run, {&kDigits32Hex, 5})) ||
           ((classes & kAlnum) != 0 && keep_whole(job, ViewKind::base32, run, {&kDigitsCrockford, 5}));
}

// What all bytes of a run are.
unsigned classes_of(std::string_view text, const Run& run) noexcept {
    unsigned classes = ~0U;
    for (std::size_t i = run.begin; i < run.end; ++i) {
        classes &= kClasses[static_cast<unsigned char>(text[i])];
    }
    return classes;
}

bool is_one_case(std::string_view text, const Run& run) noexcept {
    unsigned any = 0;
    for (std::size_t i = run.begin; i < run.end; ++i) {
        any |= kClasses[static_cast<unsigned char>(text[i])];
    }
    return (any & kLower) == 0 || (any & kUpper) == 0;
}

Run run_around(std::string_view text, std::size_t at, std::size_t least, unsigned what) noexcept {
    Run run = {at, at};
    while (run.begin > least && is(text[run.begin - 1], what)) {
        --run.begin;
    }
    while (run.end < text.size() && is(text[run.end], what)) {
        ++run.end;
    }
    return run;
}

// The run with the lines that go on with it.
Run with_lines(std::string_view text, Run run) noexcept {
    std::size_t last = run.end - run.begin;
    while (run.end < text.size()) {
        std::size_t next = run.end;
        while (next < text.size() && next - run.end < 16 && is(text[next], kBlank)) {
            ++next;
        }
        const Run more = run_around(text, next, next, kBase64);
        const std::size_t size = more.end - more.begin;
        if (next == run.end || size < 2 || (size < kLeastNext && last < kMimeLine)) {
            break;
        }
        run.end = more.end;
        last = size;
    }
    return run;
}

// Decodes the run `run` (`line`: its first line) with the word `word` in it; returns where it ends.
std::size_t try_run(const Job& job, const Run& word, const Run& line, const Run& run) {
    const std::string_view text = job.text();
    const unsigned classes = classes_of(text, word);
    const std::size_t size = word.end - word.begin;
    if ((classes & kBinary) != 0 && size >= 24) {
        (void)(keep_whole(job, ViewKind::binary, word, {&kDigits2, 1}) ||
               keep_whole(job, ViewKind::binary, word, {&kDigits2, 1, 0, 7}) ||
               keep_whole(job, ViewKind::binary, word, {&kDigits2, 1, 0, 16}));
        return word.end;
    }
    const unsigned all = classes_of(text, line);
    if ((classes & kHex) != 0) {
        const Run lines = (all & kHex) != 0 ? run : word;
        if (keep_groups(job, ViewKind::base16, lines, {&kDigits16, 4}, 2)) {
            return lines.end;
        }
    } else if ((classes & kBase32Hex) == 0 || (classes & kLower) == 0) {
        // "x49676e6f", "0x49676e6f": the digits stand behind the mark.
        const char mark = lower(text[word.begin]);
        const bool marked = mark == 'x' || (mark == '0' && lower(text[word.begin + 1]) == 'x');
        const Run digits = {word.begin + (mark == 'x' ? 1U : 2U), word.end};
        if (marked && (classes_of(text, digits) & kHex) != 0 &&
            keep_whole(job, ViewKind::base16, digits, {&kDigits16, 4})) {
            return word.end;
        }
    }
    if (is_one_case(text, word) && keep_base32(job, (all & kAlnum) != 0 ? run : word, classes)) {
        return run.end;
    }
    // Without a sign in it, a run begins where its first group does.
    (void)keep_groups(job, text[run.begin] == '+' ? ViewKind::utf7 : ViewKind::base64, run, {&kDigits64, 6},
                      (all & kAlnum) != 0 && run.begin == word.begin ? 1 : 4);
    return run.end;
}

// Decodes the run around `at`; returns where it ends. What was tried in another text of the same check and came to
// nothing is passed over: children say much that the text they are made of says, too.
std::size_t decode_run(const Job& job, std::size_t at, std::size_t least) {
    const std::string_view text = job.text();
    const Run word = run_around(text, at, least, kAlnum);
    const Run line = run_around(text, at, least, kBase64);
    const Run run = with_lines(text, line);
    const std::uint64_t bytes = hash_bytes(text.data() + run.begin, run.end - run.begin);
    const std::uint64_t key =
        pair_hash(pair_hash(bytes, word.begin - run.begin), pair_hash(word.end - run.begin, line.end - run.begin));
    if (const auto noted = job.children.noted(key)) {
        return run.begin + *noted;
    }
    const std::size_t budget = job.children.budget();
    const std::size_t end = try_run(job, word, line, run);
    if (job.children.budget() == budget) {  // no child was begun
        job.children.note(key, end - run.begin);
    }
    return end;
}

// Bit i: `size` set bits of `masks` begin at i; the next word is needed for those that cross.
template <class At>
std::uint64_t sixteen(const At& at, std::size_t word, std::size_t words) noexcept {
    std::uint64_t low = at(word);
    std::uint64_t next = word + 1 < words ? at(word + 1) : 0;
    for (unsigned k = 1; k < kLongRun; k *= 2) {
        low &= low >> k | next << (64 - k);
        next &= next >> k;
    }
    return low;
}

}  // namespace

void decode_runs(const Job& job) {
    const ByteMasks& masks = job.reading.raw_masks;
    const std::size_t words = (job.text().size() + 63) / 64;
    const auto at = [&](std::size_t i) { return masks.word[i] & ~masks.high[i]; };
    std::size_t done = 0;
    for (std::size_t word = 0; word < words; ++word) {
        for (std::uint64_t bits = sixteen(at, word, words); bits != 0; bits &= bits - 1) {
            const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
            if (place >= done) {
                done = decode_run(job, place, done);
            }
        }
    }
}

// ---------------------------------------------------------------- cut up by blanks

namespace {

// A piece of base64 looks like none of a text: letters and digits mixed, or capitals behind the first letter (unless
// all are capitals), or a single character.
struct Piece {
    std::size_t end;
    bool mixed;
};
Piece piece_at(std::string_view text, std::size_t begin) noexcept {
    std::size_t end = begin + 1;
    const unsigned first = kClasses[static_cast<unsigned char>(text[begin])];
    unsigned more = 0;
    for (; end < text.size(); ++end) {
        const unsigned classes = kClasses[static_cast<unsigned char>(text[end])];
        if ((classes & kBase64) == 0) {
            break;
        }
        more |= classes;
    }
    const unsigned any = first | more;
    const bool letters = (any & (kLower | kUpper)) != 0;
    return {end, end - begin == 1 || (letters && (any & kDigit) != 0) || ((more & kUpper) != 0 && (any & kLower) != 0)};
}

constexpr std::size_t kLeastPieces = 4;

// Decodes the region that begins at `at`: pieces with blanks between them; returns where it ends.
std::size_t decode_region(const Job& job, std::size_t at) {
    const std::string_view text = job.text();
    Run region = {at, at};
    std::size_t pieces = 0;
    std::size_t mixed = 0;
    std::size_t first_mixed = 0;
    while (at < text.size() && is(text[at], kBase64 | kBlank)) {
        if (is(text[at], kBlank)) {
            ++at;
            continue;
        }
        const Piece piece = piece_at(text, at);
        ++pieces;
        if (piece.mixed) {
            first_mixed = mixed == 0 ? at : first_mixed;
            ++mixed;
        }
        at = region.end = piece.end;
    }
    if (mixed >= kLeastPieces && mixed * 8 >= pieces) {
        region.begin = first_mixed > 64 + region.begin ? first_mixed - 64 : region.begin;
        (void)(keep_groups(job, ViewKind::base64, region, {&kDigits64, 6}, 4) ||
               keep_whole(job, ViewKind::base32, region, {&kDigits32, 5}));
    }
    return at;
}

constexpr std::size_t kLeastHexDigits = 24;
constexpr std::size_t kMostGap = 4;  // blanks between two pieces

// Where digits with blanks between them end that begin at `at`, how many they are, and whether a piece has an odd
// number of them: pairs with blanks between are numbers.
struct HexPieces {
    std::size_t end;
    std::size_t digits = 0;
    std::size_t pieces = 0;
    bool odd = false;
};
HexPieces hex_pieces(std::string_view text, std::size_t at) noexcept {
    HexPieces all = {at};
    for (std::size_t gap = 0; at < text.size() && gap <= kMostGap;) {
        const std::size_t begin = at;
        while (at < text.size() && is(text[at], kHex)) {
            ++at;
        }
        if (at == begin) {
            if (!is(text[at], kBlank)) {
                break;
            }
            ++gap;
            ++at;
            continue;
        }
        if (at < text.size() && is(text[at], kAlnum)) {
            break;
        }
        gap = 0;
        all.odd = all.odd || (at - begin) % 2 != 0;
        all.digits += at - begin;
        ++all.pieces;
        all.end = at;
    }
    return all;
}

}  // namespace

void decode_broken_hex(const Job& job) {
    const std::string_view text = job.text();
    const Runs runs(job.reading.raw_masks, text.size());
    for (std::size_t at = runs.begin_from(0); at < text.size(); at = runs.begin_from(at)) {
        const HexPieces pieces = hex_pieces(text, at);
        if (pieces.odd && pieces.pieces >= kLeastPieces && pieces.digits >= kLeastHexDigits) {
            (void)(keep_whole(job, ViewKind::base16, {at, pieces.end}, {&kDigits16, 4}) ||
                   keep_whole(job, ViewKind::base16, {at, pieces.end}, {&kDigits16, 4, 1}));
        }
        at = runs.end_of(std::max(at, pieces.end > at ? pieces.end - 1 : at));
    }
}

void decode_broken_base64(const Job& job) {
    const std::string_view text = job.text();
    const MixedCase evidence(job.reading.raw_masks, text.size());
    std::size_t done = 0;
    for (Blocks blocks = evidence.next(0); blocks.begin < blocks.end; blocks = evidence.next(blocks.end)) {
        const std::size_t from = std::max(done, blocks.begin * kBlockBytes);
        const std::size_t end = std::min(text.size(), blocks.end * kBlockBytes);
        for (done = run_around(text, from, done, kBase64).begin; done < end;) {
            done = is(text[done], kBase64) ? decode_region(job, done) : done + 1;
        }
    }
}

}  // namespace fastguard::decoding
