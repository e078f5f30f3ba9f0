// Letters as signs: Morse (also with typographic dots and dashes) and Braille (grade 1).
#include "codes.h"

#include <algorithm>
#include <bit>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastSigns = 8;

// Morse codes: a 1, then 0 for each dot and 1 for each dash.
constexpr auto kMorse = [] {
    struct Code {
        char letter;
        std::string_view signs;
    };
    constexpr Code kCodes[] = {
        {'A', ".-"},     {'B', "-..."},   {'C', "-.-."},   {'D', "-.."},     {'E', "."},      {'F', "..-."},
        {'G', "--."},    {'H', "...."},   {'I', ".."},     {'J', ".---"},    {'K', "-.-"},    {'L', ".-.."},
        {'M', "--"},     {'N', "-."},     {'O', "---"},    {'P', ".--."},    {'Q', "--.-"},   {'R', ".-."},
        {'S', "..."},    {'T', "-"},      {'U', "..-"},    {'V', "...-"},    {'W', ".--"},    {'X', "-..-"},
        {'Y', "-.--"},   {'Z', "--.."},   {'0', "-----"},  {'1', ".----"},   {'2', "..---"},  {'3', "...--"},
        {'4', "....-"},  {'5', "....."},  {'6', "-...."},  {'7', "--..."},   {'8', "---.."},  {'9', "----."},
        {'.', ".-.-.-"}, {',', "--..--"}, {'?', "..--.."}, {'!', "-.-.--"},  {'/', "-..-."},  {':', "---..."},
        {';', "-.-.-."}, {'=', "-...-"},  {'-', "-....-"}, {'\'', ".----."}, {'"', ".-..-."}, {'@', ".--.-."},
        {'(', "-.--."},  {')', "-.--.-"}, {'&', ".-..."},  {'+', ".-.-."},   {'_', "..--.-"}};
    std::array<char, 128> table{};
    for (const Code& code : kCodes) {
        unsigned value = 1;
        for (const char sign : code.signs) {
            value = value * 2 + (sign == '-' ? 1 : 0);
        }
        table[value] = code.letter;
    }
    return table;
}();

enum class Sign : std::uint8_t { none, dot, dash, blank, word };

struct SignAt {
    Sign sign;
    std::size_t size;
};

SignAt sign_at(std::string_view text, std::size_t at) noexcept {
    switch (text[at]) {
        case '.':
        case '*':
            return {Sign::dot, 1};
        case '-':
        case '_':
            return {Sign::dash, 1};
        case ' ':
            return {Sign::blank, 1};
        case '/':
        case '|':
        case '\n':
        case '\r':
        case '\t':
            return {Sign::word, 1};
        default:
            break;
    }
    if (text[at] != '\xC2' && text[at] != '\xE2') {
        return {Sign::none, 1};
    }
    const std::string_view rest = text.substr(at, 3);
    if (rest.starts_with("\u00B7")) {
        return {Sign::dot, 2};
    }
    for (const std::string_view dot : {"\u2022", "\u2219", "\u22C5", "\u25CF"}) {
        if (rest == dot) {
            return {Sign::dot, 3};
        }
    }
    for (const std::string_view dash : {"\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"}) {
        if (rest == dash) {
            return {Sign::dash, 3};
        }
    }
    return {Sign::none, 1};
}

// Letters of the signs in bytes [begin, end); what is no letter is a byte 0xFF.
template <class Sink>
void produce_morse(std::string_view text, std::size_t begin, std::size_t end, const Sink& sink) {
    unsigned code = 1;
    std::size_t first = begin;
    std::size_t blanks = 0;
    bool word = false;
    bool any = false;
    const auto letter = [&](std::size_t at) {
        if (code > 1) {
            sink(static_cast<unsigned char>(code < kMorse.size() && kMorse[code] != 0 ? kMorse[code] : '\xFF'), first,
                 at);
            any = true;
        }
        code = 1;
    };
    for (std::size_t at = begin; at < end;) {
        const SignAt sign = sign_at(text, at);
        if (sign.sign == Sign::blank || sign.sign == Sign::word) {
            letter(at);
            blanks += 1;
            word |= sign.sign == Sign::word || blanks > 1;
        } else {
            if (word && any) {
                sink(static_cast<unsigned char>(' '), at - 1, at);
            }
            word = false;
            blanks = 0;
            first = code == 1 ? at : first;
            code = std::min<unsigned>(code * 2 + (sign.sign == Sign::dash ? 1 : 0), 255);
        }
        at += sign.size;
    }
    letter(end);
}

// Bytes that a sign may begin with.
constexpr auto kSignBytes = [] {
    std::array<bool, 256> bytes{};
    for (const char byte : std::string_view(".*-_ /|\n\r\t\xC2\xE2")) {
        bytes[static_cast<unsigned char>(byte)] = true;
    }
    return bytes;
}();

