// What the decoders share: the job, the clues that speak for a code, and how a piece is judged and kept.
#pragma once

#include "fastguard/children.h"
#include "fastguard/reading.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fastguard::decoding {

// The text that is looked at and where what it says goes.
struct Job {
    const Reading& reading;
    Children& children;

    [[nodiscard]] std::string_view text() const noexcept { return reading.raw.bytes; }
};

// What bytes can be, a bit each. Bytes >= 0x80 are none of it.
inline constexpr unsigned kBinary = 1;      // 0 1
inline constexpr unsigned kOctal = 2;       // 0-7
inline constexpr unsigned kDigit = 4;       // 0-9
inline constexpr unsigned kHex = 8;         // 0-9 a-f A-F
inline constexpr unsigned kBase32 = 16;     // A-Z a-z 2-7
inline constexpr unsigned kBase32Hex = 32;  // 0-9 A-V a-v
inline constexpr unsigned kAlnum = 64;      // letters and digits
inline constexpr unsigned kBase64 = 128;    // letters, digits, + / - _
inline constexpr unsigned kBlank = 256;     // space \t \n \v \f \r
inline constexpr unsigned kLower = 512;     // a-z
inline constexpr unsigned kUpper = 1024;    // A-Z
inline constexpr unsigned kPrint = 2048;    // 0x21-0x7E
inline constexpr auto kClasses = [] {
    std::array<std::uint16_t, 256> classes{};
    for (unsigned c = 0; c < 128; ++c) {
        const bool digit = c >= '0' && c <= '9';
        const bool upper = c >= 'A' && c <= 'Z';
        const bool lower = c >= 'a' && c <= 'z';
        const unsigned small = upper ? c + 32 : c;
        unsigned bits = 0;
        bits |= c == '0' || c == '1' ? kBinary : 0U;
        bits |= c >= '0' && c <= '7' ? kOctal : 0U;
        bits |= digit ? kDigit : 0U;
        bits |= digit || (small >= 'a' && small <= 'f') ? kHex : 0U;
        bits |= upper || lower || (c >= '2' && c <= '7') ? kBase32 : 0U;
        bits |= digit || (small >= 'a' && small <= 'v') ? kBase32Hex : 0U;
        bits |= digit || upper || lower ? kAlnum | kBase64 : 0U;
        bits |= c == '+' || c == '/' || c == '-' || c == '_' ? kBase64 : 0U;
        bits |= c == ' ' || (c >= 9 && c <= 13) ? kBlank : 0U;
        bits |= lower ? kLower : 0U;
        bits |= upper ? kUpper : 0U;
        bits |= c > 32 && c < 127 ? kPrint : 0U;
        classes[c] = static_cast<std::uint16_t>(bits);
    }
    return classes;
}();
[[nodiscard]] inline bool is(char c, unsigned what) noexcept {
    return (kClasses[static_cast<unsigned char>(c)] & what) != 0;
}
// Value of a hexadecimal digit. Precondition: is(c, kHex).
[[nodiscard]] inline unsigned hex_value(char c) noexcept {
    return is(c, kDigit) ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 32) - 'a' + 10);
}
[[nodiscard]] inline char lower(char c) noexcept { return is(c, kUpper) ? static_cast<char>(c | 32) : c; }

// The first place of `byte` at or after `from`, npos where there is none; as fast as memchr.
[[nodiscard]] inline std::size_t find_byte(std::string_view text, char byte, std::size_t from) noexcept {
    return from < text.size() ? text.find(byte, from) : std::string_view::npos;
}

// Finds the stretches of decoded bytes that read like text: valid UTF-8 without controls (but white space), mostly
// letters. A NUL between characters (text of 16-bit units) is passed over. Bytes are given one by one, once.
class Stretches {
  public:
    struct Stretch {
        std::size_t begin;  // index of decoded bytes
        std::size_t end;
    };

    // Stretches of fewer than `least` characters do not count.
    explicit Stretches(std::size_t least) noexcept : least_(least) {}

    void add(unsigned char byte) noexcept;
    void finish() noexcept { end(at_ - nuls_in_row_); }

    [[nodiscard]] std::span<const Stretch> found() const noexcept { return {found_.data(), count_}; }
    // Decoded bytes in all stretches found, and all given.
    [[nodiscard]] std::size_t readable() const noexcept { return readable_; }
    [[nodiscard]] std::size_t given() const noexcept { return at_; }

  private:
    void end(std::size_t at) noexcept;
    void begin(std::size_t at) noexcept;
    void add_ascii(unsigned char byte) noexcept;

    static constexpr std::size_t kMost = 8;
    std::array<Stretch, kMost> found_{};
    std::size_t count_ = 0;
    std::size_t readable_ = 0;
    std::size_t least_;
    std::size_t at_ = 0;
    std::size_t begin_ = 0;
    std::size_t characters_ = 0;  // of this stretch
    std::size_t letters_ = 0;     // letters of any script
    std::size_t plain_ = 0;       // letters, digits, blanks
    std::size_t nuls_ = 0;
    std::size_t nuls_in_row_ = 0;
    std::size_t pending_ = 0;     // continuation bytes that must follow
    std::size_t character_ = 0;   // where the character begins
    unsigned least_next_ = 0x80;  // bounds of the byte that follows
    unsigned most_next_ = 0xBF;
};