// Where the next row of signs may begin. In ASCII text it covers eight bytes, at a multiple of eight, without letters
// and digits, and begins where that row of bytes does.
std::size_t next_signs(const Reading& reading, std::size_t from) noexcept {
    const std::string_view text = reading.raw.bytes;
    if (!reading.ascii) {
        while (from < text.size() && !kSignBytes[static_cast<unsigned char>(text[from])]) {
            ++from;
        }
        return from;
    }
    for (std::size_t eight = from / 8; eight * 8 < text.size(); ++eight) {
        const std::uint64_t word = reading.raw_masks.word[eight / 8];
        if ((word >> (eight % 8 * 8) & 0xFFU) == 0) {
            std::size_t begin = eight * 8;
            while (begin > from && sign_at(text, begin - 1).sign != Sign::none) {
                --begin;
            }
            return std::max(begin, from);
        }
    }
    return text.size();
}

void keep_morse(const Job& job, std::size_t begin, std::size_t end) {
    const auto produce = [&](auto&& sink) { produce_morse(job.text(), begin, end, sink); };
    // Lines and tables are drawn with the same signs: they make few different letters.
    std::uint32_t letters = 0;
    produce([&](unsigned char byte, std::size_t, std::size_t) { letters |= 1U << (byte & 31U); });
    const Stretches stretches = measure(kLeastSigns, produce);
    if (std::popcount(letters) >= 5 && mostly_readable(stretches)) {
        keep(job, ViewKind::morse, stretches, produce);
    }
}

// Grade 1: the letter of the dots of a cell.
constexpr auto kBraille = [] {
    std::array<char, 256> table{};
    constexpr unsigned kFirstTen[] = {1, 3, 9, 25, 17, 11, 27, 19, 10, 26};
    for (unsigned i = 0; i < 10; ++i) {
        table[kFirstTen[i]] = static_cast<char>('a' + i);
        table[kFirstTen[i] + 4] = static_cast<char>('k' + i);
    }
    constexpr unsigned kLast[] = {37, 39, 45, 61, 53};
    constexpr char kLetters[] = {'u', 'v', 'x', 'y', 'z'};
    for (unsigned i = 0; i < 5; ++i) {
        table[kLast[i]] = kLetters[i];
    }
    table[58] = 'w';
    table[0] = ' ';
    table[2] = ',';
    table[6] = ';';
    table[18] = ':';
    table[50] = '.';
    table[22] = '!';
    table[38] = '?';
    table[4] = '\'';
    table[36] = '-';
    return table;
}();

bool is_cell(std::string_view text, std::size_t at) noexcept {
    return at + 2 < text.size() && text[at] == '\xE2' && (static_cast<unsigned char>(text[at + 1]) & 0xFCU) == 0xA0U;
}

}  // namespace

void decode_morse(const Job& job) {
    const std::string_view text = job.text();
    for (std::size_t at = next_signs(job.reading, 0); at < text.size(); at = next_signs(job.reading, at)) {
        std::size_t end = at;
        std::size_t signs = 0;
        for (SignAt sign = sign_at(text, end); sign.sign != Sign::none;) {
            signs += sign.sign == Sign::dot || sign.sign == Sign::dash ? 1 : 0;
            end += sign.size;
            if (end >= text.size()) {
                break;
            }
            sign = sign_at(text, end);
        }
        if (signs >= 2 * kLeastSigns) {
            keep_morse(job, at, end);
        }
        at = end + 1;
    }
}

void decode_braille(const Job& job) {
    const std::string_view text = job.text();
    std::size_t begin = text.size();
    std::size_t end = 0;
    for (std::size_t at = find_byte(text, '\xE2', 0); at < text.size(); at = find_byte(text, '\xE2', at + 1)) {
        if (is_cell(text, at)) {
            begin = std::min(begin, at);
            end = at + 3;
        }
    }
    keep_readable(job, ViewKind::braille, kLeastSigns, [&](auto&& sink) {
        bool number = false;
        for (std::size_t at = begin; at < end;) {
            if (!is_cell(text, at)) {
                sink(static_cast<unsigned char>(text[at]), at, at + 1);
                number = false;
                ++at;
                continue;
            }
            const unsigned dots = (static_cast<unsigned char>(text[at + 1]) & 3U) << 6U |
                                  (static_cast<unsigned char>(text[at + 2]) & 0x3FU);
            char letter = kBraille[dots];
            if (number && letter >= 'a' && letter <= 'j') {
                letter = letter == 'j' ? '0' : static_cast<char>(letter - 'a' + '1');
            } else {
                number = dots == 60;
            }
            if (letter != 0) {
                sink(static_cast<unsigned char>(letter), at, at + 3);
            }
            at += 3;
        }
    });
}

}  // namespace fastguard::decoding