// Puts the stretches of what `produce` makes into a child, a blank between them. `produce` calls its argument with
// (byte, begin, end) for each decoded byte, in order, and gives the same bytes each time. `finish` is called with the
// child before it is closed.
struct NothingMore {
    void operator()(Children&) const noexcept {}
};
template <class Produce, class Finish = NothingMore>
bool keep(const Job& job, ViewKind kind, const Stretches& stretches, const Produce& produce,
          const Finish& finish = {}) {
    const std::span<const Stretches::Stretch> found = stretches.found();
    if (found.empty() || !job.children.open(kind)) {
        return false;
    }
    std::size_t at = 0;
    std::size_t which = 0;
    bool room = true;
    produce([&](unsigned char byte, std::size_t begin, std::size_t end) {
        if (room && which < found.size() && at >= found[which].begin) {
            if (which > 0 && at == found[which].begin) {
                room = job.children.put_byte(' ', begin, end);
            }
            if (byte != 0) {
                room = room && job.children.put_byte(static_cast<char>(byte), begin, end);
            }
            which += at + 1 == found[which].end ? 1 : 0;
        }
        ++at;
    });
    finish(job.children);
    return job.children.close(job.text());
}

template <class Produce>
[[nodiscard]] Stretches measure(std::size_t least, const Produce& produce) {
    Stretches stretches(least);
    produce([&](unsigned char byte, std::size_t, std::size_t) { stretches.add(byte); });
    stretches.finish();
    return stretches;
}

// Keeps what `produce` makes where it reads like text; whether it did.
template <class Produce>
bool keep_readable(const Job& job, ViewKind kind, std::size_t least, const Produce& produce) {
    return keep(job, kind, measure(least, produce), produce);
}

// Whether most of it reads like text: for codes that say something in one piece.
[[nodiscard]] inline bool mostly_readable(const Stretches& stretches) noexcept {
    return stretches.readable() * 4 >= stretches.given() * 3 && stretches.given() > 0;
}

// Copies bytes [begin, end) of the text as they are.
inline void copy(const Job& job, std::size_t begin, std::size_t end) {
    (void)job.children.copy(job.text(), begin, end);
}

// Codes that escape characters give what lies this near to them, too, so that a sentence stays whole.
inline constexpr std::size_t kContext = 256;

// Where a cut at about `at` does not split a word or a character, going back (or on) by at most 64 bytes.
[[nodiscard]] std::size_t context_begin(std::string_view text, std::size_t at) noexcept;
[[nodiscard]] std::size_t context_end(std::string_view text, std::size_t at) noexcept;

// Words of ASCII letters and digits in a text, by its masks.
class Runs {
  public:
    Runs(const ByteMasks& masks, std::size_t size) noexcept : masks_(masks), size_(size) {}

    // Where the first word at `at` or behind it begins; the size of the text where there is none.
    [[nodiscard]] std::size_t begin_from(std::size_t at) const noexcept { return find(at, 0); }
    // Where the word that has byte `at` ends.
    [[nodiscard]] std::size_t end_of(std::size_t at) const noexcept { return find(at, ~std::uint64_t{0}); }

  private:
    [[nodiscard]] std::size_t find(std::size_t at, std::uint64_t flip) const noexcept {
        for (std::size_t block = at / 64, skip = at % 64; block * 64 < size_; ++block, skip = 0) {
            const std::uint64_t bits = ((masks_.word[block] & ~masks_.high[block]) ^ flip) >> skip;
            if (bits != 0) {
                return std::min(size_, block * 64 + skip + static_cast<std::size_t>(std::countr_zero(bits)));
            }
        }
        return size_;
    }

    const ByteMasks& masks_;
    std::size_t size_;
};

// Each looks for its codes and adds what it finds.
void decode_hidden(const Job& job);         // tags, variation selectors, zero-width binaries
void decode_runs(const Job& job);           // base64, base32, base16 and binary in long runs
void decode_broken_base64(const Job& job);  // base64 cut up by blanks
void decode_broken_hex(const Job& job);     // hexadecimal digits, the same
void decode_percent(const Job& job);
void decode_entities(const Job& job);
void decode_escapes(const Job& job);
void decode_code_points(const Job& job);  // U+0041
void decode_quoted_printable(const Job& job);
void decode_numbers(const Job& job);  // decimal, octal, binary and hexadecimal ones with something between
void decode_morse(const Job& job);
void decode_braille(const Job& job);
void decode_base85(const Job& job);  // ASCII85, RFC 1924, Z85
void decode_rot47(const Job& job);
void decode_uuencode(const Job& job);
void decode_packed(const Job& job);         // base64 written backwards, gzip and zlib in base64 or base16
void decode_marked_base64(const Job& job);  // base64 in pieces with a mark between them
void decode_css(const Job& job);            // escapes of style sheets
void decode_punycode(const Job& job);
void decode_inner_marks(const Job& job);    // marks between the letters of words
void decode_parenthesised(const Job& job);  // U+249C and so on
void decode_lists(const Job& job);          // lists of strings that are joined
void decode_acrostic(const Job& job);       // first letters of lines
void decode_joined(const Job& job);         // string literals
void decode_spelling(const Job& job);       // India Golf November
void decode_pig_latin(const Job& job);
void decode_line_words(const Job& job);      // first and last words of lines
void decode_mojibake(const Job& job);        // UTF-8 shown as Latin-1
void decode_wide(const Job& job);            // units of 16 bits shown as Latin-1
void decode_letters(const Job& job);         // Caesar, Atbash, reversed
void decode_letters_beyond(const Job& job);  // the same in other scripts than Latin

}  // namespace fastguard::decoding
